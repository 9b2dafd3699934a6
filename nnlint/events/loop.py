"""What happens in the loop: to gradients, optimizers, schedulers."""

from __future__ import annotations

from dataclasses import dataclass

from nnlint.events.base import Event
from nnlint.source import Place
from nnlint.values import Gradients


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimizerStepped(Event):
    """An optimizer changed its parameters. `backward` is where its gradients were last filled."""

    optimizer: str
    gradients: Gradients
    backward: Place | None = None
    cleared: Place | None = None
    consumed: Place | None = None  # where an earlier step used the gradients that are REUSED
