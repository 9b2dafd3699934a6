"""What happens to the shape of tensors."""

from __future__ import annotations

from dataclasses import dataclass

from nnlint.events.base import Event
from nnlint.finding import Step
from nnlint.source import Place
from nnlint.values import Layer


@dataclass(frozen=True, slots=True, kw_only=True)
class Reshaped(Event):
    """A `view` or `reshape` read a tensor's memory with other sizes.

    `moved` holds the sizes that are in another order than before (() when the elements keep their places or it is not
    known); `heads` is true when they are the heads of an attention, split or merged, `image` when an image's channels
    changed places with its height and width.
    """

    call: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    moved: tuple[str, ...]
    heads: bool
    image: bool = False
    trail: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceRead(Event):
    """A recurrent or attention layer went over a batch of sequences.

    It takes the first dimension of its input for the batch when `batch_first`, else the second. `batch` is the one that
    is (0 or 1; None: not known); `time` the one that the program takes for time in what the layer returned, by
    `reading` it at `read`.
    """

    layer: Layer
    batch_first: bool
    batch: int | None
    time: int | None
    read: Place | None = None
    reading: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternApplied(Event):
    """A function of einops was called with a known pattern; `problem` says what is wrong with it, if anything."""

    function: str
    pattern: str
    problem: str
