"""Experiments between models on late, real outcomes: who answers whom, and when enough is known."""
