"""The comments that suppress: `# nnlint: ignore[NN101] -- reason`, `# nnlint: ignore-file` and `# noqa: NN101`."""

from __future__ import annotations

import enum
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass

from nnlint.finding import Finding
from nnlint.source import Source, Span

_OURS = re.compile(r"#+\s*(?P<tool>nnlint)(?P<colon>\s*:\s*|\s+(?=ignore\b))(?P<verb>[a-z][\w-]*)", re.IGNORECASE)
_BRACKET = re.compile(r"\s*\[(?P<words>[^\]#]*)(?P<closed>\])?")
_NO_BRACKET = re.compile(r"\s*(?:[=(:]|nn\d)", re.IGNORECASE)  # `ignore=NN101`, `ignore NN101`
_REASON = re.compile(r"\s*--(?:(?!\s#(?!\d)).)*")  # up to another comment; `see #123` begins none
_NOQA = re.compile(r"#\s*noqa(?![\w-])(?P<colon>\s*:\s*(?P<words>[A-Z]+\d+(?:[\s,]+[A-Z]+\d+)*)?)?", re.IGNORECASE)
_MENTION = re.compile(r"#\s*(nnlint|noqa)", re.IGNORECASE)
_MEANT = re.compile(r"(?:ignore|disable|skip|suppress|silence|allow|noqa|off|exclude)[a-z_-]*", re.IGNORECASE)
_LAYOUT = frozenset(
    {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
)


class Kind(enum.Enum):
    """What a comment speaks of."""

    LINE = "ignore"
    FILE = "ignore-file"
    NOQA = "noqa"


@dataclass(frozen=True, slots=True)
class Word:
    """A code or name in the brackets, from its first column to the one behind it."""

    text: str
    column: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Comment:
    """One suppression. `words` is None when it speaks of every rule."""

    kind: Kind
    line: int
    column: int
    end_column: int
    words: tuple[Word, ...] | None
    first_line: int  # of the statement that the comment stands in
    is_last: bool  # whether it stands on the last line of it
    is_alone: bool  # at the top level of the file, on a line of its own
    whole_column: int  # with the blanks before it and the reason behind it
    whole_end_column: int
    is_closed: bool = True
    meant: str = ""  # what a misspelt one should be

    @property
    def span(self) -> Span:
        return Span(self.line, self.column, self.line, self.end_column)

    @property
    def is_own(self) -> bool:
        return self.kind is not Kind.NOQA

    @property
    def is_misplaced(self) -> bool:
        return self.kind is Kind.FILE and not self.is_alone

    @property
    def works(self) -> bool:
        return self.is_closed and not self.meant and not self.is_misplaced

    def covers(self, finding: Finding) -> bool:
        """Whether the comment stands where it speaks of the finding. Only the finding's own place counts."""
        if self.kind is Kind.FILE:
            return True
        span = finding.place.span
        if span is None:
            return False
        if self.line in (span.line, span.end_line):
            return True
        return self.is_last and self.first_line <= span.line <= self.line


def comments(source: Source) -> list[Comment]:
    """The suppressions of a file, those in strings left out. What stands behind a syntax error is not read."""
    if not _MENTION.search(source.text):
        return []
    found: list[Comment] = []
    for statement in statements(source.text):
        if any(_MENTION.search(token.string) for token in statement if token.type == tokenize.COMMENT):
            found += _comments(statement)
    return found


def statements(text: str) -> Iterator[list[tokenize.TokenInfo]]:
    """The tokens of each logical line, a comment behind it included, up to a syntax error."""
    statement: list[tokenize.TokenInfo] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(normalized(text)).readline):
            statement.append(token)
            if token.type in (tokenize.NEWLINE, tokenize.ENDMARKER):
                yield statement
                statement = []
    except (tokenize.TokenError, SyntaxError):
        yield statement


def normalized(text: str) -> str:
    """The text with the line ends that `tokenize` knows: lines and columns stay what they are."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def lines_of(statement: list[tokenize.TokenInfo]) -> tuple[int, int]:
    """The first and the last line of a statement; (0, 0) of none."""
    code = [token for token in statement if token.type not in _LAYOUT]
    return (code[0].start[0], code[-1].end[0]) if code else (0, 0)


def _comments(statement: list[tokenize.TokenInfo]) -> Iterator[Comment]:
    first, last = lines_of(statement)
    for token in statement:
        if token.type != tokenize.COMMENT:
            continue
        for match in _OURS.finditer(token.string):
            comment = _own(token, match, first, last)
            if comment is not None:
                yield comment
        noqa = _NOQA.search(token.string)
        if noqa:
            yield _noqa(token, noqa, first, last)


def _own(token: tokenize.TokenInfo, match: re.Match[str], first: int, last: int) -> Comment | None:
    """Our comment, if it is one and no prose."""
    text, verb = token.string, match["verb"]
    rest = text[match.end() :]
    bracket = _BRACKET.match(rest)
    is_spelt_well = (
        match["tool"] == "nnlint"
        and ":" in match["colon"]
        and verb in (Kind.LINE.value, Kind.FILE.value)
        and (bracket is not None or not _NO_BRACKET.match(rest))
    )
    if not is_spelt_well and not _MEANT.fullmatch(verb):
        return None
    end = match.end() + (bracket.end() if bracket and is_spelt_well else 0)
    reason = _REASON.match(text, end)
    whole_end = len(text[: reason.end() if reason else end].rstrip())
    return Comment(
        kind=Kind.FILE if is_spelt_well and verb == Kind.FILE.value else Kind.LINE,
        line=token.start[0],
        column=token.start[1] + match.start() + 1,
        end_column=token.start[1] + end + 1,
        words=_words(bracket, token.start[1] + match.end() + 1) if bracket else None,
        first_line=first,
        is_last=token.start[0] == last,
        is_alone=not token.line[: token.start[1]] and not first < token.start[0] < last,
        whole_column=len(token.line[: token.start[1] + match.start()].rstrip()) + 1,
        whole_end_column=token.start[1] + whole_end + 1,
        is_closed=bracket is None or bracket["closed"] is not None,
        meant="" if is_spelt_well else _meant(verb, rest),
    )


def _words(bracket: re.Match[str], column: int) -> tuple[Word, ...]:
    start = column + bracket.start("words")
    return tuple(
        Word(word[0], start + word.start(), start + word.end()) for word in re.finditer(r"[^\s,]+", bracket["words"])
    )


def _meant(verb: str, rest: str) -> str:
    """Given `disable=NN101, NN102`, what our comments say for it."""
    kind = Kind.FILE if "file" in verb.lower() else Kind.LINE
    codes = re.findall(r"\bNN\d{1,3}\b", rest.partition("--")[0], re.IGNORECASE)
    return f"# nnlint: {kind.value}" + (f"[{', '.join(code.upper() for code in codes)}]" if codes else "")


def _noqa(token: tokenize.TokenInfo, match: re.Match[str], first: int, last: int) -> Comment:
    start = token.start[1] + 1
    words = None if match["colon"] is None else re.finditer(r"[^\s,]+", match["words"] or "")
    return Comment(
        kind=Kind.NOQA,
        line=token.start[0],
        column=start + match.start(),
        end_column=start + match.end(),
        words=None if words is None else tuple(Word(word[0], 0, 0) for word in words),
        first_line=first,
        is_last=token.start[0] == last,
        is_alone=False,
        whole_column=start + match.start(),
        whole_end_column=start + match.end(),
    )
