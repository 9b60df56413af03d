"""The uploaded file: saved, decoded, its form and columns told, and every line of it accounted for."""
