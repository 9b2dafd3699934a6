"""What is wrong with a comment of ours (NN001), and the edit that takes it out."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from nnlint import catalog
from nnlint.finding import Confidence, Edit, Finding, Fix, Safety
from nnlint.housekeeping import UnusedSuppression
from nnlint.source import Place, Source, Span
from nnlint.suppression.comments import Comment, Kind, Word, normalized

LONGEST = 50  # characters of a comment that are shown
_TAKE_OUT = "take the comment out, or name the rule that is meant"


def unused(
    source: Source, comment: Comment, has_served: bool, served: Collection[str], checked: Collection[str]
) -> Iterator[Finding]:
    """One finding for a comment, or for each word in it, that suppresses nothing; `served` are those that do."""
    shown = f"# nnlint: {comment.kind.value}"
    where = "in this file" if comment.kind is Kind.FILE else "here"
    if comment.meant:
        yield _finding(
            source,
            comment,
            f"`{_written(source, comment)}` suppresses nothing: did you mean `{comment.meant}`?",
            f"write `{comment.meant}`, or take the comment out",
        )
    elif not comment.is_closed:
        yield _finding(source, comment, f"a bracket of `{shown}[` is not closed: it suppresses nothing")
    elif comment.is_misplaced:
        message = f"`{shown}` suppresses nothing here: it stands on a line of its own that is not indented"
        yield _finding(source, comment, message, "move the comment to a line of its own, at the top of the file")
    elif comment.words is None:
        if not has_served and catalog.select("default") <= set(checked):
            yield _finding(source, comment, f"`{shown}` suppresses nothing {where}", fix=_without(source, comment))
    elif not comment.words:
        message = f"`{shown}[]` names no rule: it suppresses nothing"
        yield _finding(source, comment, message, fix=_without(source, comment))
    else:
        yield from _unused_words(source, comment, comment.words, served, checked)


def _unused_words(
    source: Source, comment: Comment, words: tuple[Word, ...], served: Collection[str], checked: Collection[str]
) -> Iterator[Finding]:
    wrong: dict[str, tuple[str, bool]] = {}  # what is said of each, and whether it can go
    for word in dict.fromkeys(word.text for word in words):
        shown = f"`# nnlint: {comment.kind.value}[{word}]`"
        try:
            codes = catalog.resolve(word)
        except catalog.UnknownRule as error:
            message = f"{shown} names no rule{catalog.did_you_mean(error.suggestion)}"
            wrong[word] = (message, error.suggestion is None)
            continue
        if word not in served and codes <= set(checked) and UnusedSuppression.code not in codes:
            where = "in this file" if comment.kind is Kind.FILE else "here"
            wrong[word] = (f"{shown} suppresses nothing {where}", True)
    going = [word for word, (_, can_go) in wrong.items() if can_go]
    all_go = all(word.text in going for word in words)
    for word, (message, can_go) in wrong.items():
        fix = None
        if can_go:
            fix = _without(source, comment) if all_go else _without_word(source, words, word, comment.line)
        yield _finding(source, comment, message, fix=fix)


def _without(source: Source, comment: Comment) -> Fix:
    """The whole comment goes, with the blanks before it, and with the line where nothing else is on it."""
    lines = normalized(source.text).split("\n")
    number, line = comment.line, lines[comment.line - 1]
    before = line[: comment.whole_column - 1].strip()
    rest = line[comment.whole_end_column - 1 :].strip()
    start_of_rest = len(line.rstrip()) - len(rest) + 1
    text = ""
    if not rest and before:
        span = Span(number, comment.whole_column, number, len(line) + 1)
    elif not rest:
        span = Span(number, 1, number + 1, 1) if number < len(lines) else Span(number, 1, number, len(line) + 1)
    elif not rest.startswith("#"):  # a remark without `--` stays, as a comment of its own
        span, text = Span(number, comment.column, number, start_of_rest), "# "
    elif before:
        span = Span(number, comment.whole_column, number, comment.whole_end_column)
    else:
        span = Span(number, comment.column, number, start_of_rest)
    return Fix("take the comment out", Safety.SAFE, edits=(Edit(Place(source.path, span=span), text),))


def _without_word(source: Source, words: tuple[Word, ...], going: str, line: int) -> Fix:
    """The word goes with the comma that joins it to those that stay."""
    edits = []
    for number, word in enumerate(words):
        if word.text != going:
            continue
        if all(earlier.text == going for earlier in words[:number]):
            span = Span(line, word.column, line, words[number + 1].column)
        else:
            span = Span(line, words[number - 1].end_column, line, word.end_column)
        edits.append(Edit(Place(source.path, span=span), ""))
    return Fix(f"take `{going}` out of the comment", Safety.SAFE, edits=tuple(edits))


def _written(source: Source, comment: Comment) -> str:
    line = normalized(source.text).split("\n")[comment.line - 1]
    written = line[comment.column - 1 :].partition("--")[0].strip()
    return written if len(written) <= LONGEST else written[: LONGEST - 1] + "…"


def _finding(
    source: Source, comment: Comment, message: str, advice: str = _TAKE_OUT, fix: Fix | None = None
) -> Finding:
    return Finding(
        code=UnusedSuppression.code,
        name=UnusedSuppression.name,
        severity=UnusedSuppression.severity,
        confidence=Confidence.CERTAIN,
        message=message,
        place=Place(source.path, span=comment.span),
        advice=advice,
        fix=fix,
    )
