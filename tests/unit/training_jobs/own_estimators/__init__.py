"""Stand-ins for what a user has in training_jobs/custom."""
