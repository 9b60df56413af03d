"""What `make` does before its first target: standard library only, for nothing else is there yet."""
