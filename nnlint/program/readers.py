"""Who in a project may read an attribute of the objects of a class.

The targets are known as Scripts; of the other files of the project only the names that stand behind a dot are looked
at.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from nnlint import looks
from nnlint.program.project import ALL, NOTEBOOK, ProjectTooLarge, walk
from nnlint.reading.notebook_text import content
from nnlint.reading.uses import ClassUses, Uses, uses
from nnlint.source import Unreadable

if TYPE_CHECKING:
    from nnlint.program.program import Program

MOST_FOLDERS = 5_000
_OF_THE_FILE = ("built", "definition")  # what of a class matters to its own file only
_BEHIND_A_DOT = re.compile(rb"\.([A-Za-z_]\w*)")


@dataclass(slots=True)
class _Project:
    names: set[str] = field(default_factory=set)
    called: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)
    prefixes: set[str] = field(default_factory=set)
    classes: dict[str, list[ClassUses]] = field(default_factory=dict)
    heirs: dict[str, set[str]] = field(default_factory=dict)  # the classes that name a class as their base

    def add(self, found: Uses) -> None:
        self.names |= found.names
        self.called |= found.called
        self.written |= found.written
        self.prefixes |= found.prefixes
        for each in found.classes:
            self.classes.setdefault(each.name, []).append(each)
            for base in each.bases:
                self.heirs.setdefault(base, set()).add(each.name)


class Readers:
    """Asks the files of each project once."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._projects: dict[Path, _Project | None] = {}
        self._uses: dict[Path, Uses] = {}
        self._names: dict[Path, set[str]] = {}

    def forget(self, changed: Iterable[Path]) -> None:
        """These files are not what they were; where they read the same as before, the projects stand."""
        for path in changed:
            names, before = self._names.pop(path, None), self._uses.pop(path, None)
            if names is not None or before is None or not self._reads_as(path, before):
                self._projects.clear()

    def _reads_as(self, path: Path, before: Uses) -> bool:
        try:
            return self._is_known_well(path) and _seen_outside(self.uses(path)) == _seen_outside(before)
        except (Unreadable, RecursionError):
            return False

    def uses(self, path: Path) -> Uses:
        """What a file reads. Raises `Unreadable`."""
        if path not in self._uses:
            self._uses[path] = uses(self._program.glance(path))
        return self._uses[path]

    def may_read(self, path: Path, cls: str, attribute: str) -> bool:
        """Whether anything in the project of `path` may read an attribute of the objects of `cls`, or its heirs."""
        return self._program.answered(
            ("may_read", path, cls, attribute), lambda: self._may_read(self._project(path), cls, attribute)
        )

    def is_touched(self, path: Path, attribute: str) -> bool:
        """Whether anything may use an attribute of that name of other objects than `self`, but for calling it."""
        return self._program.answered(
            ("is_touched", path, attribute), lambda: _is_touched(self._project(path), attribute)
        )

    def family(self, path: Path, cls: str) -> list[ClassUses]:
        """A class, all that inherit from it, and all that these inherit from, as far as the project's files say.

        Without what they build, which is for their own files to know.
        """
        return self._program.answered(
            ("family", path, cls),
            lambda: [_without_its_own(each) for each in _members(self._project(path), cls)],
        )

    def facts(self, path: Path) -> str:
        """Something that is equal as long as a file changes no answer."""
        if self._is_known_well(path):
            try:
                return told(self.uses(path))
            except (Unreadable, RecursionError):
                pass
        return told(self._names_in(path))

    def _may_read(self, project: _Project | None, cls: str, attribute: str) -> bool:
        if project is None or attribute in project.called or _is_touched(project, attribute):
            return True
        return any(each.is_open or attribute in each.reads for each in _members(project, cls))

    def _project(self, path: Path) -> _Project | None:
        root = self._program.root_of(path)
        if root not in self._projects:
            self._projects[root] = self._look_at(root)
        return self._projects[root]

    def _look_at(self, root: Path) -> _Project | None:
        project = _Project()
        targets = {path.absolute() for path in self._program.targets}
        try:
            files = dict.fromkeys((*sorted(targets), *walk(root, None, MOST_FOLDERS, ALL)))
        except ProjectTooLarge:
            return None
        for path in files:
            if "." in path.stem and path not in targets:
                continue  # nothing can import it: a copy kept beside, as `model.old.py`
            if not self._is_known_well(path):
                project.names |= self._names_in(path)
            elif self._program.root_of(path) == root:
                try:
                    project.add(self.uses(path))
                except (Unreadable, RecursionError):
                    project.names |= self._names_in(path)
        return project

    def _is_known_well(self, path: Path) -> bool:
        return self._program.is_target(path) and self._program.mentions(path, (b"torch",))

    def _names_in(self, path: Path) -> set[str]:
        if path not in self._names:
            self._program.state(path)
            try:
                data = self._program.data(path)
                if path.suffix == NOTEBOOK:  # its outputs read nothing
                    data = "\n".join(cell.source for cell in content(str(path), data).cells).encode("utf-8", "replace")
                self._names[path] = {sys.intern(name.decode()) for name in _BEHIND_A_DOT.findall(data)}
            except (OSError, Unreadable):
                self._names[path] = set()
        return self._names[path]


def _seen_outside(found: Uses) -> Uses:
    return replace(found, classes=[_without_its_own(each) for each in found.classes])


def _without_its_own(found: ClassUses) -> ClassUses:
    """What other files are told of a class."""
    return replace(found, definition=-1, built={})


def told(found: object) -> str:
    """A name for an answer, the same in each run."""
    return looks.digest(repr(_ordered(found)).encode("utf-8", "surrogatepass"))


def _ordered(found: object) -> object:
    if isinstance(found, (set, frozenset)):
        return sorted(found)
    if isinstance(found, (list, tuple)):
        return [_ordered(each) for each in found]
    if is_dataclass(found):
        return [_ordered(getattr(found, each.name)) for each in fields(found) if each.name not in _OF_THE_FILE]
    return found


def _is_touched(project: _Project | None, attribute: str) -> bool:
    if project is None or attribute in project.names or attribute in project.written:
        return True
    return any(attribute.startswith(prefix) for prefix in project.prefixes)


def _members(project: _Project | None, cls: str) -> list[ClassUses]:
    if project is None:
        return []
    return [each for name in sorted(_family(project, cls)) for each in project.classes.get(name, ())]


def _family(project: _Project, cls: str) -> set[str]:
    """The class, those that inherit from it, and all that these inherit from."""
    heirs = _closure({cls}, lambda name: project.heirs.get(name, set()))
    return _closure(heirs, lambda name: {base for each in project.classes.get(name, ()) for base in each.bases})


def _closure(start: set[str], further: Callable[[str], set[str]]) -> set[str]:
    found, waiting = set(start), list(start)
    while waiting:
        for name in further(waiting.pop()) - found:
            found.add(name)
            waiting.append(name)
    return found
