"""The first witness: the interpreter, over the program that the targets belong to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from nnlint.config import SettingsOf
from nnlint.config.exclusions import files_to_check
from nnlint.events import Event
from nnlint.interpreter.roots import Interpretation
from nnlint.judging import Judge, Judgement, Piece, Witness
from nnlint.program.program import Program
from nnlint.reading.reader import locate
from nnlint.source import Source, Span
from nnlint.values import TorchVersion


class Foretelling(Witness):
    """Tells what would happen if the targets ran.

    `project` is the root that they belong to, if it is known; `stdin` a name and what stands for its file, which need
    not exist; `unsaved` is what stands for the content of other files. One serves for many checks of the same files
    while they are edited (`update`): only what an edit may have changed is run again.
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
        self._settings = settings
        self._program = Program(
            self._targets,
            project,
            unsaved={**given, **(unsaved or {})},
            conventions=lambda path: settings.of(path).conventions(),
        )
        self._interpretation: Interpretation[Judgement] = Interpretation(self._program)
        self._spans: dict[tuple[str, str], dict[int, Span]] = {}

    def update(self, unsaved: Mapping[Path, bytes]) -> set[Path]:
        """Begin another check, with these texts in the place of the files'; the paths of what has changed."""
        changed = self._program.update(unsaved)
        self._interpretation.begin(changed)
        return changed

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

    def judgements(self, judge: Judge, pieces: Sequence[Piece]) -> Iterator[tuple[Piece, Judgement]]:
        for piece in pieces:
            work = partial(judge.judge, self, piece)
            yield piece, self._interpretation.recall(piece.target, work, is_rest=piece.is_rest)

    def source(self, path: str) -> Source:
        return self._program.source(Path(path))

    def locate(self, source: Source, nodes: Iterable[int]) -> dict[int, Span]:
        for known in [key for key in self._spans if key[0] == source.path and key[1] != source.text]:
            del self._spans[known]
        spans = self._spans.setdefault((source.path, source.text), {})
        wanted = set(nodes)
        if not wanted <= spans.keys():
            spans.update(locate(source, wanted | spans.keys()))
        return {node: spans[node] for node in wanted}
