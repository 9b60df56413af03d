"""What an operator does to a deployed stage; each is a `make` target."""
