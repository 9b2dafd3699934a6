"""What was put in the place of torch's own, and how it is taken out again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Patches:
    """All patches of one run, of hooks and of observers."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], object]] = []

    def put(self, owner: Any, name: str, value: object) -> None:
        """Put a value in the place of an attribute, until the patches are undone."""
        if name in vars(owner):
            original = vars(owner)[name]
            self._undo.append(lambda: setattr(owner, name, original))
        else:
            self._undo.append(lambda: delattr(owner, name))
        setattr(owner, name, value)

    def until_undone(self, undo: Callable[[], object]) -> None:
        """What else is to be called then."""
        self._undo.append(undo)

    def undo(self) -> None:
        """Leave torch as it was: the last patch is the first to go."""
        while self._undo:
            self._undo.pop()()
