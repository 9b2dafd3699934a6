"""Projects of empty files, for tests of where files are and what they are called."""

from __future__ import annotations

from pathlib import Path


def tree(root: Path, *files: str) -> Path:
    """Empty files below a project's root."""
    for name in ("pyproject.toml", *files):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root
