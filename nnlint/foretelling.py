"""The first witness: the interpreter, over the program that the targets belong to."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from nnlint import looks
from nnlint.changes import Change
from nnlint.config import SettingsOf
from nnlint.config.exclusions import files_to_check
from nnlint.events import Event
from nnlint.finding import Edit
from nnlint.interpreter.memory import Definition, Told
from nnlint.interpreter.roots import Interpretation
from nnlint.judging import Judge, Judgement, Piece, Witness, Words
from nnlint.program.journal import Query
from nnlint.program.program import Program
from nnlint.program.project import NOTEBOOK
from nnlint.reading.reader import locate
from nnlint.source import Source, Span
from nnlint.values import TorchVersion
from nnlint.workers import Worker, Workers

Task = tuple[Piece, ...]
Done = tuple[list[Told[Judgement]], looks.Looks]
LARGEST_TASK = 60_000  # bytes of code, about two seconds of work
WORTH_A_WORKER = 100_000  # bytes of code, for less of which another process only costs time


@dataclass(slots=True)
class Found:
    """Where nodes stand in a text, and what edits changes make in it."""

    spans: dict[int, Span] = field(default_factory=dict)
    edits: dict[tuple[Change, ...], tuple[Edit, ...] | None] = field(default_factory=dict)


class Texts:
    """What was found in the last text of each file."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[str, Found]] = {}

    def of(self, source: Source) -> Found:
        known = self._found.get(source.path)
        if known is None or known[0] != source.text:
            known = self._found[source.path] = source.text, Found()
        return known[1]

    def take(self, name: str, text: str, found: Found) -> None:
        """What is known of a text already."""
        self._found[name] = text, found

    def all(self) -> dict[str, Found]:
        return {name: found for name, (_, found) in self._found.items()}


class Foretelling(Witness):
    """Tells what would happen if the targets ran.

    `project` is the root that they belong to, if it is known; `stdin` a name and what stands for its file, which need
    not exist; `unsaved` is what stands for the content of other files. One serves for many checks of the same files
    while they are edited (`update`): only what an edit may have changed is run again. Where there is much to do, it is
    done by up to so many `workers`, which `close` ends.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        settings: SettingsOf,
        stdin: tuple[str, bytes] | None = None,
        project: Path | None = None,
        unsaved: Mapping[Path, bytes] | None = None,
        workers: int = 1,
    ) -> None:
        given = {Path(stdin[0]): stdin[1]} if stdin else {}
        self._targets = [*given, *files_to_check(paths, settings)]
        self._settings = settings
        self._given, self._project, self._unsaved = stdin, project, unsaved
        self._most_workers = workers
        self._workers: Workers[Task, Done, frozenset[Definition]] | None = None
        self._program = Program(
            self._targets,
            project,
            unsaved={**given, **(unsaved or {})},
            conventions=lambda path: settings.of(path).conventions(),
        )
        self._interpretation: Interpretation[Judgement] = Interpretation(self._program)
        self.texts = Texts()

    def update(self, unsaved: Mapping[Path, bytes]) -> set[Path]:
        """Begin another check, with these texts in the place of the files'; the paths of what has changed."""
        changed = self._program.update(unsaved)
        self._interpretation.begin(changed)
        return changed

    def targets(self) -> Sequence[Path]:
        return self._targets

    def bytes(self, target: Path) -> bytes:
        return self._program.bytes(target)

    def mentions(self, target: Path, words: Words) -> bool:
        if target.suffix == NOTEBOOK:
            self.bytes(target)  # which says so if it is in another language
        return self._program.mentions(target, words)

    def torch(self, target: Path) -> TorchVersion:
        return self._settings.of(target).torch() or self._program.torch(target)

    def events(self, target: Path) -> Iterable[Event]:
        return self._interpretation.run_script(target)

    def events_unreached(self, target: Path) -> Iterable[Event]:
        return self._interpretation.run_rest(target)

    def judgements(self, judge: Judge, pieces: Sequence[Piece]) -> Iterator[tuple[Piece, Judgement]]:
        unknown: list[Piece] = []
        for piece in pieces:
            told = self._interpretation.known(piece.target, is_rest=piece.is_rest)
            if told is None:
                unknown.append(piece)
            else:
                yield piece, told.result
        tasks, workers = self._shared(unknown)
        if workers < 2:
            for piece in unknown:
                yield piece, self.judged(judge, piece).result
        else:
            yield from self._judged_side_by_side(judge, tasks, workers)

    def judged(self, judge: Judge, piece: Piece) -> Told[Judgement]:
        """Have one piece judged, or remember how it was."""
        work = partial(judge.judge, self, piece)
        return self._interpretation.recall(piece.target, work, is_rest=piece.is_rest)

    # --- what is known from elsewhere ---

    def remember(self, name: tuple[bool, Path], told: Told[Judgement]) -> None:
        """What came of a piece of work (`rest` or not, and its file) and still holds."""
        self._interpretation.memory.keep(name, told)

    @property
    def is_richer(self) -> bool:
        """Whether it did anything that it had not been told to remember."""
        return self._interpretation.memory.runs > 0

    def remembered(self) -> Mapping[tuple[bool, Path], Told[Judgement]]:
        return self._interpretation.memory.all()

    def forget(self) -> None:
        """Begin anew."""
        self._interpretation = Interpretation(self._program)
        self.texts = Texts()

    def presume(self, query: Query, answer: object) -> None:
        """This would be the answer to a question about the whole project."""
        self._program.presume(query, answer)

    def answer(self, query: Query) -> object:
        return self._program.answer(query)

    def facts(self, path: Path) -> tuple[str, str]:
        """Two things that are equal as long as a file changes no answer: to who reads what, and to who exports what."""
        return self._program.readers.facts(path), self._program.exports.facts(path)

    # --- work that is shared ---

    def close(self) -> None:
        """End the workers, if there are any."""
        if self._workers is not None:
            self._workers.stop()
            self._workers = None

    def hear(self, reached: frozenset[Definition]) -> None:
        """Scripts that others ran have reached these."""
        self._interpretation.reached.by_script(reached)

    def _judged_side_by_side(
        self, judge: Judge, tasks: Sequence[Task], workers: int
    ) -> Iterator[tuple[Piece, Judgement]]:
        if self._workers is None:
            others = [target for target in self._targets if self._given is None or str(target) != self._given[0]]
            make = partial(_Judging, others, self._settings, self._given, self._project, self._unsaved, judge.codes)
            self._workers = Workers(workers, make)
        self._workers.tell(self._interpretation.reached.by_scripts)
        for task, done in self._workers.do(tasks):
            if done is not None:
                looks.add(done[1])
            for number, piece in enumerate(task):
                if done is None:
                    message = f"internal error in {piece.target}: the process that checked it has died; please report"
                    yield piece, Judgement(errors=(message,))
                else:
                    told = done[0][number]
                    self._interpretation.learn(piece.target, told, is_rest=piece.is_rest)
                    yield piece, told.result

    def _shared(self, pieces: Sequence[Piece]) -> tuple[list[Task], int]:
        """The pieces in heaps of about the same size, those of a folder together, the largest first; for how many."""
        heaps: list[tuple[int, list[Piece]]] = []
        for _, group in itertools.groupby(pieces, lambda piece: piece.target.parent):
            size = LARGEST_TASK
            for piece in group:
                if size >= LARGEST_TASK:
                    heaps.append((0, []))
                    size = 0
                with contextlib.suppress(OSError):
                    size += os.path.getsize(piece.target)
                heaps[-1][1].append(piece)
                heaps[-1] = (size, heaps[-1][1])
        tasks = [tuple(heap) for _, heap in sorted(heaps, key=lambda each: each[0], reverse=True)]
        worth = 1 + sum(size for size, _ in heaps) // WORTH_A_WORKER
        return tasks, min(self._most_workers, len(tasks), worth)

    def source(self, path: str) -> Source:
        return self._program.source(Path(path))

    def locate(self, source: Source, nodes: Iterable[int]) -> dict[int, Span]:
        spans = self.texts.of(source).spans
        wanted = set(nodes)
        if not wanted <= spans.keys():
            spans.update(locate(source, wanted | spans.keys()))
        return {node: spans[node] for node in wanted}

    def edits(self, source: Source, wanted: Sequence[Sequence[Change]]) -> Sequence[tuple[Edit, ...] | None]:
        edits = self.texts.of(source).edits
        keys = [tuple(changes) for changes in wanted]
        unknown = [key for key in dict.fromkeys(keys) if key not in edits]
        if unknown:
            edits.update(zip(unknown, super().edits(source, unknown), strict=True))
        return [edits[key] for key in keys]


class _Judging(Worker[Task, Done, frozenset[Definition]]):
    """What a worker does: it judges pieces of work."""

    def __init__(
        self,
        paths: Sequence[Path],
        settings: SettingsOf,
        stdin: tuple[str, bytes] | None,
        project: Path | None,
        unsaved: Mapping[Path, bytes] | None,
        codes: frozenset[str],
    ) -> None:
        self._witness = Foretelling(paths, settings, stdin, project, unsaved)
        for own in {id(own): own for own in map(settings.of, paths)}.values():
            own.entries()  # rules of projects' own are loaded here, too
        self._judge = Judge(codes)

    def hear(self, news: frozenset[Definition]) -> None:
        self._witness.hear(news)

    def do(self, task: Task) -> Done:
        with looks.looking() as seen:
            return [self._witness.judged(self._judge, piece) for piece in task], seen
