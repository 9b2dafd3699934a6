"""A run as its observers see it: places, the step, and where to say what was seen."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import torch

from nnlint.events import Event
from nnlint.probe import wire
from nnlint.probe.book import Book
from nnlint.probe.budget import Budget
from nnlint.probe.limits import Request
from nnlint.probe.patching import Patches
from nnlint.probe.places import Places, words
from nnlint.probe.wire import Sighting
from nnlint.source import Place

MOST_SIGHTINGS = 20_000
_NOT_IN_PLACE = frozenset({"requires_grad_", "retain_grad_", "share_memory_", "detach_"})


@dataclass(slots=True)
class Call:
    """A call of a torch function: `name` is torch's dotted name, `operation` nnlint's (`knowledge.operations`)."""

    function: Callable[..., Any]
    name: str
    operation: str
    parameters: tuple[str, ...]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    run: Run
    result: Any = None
    grad_enabled: bool = True
    _place: Place | None = None

    @property
    def place(self) -> Place | None:
        """Where the user's code is while it runs."""
        if self._place is None:
            self._place = self.run.places.here()
        return self._place

    @property
    def words(self) -> str:
        return words(self.place)

    def argument(self, name: str, default: Any = None) -> Any:
        """An argument by the name that `knowledge.operations` has for it; the tensor itself is `input`."""
        if name in self.kwargs:
            return self.kwargs[name]
        position = 0 if name == "input" else self.parameters.index(name) + 1 if name in self.parameters else -1
        return self.args[position] if 0 <= position < len(self.args) else default

    def tensors(self) -> Iterator[torch.Tensor]:
        """The tensors among the arguments, also those in lists."""
        for value in (*self.args, *self.kwargs.values()):
            if isinstance(value, torch.Tensor):
                yield value
            elif isinstance(value, (list, tuple)):
                yield from (item for item in value if isinstance(item, torch.Tensor))


@dataclass(slots=True)
class Pass:
    """A call of a module. `depth` is 0 when no other module's pass is under way."""

    module: torch.nn.Module
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    depth: int
    output: Any = None
    place: Place | None = None
    grad_enabled: bool = True
    training: bool = True
    notes: dict[str, Any] = field(default_factory=dict)  # of observers


@dataclass(slots=True)
class Backward:
    """A call of `backward`: the tensors that are differentiated, and what of the graph it reaches.

    It `retains` the graph where it is asked to, and `creates` one of the gradients.
    """

    roots: tuple[torch.Tensor, ...]
    place: Place | None
    nodes: set[Any] = field(default_factory=set)  # of the graph
    leaves: set[int] = field(default_factory=set)  # ids of the tensors that get gradients
    number: int = 0
    retains: bool = False
    creates: bool = False


class Run:
    """One run of a script. What observers say goes to `report`, once each."""

    def __init__(self, request: Request, report: Callable[[bytes], None]) -> None:
        self.request = request
        self.places = Places(request.root)
        self.book = Book(self.places)
        self.patches = Patches()  # of torch, undone when nobody watches any more
        self.budget = Budget(request.limits.steps)
        self.passes: list[Pass] = []  # under way, outermost first
        self.muted = 0
        self.completed = False  # the script came to its end by itself
        self._report = report
        self._said: set[bytes] = set()
        self._process = os.getpid()

    @property
    def step(self) -> int:
        return self.budget.work.steps

    @property
    def in_forward(self) -> bool:
        return bool(self.passes)

    def saw(self, event: Event, evidence: str = "", *, codes: tuple[str, ...] = (), alone: bool = True) -> None:
        """An event took place. `codes` names the rules that may judge it, if not all that watch such events.

        `alone` is false where only the code can tell whether it was meant (see `wire.Sighting`).
        """
        self._tell(Sighting(event, self.step, evidence, codes, alone=alone))

    def undecided(self, event: Event, reason: str, *, codes: tuple[str, ...] = ()) -> None:
        """An event took place, of which too little could be measured."""
        self._tell(Sighting(event, self.step, "", codes, reason))

    def denied(self, event: Event, evidence: str, *, codes: tuple[str, ...] = ()) -> None:
        """An event was looked for, and it did not take place: for events of which every one is a mistake."""
        self._tell(Sighting(event, self.step, evidence, codes, absent=True))

    def say(self, kind: str, **fields: Any) -> None:
        """Anything else for the report."""
        if os.getpid() == self._process:
            self._report(wire.line(kind, **fields))

    @contextmanager
    def quietly(self) -> Iterator[None]:
        """What nnlint itself does with torch in here is not seen, and leaves the random state as it is."""
        self.muted += 1
        state = torch.get_rng_state()
        try:
            yield
        finally:
            torch.set_rng_state(state)
            self.muted -= 1

    def _tell(self, sighting: Sighting) -> None:
        if sighting.event.place.span is None or len(self._said) > MOST_SIGHTINGS:
            return
        key = wire.line("", **wire.dump(replace(sighting, step=0, evidence="")))
        if key not in self._said:
            self._said.add(key)
            self.say("sighting", **wire.dump(sighting))


@cache
def is_in_place(name: str) -> bool:
    """Whether a torch function of this name writes into its first argument."""
    last = name.rpartition(".")[2]
    if last == "__setitem__":
        return True
    return last.endswith("_") and not last.endswith("__") and last not in _NOT_IN_PLACE
