"""Files are written beside their place and renamed, so that a crash or a full disk loses nothing."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path


class Changed(Exception):
    """A file is no longer what it was when it was read."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} has changed meanwhile: it is left alone")
        self.path = path


def rewrite(path: Path, old: bytes, new: bytes) -> None:
    """As `rewrite_all`, for one file."""
    rewrite_all({path: (old, new)})


def rewrite_all(files: Mapping[Path, tuple[bytes, bytes]]) -> None:
    """Give each file its new content in the place of the old one: all of them, or none as far as can be foreseen.

    All are written beside their places before the first is renamed. Links stay links, and modes are kept.

    Raises `Changed` when one of them has another content than the old one, and `OSError`.
    """
    written: dict[str, str] = {}
    try:
        for path, (old, new) in files.items():
            real = os.path.realpath(path)
            _compare(path, old)
            written[real] = _written_beside(real, new)
        for path, (old, _) in files.items():
            _compare(path, old)
        for real, temporary in list(written.items()):
            os.replace(temporary, real)
            del written[real]
    finally:
        for temporary in written.values():
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def write(path: Path, new: bytes) -> None:
    """Write a file of nnlint's own, whatever was there. Raises `OSError`."""
    real = os.path.realpath(path)
    temporary = _written_beside(real, new)
    try:
        os.replace(temporary, real)
    except OSError:
        os.unlink(temporary)
        raise


def _compare(path: Path, old: bytes) -> None:
    if path.read_bytes() != old:
        raise Changed(path)


def _written_beside(real: str, content: bytes) -> str:
    folder, name = os.path.split(real)
    if os.path.exists(real) and not os.access(real, os.W_OK):
        raise PermissionError(13, "Permission denied", real)  # a rename would not ask
    descriptor, temporary = tempfile.mkstemp(prefix=f".{name}.", suffix=".nnlint", dir=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, _mode(real))
    except BaseException:
        os.unlink(temporary)
        raise
    return temporary


def _mode(real: str) -> int:
    """The mode of the file, or what a new one would have."""
    try:
        return os.stat(real).st_mode & 0o7777
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
