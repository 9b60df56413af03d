"""Makes one dataset version of checked parts, or rejects all of them together."""
