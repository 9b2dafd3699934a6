"""New comments for findings: where a line can carry one, and what becomes of the comment that is there."""

from __future__ import annotations

import re
import tokenize
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nnlint.finding import Edit, Finding
from nnlint.housekeeping import UnreadableFile, UnusedSuppression
from nnlint.source import Place, Source, Span
from nnlint.suppression.comments import Comment, Kind, comments, lines_of, normalized, statements

NEVER = frozenset({UnreadableFile.code, UnusedSuppression.code})
"""What is not silenced by a comment: it is mended."""


@dataclass(frozen=True, slots=True)
class Additions:
    """The edits that silence findings of one file, and the findings that no comment can silence."""

    edits: tuple[Edit, ...]
    impossible: tuple[Finding, ...]


def additions(source: Source, findings: Iterable[Finding], reason: str = "") -> Additions:
    """Comments that name the codes, at the ends of lines; one that is there already gets the codes besides."""
    text = _Lines(source)
    codes: dict[int, set[str]] = defaultdict(set)
    impossible = []
    for finding in findings:
        line = text.carrier(finding) if finding.code not in NEVER else None
        if line is None:
            impossible.append(finding)
        else:
            codes[line].add(finding.code)
    known = {comment.line: comment for comment in comments(source) if _takes_words(comment)}
    edits = [
        _merged(source, known[line], sorted(wanted))
        if line in known
        else _appended(source, line, len(text.lines[line - 1]), sorted(wanted), reason)
        for line, wanted in sorted(codes.items())
    ]
    return Additions(tuple(edits), tuple(impossible))


class _Lines:
    """The lines of a file, which of them can end in a comment, and the last lines of statements."""

    def __init__(self, source: Source) -> None:
        self.lines = normalized(source.text).split("\n")
        self._open: set[int] = set()
        self._statements: list[tuple[int, int]] = []
        for statement in statements(source.text):
            self._statements.append(lines_of(statement))
            self._open |= set(_ends(statement))

    def carrier(self, finding: Finding) -> int | None:
        """The line at whose end a comment speaks of the finding, if there is one."""
        span = finding.place.span
        if span is None or finding.place.cell is not None:
            return None
        behind = [last for first, last in self._statements if first <= span.line <= last]
        for line in (span.line, span.end_line, *behind):
            if line in self._open:
                return line
        return None


def _ends(statement: list[tokenize.TokenInfo]) -> Iterator[int]:
    """The lines that end outside of strings and not in a backslash: those whose end is a token."""
    depth = 0  # of f-strings, in which comments are an error before Python 3.12
    for token in statement:
        kind = tokenize.tok_name[token.type]
        depth += {"FSTRING_START": 1, "TSTRING_START": 1, "FSTRING_END": -1, "TSTRING_END": -1}.get(kind, 0)
        if token.type in (tokenize.NL, tokenize.NEWLINE) and not depth:
            yield token.start[0]


def _takes_words(comment: Comment) -> bool:
    return comment.kind is Kind.LINE and comment.works and comment.words is not None


def _merged(source: Source, comment: Comment, codes: list[str]) -> Edit:
    """Given `# nnlint: ignore[NN101] -- reason` and NN102, `# nnlint: ignore[NN101, NN102] -- reason`."""
    assert comment.words is not None, "a comment that takes words has brackets"
    written = ", ".join(codes)
    if comment.words:
        column = comment.words[-1].end_column
        written = f", {written}"
    else:
        column = comment.end_column - 1
    return _put(source, comment.line, column, column, written)


def _appended(source: Source, line: int, length: int, codes: list[str], reason: str) -> Edit:
    behind = f" -- {one_line(reason)}" if one_line(reason) else ""
    text = normalized(source.text).split("\n")[line - 1]
    return _put(
        source, line, len(text.rstrip()) + 1, length + 1, f"  # nnlint: ignore[{', '.join(codes)}]{behind}".rstrip()
    )


def one_line(reason: str) -> str:
    return re.sub(r"\s+", " ", reason).strip()


def _put(source: Source, line: int, column: int, end_column: int, text: str) -> Edit:
    return Edit(Place(source.path, span=Span(line, column, line, end_column)), text)
