"""Takes what came true for predictions that the caller got, and lays it down for the monitor."""
