"""The formats room: bodies of each content type to matrices, and answers back to bytes."""
