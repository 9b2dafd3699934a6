"""Libraries that open files by themselves, in C or Rust: their paths are translated as those of Python's functions."""

from __future__ import annotations

import enum
import functools
import os
import sys
import urllib.parse
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, NamedTuple

from nnlint.probe.guard.files import Replaced
from nnlint.probe.guard.overlay import Overlay

LARGE_DATABASE = 1 << 30  # bytes; not copied: the script gets it to read


class Use(enum.Enum):
    """What is done with a file."""

    READ = enum.auto()
    WRITE = enum.auto()  # anew
    UPDATE = enum.auto()
    FILL = enum.auto()  # a folder


class Opener(NamedTuple):
    """A function that takes a path: its name in the module, and the path's position and name among its parameters."""

    function: str
    position: int
    parameter: str
    use: Use


_SAVE, _LOAD = Opener("save", 1, "f", Use.WRITE), Opener("load", 0, "f", Use.READ)
OPENERS = {
    "torch": (_SAVE, _LOAD),
    "torch.serialization": (_SAVE, _LOAD),
    "torch.jit": (_SAVE, _LOAD, Opener("ScriptModule.save", 1, "f", Use.WRITE)),
    "torch.export": (_SAVE, _LOAD),
    "torch.autograd.profiler": (Opener("profile.export_chrome_trace", 1, "path", Use.WRITE),),
    "torchvision.io.image": (
        Opener("write_file", 0, "filename", Use.WRITE),
        Opener("read_file", 0, "path", Use.READ),
    ),
    "safetensors": (
        Opener("serialize_file", 1, "filename", Use.WRITE),
        Opener("safe_open", 0, "filename", Use.READ),
    ),
    "tokenizers": (
        Opener("Tokenizer.save", 1, "path", Use.WRITE),
        Opener("Tokenizer.from_file", 0, "path", Use.READ),
        Opener("models.Model.save", 1, "folder", Use.FILL),
    ),
    "cv2": (Opener("imwrite", 0, "filename", Use.WRITE), Opener("imread", 0, "filename", Use.READ)),
}


def install(overlay: Overlay) -> None:
    """Translate the paths of these libraries, those not yet imported when they are."""
    special = {"sqlite3": _sqlite, "torch": _storages, "torch.jit": _uncompiled, "h5py": _h5py}
    actions: dict[str, list[Callable[[Any, Overlay], None]]] = {name: [_wrap_all] for name in OPENERS}
    for name, action in special.items():
        actions.setdefault(name, []).insert(0, action)
    finder = _Finder(overlay, actions)
    for name in actions:
        if name in sys.modules:
            finder.imported(sys.modules[name])
    sys.meta_path.insert(0, finder)


class _Finder:
    """Acts on modules when they have been imported."""

    def __init__(self, overlay: Overlay, actions: dict[str, list[Callable[[Any, Overlay], None]]]) -> None:
        self._overlay = overlay
        self._actions = actions

    def imported(self, module: Any) -> None:
        for action in self._actions[module.__name__]:
            action(module, self._overlay)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name not in self._actions:
            return None
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target) if finder is not self and hasattr(finder, "find_spec") else None
            if spec is not None and spec.loader is not None:
                spec.loader = _Loader(spec.loader, self.imported)  # type: ignore[assignment]
                return spec
        return None


class _Loader:
    """Stands before a module's loader until the module is there."""

    def __init__(self, loader: Any, imported: Callable[[Any], None]) -> None:
        self._loader, self._imported = loader, imported

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: Any) -> None:
        module.__loader__ = module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._imported(module)


def _wrap_all(module: Any, overlay: Overlay) -> None:
    for opener in OPENERS[module.__name__]:
        *holders, name = opener.function.split(".")
        holder = functools.reduce(getattr, holders, module)
        original = getattr(holder, name, None)
        if original is not None:
            wrapped = _translating(original, opener, overlay)
            is_method = isinstance(holder, type) and not isinstance(vars(holder).get(name), staticmethod)
            setattr(holder, name, wrapped if is_method else Replaced(original, wrapped))


def _translating(original: Any, opener: Opener, overlay: Overlay) -> Callable[..., Any]:
    def called(*args: Any, **kwargs: Any) -> Any:
        if opener.parameter in kwargs:
            kwargs[opener.parameter] = translated(kwargs[opener.parameter], opener.use, overlay)
        elif len(args) > opener.position:
            before, path, after = args[: opener.position], args[opener.position], args[opener.position + 1 :]
            args = (*before, translated(path, opener.use, overlay), *after)
        return original(*args, **kwargs)

    return functools.wraps(original, updated=())(called)


def translated(path: Any, use: Use, overlay: Overlay) -> Any:
    """Where the file is, if it is a file's path and the file is not where the path says."""
    if not isinstance(path, (str, bytes, os.PathLike)) or not path:
        return path
    name = overlay.name(path)
    match use:
        case Use.READ:
            place = overlay.existing(name)
        case Use.FILL:
            place = os.path.dirname(overlay.to_write(os.path.join(name, "any"), keep=False))
        case _:
            place = overlay.to_write(name, keep=use is Use.UPDATE)
    return path if place == name else place


def _storages(torch: Any, overlay: Overlay) -> None:
    """`from_file` maps a file; shared, it writes into it."""
    for holder in (torch, torch.UntypedStorage):
        original = holder.from_file

        def mapped(
            filename: Any, shared: bool | None = False, *args: Any, _original: Any = original, **kwargs: Any
        ) -> Any:
            use = Use.UPDATE if shared else Use.READ
            return _original(translated(filename, use, overlay), shared, *args, **kwargs)

        holder.from_file = Replaced(original, mapped)


def _uncompiled(jit: Any, overlay: Overlay) -> None:
    """With the compiler off (`PYTORCH_JIT=0`) scripted modules are plain ones, which `torch.jit` can not save."""
    import torch

    save, load = jit.save, jit.load

    def saved(m: Any, f: Any, *args: Any, **kwargs: Any) -> None:
        if isinstance(m, jit.ScriptModule):
            save(m, f, *args, **kwargs)
        else:
            torch.save(m, f)

    def loaded(f: Any, map_location: Any = None, *args: Any, **kwargs: Any) -> Any:
        try:
            return load(f, map_location, *args, **kwargs)
        except RuntimeError:
            if hasattr(f, "seek"):
                f.seek(0)
            return torch.load(f, map_location, weights_only=False)

    jit.save, jit.load = functools.wraps(save)(saved), functools.wraps(load)(loaded)


def _sqlite(sqlite3: Any, overlay: Overlay) -> None:
    connect = sqlite3.connect

    def connected(database: Any, *args: Any, **kwargs: Any) -> Any:
        text = os.fsdecode(database)
        if text in ("", ":memory:"):
            return connect(database, *args, **kwargs)
        is_address = kwargs.get("uri") and text.startswith("file:")
        address = urllib.parse.urlsplit(text) if is_address else None
        path = urllib.parse.unquote(address.path) if address else text
        if address and (not path or path == ":memory:" or "mode=memory" in address.query):
            return connect(database, *args, **kwargs)
        place = _database(path, overlay)
        if address:
            place = urllib.parse.urlunsplit(("file", "", urllib.parse.quote(place), address.query, ""))
        return connect(place, *args, **kwargs)

    sqlite3.connect = Replaced(connect, connected)
    sys.modules["sqlite3.dbapi2"].connect = sqlite3.connect  # type: ignore[attr-defined]


def _database(path: str, overlay: Overlay) -> str:
    """Where a database is to be opened; its journal comes with it."""
    name = overlay.name(path)
    place = overlay.existing(name)
    if place == name and os.path.exists(name):
        if os.path.getsize(name) > LARGE_DATABASE:
            return name
        for journal in (f"{name}-wal", f"{name}-journal"):
            if overlay.has(journal):
                overlay.to_write(journal)
    return overlay.to_write(name)


def _h5py(h5py: Any, overlay: Overlay) -> None:
    opened = h5py.File.__init__

    def init(self: Any, name: Any, mode: str = "r", *args: Any, **kwargs: Any) -> None:
        use = {"r": Use.READ, "w": Use.WRITE, "w-": Use.WRITE, "x": Use.WRITE}.get(mode, Use.UPDATE)
        opened(self, translated(name, use, overlay), mode, *args, **kwargs)

    h5py.File.__init__ = functools.wraps(opened)(init)
