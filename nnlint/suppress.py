"""Suppression in line, where a finding stands: `# nnlint: ignore[NN101] -- reason` and `# noqa: NN101`."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from nnlint import catalog
from nnlint.finding import Confidence, Finding
from nnlint.housekeeping import UnusedSuppression
from nnlint.source import Place, Source, Span

_IGNORE = re.compile(r"#\s*nnlint:\s*ignore(?![\w-])\s*(?P<bracket>\[(?P<words>[^\]]*)(?P<closed>\])?)?")
_NOQA = re.compile(r"#\s*noqa(?![\w-])(?P<colon>\s*:\s*(?P<words>[A-Z]+\d+(?:[\s,]+[A-Z]+\d+)*)?)?", re.IGNORECASE)
_MENTION = re.compile(r"#\s*(nnlint:|noqa)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Comment:
    """One suppression. `words` is None when it speaks of every rule."""

    line: int
    span: Span
    words: tuple[str, ...] | None
    is_own: bool  # ours, not a `noqa`
    first_line: int  # of the statement that the comment stands in
    is_last: bool  # whether it stands on the last line of it
    is_closed: bool = True

    def covers(self, finding: Finding) -> bool:
        """Whether the comment stands where it speaks of the finding."""
        span = finding.place.span
        if span is None:
            return False
        if self.line in (span.line, span.end_line):
            return True
        return self.is_last and self.first_line <= span.line <= self.line


@dataclass(slots=True)
class _Tally:
    """What a comment has done."""

    comment: Comment
    has_served: bool = False
    served: set[str] = field(default_factory=set)


def suppress(source: Source, findings: Iterable[Finding], checked: Collection[str]) -> list[Finding]:
    """The findings of one file that no comment suppresses, and one for each comment that suppresses nothing.

    `checked` are the codes of the rules that were run over the file: of others nothing can be said.
    """
    tallies = [_Tally(comment) for comment in comments(source)]
    kept = [finding for finding in findings if not _is_suppressed(finding, tallies)]
    if UnusedSuppression.code in checked:
        unused = [finding for tally in tallies for finding in _unused(source, tally, checked)]
        kept += [finding for finding in unused if not _is_suppressed(finding, tallies)]
    return kept


def comments(source: Source) -> list[Comment]:
    """The suppressions of a file, those in strings left out. What stands behind a syntax error is not read."""
    if not _MENTION.search(source.text):
        return []
    found: list[Comment] = []
    for statement in _statements(source.text):
        if any(_MENTION.search(token.string) for token in statement if token.type == tokenize.COMMENT):
            found += _comments(statement)
    return found


def _statements(text: str) -> Iterator[list[tokenize.TokenInfo]]:
    """The tokens of each logical line, a comment behind it included."""
    statement: list[tokenize.TokenInfo] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            statement.append(token)
            if token.type in (tokenize.NEWLINE, tokenize.ENDMARKER):
                yield statement
                statement = []
    except (tokenize.TokenError, SyntaxError):
        yield statement


def _comments(statement: list[tokenize.TokenInfo]) -> Iterator[Comment]:
    layout = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    code = [token for token in statement if token.type not in layout]
    first, last = (code[0].start[0], code[-1].end[0]) if code else (0, 0)
    for token in statement:
        if token.type == tokenize.COMMENT:
            for pattern in (_IGNORE, _NOQA):
                match = pattern.search(token.string)
                if match:
                    yield _comment(token, match, pattern is _IGNORE, first, last)


def _comment(token: tokenize.TokenInfo, match: re.Match[str], is_own: bool, first: int, last: int) -> Comment:
    line, column = token.start[0], token.start[1] + 1
    listed = match.group("words")
    is_bare = match.group("bracket" if is_own else "colon") is None
    return Comment(
        line=line,
        span=Span(line, column + match.start(), line, column + match.end()),
        words=None if is_bare else tuple(re.findall(r"[^\s,]+", listed or "")),
        is_own=is_own,
        first_line=first,
        is_last=line == last,
        is_closed=not is_own or is_bare or match.group("closed") is not None,
    )


def _is_suppressed(finding: Finding, tallies: list[_Tally]) -> bool:
    is_suppressed = False
    for tally in tallies:
        if tally.comment.is_closed and tally.comment.covers(finding) and _serve(tally, finding.code):
            is_suppressed = True
    return is_suppressed


def _serve(tally: _Tally, code: str) -> bool:
    """Whether the comment names the code; remembers that it was of use."""
    if tally.comment.words is None:
        # a comment can not excuse itself: only one that names NN001 speaks of unused comments
        tally.has_served = tally.has_served or code != UnusedSuppression.code
        return code != UnusedSuppression.code
    serving = {word for word in tally.comment.words if code in _codes(word, tally.comment.is_own)}
    tally.served |= serving
    tally.has_served = tally.has_served or bool(serving)
    return bool(serving)


def _codes(word: str, is_own: bool) -> frozenset[str]:
    try:
        return catalog.resolve(word)
    except catalog.UnknownRule:
        return frozenset() if is_own else frozenset({word.upper()})


def _unused(source: Source, tally: _Tally, checked: Collection[str]) -> Iterator[Finding]:
    """What is wrong with a comment of ours."""
    comment = tally.comment
    if not comment.is_own:
        return
    if not comment.is_closed:
        yield _finding(source, comment, "a bracket of `# nnlint: ignore[` is not closed: it suppresses nothing")
    elif comment.words is None:
        if not tally.has_served and catalog.select("default") <= set(checked):
            yield _finding(source, comment, "`# nnlint: ignore` suppresses nothing here")
    elif not comment.words:
        yield _finding(source, comment, "`# nnlint: ignore[]` names no rule: it suppresses nothing")
    else:
        for word in dict.fromkeys(comment.words):
            try:
                codes = catalog.resolve(word)
            except catalog.UnknownRule as error:
                yield _finding(
                    source, comment, f"`# nnlint: ignore[{word}]` names no rule{catalog.did_you_mean(error.suggestion)}"
                )
                continue
            if word not in tally.served and codes <= set(checked) and UnusedSuppression.code not in codes:
                yield _finding(source, comment, f"`# nnlint: ignore[{word}]` suppresses nothing here")


def _finding(source: Source, comment: Comment, message: str) -> Finding:
    return Finding(
        code=UnusedSuppression.code,
        name=UnusedSuppression.name,
        severity=UnusedSuppression.severity,
        confidence=Confidence.CERTAIN,
        message=message,
        place=Place(source.path, span=comment.span),
        advice="take the comment out, or name the rule that is meant",
    )
