"""One rule a file; discovered, never listed."""
