"""Makes the deployed challenger the champion, and clears away what it replaced."""
