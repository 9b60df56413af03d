"""Feature groups, as the functions write and read them."""
