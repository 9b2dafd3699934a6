"""Files with suppressions, for tests: what is said of them and what edits make of them."""

from __future__ import annotations

import io
import tokenize

from nnlint.finding import Confidence, Finding, Severity
from nnlint.fixing.splicing import with_edits
from nnlint.source import Place, Source, Span
from nnlint.suppression import suppress

CHECKED = frozenset({"NN000", "NN001", "NN101", "NN102"})


def found(line: int, end_line: int | None = None, code: str = "NN101", path: str = "train.py") -> Finding:
    place = Place(path, span=Span(line, 1, end_line or line, 5))
    return Finding(code, "a-name", Severity.ERROR, Confidence.CERTAIN, "a message", place)


def left(text: str, *findings: Finding, checked: frozenset[str] = CHECKED) -> list[Finding]:
    return suppress(Source("train.py", text), findings, checked)


def fixed(text: str, *findings: Finding, rounds: int = 8) -> str:
    """The text when all fixes of unused comments are made, one after the other."""
    for _ in range(rounds):
        fixes = [finding.fix for finding in left(text, *findings) if finding.fix]
        if not fixes:
            return text
        text = with_edits(text, fixes[0].edits)
    raise AssertionError(f"it does not settle: {text!r}")


def code_of(text: str) -> list[tuple[int, str]]:
    """The tokens of a text that are not comments or empty lines."""
    left_out = (tokenize.COMMENT, tokenize.NL)
    lines = io.StringIO(text.replace("\r\n", "\n").replace("\r", "\n"))
    return [
        (token.type, token.string)
        for token in tokenize.generate_tokens(lines.readline)
        if token.type not in left_out and not (token.type == tokenize.NEWLINE and not token.string)
    ]
