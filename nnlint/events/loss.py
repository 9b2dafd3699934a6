"""What happens to what a loss is fed."""

from __future__ import annotations

from dataclasses import dataclass

from nnlint.events.base import Event
from nnlint.source import Place
from nnlint.values import Loss, TensorFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class LossComputed(Event):
    """A loss was computed of `input`, which is the expression at `given`, and `target`."""

    loss: Loss
    input: TensorFacts
    target: TensorFacts
    given: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LossConstructed(Event):
    """A loss was constructed. `outputs` is the argument, in the user's words, that is the output of a network.

    Its class stands at `callee`, `count` is how many arguments it was given, all by their position (None: not so).
    `called` says that what was constructed was called later.
    """

    kind: str
    outputs: str
    callee: Place | None = None
    count: int | None = None
    called: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Broadcasted(Event):
    """A loss or a difference was taken of [N, 1] and [N], which gives [N, N]: each of one with each of the other.

    `call` is the loss or the operation in the user's words, `sizes` are those of the two tensors. The one of [N, 1] is
    the expression at `column`.
    """

    call: str
    sizes: tuple[tuple[str, ...], tuple[str, ...]]
    differentiated: bool
    column: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholded(Event):
    """Raw scores of a network that is trained with a logit loss, `trained_by`, were compared or rounded.

    `threshold` is what they were compared with, None when they were rounded. They are the expression at `scores`; at
    `bound` the number stands, if it is written there.
    """

    call: str
    input: TensorFacts
    threshold: float | None
    trained_by: str
    scores: Place | None = None
    bound: Place | None = None
