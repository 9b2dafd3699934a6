"""One folder of the workspace: checked again and again while it is edited."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nnlint import engine
from nnlint.config import Hierarchy, command_line
from nnlint.engine import Report
from nnlint.fixing.contents import Content
from nnlint.fixing.rounds import fix
from nnlint.foretelling import Foretelling
from nnlint.program.project import NOTEBOOK

if TYPE_CHECKING:
    from nnlint.probe.probing import Probed


class Cancelled(Exception):
    """There is newer text: what was being found out is of no use any more."""


@dataclass(frozen=True)
class Wishes:
    """What the client wants besides what the project's configuration says."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    unsafe_fixes: bool = True
    open_files_only: bool = False

    @classmethod
    def read(cls, given: object) -> Wishes:
        """What a client sends; what it does not send is as it is here. Raises `ValueError`."""
        if not isinstance(given, Mapping):
            return cls()
        return cls(
            select=_strings(given, "select"),
            ignore=_strings(given, "ignore"),
            unsafe_fixes=_flag(given, "unsafeFixes", cls.unsafe_fixes),
            open_files_only=_flag(given, "openFilesOnly", cls.open_files_only),
        )


def _strings(given: Mapping[str, object], key: str) -> tuple[str, ...]:
    value = given.get(key) or []
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ValueError(f"the setting `nnlint.{key}` must be a list of strings, it is {value!r}")
    return tuple(value)


def _flag(given: Mapping[str, object], key: str, default: bool) -> bool:
    value = given.get(key)
    if value is not None and not isinstance(value, bool):
        raise ValueError(f"the setting `nnlint.{key}` must be true or false, it is {value!r}")
    return default if value is None else value


class Project:
    """The files below a folder, or a file alone."""

    def __init__(self, root: Path, wishes: Wishes) -> None:
        self.root = root
        self._wishes = wishes
        self._witness: Foretelling | None = None
        self._settings = Hierarchy()
        self._beside: frozenset[Path] = frozenset()

    def holds(self, path: Path) -> bool:
        return path == self.root or path.is_relative_to(self.root)

    def forget(self) -> None:
        """Files came or went, or the configuration changed: begin anew."""
        self._witness = None

    def check(self, unsaved: Mapping[Path, bytes], progress: Callable[[int, int], None]) -> Report:
        """Check all with these texts in the place of the files'. `progress` may raise `Cancelled`.

        Raises `ConfigurationError`.
        """
        return engine.in_cells(self._check(unsaved, progress))

    def first_look(self, unsaved: Mapping[Path, bytes]) -> Report:
        """What is known of the open files, and of what they import, long before all files are."""
        return engine.check(sorted(unsaved), self._settings, unsaved=unsaved)

    def _check(self, unsaved: Mapping[Path, bytes], progress: Callable[[int, int], None]) -> Report:
        beside = frozenset(path for path in unsaved if not path.exists())
        if self._witness is None or beside != self._beside:
            self._settings = self._configured()
            self._witness = Foretelling([self.root, *sorted(beside)], self._settings, unsaved=unsaved)
            self._beside = beside
        self._witness.update(unsaved)
        return engine.check_programs([], self._settings, witness=self._witness, progress=progress)

    def fixed(self, path: Path, unsaved: Mapping[Path, bytes]) -> tuple[str, str] | None:
        """The text of a file before and after all safe fixes that change this file only; None without any."""

        def check(texts: Mapping[Path, bytes]) -> Report:
            return self._check({**unsaved, **texts}, lambda number, total: None)

        done = fix(check, read=lambda file: unsaved[file] if file in unsaved else file.read_bytes(), only={path})
        if path not in done.after or path.suffix == NOTEBOOK:
            return None
        before, after = (Content.of(str(path), data).text for data in (done.before[path], done.after[path]))
        return before, after

    def probed(self, script: Path, python: str | None = None) -> Probed:
        """Run a script as from this folder; judge what it does. Raises `ConfigurationError`."""
        from nnlint.probe.limits import Limits
        from nnlint.probe.probing import Script, probe_script

        folder = self.root if self.root.is_dir() else script.parent
        return probe_script(
            Script(str(script)), Limits(), self._configured(), python=python or sys.executable, folder=folder
        )

    def _configured(self) -> Hierarchy:
        over = command_line(select=self._wishes.select, ignore=self._wishes.ignore)
        return Hierarchy(over, start=self.root)


def shared(path: str, folders: list[Path]) -> Path:
    """The folder of the workspace that a file belongs to, the innermost; without one the file itself."""
    own = [folder for folder in folders if Path(path).is_relative_to(folder)]
    return max(own, key=lambda folder: len(folder.parts)) if own else Path(os.path.abspath(path))
