"""Turns an uploaded CSV into a dataset version, checked, typed, split and profiled; or rejects it."""
