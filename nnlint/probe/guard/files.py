"""Python's functions on files, put on top of the overlay: `open` and those of `os`, on which all else is built."""

from __future__ import annotations

import _io
import builtins
import errno
import io
import os
import pathlib
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from nnlint.probe.guard.overlay import Overlay, Path, plain

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
UNNAMED = getattr(os, "O_TMPFILE", 0)


def install(overlay: Overlay) -> None:
    """Replace the functions, also where other modules have taken them already."""
    functions = _Functions(overlay)
    replaced: dict[int, Any] = {}
    originals = [(os, name, getattr(os, name, None), function) for name, function in functions.of_os()]
    opening = functions.opening
    for module, name, original, function in (*originals, (builtins, "open", _io.open, opening)):
        if original is not None:
            replaced[id(original)] = Replaced(original, function, module.__name__)
            setattr(module, name, replaced[id(original)])
    for known in (os.supports_follow_symlinks, os.supports_fd):
        known.update([replaced[id(each)] for each in known if id(each) in replaced])
    shutil._use_fd_functions = False  # type: ignore[attr-defined]
    kept = (plain.__dict__, _io.__dict__)
    modules = [module.__dict__ for module in list(sys.modules.values()) if type(module) is type(sys)]
    for holder in modules:
        if not any(holder is each for each in kept):
            for name in [name for name, value in list(holder.items()) if id(value) in replaced]:
                holder[name] = replaced[id(holder[name])]
    _replace_in(getattr(pathlib, "_NormalAccessor", None), replaced)  # Python 3.10
    _replace_in(getattr(tempfile, "_TemporaryFileCloser", None), replaced)
    assert io.open is builtins.open


def _replace_in(cls: Any, replaced: dict[int, Any]) -> None:
    """Where a class has taken the functions as attributes, or as defaults of its methods."""
    for name, value in list(vars(cls).items() if cls is not None else ()):
        if id(value) in replaced:
            setattr(cls, name, replaced[id(value)])
        elif getattr(value, "__defaults__", None):
            value.__defaults__ = tuple(replaced.get(id(each), each) for each in value.__defaults__)


class Replaced:
    """Stands for a built-in function; as that, it is no method where it is an attribute of a class."""

    def __init__(self, original: Any, function: Callable[..., Any], module: str = "") -> None:
        self.__wrapped__ = original
        self.__module__ = module or original.__module__
        self.__name__ = self.__qualname__ = original.__name__
        self.__doc__ = original.__doc__
        self._function = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._function(*args, **kwargs)

    def __reduce__(self) -> str:
        return str(self.__name__)


class _Functions:
    def __init__(self, overlay: Overlay) -> None:
        self._overlay = overlay

    def of_os(self) -> Iterator[tuple[str, Callable[..., Any]]]:
        for name in ("stat", "access", "statvfs", "getxattr", "listxattr", "pathconf"):
            yield name, self._reading(name)
        for name in ("lstat", "readlink"):
            yield name, self._reading(name, follow=False)
        for name in ("chmod", "chown", "utime", "setxattr", "removexattr", "truncate"):
            yield name, self._changing(name)
        yield "lchown", self._changing("lchown", follow=False)
        for name in ("mkfifo", "mknod"):
            yield name, self._making(name)
        for name in (
            "open",
            "listdir",
            "scandir",
            "chdir",
            "getcwd",
            "getcwdb",
            "mkdir",
            "rmdir",
            "rename",
            "link",
            "symlink",
        ):
            yield name, getattr(self, name)
        yield "unlink", self.remove
        yield "remove", self.remove
        yield "replace", self.rename

    def opening(
        self,
        file: Any,
        mode: str = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
        closefd: bool = True,
        opener: Any = None,
    ) -> Any:
        if opener is None and not isinstance(file, int):
            opener = self._opener
        with self._overlay.opening():
            return _io.open(file, mode, buffering, encoding, errors, newline, closefd, opener)

    def _opener(self, path: Path, flags: int) -> int:
        return self.open(path, flags, 0o666)

    def open(self, path: Path, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if not path:
            return int(plain.open(path, flags, mode))
        follows = not (flags & os.O_NOFOLLOW or (flags & os.O_CREAT and flags & os.O_EXCL))
        name = self._overlay.name(path, follow=follows, folder=dir_fd)
        return int(_named(self._opened, path, name, flags, mode))

    def _opened(self, name: str, flags: int, mode: int) -> int:
        return int(plain.open(self._place(name, flags), flags, mode))

    def _place(self, name: str, flags: int) -> str:
        overlay = self._overlay
        if not flags & WRITES:
            return overlay.existing(name)
        if UNNAMED and flags & UNNAMED == UNNAMED:
            return os.path.dirname(overlay.to_write(os.path.join(name, "unnamed"), keep=False))
        if flags & os.O_CREAT and flags & os.O_EXCL and overlay.has(name):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name)
        return overlay.to_write(name, keep=not flags & os.O_TRUNC, create=bool(flags & os.O_CREAT))

    def listdir(self, path: Path = ".") -> Any:
        name, path = self._folder(path)
        found = self._overlay.entries(name) if name is not None else None
        if found is None or not self._overlay.is_folder(name or ""):
            return _named(plain.listdir, path, path if name is None else self._overlay.existing(name))
        return [os.fsencode(each) for each in found] if isinstance(path, bytes) else found

    def scandir(self, path: Path = ".") -> Any:
        name, path = self._folder(path)
        found = self._overlay.entries(name) if name is not None else None
        if found is None or not self._overlay.is_folder(name or ""):
            if name is None or self._overlay.existing(name) == name:
                return plain.scandir(path)
            return _named(plain.scandir, path, self._overlay.existing(name))
        start: Any = name if isinstance(path, int) else os.fspath(path)
        if isinstance(start, bytes):
            return _Entries(Entry(os.fsencode(each), os.path.join(start, os.fsencode(each))) for each in found)
        return _Entries(Entry(each, os.path.join(start, each)) for each in found)

    def _folder(self, path: Path) -> tuple[str | None, Path]:
        """A folder's name, also where it is an open descriptor; None where the overlay can not know it."""
        path = "." if path is None else path
        try:
            return (self._overlay.of_descriptor(path) if isinstance(path, int) else self._overlay.name(path)), path
        except OSError:
            return None, path

    def chdir(self, path: Path) -> None:
        if isinstance(path, int):
            plain.chdir(path)
            return
        name = self._overlay.name(path)
        below = self._overlay.is_below(name)
        _named(plain.chdir, path, name if below else self._overlay.existing(name))

    def getcwd(self) -> str:
        return self._overlay.outside(str(plain.getcwd()))

    def getcwdb(self) -> bytes:
        return os.fsencode(self.getcwd())

    def mkdir(self, path: Path, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        _named(self._overlay.make_folder, path, self._overlay.name(path, follow=False, folder=dir_fd), mode)

    def rmdir(self, path: Path, *, dir_fd: int | None = None) -> None:
        _named(self._overlay.remove_folder, path, self._overlay.name(path, follow=False, folder=dir_fd))

    def remove(self, path: Path, *, dir_fd: int | None = None) -> None:
        _named(self._overlay.remove, path, self._overlay.name(path, follow=False, folder=dir_fd))

    def rename(self, src: Path, dst: Path, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None) -> None:
        source = self._overlay.name(src, follow=False, folder=src_dir_fd)
        target = self._overlay.name(dst, follow=False, folder=dst_dir_fd)
        _named(self._overlay.move, (src, dst), source, target)

    def link(
        self,
        src: Path,
        dst: Path,
        *,
        src_dir_fd: int | None = None,
        dst_dir_fd: int | None = None,
        follow_symlinks: bool = True,
    ) -> None:
        """A copy: both trees could not share the file."""
        source = self._overlay.name(src, follow=follow_symlinks, folder=src_dir_fd)
        target = self._overlay.name(dst, follow=False, folder=dst_dir_fd)
        _named(self._overlay.copy, (src, dst), source, target)

    def symlink(self, src: Path, dst: Path, target_is_directory: bool = False, *, dir_fd: int | None = None) -> None:
        target = self._overlay.name(dst, follow=False, folder=dir_fd)
        _named(self._overlay.make_link, (src, dst), os.fsdecode(src), target)

    def _reading(self, function: str, follow: bool = True) -> Callable[..., Any]:
        original = getattr(plain, function, None)

        def read(path: Path, *args: Any, dir_fd: int | None = None, **kwargs: Any) -> Any:
            if isinstance(path, int) or not path:
                return original(path, *args, **kwargs)  # type: ignore[misc]
            name = self._overlay.name(path, follow=kwargs.get("follow_symlinks", follow), folder=dir_fd)
            return _named(original, path, self._overlay.existing(name), *args, **kwargs)

        return read

    def _changing(self, function: str, follow: bool = True) -> Callable[..., Any]:
        original = getattr(plain, function, None)

        def changed(path: Path, *args: Any, dir_fd: int | None = None, **kwargs: Any) -> Any:
            if isinstance(path, int) or not path:
                return original(path, *args, **kwargs)  # type: ignore[misc]
            overlay = self._overlay
            name = overlay.name(path, follow=kwargs.get("follow_symlinks", follow), folder=dir_fd)
            place = overlay.to_write(name, create=False)
            if place == name and overlay.is_folder(name) and not overlay.is_elsewhere(name):
                return None  # a folder below stays as it is
            return _named(original, path, place, *args, **kwargs)

        return changed

    def _making(self, function: str) -> Callable[..., Any]:
        original = getattr(plain, function, None)

        def made(path: Path, *args: Any, dir_fd: int | None = None, **kwargs: Any) -> Any:
            name = self._overlay.name(path, follow=False, folder=dir_fd)
            has = self._overlay.has(name)
            place = self._overlay.existing(name) if has else self._overlay.to_write(name)
            return _named(original, path, place, *args, **kwargs)

        return made


class Entry:
    """An entry of a folder, as `os.DirEntry`, which can not be made."""

    def __init__(self, name: Any, path: Any) -> None:
        self.name, self.path = name, path

    def __fspath__(self) -> Any:
        return self.path

    def __repr__(self) -> str:
        return f"<DirEntry {self.name!r}>"

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        return os.stat(self.path, follow_symlinks=follow_symlinks)

    def inode(self) -> int:
        return self.stat(follow_symlinks=False).st_ino

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        return os.path.isdir(self.path) and (follow_symlinks or not self.is_symlink())

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        return os.path.isfile(self.path) and (follow_symlinks or not self.is_symlink())

    def is_symlink(self) -> bool:
        return os.path.islink(self.path)

    def is_junction(self) -> bool:
        return False


class _Entries:
    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = iter(entries)

    def __iter__(self) -> _Entries:
        return self

    def __next__(self) -> Entry:
        return next(self._entries)

    def __enter__(self) -> _Entries:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        self._entries = iter(())


def _named(function: Any, paths: Any, *args: Any, **kwargs: Any) -> Any:
    """Call the function; an error speaks of the paths that the script gave, not of where the files lie."""
    try:
        return function(*args, **kwargs)
    except OSError as error:
        if isinstance(paths, tuple):
            error.filename, error.filename2 = paths
        elif error.filename is not None:
            error.filename = paths
        raise
