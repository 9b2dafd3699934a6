"""The overlay: what a script writes lies in a scratch folder, and is found where the script put it.

A path of the script is looked up in two trees: above, what it wrote in this run; below, the machine's files, which stay
as they are. What it removed below is hidden. `files` puts Python's own functions on top of this.
"""

from __future__ import annotations

import _io
import errno
import importlib
import os
import shutil
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

Path = Any  # str, bytes or os.PathLike, as Python's own functions take it

PASSED_THROUGH = ("/dev/", "/proc/", "/sys/")
MOST_LINKS = 40


plain: Any = importlib.import_module(os.name)  # the functions that stand behind those of `os`, which `files` replaces


class Overlay:
    """`scratch` is where files may be written; `changed` is called with each path that the script changes."""

    def __init__(self, scratch: str, changed: Callable[[str], None]) -> None:
        self.scratch = scratch
        self.root = os.path.join(self.scratch, "files")
        self._hidden: set[str] = set()
        self._changed = changed
        self._opening = threading.local()
        self._folder = lru_cache(4096)(self._resolve)
        plain.mkdir(self.root)

    @contextmanager
    def opening(self) -> Iterator[None]:
        self._opening.now = True
        try:
            yield
        finally:
            self._opening.now = False

    def is_opening(self) -> bool:
        """Whether this thread is in Python's `open`, which looks up the file here."""
        return getattr(self._opening, "now", False)

    def name(self, path: Path, *, follow: bool = True, folder: int | None = None) -> str:
        """The path as the script means it: absolute, and without links, but for the last one if `follow` is false."""
        text: str = os.fsdecode(path)
        if not os.path.isabs(text):
            start = self.outside(plain.getcwd()) if folder is None else self.of_descriptor(folder)
            text = os.path.join(start, text)
        text = self.outside(os.path.normpath(text))
        if self.is_elsewhere(text):
            return text
        return self._resolve(text) if follow else self._beside(text)

    def is_elsewhere(self, name: str) -> bool:
        """Whether the overlay has nothing to do with it: it is in the scratch folder, or no file of a disk."""
        if name.startswith(self.scratch + "/") or name == self.scratch:
            return True
        return name.startswith(PASSED_THROUGH) and not name.startswith("/dev/shm/")

    def outside(self, path: str) -> str:
        """What the script calls a path of the upper tree."""
        return (path[len(self.root) :] or "/") if path == self.root or path.startswith(self.root + "/") else path

    def of_descriptor(self, descriptor: int) -> str:
        return self.outside(plain.readlink(f"/proc/self/fd/{descriptor}"))

    def above(self, name: str) -> str:
        return self.root + name

    def existing(self, name: str) -> str:
        """Where it is to be read from; if it is nowhere, a path that does not exist."""
        if self.is_elsewhere(name):
            return name
        above = self.above(name)
        return above if self.is_hidden(name) or _exists(above) else name

    def is_hidden(self, name: str) -> bool:
        """Whether the script removed what is below at this path, or above of it."""
        if not self._hidden:
            return False
        while name != "/":
            if name in self._hidden:
                return True
            name = os.path.dirname(name)
        return False

    def has(self, name: str) -> bool:
        return _exists(self.existing(name))

    def is_folder(self, name: str) -> bool:
        return _is_folder(self.existing(name))

    def is_below(self, name: str) -> bool:
        """Whether the folder is one of the machine's."""
        return _is_folder(name) and not self.is_hidden(name)

    def entries(self, name: str) -> list[str] | None:
        """The names in a folder that is in both trees, or in the upper one. None where it is all below."""
        above = self.above(name)
        is_above = _exists(above)
        if not is_above and not self._hidden:
            return None
        found = dict.fromkeys(plain.listdir(above) if is_above else ())
        if not self.is_hidden(name) and _is_folder(name):
            found.update((each, None) for each in plain.listdir(name) if not self.is_hidden(os.path.join(name, each)))
        return list(found)

    def to_write(self, name: str, *, keep: bool = True, create: bool = True) -> str:
        """Where it is to be written. What is below is copied first if `keep`. What would fail there fails here."""
        if self.is_elsewhere(name):
            return name
        above = self.above(name)
        if _exists(above):
            self._changed(name)
            return above
        below = self.existing(name)
        if below == name and _exists(name):
            if _is_folder(name) or not plain.access(name, os.W_OK):
                return name
            self._make_room(name)
            if keep:
                _copy(name, above)
            self._changed(name)
        elif create and self._make_room(name):
            self._changed(name)
        return above

    def make_folder(self, name: str, mode: int) -> None:
        if self.has(name):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name)
        if self.is_elsewhere(name):
            plain.mkdir(name, mode)
            return
        has_parent = self._make_room(name)
        plain.mkdir(self.above(name), mode)
        if has_parent:
            self._changed(name)

    def make_link(self, target: str, name: str) -> None:
        if self.has(name):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target, None, name)
        plain.symlink(target, self.to_write(name))
        self._folder.cache_clear()

    def remove(self, name: str) -> None:
        """Remove a file or a link."""
        place = self.existing(name)
        if self.is_elsewhere(name) or place != name:
            plain.unlink(place)
        elif stat.S_ISDIR(plain.lstat(place).st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
        self._hide(name)

    def remove_folder(self, name: str) -> None:
        if self.is_elsewhere(name):
            plain.rmdir(name)
            return
        place = self.existing(name)
        if not stat.S_ISDIR(plain.lstat(place).st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), name)
        names = self.entries(name)
        if plain.listdir(place) if names is None else names:
            raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), name)
        if place != name:
            plain.rmdir(place)
        self._hide(name)

    def copy(self, source: str, target: str) -> None:
        if self.has(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), source, None, target)
        _copy(self.existing(source), self.to_write(target, keep=False))

    def move(self, source: str, target: str) -> None:
        """Rename, over what is at the target."""
        start = self.existing(source)
        is_folder = stat.S_ISDIR(plain.lstat(start).st_mode)
        if source == target:
            return
        if self.has(target):
            if is_folder:
                self.remove_folder(target)
            elif self.is_folder(target):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), source, None, target)
        if is_folder:
            self._lift(source)
        elif start == source and not self.is_elsewhere(source):
            self._make_room(source)
            _copy(source, self.above(source))
        end = self.to_write(target, keep=False)
        plain.rename(source if self.is_elsewhere(source) else self.above(source), end)
        self._hide(source)
        if is_folder and not self.is_elsewhere(target):
            self._hide(target)

    def _lift(self, name: str) -> None:
        """Bring a folder with all that is in it into the upper tree."""
        if self.is_elsewhere(name):
            return
        above = self.above(name)
        self._make_room(name)
        if not _exists(above):
            plain.mkdir(above)
        if self.is_hidden(name) or not _is_folder(name):
            return
        for each in plain.listdir(name):
            inner = os.path.join(name, each)
            if self.is_hidden(inner):
                continue
            if _is_folder(inner) and not _is_link(inner):
                self._lift(inner)
            elif not _exists(self.above(inner)):
                _copy(inner, self.above(inner))

    def _hide(self, name: str) -> None:
        if not self.is_elsewhere(name):
            if _exists(name):
                self._hidden.add(name)
            self._folder.cache_clear()
            self._changed(name)

    def _make_room(self, name: str) -> bool:
        """Make the folder of a file in the upper tree, if it is there for the script."""
        folder = os.path.dirname(name)
        if not self.is_folder(folder):
            return False
        missing = []
        while not _exists(self.above(folder)):
            missing.append(self.above(folder))
            folder = os.path.dirname(folder)
        for each in reversed(missing):
            plain.mkdir(each)
        return True

    def _resolve(self, path: str, links: int = 0) -> str:
        name = self._beside(path)
        link = self._link(name)
        if link is None or self.is_elsewhere(name):
            return name
        if links > MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        return self._resolve(self.outside(os.path.normpath(os.path.join(os.path.dirname(name), link))), links + 1)

    def _beside(self, path: str) -> str:
        folder, base = os.path.split(path)
        return os.path.join(self._folder(folder), base) if base else path

    def _link(self, name: str) -> str | None:
        try:
            return str(plain.readlink(self.existing(name)))
        except OSError:
            return None


def _exists(path: str) -> bool:
    try:
        plain.lstat(path)
    except (OSError, ValueError):
        return False
    return True


def _is_folder(path: str) -> bool:
    try:
        return stat.S_ISDIR(plain.stat(path).st_mode)
    except (OSError, ValueError):
        return False


def _is_link(path: str) -> bool:
    try:
        return stat.S_ISLNK(plain.lstat(path).st_mode)
    except (OSError, ValueError):
        return False


def _copy(source: str, target: str) -> None:
    """A file with its mode; a link as a link."""
    if _is_link(source):
        plain.symlink(plain.readlink(source), target)
        return
    with _io.open(source, "rb") as read, _io.open(target, "wb") as write:
        shutil.copyfileobj(read, write, 1 << 20)
    status = plain.stat(source)
    plain.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
