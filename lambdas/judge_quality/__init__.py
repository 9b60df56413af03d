"""Joins late labels to predictions, and holds what came true against what was promised."""
