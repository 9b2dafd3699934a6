"""What happens to what a loss is fed."""

from __future__ import annotations

from dataclasses import dataclass

from nnlint.events.base import Event
from nnlint.values import Loss, TensorFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class LossComputed(Event):
    """A loss was computed of `input` and `target`."""

    loss: Loss
    input: TensorFacts
    target: TensorFacts
