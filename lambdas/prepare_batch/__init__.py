"""A file under `batch/`, sorted into rows that the champion can answer and rows that it cannot."""
