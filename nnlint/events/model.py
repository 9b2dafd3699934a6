"""What networks are made of, as it shows when they are built and when they run."""

from __future__ import annotations

from dataclasses import dataclass

from nnlint.events.base import Event
from nnlint.source import Place
from nnlint.values import Layer


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRan(Event):
    """A normalization ran. `fed_by` is the layer with a bias whose output, used for nothing else, it normalized."""

    layer: Layer
    fed_by: Layer | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildAssigned(Event):
    """A layer or parameter was assigned to an attribute of a module.

    `initialized` says that `nn.Module.__init__` had run by then (None: not known).
    """

    module: str
    attribute: str
    initialized: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModulesKept(Event):
    """A module keeps layers that have weights in an attribute that is a plain list, tuple, set or dict.

    `layer` is the first of them; `registered` says that one of them is registered in another way, or may be.
    """

    module: str
    attribute: str
    container: str
    layer: Layer
    registered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerReused(Event):
    """A layer ran on what had been made of its own output in the same forward pass.

    `repeated` is where a list got the same layer several times, if it is the element of one. `feeders` name what its
    inputs were made by, where that is known. `said` holds that a name speaks of sharing.
    """

    layer: Layer
    called: str
    repeated: Place | None
    feeders: tuple[str, ...]
    is_norm: bool
    said: bool


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
    the module computes with it and nothing moves it.
    """

    module: str
    attribute: str
    was_parameter: bool
    learns: bool
    computes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LayersChained(Event):
    """Two linear maps, or convolutions, follow each other; nothing else uses the output of the first.

    `linear` says that nothing between adds a nonlinearity, `narrow` that there are, or may be, fewer channels between
    them than around them, `by_design` that names, kernels or groups speak of a product of maps. `first_constant` and
    `second_constant` are where all weights of the layer were set to one number.
    """

    first: Layer
    second: Layer
    linear: bool
    narrow: bool
    by_design: bool
    first_constant: Place | None
    second_constant: Place | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationsChained(Event):
    """An activation got the output of another; `same_module` says that one `forward` runs both."""

    first: str
    second: str
    first_made: Place | None
    same_module: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsInitialized(Event):
    """The weights of a layer were drawn at random. `loaded` is where weights were loaded that this overwrites."""

    layer: str
    call: str
    loaded: Place | None
