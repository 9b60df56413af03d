"""What keeps delivery in order: the workflows' lint, and the rules of the branch."""
