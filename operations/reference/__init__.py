"""Writes docs/reference/pipeline-toml.md out of the classes that read pipeline.toml."""
