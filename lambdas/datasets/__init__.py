"""From an uploaded file to a typed dataset: its steps, and `upload`, `checks` and `parts` as rooms."""
