"""Holds a window against the champion's baseline."""
