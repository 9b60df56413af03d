"""What keeps data: two buckets, and the key that encrypts everything."""
