"""Whole files answered by the champion: `[batch]` of pipeline.toml."""
