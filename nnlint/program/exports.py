"""What modules declare to type checkers, and packages that import when they are asked for a name bring by it.

`if TYPE_CHECKING:` is not taken when a program runs. Its imports say all the same what the names of the module mean: in
annotations, and in a package that puts something else in its place, which imports when it is asked for a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from nnlint import looks
from nnlint.reading import script as ir
from nnlint.source import Unreadable

if TYPE_CHECKING:
    from nnlint.program.program import Program

_DEFINED = re.compile(rb"^(?:class|def|async[ ]+def)[ \t]+(\w+)|^(\w+)[ \t]*(?::[^=\n]+)?=[^=]", re.MULTILINE)
_ALL = re.compile(rb"^__all__[ \t]*=[ \t]*[\[(]([^\])]*)[\])]", re.MULTILINE)
_QUOTED = re.compile(rb"[\"'](\w+)[\"']")


def is_for_checkers(test: ir.Expr) -> bool:
    """Whether the condition of a branch is that of type checkers: `TYPE_CHECKING`, alone or as one that suffices."""
    match test:
        case ir.Name(name="TYPE_CHECKING") | ir.Attribute(attr="TYPE_CHECKING"):
            return True
        case ir.Boolean(op="or", left=left, right=right):
            return is_for_checkers(left) or is_for_checkers(right)
    return False


@dataclass(slots=True)
class Declared:
    """The imports for type checkers of a module: by the name that they bind, and those of everything."""

    names: dict[str, ir.Import | ir.ImportFrom] = field(default_factory=dict)
    stars: list[ir.ImportFrom] = field(default_factory=list)


class Exports:
    """Looks into each module once, and runs none."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._declared: dict[Path, Declared] = {}
        self._defined: dict[Path, frozenset[str]] = {}
        self._exporters: dict[Path, dict[str, Path]] = {}

    def forget(self, changed: Iterable[Path]) -> None:
        """These files are not what they were."""
        for path in changed:
            self._declared.pop(path, None)
            self._defined.pop(path, None)
            self._exporters.clear()

    def declared(self, module: Path) -> Declared:
        """The imports of a module for type checkers; none where it can not be read."""
        if module not in self._declared:
            found = self._declared[module] = Declared()
            for statement in self._imports(module):
                match statement:
                    case ir.ImportFrom(names=(("*", _), *_)):
                        found.stars.append(statement)
                    case ir.ImportFrom(names=names):
                        found.names.update({alias or name: statement for name, alias in names})
                    case ir.Import(names=names):
                        found.names.update({alias or name.partition(".")[0]: statement for name, alias in names})
        return self._declared[module]

    def exporter(self, module: Path, name: str) -> Path | None:
        """The module of which everything is declared in another, as far as that is what `name` comes from."""
        if not self.declared(module).stars:
            return None
        return self._program.answered(("exporter", module, name), lambda: self._all(module, ()).get(name))

    def names(self, module: Path) -> frozenset[str]:
        """What a star import of a module brings, as far as its text tells."""
        if module not in self._defined:
            self._defined[module] = self._names_in(module)
        return self._defined[module]

    def facts(self, module: Path) -> str:
        """Something that is equal as long as a module changes no `exporter`."""
        try:
            data = self._program.bytes(module)
        except (OSError, Unreadable):
            return ""
        names = " ".join(sorted(self.names(module))).encode()
        return looks.digest(names + data if b"TYPE_CHECKING" in data else names)

    def _all(self, module: Path, around: tuple[Path, ...]) -> dict[str, Path]:
        if module not in self._exporters:
            found: dict[str, Path] = {}
            for statement in self.declared(module).stars:
                path = self._program.relative(statement.module, statement.level, module) if statement.level else None
                if path is None or path == module or path in around:
                    continue
                inner = self._all(path, (*around, module)) if path.name == "__init__.py" else {}
                declared = self.declared(path).names if path.name == "__init__.py" else {}
                found.update(dict.fromkeys((*self.names(path), *declared, *inner), path))
            self._exporters[module] = found
        return self._exporters[module]

    def _names_in(self, module: Path) -> frozenset[str]:
        try:
            data = self._program.bytes(module)
        except (OSError, Unreadable):
            return frozenset()
        listed = _ALL.search(data)
        if listed is not None:
            return frozenset(name.decode() for name in _QUOTED.findall(listed[1]))
        names = (first or second for first, second in _DEFINED.findall(data))
        return frozenset(name.decode() for name in names if not name.startswith(b"_"))

    def _imports(self, module: Path) -> Iterator[ir.Import | ir.ImportFrom]:
        try:
            body = self._program.script(module).body if module.is_file() else ()
        except (Unreadable, RecursionError):
            return
        for statement in body:
            if isinstance(statement, ir.If) and is_for_checkers(statement.test):
                yield from _imports_in(statement.body)


def _imports_in(body: ir.Block) -> Iterator[ir.Import | ir.ImportFrom]:
    """Those that run where all that is wanted is installed."""
    for statement in body:
        match statement:
            case ir.Import() | ir.ImportFrom():
                yield statement
            case ir.If():
                yield from _imports_in(statement.orelse)
                yield from _imports_in(statement.body)
            case ir.Try():
                yield from _imports_in(statement.body)
                yield from _imports_in(statement.orelse)
