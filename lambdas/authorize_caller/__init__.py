"""Says of a token who its bearer is and what the bearer may do."""
