"""A dataset in parts: what ListParts, IngestPart and MergeParts leave each other."""
