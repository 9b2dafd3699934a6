"""Suppression in the file itself: comments that silence findings, those that silence none, and new ones."""

from nnlint.suppression.judging import suppress

__all__ = ["suppress"]
