"""Checks, types, splits and measures one part of a dataset; MergeParts judges the whole."""
