"""Code of the training image: train, tune, log, export."""
