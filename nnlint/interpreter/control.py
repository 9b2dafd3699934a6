"""Where paths part, meet and end."""

from __future__ import annotations

from dataclasses import dataclass, field

from nnlint.interpreter.ages import START, Mark
from nnlint.interpreter.objects import Biased, Value
from nnlint.interpreter.store import Delta
from nnlint.source import Place

ROOT_BUDGET = 250_000  # statements and expressions that a script may run


class PathEnds(Exception):
    """Nothing behind this expression runs: `sys.exit()` and its like."""


class BudgetSpent(Exception):
    """The program is larger than one root may cost; what is known so far stands."""


Shape = tuple[int, tuple[str, ...]]
"""How many positional arguments a call has, and the names of the others."""


@dataclass(slots=True)
class Tally:
    """What the calls of one function have cost in a root."""

    calls: int = 0
    active: int = 0  # of them, those that have not ended
    spent: int = 0  # statements and expressions, with those of what it called
    trains: bool = False  # it filled, stepped or cleared gradients
    biased: Biased | None = None  # it returned what a layer with a bias made
    passed: dict[Shape, set[int | str | None]] = field(default_factory=dict)  # which argument it returned, or None


@dataclass(slots=True)
class LoopRecord:
    """A loop that is being run: where its paths broke off, and what happened in it."""

    start: Mark  # mark of the store before the first pass
    place: Place
    data: frozenset[int] = frozenset()  # the batches that it goes over
    counts: bool = False  # it goes over numbers
    pieces: bool = False  # it goes over pieces that a tensor was cut into
    body_start: Mark = START
    guards: int = 0  # how many guards there were around it
    undecided: int = 0
    youngest: int = 0  # number of the youngest object from before it
    breaks: list[Delta] = field(default_factory=list)
    continues: list[Delta] = field(default_factory=list)
    trains: bool = False  # backward ran in it
    feeds: bool = False  # a loop inside of it goes over batches
    within: set[Place] = field(default_factory=set)  # the loops that have been run inside of it
    is_again: bool = False  # this is not its first pass, and how many there are is not known
    steps_itself: bool = False  # an optimizer stepped in it, in no loop inside of it
    steps_within: bool = False  # an optimizer stepped in a loop inside of it
    count: Value | None = None  # of `range(count)`
