"""The monitor, state by state and as a whole."""
