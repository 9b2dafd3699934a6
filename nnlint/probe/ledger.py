"""What became of the gradient of each parameter: what filled it, which step used it, what cleared it."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field

import torch

from nnlint.source import Place


@dataclass(slots=True)
class Fill:
    """A backward pass that filled a gradient: its place, its number, and whether its loss was divided by something."""

    place: Place
    number: int
    divided: bool


@dataclass(slots=True)
class Entry:
    """The gradient of one parameter.

    `fills` are the backward passes since it was cleared, `since_step` how many there were since a step used it.
    `consumed` is where that was; `mark` tells whether it is still the same; `reused` that a backward pass added to what
    a step had used. `cleared` is where it was cleared last, `wasted` the pass whose gradients that took away unused.
    """

    fills: list[Fill] = field(default_factory=list)
    since_step: int = 0
    consumed: Place | None = None
    mark: tuple[int, int] | None = None
    reused: Place | None = None
    cleared: Place | None = None
    wasted: Fill | None = None
    ever_filled: bool = False


class Ledger:
    """The entries of all parameters that were seen, as long as they live."""

    def __init__(self) -> None:
        self._entries: dict[int, tuple[weakref.ref[torch.Tensor], Entry]] = {}

    def of(self, parameter: torch.Tensor) -> Entry:
        found = self._entries.get(id(parameter))
        if found is not None and found[0]() is parameter:
            return found[1]
        entry = Entry()
        self._entries[id(parameter)] = (weakref.ref(parameter), entry)
        return entry

    def look(self, parameter: torch.Tensor) -> Entry:
        """The entry, brought up to date with what the script did to the gradient by itself."""
        entry = self.of(parameter)
        if entry.fills and is_empty(parameter):
            self.clear(parameter, None)
        return entry

    def clear(self, parameter: torch.Tensor, place: Place | None) -> None:
        entry = self.of(parameter)
        if entry.fills and entry.since_step:
            entry.wasted = entry.fills[-1]
        entry.fills, entry.since_step, entry.consumed, entry.mark, entry.reused = [], 0, None, None, None
        entry.cleared = place

    def about_to_fill(self, parameter: torch.Tensor) -> None:
        """A backward pass adds to the gradient: is it one that a step has used already?"""
        entry = self.look(parameter)
        if entry.consumed is not None and not entry.since_step and mark_of(parameter) == entry.mark:
            entry.reused = entry.consumed

    def filled(self, parameter: torch.Tensor, fill: Fill) -> None:
        entry = self.of(parameter)
        if not is_empty(parameter):
            entry.fills.append(fill)
            entry.since_step += 1
            entry.wasted, entry.ever_filled = None, True

    def consume(self, parameter: torch.Tensor, place: Place | None) -> None:
        """A step used the gradient."""
        entry = self.of(parameter)
        if not is_empty(parameter):
            entry.consumed, entry.since_step, entry.mark = place, 0, mark_of(parameter)
        entry.wasted = None


def is_empty(parameter: torch.Tensor) -> bool:
    """Whether there is no gradient, or one of zeros."""
    gradient = parameter.grad
    if gradient is None:
        return True
    if gradient.layout != torch.strided:
        return False
    return not bool(gradient.any())


def mark_of(parameter: torch.Tensor) -> tuple[int, int] | None:
    """Changes as soon as anything writes into the gradient."""
    gradient = parameter.grad
    return None if gradient is None else (id(gradient), gradient._version)
