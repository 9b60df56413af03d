"""Takes the deployment lease of the endpoint, waits for it, or learns that a newer upload wins."""
