"""What fixtures say of themselves, in comments on the lines that they speak of.

# want: NN101 "criterion", NN301     these are found here, and the message of the first has the word in it
# ok: NN101                          a near miss worth naming: it is not found here
# todo: NN101                        a known gap: in a bad fixture it should be found here and is not yet,
                                     in a good one it is found and should not be
# todo: not NN101                    in a bad fixture: it is found here and should not be
# unseen: NN101                      it is found here, and a run of the fixture does not show it
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nnlint.finding import Finding
from nnlint.program.program import Program

FIXED = ".fixed"  # what becomes of the file beside it when all fixes are made, see test_fixes
SUFFIXES = (".py", ".ipynb")
ENTRIES = ("main.py", "train.py")  # of a case of several files, the script that runs
_MARKER = re.compile(r"\b(?P<kind>want|ok|todo|unseen):(?P<rest>.*?)(?=\s#|$)")
_ITEM = re.compile(r'(?P<negated>not\s+)?(?P<code>NN\d{3})(?P<words>(?:\s+"[^"]*")*)')


@dataclass(frozen=True)
class Case:
    """One fixture: a script alone, or a folder with a script that runs."""

    name: str
    folder: Path  # where it runs
    target: str  # what is checked, relative to `folder`
    entry: str  # what is run

    @property
    def is_good(self) -> bool:
        return self.name.rpartition("/")[2].startswith("good")

    @property
    def files(self) -> list[Path]:
        target = self.folder / self.target
        if target.is_file():
            return [target]
        return sorted(path for path in target.rglob("*") if path.suffix in SUFFIXES and not path.stem.endswith(FIXED))


@dataclass(frozen=True)
class Expectation:
    kind: str  # want, ok, unseen, missed (a gap: not found yet), alarm (a gap: found and wrong)
    path: str
    line: int
    code: str
    words: tuple[str, ...] = ()

    @property
    def spot(self) -> tuple[str, int, str]:
        return self.path, self.line, self.code


def cases(fixtures: Path) -> list[Case]:
    """Every fixture below the folder."""
    return [case for folder in sorted(fixtures.iterdir()) if folder.is_dir() for case in _cases(folder, fixtures)]


def expectations(case: Case) -> list[Expectation]:
    """What the comments of the case expect."""
    return [found for file in case.files for found in _in_file(file, file.relative_to(case.folder).as_posix(), case)]


def complaints(expected: Sequence[Expectation], findings: Sequence[Finding]) -> list[str]:
    """Where expectations and findings part, strict both ways."""
    found: dict[tuple[str, int, str], list[str]] = {}
    for finding in findings:
        line = finding.place.span.line if finding.place.span else 0
        found.setdefault((Path(finding.place.path).as_posix(), line, finding.code), []).append(finding.message)
    problems = [problem for expectation in expected for problem in _problems(expectation, found)]
    spoken_of = {expectation.spot for expectation in expected if expectation.kind not in ("missed", "unseen")}
    problems += [
        f"{_at(spot)}: not wanted: {message}"
        for spot, messages in found.items()
        if spot not in spoken_of
        for message in messages
    ]
    return sorted(problems)


def _problems(expectation: Expectation, found: dict[tuple[str, int, str], list[str]]) -> Iterator[str]:
    messages = found.get(expectation.spot, [])
    where = _at(expectation.spot)
    match expectation.kind:
        case "want":
            if len(messages) != 1:
                yield f"{where}: wanted once, found {len(messages)} times"
            for message in messages:
                missing = [word for word in expectation.words if word not in message]
                if missing:
                    yield f"{where}: the message lacks {', '.join(missing)}: {message}"
        case "missed":
            if messages:
                yield f"{where}: found at last: make the `todo` a `want`"
        case "alarm":
            if not messages:
                yield f"{where}: no longer found: take the `todo` out"
        case "ok":
            for message in messages:
                yield f"{where}: said to be ok, found: {message}"


def _at(spot: tuple[str, int, str]) -> str:
    path, line, code = spot
    return f"{path}:{line}: {code}"


def _cases(folder: Path, fixtures: Path) -> Iterator[Case]:
    name = folder.relative_to(fixtures).as_posix()
    entries = [entry for entry in ENTRIES if (folder / entry).is_file()]
    if entries:
        yield Case(name, folder, ".", entries[0])
        return
    for path in sorted(folder.iterdir()):
        if path.suffix in SUFFIXES and not path.stem.endswith(FIXED):
            yield Case(f"{name}/{path.stem}", folder, path.name, path.name)
        elif path.is_dir() and path.name != "__pycache__":
            yield from _cases(path, fixtures)


def text_of(file: Path) -> str:
    """What a fixture says; the lines of a notebook are those of the program that it is."""
    return Program([file]).source(file).text


def _in_file(file: Path, path: str, case: Case) -> Iterator[Expectation]:
    for token in tokenize.generate_tokens(io.StringIO(text_of(file)).readline):
        if token.type != tokenize.COMMENT:
            continue
        for marker in _MARKER.finditer(token.string):
            items = list(_ITEM.finditer(marker["rest"]))
            if not items:
                raise ValueError(f"{path}:{token.start[0]}: `{token.string}` names no code")
            for item in items:
                words = tuple(re.findall(r'"([^"]*)"', item["words"]))
                kind = _kind(marker["kind"], is_alarm=case.is_good or bool(item["negated"]))
                yield Expectation(kind, path, token.start[0], item["code"], words)


def _kind(written: str, is_alarm: bool) -> str:
    if written == "todo":
        return "alarm" if is_alarm else "missed"
    return written
