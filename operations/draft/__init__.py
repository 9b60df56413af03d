"""Drafts a first `pipeline.toml` from a table: `make init DATA=file.csv TARGET=column`."""
