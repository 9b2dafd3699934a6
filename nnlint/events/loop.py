"""What happens in the loop: to gradients, optimizers, schedulers."""

from __future__ import annotations

from dataclasses import dataclass

from nnlint.events.base import Event
from nnlint.source import Place
from nnlint.values import Cadence, Gradients


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimizerStepped(Event):
    """An optimizer changed its parameters. `backward` is where its gradients were last filled."""

    optimizer: str
    gradients: Gradients
    backward: Place | None = None
    cleared: Place | None = None
    consumed: Place | None = None  # where an earlier step used the gradients that are REUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulerMade(Event):
    """A learning-rate scheduler was made; `stepped` says whether anything steps it."""

    kind: str
    called: str
    stepped: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulerStepped(Event):
    """A learning-rate scheduler, made at `made`, took a step.

    `before_optimizer`: the optimizer that it drives never stepped before, but does so later in the same loop. `cadence`
    is how often it is stepped, `counts` what the numbers count that it was made with; None where that is not known.
    """

    scheduler: str
    kind: str
    made: Place
    before_optimizer: bool
    cadence: Cadence | None
    counts: Cadence | None
