"""Reads the manifest of a dataset in parts, and pins the version of each part that it names."""
