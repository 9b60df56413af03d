"""Makes the documentation's site out of docs/, the front page and the pipeline's own page: `make docs`."""
