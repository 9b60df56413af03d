"""Keeps the endpoint's fleet a scalable target, with the target that the model's own time allows."""
