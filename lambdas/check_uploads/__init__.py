"""Finds uploads that came to nothing, and of which nobody was told."""
