"""Which files belong together: the root of a project, and the Python files below a folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from nnlint import looks

REPOSITORY = ".git"
MARKERS = ("pyproject.toml", "setup.cfg", "setup.py", REPOSITORY)

NOTEBOOK = ".ipynb"
SCRIPTS = (".py",)
ALL = (*SCRIPTS, NOTEBOOK)
SKIPPED = frozenset({"__pycache__", "venv", "node_modules", "build", "dist"})
"""Folders in which nobody's own code is. Hidden ones (.git, .venv, .tox, .nox) and *.egg-info are skipped besides."""


def find_root(path: Path) -> Path:
    """The project that a file or folder belongs to.

    The nearest folder upwards with a project file or a repository in it; without one the folder that holds the top
    package; without that the file's own folder.
    """
    start = Path(os.path.abspath(path))
    folder = start if start.is_dir() else start.parent
    for candidate in (folder, *folder.parents):
        if any(looks.exists(candidate / marker) for marker in MARKERS):
            return candidate
    return package_holder(folder)


def outermost_root(path: Path) -> Path:
    """The nearest repository around a path, or else the outermost project; what lies around that is no part of either.

    So `project/venv/lib/package` belongs to the project, and `~/.cache/project` to nothing else.
    """
    folders = (path, *path.parents)
    repository = next((each for each in folders if looks.exists(each / REPOSITORY)), None)
    marked = [each for each in folders if any(looks.exists(each / marker) for marker in MARKERS)]
    return repository or (marked[-1] if marked else find_root(path))


def package_holder(folder: Path) -> Path:
    """The folder that holds the top package which `folder` is in; `folder` itself when it is no package."""
    while looks.is_file(folder / "__init__.py") and folder != folder.parent:
        folder = folder.parent
    return folder


LeavesOut = Callable[[str, bool], bool]
"""Whether a path, absolute, is left out of a walk; the second argument says that it is a folder."""


def python_files(paths: Iterable[Path], leaves_out: LeavesOut | None = None) -> list[Path]:
    """The files named, and the scripts and notebooks below the folders named, sorted, each once.

    A file that is named is taken whatever it is called and whatever is left out; a folder that is named is looked into.
    """
    named: dict[str, Path] = {}
    found: dict[str, Path] = {}
    for path in paths:
        if looks.is_folder(path):
            for file in walk(path, leaves_out, suffixes=ALL):
                found.setdefault(os.path.realpath(file), file)
        else:
            named.setdefault(os.path.realpath(path), path)
    return sorted((found | named).values())


class ProjectTooLarge(Exception):
    """There are more folders than it is worth to look into."""


def walk(
    folder: Path,
    leaves_out: LeavesOut | None = None,
    most_folders: int | None = None,
    suffixes: tuple[str, ...] = SCRIPTS,
) -> Iterator[Path]:
    """The files below a folder that end so; links last, and only to what was not walked yet, so that loops end.

    Raises `ProjectTooLarge` after `most_folders`.
    """
    waiting, links = [str(folder)], list[str]()
    seen: set[str] = set()
    folders = 0
    while waiting or links:
        current = waiting.pop() if waiting else links.pop(0)
        real = os.path.realpath(current)
        if real in seen:
            continue
        seen.add(real)
        if not os.path.isdir(current):
            yield Path(current)
            continue
        folders += 1
        if most_folders is not None and folders > most_folders:
            raise ProjectTooLarge(str(folder))
        below: list[str] = []
        for entry in looks.scan(current):
            is_folder = _is_folder(entry)
            if is_skipped(entry.name) if is_folder else not _is_script(entry, suffixes):
                continue
            if leaves_out is not None and leaves_out(os.path.abspath(entry.path), is_folder):
                continue
            if entry.is_symlink():
                links.append(entry.path)
            elif is_folder:
                below.append(entry.path)
            else:
                seen.add(os.path.join(real, entry.name))
                yield Path(entry.path)
        waiting += reversed(below)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _is_script(entry: os.DirEntry[str], suffixes: tuple[str, ...]) -> bool:
    try:
        return entry.name.endswith(suffixes) and entry.is_file()
    except OSError:
        return False


def is_skipped(name: str) -> bool:
    """Whether a folder of that name is never looked into, unless it is named itself."""
    return name.startswith(".") or name in SKIPPED or name.endswith(".egg-info")
