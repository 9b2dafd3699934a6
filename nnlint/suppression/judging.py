"""Which findings of a file its comments suppress."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from nnlint import catalog
from nnlint.finding import Finding
from nnlint.housekeeping import UnusedSuppression
from nnlint.source import Source
from nnlint.suppression.comments import Comment, Kind, comments
from nnlint.suppression.unused import unused


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
        # comments that speak of the whole file come last: they may suppress what is said of the others
        for whole in (False, True):
            for tally in tallies:
                if tally.comment.is_own and (tally.comment.kind is Kind.FILE) is whole:
                    others = [other for other in tallies if other is not tally or tally.comment.words is not None]
                    said = unused(source, tally.comment, tally.has_served, tally.served, checked)
                    kept += [finding for finding in said if not _is_suppressed(finding, others)]
    return kept


def _is_suppressed(finding: Finding, tallies: list[_Tally]) -> bool:
    is_suppressed = False
    for tally in tallies:
        if tally.comment.works and tally.comment.covers(finding) and _serve(tally, finding.code):
            is_suppressed = True
    return is_suppressed


def _serve(tally: _Tally, code: str) -> bool:
    """Whether the comment names the code; remembers that it was of use."""
    if tally.comment.words is None:
        # a comment can not excuse itself: on a line only one that names NN001 speaks of unused comments
        serves = code != UnusedSuppression.code or tally.comment.kind is Kind.FILE
        tally.has_served = tally.has_served or serves
        return serves
    serving = {word.text for word in tally.comment.words if code in _codes(word.text, tally.comment.is_own)}
    tally.served |= serving
    tally.has_served = tally.has_served or bool(serving)
    return bool(serving)


def _codes(word: str, is_own: bool) -> frozenset[str]:
    try:
        return catalog.resolve(word)
    except catalog.UnknownRule:
        return frozenset() if is_own else frozenset({word.upper()})
