"""Survivors that were proved to change nothing that anybody can see, each with the proof."""

EQUIVALENT: dict[str, str] = {}
