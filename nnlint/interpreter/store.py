"""The Store: every change of an object is written through it, so that it can be taken back and joined.

A branch is interpreted in place, its changes are taken back (`undo`) and kept as a `Delta`; where the paths meet,
`merge` writes the join of the deltas. The cost is that of what changed, not of what there is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nnlint.interpreter.intervals import counter
from nnlint.interpreter.joins import MISSING, join_fields
from nnlint.interpreter.objects import Const, Namespace, Obj, Sequence

Delta = dict[tuple[Obj, str], Any]
_UNSEEN = object()


class Store:
    """A journal of writes to objects' fields."""

    def __init__(self) -> None:
        self._journal: list[tuple[Obj, str, Any]] = []

    def write(self, obj: Obj, key: str, value: Any) -> None:
        self._journal.append((obj, key, obj.fields.get(key, MISSING)))
        obj.fields[key] = value

    def remove(self, obj: Obj, key: str) -> None:
        if key in obj.fields:
            self._journal.append((obj, key, obj.fields.pop(key)))

    def mark(self) -> int:
        """A point to which changes can be counted or taken back."""
        return len(self._journal)

    def changes(self, mark: int) -> Delta:
        """What was written since `mark`, with the values of now."""
        return {(obj, key): obj.fields.get(key, MISSING) for obj, key, _ in self._journal[mark:]}

    def was_written(self, mark: int, obj: Obj, key: str) -> bool:
        """Whether a field of an object was written since `mark`."""
        return any(each is obj and name == key for each, name, _ in self._journal[mark:])

    def touched(self, youngest: int) -> bool:
        """Whether anything was written to an object numbered up to `youngest`, but for the modules of a package."""
        return any(obj.serial <= youngest and not isinstance(obj, Namespace) for obj, _, _ in self._journal)

    def undo(self, mark: int) -> Delta:
        """Take back what was written since `mark` and return it."""
        delta = self.changes(mark)
        for obj, key, old in reversed(self._journal[mark:]):
            if old is MISSING:
                obj.fields.pop(key, None)
            else:
                obj.fields[key] = old
        del self._journal[mark:]
        return delta

    def merge(self, deltas: Iterable[Delta]) -> None:
        """Write the join of what the paths did that meet here."""
        paths = list(deltas)
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

    def loosen(self, mark: int, youngest: int) -> None:
        """Lists that a loop of unknown length changed since `mark` may hold any number of such elements.

        Those made inside of the loop (numbered after `youngest`) are new in each pass and keep their length.
        """
        for obj, key in self.changes(mark):
            if key == "items" and isinstance(obj, Sequence) and obj.exact and obj.serial <= youngest:
                self.write(obj, "exact", False)

    def widen(self, mark: int) -> None:
        """Numbers that a pass of a loop of unknown length changed since `mark` are any number in the next."""
        before: Delta = {}
        for obj, key, old in self._journal[mark:]:
            before.setdefault((obj, key), old)
        for (obj, key), old in before.items():
            new = obj.fields.get(key)
            if isinstance(old, Const) and isinstance(new, Const) and old != new and _is_number(old) and _is_number(new):
                self.write(obj, key, counter(key))

    def _put(self, obj: Obj, key: str, value: Any) -> None:
        if value is MISSING:
            self.remove(obj, key)
        else:
            self.write(obj, key, value)


def _is_number(constant: Const) -> bool:
    return isinstance(constant.value, (int, float)) and not isinstance(constant.value, bool)
