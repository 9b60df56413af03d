"""`greenlight`, the command line: the same commands against AWS and against the embedded cloud."""
