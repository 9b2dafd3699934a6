"""Lists on the command line."""

from __future__ import annotations


def words(values: tuple[str, ...]) -> list[str]:
    """Given `--select NN101,NN2 --select all`, the three words."""
    return [word.strip() for value in values for word in value.split(",") if word.strip()]
