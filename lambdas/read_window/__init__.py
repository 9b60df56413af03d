"""Compacts the closed hours of captured requests and names the window that is judged."""
