"""Rows of a typed dataset: what identifies them, which side they belong to, and which a model has seen."""
