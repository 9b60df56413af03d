"""Answers predictions, says which columns the model takes, and describes itself."""
