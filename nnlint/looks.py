"""What a check looks at on the disk, by which it is known whether the same check would see the same now.

Whoever asks the disk anything that findings may depend on asks here. Outside of `looking` nothing is written down.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Stamp = tuple[int, int, int]
"""The time of the last change in nanoseconds, the size and the number of a file."""

_RACY = 2_000_000_000  # nanoseconds: file systems tell times as roughly as this
_LIKE_NOTHING = ("__pycache__",)
_KINDS = (".py", ".ipynb")


@dataclass(slots=True)
class Looks:
    """Contents by file, names by folder, and whether something is there at all."""

    began: int = field(default_factory=time.time_ns)
    files: dict[str, tuple[Stamp | None, str]] = field(default_factory=dict)
    folders: dict[str, tuple[Stamp | None, str]] = field(default_factory=dict)
    there: dict[str, str] = field(default_factory=dict)
    matches: dict[str, list[str]] = field(default_factory=dict)  # by folder and pattern

    def add(self, other: Looks) -> None:
        """Put together what was seen; what was seen first counts."""
        self.files = other.files | self.files
        self.folders = other.folders | self.folders
        self.there = other.there | self.there
        self.matches = other.matches | self.matches

    def hold(self, *, by_content: bool = False) -> bool:
        """Whether the disk looks as it did; `by_content` if times say nothing, as of a fresh copy."""
        trusted = 0 if by_content else self.began - _RACY
        return (
            all(_kind(path) == kind for path, kind in self.there.items())
            and all(_holds(path, seen, trusted, _content) for path, seen in self.files.items())
            and all(_holds(path, seen, trusted, _names_in) for path, seen in self.folders.items())
            and all(_matches(*key.split("\0")) == found for key, found in self.matches.items())
        )

    def changed(self, *, by_content: bool = False) -> set[str] | None:
        """The files that have another content now; None if more than contents has changed."""
        if not Looks(self.began, {}, self.folders, self.there, self.matches).hold(by_content=by_content):
            return None
        trusted = 0 if by_content else self.began - _RACY
        return {path for path, seen in self.files.items() if not _holds(path, seen, trusted, _content)}

    def without(self, files: set[str]) -> Looks:
        """All but the contents of these."""
        left = {path: seen for path, seen in self.files.items() if path not in files}
        return Looks(self.began, left, self.folders, self.there, self.matches)

    def plain(self) -> list[Any]:
        """As JSON has it."""
        return [self.began, self.files, self.folders, self.there, self.matches]

    @classmethod
    def of(cls, plain: list[Any]) -> Looks:
        return cls(*plain)


_looks: Looks | None = None


@contextmanager
def looking() -> Iterator[Looks]:
    """Write down what is looked at."""
    global _looks
    before, _looks = _looks, Looks()
    try:
        yield _looks
    finally:
        _looks = before


def add(other: Looks) -> None:
    """What another process has looked at."""
    if _looks is not None:
        _looks.add(other)


def read(path: str | Path) -> bytes:
    """The content of a file. Raises `OSError`."""
    if _looks is None or (name := os.path.abspath(path)) in _looks.files:
        return Path(path).read_bytes()
    stamp = _stamp(name)
    try:
        data = Path(path).read_bytes()
    except OSError:
        _looks.files[name] = (stamp, "")
        raise
    _looks.files[name] = (stamp, digest(data))
    return data


def scan(folder: str | Path) -> list[os.DirEntry[str]]:
    """What lies in a folder, by name; nothing where that can not be told."""
    stamp = _stamp(folder) if _looks is not None else None
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        found = []
    if _looks is not None:
        _looks.folders.setdefault(os.path.abspath(folder), (stamp, _names(found)))
    return found


def is_file(path: str | Path) -> bool:
    return _asked(path) == "file"


def is_folder(path: str | Path) -> bool:
    return _asked(path) == "folder"


def exists(path: str | Path) -> bool:
    """Whether there is anything, be it a link that leads nowhere."""
    return _asked(path) != ""


def matching(folder: Path, pattern: str) -> list[Path]:
    """The files in a folder of which the name matches, sorted."""
    found = _matches(str(folder), pattern)
    if _looks is not None:
        _looks.matches[f"{os.path.abspath(folder)}\0{pattern}"] = found
    return [folder / name for name in found]


def digest(data: bytes) -> str:
    """A name for a content."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


# --- how it is now ---------------------------------------------------------------------------------------------


def _asked(path: str | Path) -> str:
    kind = _kind(path)
    if _looks is not None:
        _looks.there[os.path.abspath(path)] = kind
    return kind


def _kind(path: str | Path) -> str:
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return "link" if os.path.islink(path) else ""
    return "folder" if stat.S_ISDIR(mode) else "file" if stat.S_ISREG(mode) else "other"


def _stamp(path: str | Path) -> Stamp | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _holds(path: str, seen: tuple[Stamp | None, str], trusted: int, look: Any) -> bool:
    stamp = _stamp(path)
    known = tuple(seen[0]) if seen[0] is not None else None
    if stamp is None or known is None:
        return stamp is known
    if stamp == known and stamp[0] < trusted:
        return True
    return bool(look(path) == seen[1])


def _content(path: str) -> str:
    try:
        return digest(Path(path).read_bytes())
    except OSError:
        return ""


def _names_in(folder: str) -> str:
    try:
        with os.scandir(folder) as entries:
            return _names(entries)
    except OSError:
        return _names(())


def _names(entries: Iterable[os.DirEntry[str]]) -> str:
    """The names that can matter, and of what kind: others come and go, as logs and caches do."""
    told: list[str] = []
    for entry in entries:
        try:
            is_folder = entry.is_dir()
        except OSError:  # a link to itself
            continue
        if (is_folder or entry.name.endswith(_KINDS)) and not (entry.name[0] == "." or entry.name in _LIKE_NOTHING):
            told.append(f"{entry.name}{'/' * is_folder}{'@' * entry.is_symlink()}")
    return digest("\n".join(sorted(told)).encode("utf-8", "surrogateescape"))


def _matches(folder: str, pattern: str) -> list[str]:
    return sorted(os.path.relpath(path, folder) for path in Path(folder).glob(pattern))
