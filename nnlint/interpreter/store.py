"""The Store: every change of an object is written through it, so that it can be taken back and joined.

A branch is interpreted in place, its changes are taken back (`undo`) and kept as a `Delta`; where the paths meet,
`merge` writes the join of the deltas. The cost is that of what changed, not of what there is: an object that a branch
made is out of reach of the others, so that what is written to it needs not be remembered.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence as Sequence_
from typing import Any

from nnlint.interpreter.ages import Mark, next_number
from nnlint.interpreter.intervals import counter
from nnlint.interpreter.joins import MISSING, join_fields
from nnlint.interpreter.objects import Const, Instance, Namespace, Obj, Sequence

Delta = dict[tuple[Obj, str], Any]
_UNSEEN = object()


LONG = 500


class Store:
    """A journal of writes to objects' fields: to those that are older than the last mark."""

    def __init__(self) -> None:
        self._journal: list[tuple[Obj, str, Any]] = []
        self._undone = 0
        self._long = LONG  # of so many entries behind a mark some may well be of the same field
        self.settle()

    def settle(self) -> None:
        """All that there is now is older than any mark, as far as this store is concerned."""
        self._young = self._settled = next_number()

    def write(self, obj: Obj, key: str, value: Any) -> None:
        if obj.age < self._young:
            self._journal.append((obj, key, obj.fields.get(key, MISSING)))
        obj.fields[key] = value
        if type(obj) is Instance and (key[0] != "<" or key == "<items>"):
            obj.children = None

    def remove(self, obj: Obj, key: str) -> None:
        if key in obj.fields:
            old = obj.fields.pop(key)
            if isinstance(obj, Instance):
                obj.children = None
            if obj.age < self._young:
                self._journal.append((obj, key, old))

    def mark(self) -> Mark:
        """Set a mark. What is written to objects that are made from here on stays when the rest is taken back."""
        before, self._young = self._young, next_number()
        return Mark(len(self._journal), self._young, before)

    def close(self, mark: Mark) -> None:
        """Nothing will be taken back to `mark` any more. (One that is never closed costs time, and does no harm.)"""
        self._young = max(mark.before, self._settled)
        if len(self._journal) - mark.at > self._long:
            self._shorten(mark.at)

    def _shorten(self, at: int) -> None:
        """Leave of each field only the first entry behind `at`, where no mark is open any more."""
        first: dict[tuple[Obj, str], Any] = {}
        for obj, key, old in self._journal[at:]:
            first.setdefault((obj, key), old)
        self._journal[at:] = [(obj, key, old) for (obj, key), old in first.items()]
        self._undone += 1
        self._long = max(LONG, 2 * len(first))

    def moment(self) -> tuple[int, int]:
        """Equal to that of before as long as nothing has been written or taken back since."""
        return self._undone, len(self._journal)

    def changes(self, mark: Mark) -> Delta:
        """What was written since `mark`, with the values of now."""
        return {(obj, key): obj.fields.get(key, MISSING) for obj, key, _ in self._journal[mark.at :]}

    def written_since(self, marks: Sequence_[Mark], obj: Obj, key: str) -> int:
        """How many of these marks, the first one first, a field of an object that is older was written behind."""
        journal = self._journal
        for at in range(len(journal) - 1, marks[0].at - 1 if marks else len(journal), -1):
            each, name, _ = journal[at]
            if each is obj and name == key:
                return sum(mark.at <= at for mark in marks)
        return 0

    def touched(self, youngest: int) -> bool:
        """Whether anything was written to an object numbered up to `youngest`, but for the modules of a package."""
        return any(obj.serial <= youngest and not isinstance(obj, Namespace) for obj, _, _ in self._journal)

    def undo(self, mark: Mark) -> Delta:
        """Take back what was written since `mark` and return it."""
        self._undone += 1
        self._young = max(mark.young, self._settled)
        if mark.at == len(self._journal):
            return {}
        delta = self.changes(mark)
        for obj, key, old in reversed(self._journal[mark.at :]):
            if old is MISSING:
                obj.fields.pop(key, None)
            else:
                obj.fields[key] = old
            if isinstance(obj, Instance):
                obj.children = None
        del self._journal[mark.at :]
        return delta

    def merge(self, deltas: Iterable[Delta]) -> None:
        """Write the join of what the paths did that meet here."""
        paths = list(deltas)
        if len(paths) == 1:
            for (obj, key), value in paths[0].items():
                if value is not obj.fields.get(key, MISSING):
                    self._put(obj, key, value)
            return
        touched = dict.fromkeys(place for path in paths for place in path)
        for place in touched:
            obj, key = place
            now = obj.fields.get(key, MISSING)
            joined: Any = _UNSEEN
            for path in paths:
                value = path.get(place, now)
                joined = value if joined is _UNSEEN else joined if joined is value else join_fields(key, joined, value)
            if joined is not now:
                self._put(obj, key, joined)

    def loosen(self, mark: Mark, youngest: int) -> None:
        """Lists that a loop of unknown length changed since `mark` may hold any number of such elements.

        Those made inside of the loop (numbered after `youngest`) are new in each pass and keep their length.
        """
        for obj, key in self.changes(mark):
            if key == "items" and isinstance(obj, Sequence) and obj.exact and obj.serial <= youngest:
                self.write(obj, "exact", False)

    def widen(self, mark: Mark, before: Delta) -> None:
        """Numbers that a pass of a loop of unknown length, begun at `mark`, changed are any number in the next.

        `before` is what there was before the loop, as far as earlier passes changed it; it is added to.
        """
        written = self._journal[mark.at :]
        for obj, key, old in written:
            before.setdefault((obj, key), old)
        for obj, key in dict.fromkeys((obj, key) for obj, key, _ in written):
            old, new = before[obj, key], obj.fields.get(key)
            if isinstance(old, Const) and isinstance(new, Const) and old != new and _is_number(old) and _is_number(new):
                self.write(obj, key, counter(key))

    def _put(self, obj: Obj, key: str, value: Any) -> None:
        if value is MISSING:
            self.remove(obj, key)
        else:
            self.write(obj, key, value)


def _is_number(constant: Const) -> bool:
    return isinstance(constant.value, (int, float)) and not isinstance(constant.value, bool)
