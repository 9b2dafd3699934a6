"""Where Python would look for an absolute import, as far as that can be told from the files alone.

What is on `sys.path` depends on how the user starts the script and what is installed. Certain are the folder of the
script that runs and the folder that holds the importer's own package; the others are where projects usually work from.
"""

from __future__ import annotations

from pathlib import Path

from nnlint.program.elsewhere import is_known_elsewhere
from nnlint.program.folders import Folders
from nnlint.program.project import ProjectTooLarge, walk

LAYOUTS = ("src", "lib", "python")
MOST_FOLDERS = 5_000


class Search:
    """Finds modules by dotted name."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders
        self._usual: dict[tuple[Path, Path], tuple[Path, ...]] = {}
        self._indexes: dict[Path, dict[str, tuple[Path, ...]]] = {}

    def find(self, dotted: str, importer: Path, root: Path, main: Path | None) -> Path | None:
        """The module `dotted` as `importer`, of the project at `root`, would import it while `main` runs."""
        if not all(part.isidentifier() for part in dotted.split(".")):
            return None
        top = dotted.partition(".")[0]
        if is_known_elsewhere(top):
            return self._first(self._certain(importer.parent, root, main), dotted, importer, regular=True)
        places = dict.fromkeys((*((main.parent,) if main else ()), *self._places(importer.parent, root)))
        return (
            self._first(places, dotted, importer, regular=True)
            or self._first(places, dotted, importer, regular=False)
            or self._sibling(dotted, importer)
            or self._only_one(dotted, importer, root)
        )

    def _first(self, places: dict[Path, None], dotted: str, importer: Path, *, regular: bool) -> Path | None:
        top = dotted.partition(".")[0]
        for place in places:
            if self._folders.is_regular(place, top) is regular:
                found = self._folders.module(place, dotted)
                # Given logging/wandb.py with `import wandb` in it: it does not import itself.
                if found is not None and (found != importer or "." in dotted):
                    return found
        return None

    def _certain(self, own: Path, root: Path, main: Path | None) -> dict[Path, None]:
        """Where a module shadows an installed package of the same name.

        The folder of `main` does if `main` is really run as a script, which a module in a package seldom is.
        """
        places: dict[Path, None] = {}
        if main is not None and not self._folders.is_package(main.parent):
            places[main.parent] = None
        if self._folders.is_package(own) or own == root:
            places[self._folders.holder(own)] = None
        return places

    def _places(self, own: Path, root: Path) -> tuple[Path, ...]:
        """The importer's folder or the holder of its package, then outwards to the root, then the source folders."""
        key = (own, root)
        if key not in self._usual:
            places = [self._folders.holder(own)]
            if places[0].is_relative_to(root):
                upwards = [folder for folder in places[0].parents if folder.is_relative_to(root)]
                places += [folder for folder in upwards if not self._folders.is_package(folder)]
            places.append(root)
            names = self._folders.folders_in(root)
            places += [root / name for name in LAYOUTS if name in names]
            places += [root / name / "src" for name in names if self._folders.has_folder(root / name, "src")]
            if self._folders.has_folder(root, "packages"):
                packages = root / "packages"
                places += [packages / name / "src" for name in self._folders.folders_in(packages)]
            self._usual[key] = tuple(dict.fromkeys(places))
        return self._usual[key]

    def _only_one(self, dotted: str, importer: Path, root: Path) -> Path | None:
        """The one module of that name anywhere in the project: users set PYTHONPATH, or change folders first.

        Not one inside of a package: `import wandb` does not mean pkg/loggers/wandb.py.
        """
        top = dotted.partition(".")[0]
        found: set[Path] = set()
        for place in self._index(root).get(top, ()):
            if not self._folders.is_package(place) and ("." in dotted or self._folders.is_regular(place, top)):
                module = self._folders.module(place, dotted)
                if module is not None and module != importer:
                    found.add(module)
        return found.pop() if len(found) == 1 else None

    def _sibling(self, dotted: str, importer: Path) -> Path | None:
        """The module beside the importer, as in Python 2 and where a script puts that folder on the path."""
        found = None if importer.name == "__init__.py" else self._folders.module(importer.parent, dotted)
        return found if found != importer else None

    def _index(self, root: Path) -> dict[str, tuple[Path, ...]]:
        """The folders in which a name can be imported; nothing of a project too large to know them all."""
        if root not in self._indexes:
            places: dict[str, dict[Path, None]] = {}
            known: set[Path] = {root}
            try:
                for file in walk(root, most_folders=MOST_FOLDERS):
                    places.setdefault(file.stem, {})[file.parent] = None
                    folder = file.parent
                    while folder not in known:
                        known.add(folder)
                        places.setdefault(folder.name, {})[folder.parent] = None
                        folder = folder.parent
            except ProjectTooLarge:
                places = {}
            self._indexes[root] = {name: tuple(folders) for name, folders in places.items()}
        return self._indexes[root]
