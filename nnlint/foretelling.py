"""The first witness: the interpreter, over the program that the targets belong to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from nnlint.config import Settings
from nnlint.events import Event
from nnlint.interpreter.roots import Interpretation
from nnlint.program.program import Program
from nnlint.program.project import python_files
from nnlint.reading.reader import locate
from nnlint.source import Source, Span
from nnlint.values import TorchVersion


class Foretelling:
    """Tells what would happen if the targets ran.

    `project` is the root that they belong to, if it is known; `stdin` a name and what stands for its file.
    """

    def __init__(
        self, paths: Sequence[Path], settings: Settings, stdin: tuple[str, bytes] | None, project: Path | None
    ) -> None:
        self._unsaved = {Path(stdin[0]): stdin[1]} if stdin else {}
        self._targets = [*self._unsaved, *python_files(paths, settings.exclude, settings.root)]
        self._program = Program(self._targets, project, unsaved=self._unsaved)
        self._interpretation = Interpretation(self._program)

    def targets(self) -> Sequence[Path]:
        return self._targets

    def bytes(self, target: Path) -> bytes:
        return self._program.bytes(target)

    def torch(self, target: Path) -> TorchVersion:
        return self._program.torch(target)

    def events(self, target: Path) -> Iterable[Event]:
        return self._interpretation.run_script(target)

    def events_unreached(self, target: Path) -> Iterable[Event]:
        return self._interpretation.run_rest(target)

    def source(self, path: str) -> Source:
        return self._program.source(Path(path))

    def locate(self, source: Source, nodes: Iterable[int]) -> dict[int, Span]:
        return locate(source, nodes)
