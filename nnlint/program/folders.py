"""What lies in the folders of a project, each listed once, and the modules that Python would find in them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nnlint import looks
from nnlint.program.project import SKIPPED

DEEPEST_NAMESPACE = 3  # levels of folders in which a namespace package must have a script


@dataclass(frozen=True, slots=True)
class _Listing:
    files: frozenset[str]
    folders: frozenset[str]


class Folders:
    """The file system as it was when first looked at: a run sees one state of the project."""

    def __init__(self) -> None:
        self._listings: dict[Path, _Listing] = {}
        self._with_python: dict[tuple[Path, int], bool] = {}

    def is_package(self, folder: Path) -> bool:
        return "__init__.py" in self._list(folder).files

    def has_folder(self, folder: Path, name: str) -> bool:
        return name in self._list(folder).folders

    def folders_in(self, folder: Path) -> list[str]:
        return sorted(self._list(folder).folders)

    def holder(self, folder: Path) -> Path:
        """The folder that holds the top package which `folder` is in; `folder` itself when it is no package."""
        while self.is_package(folder) and folder != folder.parent:
            folder = folder.parent
        return folder

    def is_regular(self, folder: Path, name: str) -> bool:
        """Whether `name` in `folder` is a module or has an `__init__`, which Python takes before namespaces."""
        return f"{name}.py" in self._list(folder).files or (
            self.has_folder(folder, name) and self.is_package(folder / name)
        )

    def module(self, folder: Path, dotted: str) -> Path | None:
        """The module `dotted` below `folder`: its file, the `__init__.py` of a package, the folder of a namespace."""
        *packages, last = dotted.split(".")
        for name in packages:
            if not name or not self.has_folder(folder, name):
                return None
            folder = folder / name
        if not last:
            return None
        if self.has_folder(folder, last) and self.is_package(folder / last):
            return folder / last / "__init__.py"
        if f"{last}.py" in self._list(folder).files:
            return folder / f"{last}.py"
        if self.has_folder(folder, last) and self._has_python(folder / last, DEEPEST_NAMESPACE):
            return folder / last
        return None

    def _has_python(self, folder: Path, levels: int) -> bool:
        """A folder of data, logs or checkpoints is no package, though Python would take it for one."""
        key = (folder, levels)
        if key not in self._with_python:
            listing = self._list(folder)
            self._with_python[key] = any(name.endswith(".py") for name in listing.files) or (
                levels > 1
                and any(
                    name.isidentifier() and name not in SKIPPED and self._has_python(folder / name, levels - 1)
                    for name in sorted(listing.folders)
                )
            )
        return self._with_python[key]

    def _list(self, folder: Path) -> _Listing:
        if folder not in self._listings:
            self._listings[folder] = _read(folder)
        return self._listings[folder]


def _read(folder: Path) -> _Listing:
    files: set[str] = set()
    folders: set[str] = set()
    for entry in looks.scan(folder):
        try:
            (folders if entry.is_dir() else files).add(entry.name)
        except OSError:  # a link to itself
            continue
    return _Listing(frozenset(files), frozenset(folders))
