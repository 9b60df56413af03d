"""Keeps the token of an execution that waits for a person, and answers it once a person has decided."""
