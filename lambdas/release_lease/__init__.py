"""Frees the deployment lease of the endpoint, however the execution ended."""
