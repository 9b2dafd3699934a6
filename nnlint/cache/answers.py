"""The same question again: what nnlint printed is printed once more, if the disk looks as it did then.

Of the command line, the environment and nnlint itself all that the answer may depend on is part of the question; of the
disk all that was looked at is written down with the answer. It is read before anything else is imported.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from nnlint import __version__, looks
from nnlint.cache import folder, identity

MOST = 100
_FOLDER = "answers"
_VARIABLES = (
    "CI_PROJECT_DIR", "COLORTERM", "COLUMNS", "FORCE_COLOR", "GITHUB_WORKSPACE", "HOME", "JUPYTER_COLUMNS",
    "JUPYTER_LINES", "LC_ALL", "LINES", "NNLINT_DEBUG", "NNLINT_OUTPUT_FORMAT", "NO_COLOR", "PYTHONIOENCODING",
    "TERM", "TTY_COMPATIBLE", "TTY_INTERACTIVE",
)  # fmt: skip


@dataclass(slots=True)
class Answer:
    """What is printed, what is written into files, and the exit status."""

    printed: str = ""
    files: dict[str, str] = field(default_factory=dict)
    status: int = 0
    is_repeatable: bool = False
    looks: looks.Looks | None = None  # what was looked at for it, if that is written down


class Question:
    """A command line as it is asked here and now; it knows no answer when there is to be no cache."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self.cache = folder.chosen(arguments)
        self._arguments = list(arguments)

    def known(self) -> Answer | None:
        """The answer that was given before, if it would be the same."""
        if self.cache is None:
            return None
        file = self._file()
        try:
            stored = json.loads(file.read_bytes())
            seen = looks.Looks.of(stored["looks"])
            answer = Answer(stored["printed"], stored["files"], stored["status"], True)
            if not seen.hold(by_content=bool(os.environ.get("CI"))):
                return None
            os.utime(file)
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            return None  # there is none, or it is no answer
        return answer

    @contextmanager
    def listening(self) -> Iterator[Answer]:
        """Keep what is answered meanwhile, if it turns out to be repeatable."""
        answer = Answer()
        if self.cache is None:
            yield answer
            return
        copy = _Copy(sys.stdout)
        with looks.looking() as seen, redirect_stdout(copy):
            answer.looks = seen
            yield answer
        if answer.is_repeatable and folder.make(self.cache):
            answer.printed = "".join(copy.written)
            self._store(answer, seen)

    def _store(self, answer: Answer, seen: looks.Looks) -> None:
        from nnlint import writing

        file = self._file()
        text = json.dumps(
            {"looks": seen.plain(), "printed": answer.printed, "files": answer.files, "status": answer.status}
        )
        try:
            file.parent.mkdir(exist_ok=True)
            writing.write(file, text.encode("utf-8", "surrogatepass"))
        except OSError:
            return
        folder.tidy(file.parent, MOST)

    def _file(self) -> Path:
        assert self.cache is not None
        asked = [
            self._arguments,
            os.getcwd(),
            {name: os.environ.get(name) for name in _VARIABLES},
            _terminal(sys.stdout),
            sys.version,
            __version__,
            identity.own_code(),
            identity.installed(),
        ]
        return self.cache / _FOLDER / looks.digest(json.dumps(asked).encode("utf-8", "surrogatepass"))


class _Copy:
    """A stream that keeps what goes through it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.written: list[str] = []

    def write(self, text: str) -> int:
        self.written.append(text)
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _terminal(stream: TextIO) -> list[Any]:
    size = None
    if stream.isatty():
        try:
            size = list(os.get_terminal_size(stream.fileno()))
        except OSError:
            size = []
    return [stream.encoding, size]
