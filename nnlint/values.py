"""The nouns of training: what the interpreter infers, and a run measures, of a tensor, a loss, a layer.

Events carry these; rules read them. A field that is not known is None or `UNKNOWN`, and a rule is silent on it.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from nnlint.finding import Step
from nnlint.source import Place


class Scale(enum.Enum):
    """What the numbers of a tensor mean."""

    UNKNOWN = "unknown"
    LOGITS = "raw scores"  # straight from a linear map: any real number
    NONNEGATIVE = "non-negative values"
    PROBABILITIES = "probabilities"  # of a softmax: they sum to 1 over a dimension
    SIGMOID = "sigmoid outputs"  # each in [0, 1], on its own
    LOG_PROBABILITIES = "log-probabilities"
    TANH = "values in [-1, 1]"  # of tanh
    DROPPED = "raw scores with some set to 0"  # of dropout
    CLASS_INDICES = "class indices"


class Form(enum.Enum):
    """How a tensor was computed last, where that says more than its scale."""

    OTHER = "other"
    LOSS = "a loss"
    LEAF = "a tensor that was made anew to get gradients"
    DIFFERENCE = "a difference of two tensors"
    ONE_MINUS = "one minus probabilities"
    WRITTEN_INTO = "a tensor of which parts were replaced"
    EXPONENTIAL = "exponentials"  # of raw values, not shifted by their maximum
    SUM_OF_EXPONENTIALS = "a sum of exponentials"
    LOG_TERM = "log-probabilities with a factor"  # what a cross entropy or an entropy sums over the classes


@dataclass(frozen=True, slots=True)
class Written:
    """How an operation on a tensor is written: as a `method` of it or a function of this `name`, in the `call`.

    `operand` is the expression of the tensor, `arguments` are those of the others, by the operation's names of them
    (those without one by their position: "0", "1", …).
    """

    name: str
    call: Place
    operand: Place
    method: bool
    arguments: tuple[tuple[str, Place], ...] = ()

    def argument(self, name: str) -> Place | None:
        return dict(self.arguments).get(name)


@dataclass(frozen=True, slots=True)
class Maker:
    """What gave a tensor its scale. At `place` it is to be taken out: the call, or a layer's construction in a list.

    `layer` is where the layer is constructed that it is, if it is one; `written` is None then.
    """

    operation: str
    place: Place
    layer: Place | None = None
    written: Written | None = None


@dataclass(frozen=True, slots=True)
class Rearrangement:
    """How a view is written that mixes elements, and the order of the dimensions that was meant.

    `written` are its call and those in its operand, `sizes` the expressions of its sizes (() where they are not
    written one by one). The tensor's dimensions have to be brought in the order `first`; it is `whole` when they have
    the wanted sizes then, and no view is needed. Or the view has to give its sizes in the order `then`, and they are
    brought back.
    """

    written: tuple[Written, ...]
    sizes: tuple[Place, ...]
    first: tuple[int, ...] = ()
    then: tuple[int, ...] = ()
    whole: bool = False


@dataclass(frozen=True, slots=True)
class TensorFacts:
    """What is known of a tensor.

    `made_by` names in the user's words what gave it its scale (`F.softmax(x, dim=1)`); `trail` tells the way from
    there to the event. `guarded` says that it was kept off 0 by an epsilon or a clamp. `maker` is what gave it its
    scale, as far as what it makes can become something else: None where something besides the event needs that as it
    is. `rank` is how many dimensions it has.
    """

    scale: Scale = Scale.UNKNOWN
    made_by: str = ""
    trail: tuple[Step, ...] = ()
    form: Form = Form.OTHER
    guarded: bool = False
    maker: Maker | None = None
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss as it is called: `kind` is torch's name of it, `called` the user's (`criterion`).

    `made` is where it is constructed, None for a function. `fed` are the scales of all that it is given, there and
    elsewhere.
    """

    kind: str
    called: str
    expects: Scale
    reduction: str | None = None  # None: not known
    log_target: bool | None = None  # None: not known
    made: Place | None = None
    fed: frozenset[Scale] = frozenset()

    @property
    def named(self) -> str:
        """For messages: the user's name of it, and torch's where that is another."""
        return named(self.called, self.kind)


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer of a network: `kind` is torch's class (`Conv2d`), `made` where it is constructed."""

    kind: str
    called: str
    made: Place

    @property
    def named(self) -> str:
        """For messages: the user's name of it, and torch's where that is another."""
        return named(self.called, self.kind)


KNOWN_TORCH = tuple((major, minor) for major, minors in ((0, 5), (1, 14), (2, 16)) for minor in range(minors))
"""The versions of torch that there are, as (major, minor); from https://github.com/pytorch/pytorch/releases."""
NEWEST_TORCH = KNOWN_TORCH[-1]


@dataclass(frozen=True, slots=True)
class TorchVersion:
    """The versions of torch that a project declares: from `lowest` to `highest`, both (major, minor)."""

    lowest: tuple[int, int] = NEWEST_TORCH
    highest: tuple[int, int] = NEWEST_TORCH

    def is_before(self, major: int, minor: int) -> bool:
        """Whether every version that the project runs with is older than this one."""
        return self.highest < (major, minor)

    def is_since(self, major: int, minor: int) -> bool:
        """Whether every version that the project runs with is this one or newer."""
        return self.lowest >= (major, minor)


class Gradients(enum.Enum):
    """In what condition an optimizer finds the gradients that it steps on."""

    UNKNOWN = "unknown"
    FRESH = "fresh"  # cleared, then filled by backward
    REUSED = "reused"  # an earlier step consumed them and nothing cleared them before backward added to them
    CLEARED = "cleared"  # filled by backward, then cleared again before this step
    USED = "used"  # a step consumed them, and nothing filled them since
    EARLY = "early"  # not there yet: the loss is, and backward runs only behind this step
    ABSENT = "absent"  # no backward ever filled them


class Cadence(enum.Enum):
    """How often something happens in training."""

    STEP = "each step of the optimizer"
    EPOCH = "each epoch"


class Role(enum.Enum):
    """What a forward pass is for."""

    UNKNOWN = "unknown"
    TRAINING = "training"
    EVALUATION = "evaluation"


class Lapse(enum.Enum):
    """Why a network that is evaluated is in training mode."""

    FORGOTTEN = "nothing switched it"
    MISSED = "what was meant to switch it has no effect"  # `model.eval` without a call
    LOADED = "weights were loaded into it, and nothing switched it"
    TRAIN_CALLED = "the evaluation itself called `train()`"
    OTHER_SWITCHED = "`eval()` was called on another network"


class ModeMiss(enum.Enum):
    """How a statement misses the mode that it is meant to set."""

    NOT_CALLED = "the method is named, not called"
    ASSIGNED = "something is assigned to the method"
    FLAG = "`training` is set on the network and not on its layers"
    MODE_LOST = "an override of `train` does not hand on the mode"
    SELF_LOST = "an override of `train` does not return the network"


class Split(enum.Enum):
    """Which part of the data something is."""

    UNKNOWN = "unknown"
    TRAINING = "training"
    VALIDATION = "validation"
    TEST = "test"


class Outcome(enum.Enum):
    """What is decided by a score."""

    KEPT = "which model is kept"
    STOPPED = "when training ends"
    SCHEDULED = "the learning rate"


def named(called: str, kind: str) -> str:
    """A thing under the user's name, with torch's in brackets where that is another and there is room for both."""
    return f"`{called}`" if kind in called or len(called) + len(kind) > 30 else f"`{called}` ({kind})"
