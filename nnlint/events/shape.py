"""What happens to the shape of tensors."""

from __future__ import annotations

from dataclasses import dataclass

from nnlint.events.base import Event
from nnlint.finding import Step
from nnlint.source import Place
from nnlint.values import Layer, Rearrangement


@dataclass(frozen=True, slots=True, kw_only=True)
class Reshaped(Event):
    """A `view` or `reshape` read a tensor's memory with other sizes.

    `moved` holds the sizes that are in another order than before (() when the elements keep their places or it is not
    known); `heads` is true when they are the heads of an attention, split or merged, `image` when an image's channels
    changed places with its height and width. `meant` is what should stand there, as far as it is known.
    """

    call: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    moved: tuple[str, ...]
    heads: bool
    image: bool = False
    trail: tuple[Step, ...] = ()
    meant: Rearrangement | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceRead(Event):
    """A recurrent or attention layer went over a batch of sequences.

    It takes the first dimension of its input for the batch when `batch_first`, else the second. `batch` is the one that
    is (0 or 1; None: not known); `time` the one that the program takes for time in what the layer returned, by
    `reading` it at `read`. `ordered` is the constructor that the layer has its `batch_first` from; what is read is the
    expression at `returned`, where one step of it is taken.
    """

    layer: Layer
    batch_first: bool
    batch: int | None
    time: int | None
    read: Place | None = None
    reading: str = ""
    ordered: Place | None = None
    returned: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskUsed(Event):
    """Attention was given a mask as its `parameter`, which keeps what the mask is true for, or leaves it out.

    `mask` are the words that made it, at `made`; `real` says that it is true for real steps, and not for the padding.
    It is given by the expression at `given`, or by the comparison of two others, `compared`; `true_or_false` says that
    it holds nothing else.
    """

    mask: str
    parameter: str
    real: bool
    keeps: bool
    made: Place | None
    given: Place | None = None
    compared: tuple[Place, str, Place] | None = None
    true_or_false: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TokensScored(Event):
    """The scores that a network gave at each position were compared with tokens of the same sequences.

    `call` is the loss; the tokens are those that stand so many positions `ahead`; the network read the sequences at
    `read`. `peeks` are the calls, with their places, that showed it the tokens behind each position.
    """

    call: str
    ahead: int
    read: Place
    peeks: tuple[tuple[str, Place], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplesReduced(Event):
    """Scores of [samples, classes] were reduced over the samples, and the result was used as if over the classes.

    It met `labels`, of which there is one a sample, or (that is "") what should be one number a sample was averaged.
    `sizes` are those of the scores, `used` is where that happened. The dimension is the expression at `dim`.
    """

    call: str
    sizes: tuple[str, ...]
    labels: str
    used: Place
    dim: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternApplied(Event):
    """A function of einops was called with a known pattern; `problem` says what is wrong with it, if anything."""

    function: str
    pattern: str
    problem: str
