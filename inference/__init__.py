"""The serving image's code: a pure predictor, and a small server around it."""
