"""A transform job that ended: its rows counted, and the manifest written."""
