"""Finds the model that a rollback goes back to."""
