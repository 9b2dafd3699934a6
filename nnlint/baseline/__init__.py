"""The baseline: findings that are known, held back so that only new ones are told."""
