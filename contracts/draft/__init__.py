"""Drafts a first `pipeline.toml` from a CSV: `make init DATA=file.csv TARGET=column`."""
