"""What happens in the loop: to gradients, optimizers, schedulers."""

from __future__ import annotations

from dataclasses import dataclass

from nnlint.changes import Slot
from nnlint.events.base import Event
from nnlint.source import Place
from nnlint.values import Cadence, Gradients


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimizerStepped(Event):
    """An optimizer changed its parameters. `backward` is where its gradients were last filled.

    Where they are EARLY, `backward` is the one that comes too late. At `clear` those that are REUSED can be cleared;
    `together` says that the step and what it is told with stand in one pass of a loop, under no condition of their own.
    """

    optimizer: str
    gradients: Gradients
    backward: Place | None = None
    cleared: Place | None = None
    consumed: Place | None = None  # where an earlier step used the gradients that are REUSED
    forward: Place | None = None  # of gradients that are ABSENT: the forward pass whose loss was not differentiated
    clear: Slot | None = None
    together: bool | None = None


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
    `optimizer_step` is the step of the optimizer that it belongs behind, `loop` the innermost that it is stepped in.
    """

    scheduler: str
    kind: str
    made: Place
    before_optimizer: bool
    cadence: Cadence | None
    counts: Cadence | None
    optimizer_step: Place | None = None
    loop: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackwardRan(Event):
    """A loss was differentiated.

    `stepped` is false when no step of the optimizer ever uses the gradients. `accumulated` is where one step uses the
    sum of the gradients of several such losses, each a mean over its own batch and divided by nothing. At `step` a
    step that is missing can be put in, and at `clear` a clearing before the second of `mixed`. `leak` is where the
    optimizer of one network steps on its own gradients and on those that the loss of the adversary left in it, which
    the two backward passes in `mixed` made.
    """

    call: str
    optimizer: str
    stepped: bool = True
    accumulated: Place | None = None
    leak: Place | None = None
    mixed: tuple[Place, ...] = ()
    step: Slot | None = None
    clear: Slot | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GradientsCleared(Event):
    """The gradients of an optimizer were set to zero or None.

    `waiting` is a step that waits for several `backward`, whose gradients are cleared here one by one. `stepped` is one
    that does not wait, where this does.
    """

    optimizer: str
    waiting: Place | None = None
    stepped: Place | None = None
    backward: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimizerBuilt(Event):
    """An optimizer was built of parameters, or (by its `kind`) a scheduler of an optimizer.

    `misses` names a network that the loop trains and no optimizer holds; `attached` is where that took the place of
    what it holds, or came to it, after it was built. `empty` says what it was given instead of parameters. `loop` goes
    over epochs or batches and builds it anew in each pass.
    """

    optimizer: str
    kind: str
    misses: str = ""
    attached: Place | None = None
    empty: str = ""
    loop: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParametersFrozen(Event):
    """A network that is trained was frozen as a whole, with the fresh `module` that was attached to it before."""

    module: str
    attached: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeSet(Event):
    """`target.name` was set, where nothing reads `name` and it all but spells `meant`.

    `needless` says that `meant` has that value as it is, `of_module` that the target is a module. `owner` is where that
    stands, in the `statement` that gives it the `value`; None where these are not known.
    """

    target: str
    name: str
    meant: str
    needless: bool
    owner: Place | None = None
    of_module: bool = False
    value: bool | None = None
    statement: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GradientsClipped(Event):
    """Gradients were clipped by `call`, in the condition in which they were found each time.

    `filled` is the `backward` of the same pass behind which they are to be clipped.
    """

    call: str
    gradients: Gradients
    other: Place | None = None  # where they were cleared, or used
    filled: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphKept(Event):
    """A tensor of the pass that runs joined those of earlier passes in `target`, its graph with it.

    Nothing differentiates what becomes of them. `kind` says what the target is: a sum or a list. `value` is the tensor
    that is added or appended.
    """

    target: str
    kind: str
    value: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphRetained(Event):
    """`backward` left a graph behind that no other one needs before the step.

    `carried` is the forward pass of an earlier step on which this loss still hangs.
    """

    call: str
    carried: Place | None = None
