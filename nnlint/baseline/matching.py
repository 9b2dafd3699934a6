"""Which findings a baseline knows, and which of its entries are fixed."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nnlint.baseline.content import Content, Contents
from nnlint.engine import Report
from nnlint.finding import Finding

Entries = Mapping[Content, int]
"""What is known, and how often."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A report against a baseline. `found` and `known` are entries as they would be written today."""

    new: tuple[Finding, ...]
    found: Entries
    known: Entries
    fixed: Entries  # looked for in this run and found no more
    unspoken: Entries  # not looked for in this run


def compare(entries: Entries, report: Report, folder: Path, paths: Iterable[Path] = ()) -> Comparison:
    """What is new in the report. `folder` is the baseline's, `paths` are the folders that were checked.

    Equal findings are counted: of three where two are known the last is new. A finding that is the same but for its
    scope or its path is known where the old scope or file is no more: it was renamed or moved.
    """
    contents = Contents(report, folder)
    all_of = [(finding, contents.of(finding)) for finding in report.findings]
    left = Counter[Key]()
    for content, count in entries.items():
        left[_key(content)] += count
    waiting = [(finding, content) for finding, content in all_of if not _taken(left, [_key(content)])]
    known = Counter(content for _, content in all_of) - Counter(content for _, content in waiting)
    for is_same in (_in_another_scope(contents), _in_another_file(contents)):
        still = []
        for finding, content in waiting:
            like = [key for key in sorted(left) if left[key] and key[1] == content.code and key[3] == content.gist]
            if _taken(left, [key for key in like if is_same(key, content)]):
                known[content] += 1
            else:
                still.append((finding, content))
        waiting = still
    fixed, unspoken = _sorted_out(entries, left, _looked_for(report, contents, paths))
    is_new = {id(finding) for finding, _ in waiting}
    return Comparison(
        tuple(finding for finding in report.findings if id(finding) in is_new),
        Counter(content for _, content in all_of),
        known,
        fixed,
        unspoken,
    )


Key = tuple[str, str, str, str]


def _key(content: Content) -> Key:
    return content.path, content.code, content.scope, content.gist


def _taken(left: Counter[Key], keys: Sequence[Key]) -> bool:
    for key in keys:
        if left[key]:
            left[key] -= 1
            return True
    return False


def _in_another_scope(contents: Contents) -> Callable[[Key, Content], bool]:
    return lambda key, content: key[0] == content.path and not contents.has_scope(key[0], key[2])


def _in_another_file(contents: Contents) -> Callable[[Key, Content], bool]:
    return lambda key, content: key[2] == content.scope and not os.path.exists(contents.absolute(key[0]))


def _looked_for(report: Report, contents: Contents, paths: Iterable[Path]) -> Callable[[Content], bool]:
    """Whether an entry would have been found again: its file was checked, or is gone from a checked folder."""
    checked = {contents.path(path): codes for path, codes in report.checked.items()}
    codes = frozenset[str]().union(*checked.values())
    folders = [os.path.realpath(path) for path in paths if path.is_dir()]

    def looked_for(entry: Content) -> bool:
        if entry.path in checked:
            return entry.code in checked[entry.path]
        file = Path(contents.absolute(entry.path))
        return entry.code in codes and not file.exists() and any(file.is_relative_to(folder) for folder in folders)

    return looked_for


def _sorted_out(
    entries: Entries, left: Counter[Key], looked_for: Callable[[Content], bool]
) -> tuple[Counter[Content], Counter[Content]]:
    """The entries that are left over: those that are fixed, and those of which this run can say nothing."""
    fixed, unspoken = Counter[Content](), Counter[Content]()
    for entry in entries:
        if left[_key(entry)]:
            (fixed if looked_for(entry) else unspoken)[entry] = left.pop(_key(entry))
    return fixed, unspoken
