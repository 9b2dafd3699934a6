"""What tensors are made of, also where no graph says so: marks go from a tensor to all that is computed of it.

A mark survives the way through a Python number as long as the very object comes back that `.item()` gave (in
`torch.tensor(values)`, in a product), and through NumPy as long as an array of the same memory does.
"""

from __future__ import annotations

import dataclasses
import weakref
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch

from nnlint.probe.remembered import identity
from nnlint.probe.run import Call, Run, is_in_place

MOST_NUMBERS = 4096  # that are known by identity, which keeps them alive
MOST_ITEMS = 10_000  # of a container that is looked through
Marks = frozenset[int]
_CONTAINERS = (list, tuple, dict, np.ndarray)
NONE: Marks = frozenset()


class Taint:
    """Marks by tensor, array, and number. They are of no use once their object is gone, and go with it."""

    def __init__(self) -> None:
        self.in_arrays: set[int] = set()  # marks that have gone to arrays, or to numbers, until somebody clears this
        self.in_numbers: set[int] = set()
        self._last = 0
        self._objects: dict[int, tuple[weakref.ref[Any], Marks]] = {}
        self._numbers: OrderedDict[int, tuple[object, Marks]] = OrderedDict()

    def new_mark(self) -> int:
        self._last += 1
        return self._last

    def of(self, value: object) -> Marks:
        """What a value is made of; containers are looked through."""
        found, left = set[int](), MOST_ITEMS
        pending: list[object] = [value]
        while pending and left:
            left -= 1
            each = pending.pop()
            if isinstance(each, torch.Tensor):
                found |= self._known(each)
            elif isinstance(each, np.ndarray):
                found |= self._known(each) | self._known(each.base)
            elif identity(each) in self._numbers:
                found |= self._numbers[identity(each)][1]
            elif isinstance(each, (list, tuple, set)):
                pending += list(each)[:left]
            elif isinstance(each, dict):
                pending += list(each.values())[:left]
        return frozenset(found)

    def mark(self, value: object, marks: Iterable[int]) -> None:
        """A value, or each tensor and number in it, is made of something."""
        marks = frozenset(marks)
        pending, left = [value], MOST_ITEMS
        while pending and left:
            left -= 1
            each = pending.pop()
            if isinstance(each, (torch.Tensor, np.ndarray)):
                self._enter(each, marks)
                if isinstance(each, np.ndarray):
                    self.in_arrays |= marks
            elif isinstance(each, float):
                self.in_numbers |= marks
                self._count(each, marks)
            elif isinstance(each, (list, tuple)):
                pending += each[:left]
            elif isinstance(each, dict):
                pending += list(each.values())[:left]
            elif dataclasses.is_dataclass(each):
                pending += [getattr(each, field.name, None) for field in dataclasses.fields(each)]

    def ran(self, call: Call) -> None:
        """What a torch function returns, or writes into, is made of its arguments."""
        if not self._objects and not self._numbers:
            return
        marks = self._of_arguments(call)
        if not marks:
            return
        self.mark(call.result, marks)
        if is_in_place(call.name) and call.args and isinstance(call.args[0], torch.Tensor):
            self._enter(call.args[0], marks)
            if call.args[0]._base is not None:
                self._enter(call.args[0]._base, marks)

    def _of_arguments(self, call: Call) -> Marks:
        marks, objects, numbers = NONE, self._objects, self._numbers
        for each in (*call.args, *call.kwargs.values()) if call.kwargs else call.args:
            if isinstance(each, torch.Tensor):
                if identity(each) in objects:
                    marks |= self._known(each)
            elif isinstance(each, _CONTAINERS) or identity(each) in numbers:
                marks |= self.of(each)
        return marks

    def _known(self, value: object) -> Marks:
        entry = self._objects.get(identity(value))
        return entry[1] if entry is not None and entry[0]() is value else NONE

    def _enter(self, value: Any, marks: Marks) -> None:
        key, before = identity(value), self._known(value)
        if before and marks <= before:
            return

        def gone(reference: weakref.ref[Any]) -> None:
            entry = self._objects.get(key)
            if entry is not None and entry[0] is reference:
                del self._objects[key]

        self._objects[key] = (weakref.ref(value, gone), before | marks)

    def _count(self, number: object, marks: Marks) -> None:
        self._numbers[identity(number)] = (number, marks)
        while len(self._numbers) > MOST_NUMBERS:
            self._numbers.popitem(last=False)


def taint_of(run: Run) -> Taint:
    """The marks of a run, which its observers share."""
    if run not in _TAINTS:
        _TAINTS[run] = Taint()
    return _TAINTS[run]


_TAINTS: weakref.WeakKeyDictionary[Run, Taint] = weakref.WeakKeyDictionary()
