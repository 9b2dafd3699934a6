"""Which nnlint this is: what it found before counts for another one no more."""

from __future__ import annotations

import os
import sys
from typing import Any


def own_code() -> list[Any]:
    """When the files of nnlint were changed last, for those who work on it."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    beside = os.path.join(os.path.dirname(package), "rules")
    waiting, found = [package, *([beside] if not os.path.isdir(os.path.join(package, "rules")) else [])], []
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.name.endswith(".py"):
                        seen = entry.stat()
                        found.append((entry.path, seen.st_mtime_ns, seen.st_size))
                    elif entry.is_dir() and entry.name != "__pycache__":
                        waiting.append(entry.path)
        except OSError:
            continue
    return sorted(found)


def installed() -> list[Any]:
    """When packages, which may bring rules, were installed last."""
    found = []
    for place in sorted(place for place in sys.path if place.endswith(("site-packages", "dist-packages"))):
        try:
            found.append((place, os.stat(place).st_mtime_ns))
        except OSError:
            continue
    return found
