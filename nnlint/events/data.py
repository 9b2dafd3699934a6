"""What happens to data on their way to a network, and what numbers a training is made with."""

from __future__ import annotations

from dataclasses import dataclass

from nnlint.events.base import Event
from nnlint.finding import Step
from nnlint.source import Place
from nnlint.values import Outcome, Role, Split


@dataclass(frozen=True, slots=True, kw_only=True)
class HyperparameterGiven(Event):
    """A constant was given to what trains or regularizes: `name` of `kind` (`lr` of `Adam`).

    `option` is where it stands as the default of an option (`--lr`, which is `option_name`) or of a parameter.
    `replaced` says that a learning rate is set to other values while training goes on, or may be; `trains_network` that
    what an optimizer holds are the parameters of networks, and `layers` how many with parameters these have, if known.
    """

    kind: str
    name: str
    value: object  # a number, or a tuple of numbers
    option: Place | None
    option_name: str
    replaced: bool
    trains_network: bool
    layers: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoaderMade(Event):
    """A data loader was made; what it is used for is known at the end.

    `shuffles` is None where that is not known, or where a sampler decides. `indexed` says that its items could be
    read in another order: they are read by index, and neither were they put in one at random nor are they one batch.
    `trains` says that a network was trained with it, at `trained`; `carries_state` that what the network returned for
    one batch went into it with the next. `shared`: the same call makes other loaders too, which do not train.
    `order_said`: it was made with `shuffle=False`; None where that is given by an expression.
    """

    loader: str
    shuffles: bool | None
    indexed: bool
    trains: bool
    trained: Place | None
    carries_state: bool
    role: Role  # what its name, or how its data were made, says that it is for
    shared: bool | None = None
    order_said: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreDecided(Event):
    """While a network is trained, a score on one split of the data decided something.

    `data` is what it was taken on.
    """

    score: str
    data: str
    split: Split
    outcome: Outcome
    trail: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecurrentNetTrained(Event):
    """An optimizer stepped on the parameters of a recurrent layer; `bounded` says that something clips gradients."""

    optimizer: str
    layer: str
    layer_name: str
    layer_made: Place | None
    bounded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DataEvaluated(Event):
    """A network was evaluated on data; the place is that of the dataset, or where it was split off another.

    `random_transforms` are those that its items go through.
    """

    data: str
    role: Role
    split: Split
    random_transforms: tuple[str, ...]
    trail: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InputsNormalized(Event):
    """A transform normalizes images by `mean` and `std`, None where these are not known.

    `times` is how often they have been normalized with it, `scaled` says that their values were brought to [0, 1]
    before, `scaled_later` that they are so behind it. `trained_with` are the mean and deviation of the training, if
    these are other ones, and `trained_place` is where they stand.
    """

    mean: tuple[float, ...] | None
    std: tuple[float, ...] | None
    times: int
    scaled: bool
    scaled_later: bool
    trained_with: str
    trained_place: Place | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageMoved(Event):
    """A dataset moves what is in an image at random, by `transform`, and not `target`, which it gives with the image.

    `anew` says that the target is moved as well, by a draw of its own. `sides` are two classes that are each other's
    mirror image, where the target is a class that a flip changes.
    """

    transform: str
    target: str
    anew: bool
    sides: tuple[str, str] | None
    trail: tuple[Step, ...] = ()
