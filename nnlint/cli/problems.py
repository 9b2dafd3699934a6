"""What every command does about what the user can mend: one line that says what, and exit status 2."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nnlint import looks

CLEAN, FOUND, FAILED, INTERRUPTED = 0, 1, 2, 130


class Problem(Exception):
    """nnlint can not do what was asked; one line that says why."""

    status = FAILED


@contextmanager
def clear_errors() -> Iterator[None]:
    """What the user can mend is told in one line."""
    from nnlint.baseline.file import BaselineError
    from nnlint.catalog import CatalogError, UnknownRule
    from nnlint.config import ConfigurationError

    try:
        yield
    except (BaselineError, CatalogError, UnknownRule, ConfigurationError) as error:
        raise Problem(str(error)) from error


def existing(path: str) -> Path:
    """The path, if there is something."""
    from nnlint.catalog import did_you_mean, nearest

    if looks.exists(path):
        return Path(path)
    folder, name = os.path.split(path.rstrip("/\\"))
    try:
        meant = nearest(name, sorted(os.listdir(folder or ".")))
    except OSError:
        meant = None
    raise Problem(f"`{path}` does not exist" + did_you_mean(os.path.join(folder, meant) if meant else None))
