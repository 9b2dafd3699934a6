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


@dataclass(frozen=True, slots=True, kw_only=True)
class LossConstructed(Event):
    """A loss was constructed. `outputs` is the argument, in the user's words, that is the output of a network."""

    kind: str
    outputs: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Broadcasted(Event):
    """A loss or a difference was taken of [N, 1] and [N], which gives [N, N]: each of one with each of the other.

    `call` is the loss or the operation in the user's words, `sizes` are those of the two tensors.
    """

    call: str
    sizes: tuple[tuple[str, ...], tuple[str, ...]]
    differentiated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholded(Event):
    """Raw scores of a network that is trained with a logit loss, `trained_by`, were compared or rounded.

    `threshold` is what they were compared with, None when they were rounded.
    """

    call: str
    input: TensorFacts
    threshold: float | None
    trained_by: str
