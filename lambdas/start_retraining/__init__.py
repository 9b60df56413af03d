"""Uploads the last dataset with the labelled rows that it lacks, which starts the pipeline."""
