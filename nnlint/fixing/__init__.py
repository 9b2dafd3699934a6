"""Fixes: chosen, made in texts, proved by another check, and written."""
