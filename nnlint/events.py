"""The verbs of training: what happens while a script trains, foretold by the interpreter or seen in a run."""

from __future__ import annotations

from dataclasses import dataclass

from nnlint.finding import Confidence, Step
from nnlint.source import Place
from nnlint.values import Gradients, Layer, Loss, Role, TensorFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happens at a place. `confidence` says what knowing of it leans on."""

    place: Place
    confidence: Confidence = Confidence.CERTAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class LossComputed(Event):
    """A loss was computed of `input` and `target`."""

    loss: Loss
    input: TensorFacts
    target: TensorFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimizerStepped(Event):
    """An optimizer changed its parameters. `backward` is where its gradients were last filled."""

    optimizer: str
    gradients: Gradients
    backward: Place | None = None
    cleared: Place | None = None
    consumed: Place | None = None  # where an earlier step used the gradients that are REUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleCalled(Event):
    """A module was called from outside of any module: a forward pass of the whole network.

    `training` is its mode (None: not known), `mode_set` where that was last set; `left_in_evaluation` says that
    an evaluation
    switched to evaluation mode there and that, on some path at least, nothing switched back.
    `mode_layers` names the layers in it that behave differently in the two modes: () when there are none, None
    when it is not
    known whether there are.
    """

    module: str
    role: Role
    role_evidence: str
    training: bool | None
    mode_set: Place | None
    left_in_evaluation: bool
    mode_layers: tuple[str, ...] | None
    gradients_enabled: bool | None
    trail: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRan(Event):
    """A normalization ran. `fed_by` is the layer with a bias whose output, used for nothing else, it normalized."""

    layer: Layer
    fed_by: Layer | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reshaped(Event):
    """A `view` or `reshape` read a tensor's memory with other sizes.

    `moved` holds the sizes that are in another order than before (() when the elements keep their places or it is not
    known); `heads` is true when they are the heads of an attention, split or merged.
    """

    call: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    moved: tuple[str, ...]
    heads: bool
    trail: tuple[Step, ...] = ()
