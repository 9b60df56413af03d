"""What the embedded cloud rests on, asked of it, or of an account by `make conformance CLOUD=aws`."""
