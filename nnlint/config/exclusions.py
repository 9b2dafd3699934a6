"""What a check leaves out: what the settings exclude, and what .gitignore files do."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from nnlint.config.hierarchy import SettingsOf
from nnlint.config.layer import Layer, shown
from nnlint.program.gitignore import GitIgnore
from nnlint.program.patterns import Pattern, Patterns
from nnlint.program.project import is_skipped, outermost_root, python_files


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Why something is left out: a pattern, and where it stands."""

    pattern: str
    origin: str


def files_to_check(paths: Iterable[Path], settings: SettingsOf) -> list[Path]:
    """The files named, and those below the folders named that are not left out. Raises `ConfigurationError`."""
    paths = list(paths)
    exclusions = Exclusions(settings)
    for path in paths:
        exclusions.enter(path)
    return python_files(paths, exclusions.leave_out)


class Exclusions:
    """Knows the patterns of each folder."""

    def __init__(self, settings: SettingsOf) -> None:
        self._settings = settings
        self._gitignore = GitIgnore()
        self._compiled: dict[tuple[int, str], tuple[Layer, Patterns]] = {}

    def leave_out(self, path: str, is_folder: bool) -> bool:
        """Whether a walk leaves out what it comes upon."""
        return self._entry(path, is_folder) is not None

    def enter(self, path: Path) -> None:
        """Begin to walk at a folder that was named: what .gitignore files say of itself does not count."""
        self._gitignore.enter(os.path.abspath(path))

    def why(self, path: Path) -> Exclusion | None:
        """What leaves out a path, or a folder around it; None when nothing does."""
        absolute = Path(os.path.abspath(path))
        around = outermost_root(absolute.parent)
        for each in (*reversed(absolute.parents), absolute):
            found = self._excluded(str(each), each.is_dir())
            if found is None and around in each.parents and is_skipped(each.name) and each.is_dir():
                found = Exclusion(each.name, "the folders that are never looked into")
            if found is not None:
                return found
        if self._settings.of(absolute).respects_gitignore():
            ignored = self._gitignore.within(str(absolute), absolute.is_dir())
            return _by_git(*ignored) if ignored is not None else None
        return None

    def _entry(self, path: str, is_folder: bool) -> Exclusion | None:
        found = self._excluded(path, is_folder)
        if found is None and self._settings.of(Path(path)).respects_gitignore():
            ignored = self._gitignore.entry(path, is_folder and not os.path.islink(path))
            return _by_git(*ignored) if ignored is not None else None
        return found

    def _excluded(self, path: str, is_folder: bool) -> Exclusion | None:
        """The pattern of the settings that leaves out a path; the last match counts, and a negated one takes back."""
        excluded = None
        for layer, key, lines in self._settings.of(Path(path)).added("exclude"):
            found = self._patterns(layer, key, lines).match(path, is_folder)
            if found is not None:
                excluded = None if found.is_negated else Exclusion(found.text, f"`{key}` of {layer.origin(key)}")
        return excluded

    def _patterns(self, layer: Layer, key: str, lines: Iterable[str]) -> Patterns:
        known = self._compiled.get((id(layer), key))
        if known is None:
            known = layer, Patterns(str(layer.base), lines)  # the layer is kept, so that no other gets its id
            self._compiled[id(layer), key] = known
        return known[1]


def _by_git(patterns: Patterns, pattern: Pattern) -> Exclusion:
    return Exclusion(pattern.text, f"{shown(Path(patterns.file))}:{pattern.line}")
