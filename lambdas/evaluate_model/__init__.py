"""Scores champion and challenger on the same rows, decides between them, and writes the report."""
