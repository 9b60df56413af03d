"""Takes a challenger out of the registries, and clears away what its deployment left."""
