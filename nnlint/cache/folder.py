"""Where the cache lies: in a folder of its own, which every tool passes over."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

NAME = ".nnlint_cache"
OFF, ELSEWHERE = "NNLINT_NO_CACHE", "NNLINT_CACHE_DIR"
_MARKERS = ("pyproject.toml", "nnlint.toml", ".nnlint.toml", "setup.cfg", "setup.py", ".git")
_TAG = """Signature: 8a477f597d28d172789f06886806bc55
# This folder is a cache of nnlint: it may be deleted. See https://bford.info/cachedir/
"""
_OLDEST = 30 * 24 * 3600  # seconds


def chosen(arguments: Sequence[str]) -> Path | None:
    """The folder that a command line and the environment say, by default one in the project; None for no cache."""
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if "--no-cache" in options or os.environ.get(OFF):
        return None
    for number, option in enumerate(options):
        name, equals, value = option.partition("=")
        if name == "--cache-dir" and (equals or number + 1 < len(options)):
            return Path(os.path.abspath(value if equals else options[number + 1]))
    elsewhere = os.environ.get(ELSEWHERE)
    return Path(os.path.abspath(elsewhere)) if elsewhere else _root(Path.cwd()) / NAME


def make(folder: Path) -> bool:
    """Make the folder if it is not there. Whether it can be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in (("CACHEDIR.TAG", _TAG), (".gitignore", "*\n")):
            if not (folder / name).exists():
                (folder / name).write_text(text, encoding="utf-8")
    except OSError:
        return False
    return True


def tidy(folder: Path, most: int) -> None:
    """Leave only what was used of late, and not more files than `most`."""
    try:
        files = sorted(((entry.stat().st_mtime, entry.path) for entry in os.scandir(folder)), reverse=True)
        for number, (used, path) in enumerate(files):
            if number >= most or used < time.time() - _OLDEST:
                os.unlink(path)
    except OSError:  # another run tidies, too
        pass


def remove(folder: Path) -> bool:
    """Delete a cache; whether there was one. What is no cache is left alone. Raises `OSError`."""
    if not (folder / "CACHEDIR.TAG").is_file():
        return False
    shutil.rmtree(folder)
    return True


def shown(folder: Path) -> str:
    """The path as the user would write it."""
    relative = os.path.relpath(folder)
    return str(folder) if relative.startswith("..") else relative


def _root(start: Path) -> Path:
    """The project that a folder is in, if any: its nearest folder upwards with a project's file in it."""
    for candidate in (start, *start.parents):
        if any(os.path.lexists(os.path.join(candidate, marker)) for marker in _MARKERS):
            return candidate
    return start
