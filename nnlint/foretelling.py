"""The first witness: the interpreter, over the program that the targets belong to."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from nnlint.config import SettingsOf
from nnlint.config.exclusions import files_to_check
from nnlint.events import Event
from nnlint.interpreter.roots import Interpretation
from nnlint.program.program import Program
from nnlint.reading.reader import locate
from nnlint.source import Source, Span
from nnlint.values import TorchVersion


class Foretelling:
    """Tells what would happen if the targets ran.

    `project` is the root that they belong to, if it is known; `stdin` a name and what stands for its file, which need
    not exist; `unsaved` is what stands for the content of other files.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        settings: SettingsOf,
        stdin: tuple[str, bytes] | None = None,
        project: Path | None = None,
        unsaved: Mapping[Path, bytes] | None = None,
    ) -> None:
        given = {Path(stdin[0]): stdin[1]} if stdin else {}
        self._targets = [*given, *files_to_check(paths, settings)]
        self._unsaved = {os.path.abspath(path): data for path, data in {**given, **(unsaved or {})}.items()}
        self._settings = settings
        self._program = Program(
            self._targets,
            project,
            unsaved={Path(path): data for path, data in self._unsaved.items()},
            conventions=lambda path: settings.of(path).conventions(),
        )
        self._interpretation = Interpretation(self._program)

    def targets(self) -> Sequence[Path]:
        return self._targets

    def bytes(self, target: Path) -> bytes:
        return self._program.bytes(target)

    def torch(self, target: Path) -> TorchVersion:
        return self._settings.of(target).torch() or self._program.torch(target)

    def events(self, target: Path) -> Iterable[Event]:
        return self._interpretation.run_script(target)

    def events_unreached(self, target: Path) -> Iterable[Event]:
        return self._interpretation.run_rest(target)

    def source(self, path: str) -> Source:
        return self._program.source(Path(path))

    def locate(self, source: Source, nodes: Iterable[int]) -> dict[int, Span]:
        return locate(source, nodes)
