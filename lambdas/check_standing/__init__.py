"""Tells, every few minutes, whether what should serve does."""
