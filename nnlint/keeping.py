"""What the pieces of work of a check came to, kept in a file, so that the next check does only what has changed.

A piece rests on the contents of files; its answers to questions about the whole project are asked again only when a
file that has changed gives other facts than before. Where files came or went, or the configuration changed, all is
done anew.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from nnlint import __version__, looks, writing
from nnlint.cache import folder, identity
from nnlint.config import SettingsOf
from nnlint.foretelling import Foretelling, Found
from nnlint.interpreter.memory import Told
from nnlint.judging import Judgement
from nnlint.plain import plain, unplain
from nnlint.program.journal import Journal, Query
from nnlint.program.readers import told as name_of

MOST = 10  # kinds of checks
_FOLDER = "pieces"
Name = tuple[bool, Path]


@contextmanager
def keeping(cache: Path | None, witness: Foretelling, settings: SettingsOf, seen: looks.Looks | None) -> Iterator[None]:
    """Use what is kept for a check by this witness, and keep what it comes to; `seen` gathers what is looked at."""
    kept = _Kept(cache, witness, settings) if cache is not None and seen is not None else None
    try:
        if kept is not None:
            kept.restore()
        yield
        if kept is not None and seen is not None and witness.is_richer:
            kept.save(seen)
    finally:
        witness.close()


class _Kept:
    """The file in `cache` for checks of the same targets by the same rules."""

    def __init__(self, cache: Path, witness: Foretelling, settings: SettingsOf) -> None:
        self._cache = cache
        self._witness = witness
        each = [settings.of(target) for target in witness.targets()]
        asked = [
            [str(target) for target in witness.targets()],
            os.getcwd(),
            sorted({code for own in {id(own): own for own in each}.values() for code in own.codes()}),
            sys.version,
            __version__,
            identity.own_code(),
            identity.installed(),
        ]
        self._file = cache / _FOLDER / looks.digest(json.dumps(asked).encode("utf-8", "surrogatepass"))
        self._facts: dict[str, list[str]] = {}

    def restore(self) -> None:
        """Give the witness what is known and still holds."""
        try:
            with open(self._file, encoding="utf-8", errors="surrogatepass") as lines:
                header = json.loads(next(lines))
                seen = looks.Looks.of(header["looks"])
                changed = seen.changed(by_content=bool(os.environ.get("CI")))
                if changed is None or not changed <= set(header["files"]):
                    return
                self._facts = {path: fact for path, fact in header["facts"].items() if path not in changed}
                known = _Known(self._witness, header["files"], changed, self._is_asked(header["facts"], changed))
                for line in lines:
                    known.take(line)
                for name, found in header["texts"].items():
                    if os.path.abspath(name) not in changed:
                        self._witness.texts.take(name, self._witness.source(name).text, _found(found))
                looks.add(seen.without(changed))
            os.utime(self._file)
        except Exception:  # it was cut off, or somebody else wrote it: then it is as if there were none
            self._witness.forget()

    def save(self, seen: looks.Looks) -> None:
        """Keep what the witness remembers; `seen` is what was looked at."""
        remembered = self._witness.remembered()
        files = sorted({path for told in remembered.values() for path in told.journal.files})
        numbers = {path: number for number, path in enumerate(files)}
        lines = [line for name, told in remembered.items() for line in _written(name, told, numbers)]
        asks = any(told.journal.answers for told in remembered.values())
        header = {
            "looks": seen.plain(),
            "files": files,
            "facts": {
                path: self._facts.get(path) or list(self._witness.facts(Path(path))) for path in seen.files if asks
            },
            "texts": {name: _plain_found(found) for name, found in self._witness.texts.all().items()},
        }
        try:
            folder.make(self._cache)
            self._file.parent.mkdir(exist_ok=True)
            data = "".join([json.dumps(header) + "\n", *lines])
            writing.write(self._file, data.encode("utf-8", "surrogatepass"))
        except OSError:
            return
        folder.tidy(self._file.parent, MOST)

    def _is_asked(self, facts: dict[str, list[str]], changed: set[str]) -> Callable[[Query], bool]:
        """Which questions are to be asked again."""
        if not changed:
            return lambda query: False
        new = {path: self._witness.facts(Path(path)) for path in changed}
        same_readers, same_exports = (
            all(path in facts and facts[path][side] == new[path][side] for path in changed) for side in (0, 1)
        )
        questions = {"mentions_anywhere"}
        if not same_exports:
            questions.add("exporter")
        return lambda query: query[0] in questions if same_readers else True


class _Named:
    """An answer of which only the name is known."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        return self.name == (other.name if isinstance(other, _Named) else name_of(other))

    __hash__ = None  # type: ignore[assignment]


class _Known:
    """What the lines of the file say, as far as it holds."""

    def __init__(
        self, witness: Foretelling, files: list[str], changed: set[str], is_asked: Callable[[Query], bool]
    ) -> None:
        self._witness = witness
        self._files = files
        self._changed = sum(1 << number for number, path in enumerate(files) if path in changed)
        self._is_asked = is_asked

    def take(self, line: str) -> None:
        """Let the witness remember what a line says."""
        mask, _, content = line.partition(" ")
        rests_on = int(mask, 16)
        if rests_on & self._changed:
            return
        is_rest, target, asked, reached, answers, judgement = json.loads(content)
        known = {_query(query): _Named(name) for query, name in answers}
        for query, answer in known.items():
            if not self._is_asked(query):
                self._witness.presume(query, answer)
            elif self._witness.answer(query) != answer:
                return
        files = {path for number, path in enumerate(self._files) if rests_on >> number & 1}
        told = Told(
            Judgement(*map(unplain, judgement)),
            Journal(files, dict(known)),
            {(path, node): found for path, node, found in asked},
            frozenset((path, node) for path, nodes in reached.items() for node in nodes),
        )
        self._witness.remember((is_rest, Path(target)), told)


def _written(name: Name, told: Told[Judgement], numbers: dict[str, int]) -> list[str]:
    """The line that says what came of a piece of work; none if a rule of somebody's own says what is not kept."""
    reached: dict[str, list[int]] = {}
    for path, node in sorted(told.reached):
        reached.setdefault(path, []).append(node)
    answers = [
        [_plain_query(query), answer.name if isinstance(answer, _Named) else name_of(answer)]
        for query, answer in told.journal.answers.items()
    ]
    try:
        judgement = [plain(getattr(told.result, each.name)) for each in fields(told.result)]
    except TypeError:
        return []
    asked = [[path, node, found] for (path, node), found in told.asked.items()]
    rests_on = sum(1 << numbers[path] for path in told.journal.files)
    return [f"{rests_on:x} {json.dumps([name[0], str(name[1]), asked, reached, answers, judgement])}\n"]


def _plain_query(query: Query) -> list[Any]:
    def each(part: object) -> Any:
        match part:
            case Path():
                return {"path": str(part)}
            case bytes():
                return {"bytes": part.decode("latin-1")}
            case tuple():
                return [each(inner) for inner in part]
        return part

    return [each(part) for part in query]


def _query(plain: list[Any]) -> Query:
    def each(part: Any) -> Any:
        match part:
            case {"path": path}:
                return Path(path)
            case {"bytes": text}:
                return text.encode("latin-1")
            case list():
                return tuple(map(each, part))
        return part

    return tuple(map(each, plain))


def _plain_found(found: Found) -> list[Any]:
    spans = {node: plain(span) for node, span in found.spans.items()}
    return [spans, [[plain(changes), plain(edits)] for changes, edits in found.edits.items()]]


def _found(data: list[Any]) -> Found:
    spans, edits = data
    return Found(
        {int(node): unplain(span) for node, span in spans.items()},
        {unplain(changes): unplain(made) for changes, made in edits},
    )
