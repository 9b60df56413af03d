"""Closes hours of the stream, and makes datasets of closed hours."""
