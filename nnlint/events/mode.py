"""Networks run, in a mode, for a purpose."""

from __future__ import annotations

from dataclasses import dataclass

from nnlint.changes import Slot
from nnlint.events.base import Event
from nnlint.finding import Step
from nnlint.source import Place
from nnlint.values import Lapse, Layer, ModeMiss, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleCalled(Event):
    """A module was called from outside of any module: a forward pass of the whole network.

    `training` is its mode (None: not known), `mode_set` where that was last set; `left_in_evaluation` says that an
    evaluation switched to evaluation mode there and that, on some path at least, nothing switched back. `mode_layers`
    names the layers in it that behave differently in the two modes: () when there are none, None when it is not known
    whether there are. `is_known` says that what it does when it is called is known, as far as it is the user's own.
    Of one that evaluates: `evaluates` is a function that does only that, `stretch` the loop or statement that does;
    at `switch` its mode can be set for the evaluation, and is to be put back at `restore`. None: not known.
    """

    module: str
    role: Role
    role_evidence: str
    training: bool | None
    mode_set: Place | None
    left_in_evaluation: bool
    mode_layers: tuple[str, ...] | None
    gradients_enabled: bool | None
    lapse: Lapse = Lapse.FORGOTTEN  # of one that evaluates in training mode
    lapse_place: Place | None = None
    lapse_of: str = ""  # the network that something was done to
    trail: tuple[Step, ...] = ()
    evaluates: Place | None = None
    stretch: Place | None = None
    switch: Slot | None = None
    restore: tuple[Slot, ...] | None = None
    is_known: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeMissed(Event):
    """A statement, or an override of `train`, that is meant to set a mode did not: `call` is the user's text of it.

    A `statement` that assigns is meant to put the network at `owner` in the mode `training`. `last` is the last
    statement of an override, whose network goes by the name `receiver`.
    """

    how: ModeMiss
    call: str
    owner: Place | None = None
    statement: Place | None = None
    training: bool | None = None
    last: Place | None = None
    receiver: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropoutRan(Event):
    """Dropout drops in evaluation mode too: nobody asked for the mode of `module`, the network that it is in.

    It is that of a function, of an `attention`, or of a layer that is `built` at each call. `receiver` is what the
    network is called there, `rate` the argument that is the rate of an attention.
    """

    call: str
    module: str
    attention: bool
    built: bool
    receiver: str = ""
    rate: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerBuilt(Event):
    """A layer with parameters is built anew in each forward pass of `module`."""

    layer: Layer
    module: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UngradedPass(Event):
    """A network that an optimizer holds ran without gradients, and a loss of its output was differentiated.

    `whole` says that no network at all had run with gradients since the last `backward`, else no other pass of this
    network ever did.
    """

    module: str
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenNormUpdated(Event):
    """A part of `module` was frozen here, and a training pass at `forward` updates the statistics of its `norm`."""

    norm: str
    module: str
    forward: Place
