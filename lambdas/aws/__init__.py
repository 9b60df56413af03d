"""The only package that imports boto3. Its methods are named for the need; no response escapes it."""
