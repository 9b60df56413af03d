"""Metrics from log events: metric filters and the embedded metric format."""
