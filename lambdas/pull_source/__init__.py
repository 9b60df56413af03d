"""Fetches a file from elsewhere, and uploads it where it has changed."""
