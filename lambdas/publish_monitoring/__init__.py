"""Writes metrics and report, and says whether a retraining is due."""
