"""What networks are made of, as it shows when they are built and when they run."""

from __future__ import annotations

from dataclasses import dataclass

from nnlint.events.base import Event
from nnlint.source import Place
from nnlint.values import Layer


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRan(Event):
    """A normalization ran. `fed_by` is the layer with a bias whose output, used for nothing else, it normalized.

    `bias_used` says that the program works with the bias of such layers itself, `loads` that it loads weights.
    """

    layer: Layer
    fed_by: Layer | None
    bias_used: bool | None = None
    loads: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildAssigned(Event):
    """A layer or parameter was assigned to an attribute of a module.

    `initialized` says that `nn.Module.__init__` had run by then (None: not known). `constructor` is where the function
    is defined that assigns, if one can call `super().__init__()` in it, `late` where it does so.
    """

    module: str
    attribute: str
    initialized: bool | None
    constructor: Place | None = None
    late: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModulesKept(Event):
    """A module keeps layers that have weights in an attribute that is a plain list, tuple, set or dict.

    `layer` is the first of them; `registered` says that one of them is registered in another way, or may be. `value`
    is what is assigned, if a container of torch can hold what is in it.
    """

    module: str
    attribute: str
    container: str
    layer: Layer
    registered: bool
    value: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerReused(Event):
    """A layer ran on what had been made of its own output in the same forward pass.

    `repeated` is where a list got the same layer several times, if it is the element of one. `feeders` name what its
    inputs were made by, where that is known. `said` holds that a name speaks of sharing. `element` is what a list
    gets several times, `count` how often, if by a multiplication; `builds` says that it is a call.
    """

    layer: Layer
    called: str
    repeated: Place | None
    feeders: tuple[str, ...]
    is_norm: bool
    said: bool
    element: Place | None = None
    builds: bool = False
    count: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerAssigned(Event):
    """The constructor of a module built a layer that did not run; `read` says that something may read it."""

    module: str
    attribute: str
    layer: Layer
    read: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorKept(Event):
    """A module keeps a tensor that its constructor made in an attribute that is neither parameter nor buffer.

    `was_parameter` says that it is what became of a parameter, `learns` that it asks for gradients, `computes` that
    the module computes with it and nothing moves it. `value` is what is assigned, by the `statement`.
    """

    module: str
    attribute: str
    was_parameter: bool
    learns: bool
    computes: bool
    value: Place | None = None
    statement: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchNormalized(Event):
    """A batch norm, which is made at the place, ran in training mode on a batch that a network learns from.

    `values` is how many values per channel the smallest of the batches gives it; where that is the last one, which is
    smaller than the others, `items` is how many items the data have. `ran` is where it runs, `loader` where what
    makes the batches is made.
    """

    layer: Layer
    values: int
    items: int | None
    ran: Place | None
    loader: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsInitialized(Event):
    """The weights of a layer were `drawn` at random by a `call`, at a place of its own if that is `apply`.

    They were `loaded` before, by the call `source`, and most of what it loaded is lost so.
    """

    layer: str
    call: str
    drawn: Place
    loaded: Place
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsFilled(Event):
    """The weights of a layer were filled with one number, its bias too, and the weights of the one that follows it."""

    layer: str
    following: str
    following_place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardCalled(Event):
    """The `forward` of a network was called by name, not by a method of its own; `callee` is `owner.forward`.

    `network` is its class, where that is known, `hooked` is where a hook that is passed by was registered.
    """

    called: str
    network: str | None
    hooked: Place | None
    callee: Place | None = None
    owner: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputCompared(Event):
    """A `loss` takes the scores of a layer, made at the place, that has no bias, and nothing gives them an offset."""

    layer: str
    loss: str
    loss_place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class LayersChained(Event):
    """A linear layer, made at the place, takes what another one made as it is, and nothing else does.

    Or (`cut`) a sigmoid or tanh takes what a ReLU made, whose negative half is gone.
    """

    first: str
    second: str
    first_made: Place | None
    cut: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationsStacked(Event):
    """A tensor went through a `number` of sigmoids and tanhs, each of what a linear layer made, the first one here.

    No norm and no other path stands between them, and the program does not draw the weights by the sizes of the layers.
    """

    activation: str
    number: int
