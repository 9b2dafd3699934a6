"""What happened to gradients in one root, in the order in which it happened, and under which conditions.

`gradients.py` enters what it sees; `loop_verdicts.py` reads it at the end, when it is also known what never happened.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nnlint.interpreter.objects import Obj
from nnlint.source import Place

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

SUSPECTS = "<suspects>"  # unknown calls since gradients were cleared that may have filled them


@dataclass(frozen=True, slots=True)
class Guard:
    """A branch of which it is not known whether it is taken; `interval` says that it is taken every so many times."""

    place: Place
    interval: bool


@dataclass(frozen=True, slots=True)
class Where:
    """The loops around something, innermost last, and what it hangs on within the innermost.

    `sure` says that `guards` are all that it hangs on.
    """

    loops: tuple[Place, ...]
    guards: tuple[Guard, ...]
    sure: bool
    owned: bool  # a framework runs this

    @property
    def loop(self) -> Place | None:
        return self.loops[-1] if self.loops else None

    @property
    def every_time(self) -> bool:
        """Whether it happens in each pass of its loop."""
        return self.sure and not self.guards

    @property
    def now_and_then(self) -> bool:
        """Whether it happens in one of so many passes of its loop."""
        return any(guard.interval for guard in self.guards)


@dataclass(slots=True, eq=False)
class Deed:
    """What was done to the gradients of an optimizer; `state` is the condition in which it found them."""

    optimizer: Obj
    place: Place
    where: Where
    state: frozenset[str] | None = None
    called: str = ""
    name: str = ""  # what the optimizer is called where that is done
    certain: bool = True
    suspects: frozenset[int] = frozenset()
    forwards: int = 0  # how many forward passes there were before
    youngest: int = 0  # number of the youngest object from before
    filled: Place | None = None
    cleared: Place | None = None
    consumed: Place | None = None
    late: Place | None = None  # of a step: the backward behind it that differentiates a loss from before it


@dataclass(slots=True, eq=False)
class Backward:
    """A call of `backward`."""

    place: Place
    call: str
    where: Where
    calls: frozenset[int]
    certain: frozenset[int]  # those that it hangs on whatever path was taken
    optimizers: tuple[Obj, ...]  # that it filled
    known: bool  # whether it is known which these are
    pieces: bool  # whether its loop goes over the pieces of one batch
    number: int
    steps: int  # how many steps there were before
    retains: bool | None  # the graph
    averaged: bool  # of a loss that is a mean over the batch, undivided


@dataclass(frozen=True, slots=True)
class Leak:
    """An optimizer stepped on the gradients of its own loss, and on those that another's left."""

    optimizer: Obj
    lent: Place
    own: Place
    step: Place


@dataclass(slots=True)
class Ledger:
    """All of that, of one root."""

    backwards: list[Backward] = field(default_factory=list)
    fills: list[Deed] = field(default_factory=list)
    steps: list[Deed] = field(default_factory=list)
    clears: list[Deed] = field(default_factory=list)
    clips: list[Deed] = field(default_factory=list)
    gradient_calls: list[frozenset[int]] = field(default_factory=list)  # differentiated by `autograd.grad`
    suspected: dict[int, frozenset[int]] = field(default_factory=dict)  # unknown calls, by watch: what they were given
    cuts: dict[int, frozenset[int]] = field(default_factory=dict)  # by watch: the graphs that they cut off
    detached: frozenset[int] = frozenset()  # forward passes of whose output something was detached
    leaks: dict[Place, Leak] = field(default_factory=dict)  # by the backward of the discriminator
    scored: frozenset[int] = frozenset()  # forward passes whose output a loss of an unknown kind was computed of
    by_hand: bool = False  # gradients were read or written by other means
    vague_steps: bool = False  # something that may be an optimizer stepped

    @property
    def deeds(self) -> int:
        """How often gradients have been filled, used and cleared."""
        return len(self.backwards) + len(self.steps) + len(self.clears)


def where(run: Interpreter) -> Where:
    """Where the run is now."""
    loop = run.loops[-1] if run.loops else None
    guards = tuple(run.guards[loop.guards if loop is not None else 0 :])
    undecided = run.undecided - (loop.undecided if loop is not None else 0)
    return Where(
        loops=tuple(each.place for each in run.loops),
        guards=guards,
        sure=undecided <= len(guards),
        owned=run.owned_by_framework(),
    )


def suspects_of(optimizer: Obj) -> frozenset[int]:
    found: frozenset[int] | None = optimizer.fields.get(SUSPECTS)
    return found or frozenset()
