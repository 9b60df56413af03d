"""Looks, before anything is computed, at what an execution will need at its end."""
