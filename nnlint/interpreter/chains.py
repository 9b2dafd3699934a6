"""Layers in a row: what a tensor went through since the last linear map or convolution that made it.

Kept beside the tensors, by their numbers: a tensor that two paths join, or that anything else is done to, has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from nnlint.events import ActivationsChained, LayersChained
from nnlint.interpreter import building
from nnlint.interpreter.objects import ClassValue, Frame, Instance, Mapping, Sequence, Tensor, Union, Unknown, Value
from nnlint.reading import script as ir
from nnlint.source import Place
from nnlint.values import Layer

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

ACTIVATIONS = frozenset({"activation", "relu", "sigmoid", "logsigmoid"})
LINEAR = frozenset({"linear", "conv", "conv_transpose"})
_NOTHING_ADDED = frozenset({"identity", "dropout", "flatten", "channel_norm"})
_CARRIED = ACTIVATIONS | _NOTHING_ADDED | {"pool", "adaptive_pool", "norm", "view"}
_BY_DESIGN = re.compile(r"att(?:n|ention)|lora|adapter|factor|low_?rank|embed|quant|patch|bottleneck|latent|proj", re.I)


@dataclass(frozen=True, slots=True)
class Link:
    """One operation of a chain."""

    operation: str
    words: str
    layer: Layer | None  # that the operation is, where it is one
    owner: Instance | None  # the module in whose `forward` it ran


@dataclass(frozen=True, slots=True)
class Chain:
    """The linear map or convolution that made a tensor, and what the tensor went through since."""

    layer: Instance | None = None
    owner: Instance | None = None
    links: tuple[Link, ...] = ()

    @property
    def is_linear(self) -> bool:
        return all(link.operation in _NOTHING_ADDED for link in self.links)


@dataclass(slots=True)
class Chains:
    """The chains of one root, and what followed each layer."""

    of: dict[int, Chain] = field(default_factory=dict)  # by the number of the tensor
    aside: set[Instance] = field(default_factory=set)  # layers whose output something else uses as well
    followers: dict[Instance, set[Instance]] = field(default_factory=dict)
    feeders: dict[Instance, set[Instance | None]] = field(default_factory=dict)
    pairs: dict[tuple[Instance, Instance], LayersChained] = field(default_factory=dict)

    def get(self, value: Value | None) -> Chain | None:
        return self.of.get(value.serial) if isinstance(value, Tensor) else None

    def events(self) -> Iterator[LayersChained]:
        """The pairs of layers that stand in a row whenever they run, and of which nothing else uses the first."""
        for (first, second), event in self.pairs.items():
            alone = first not in self.aside and len(self.followers[first]) == 1
            if alone and self.feeders[second] == {first}:
                yield event


def used_aside(run: Interpreter, value: Value, depth: int = 0) -> None:
    """A value is used for something else than to be the input of the next layer."""
    match value:
        case Tensor():
            chain = run.chains.get(value)
            if chain is not None and chain.layer is not None:
                run.chains.aside.add(chain.layer)
        case Sequence() if depth < 2:
            for item in value.items:
                used_aside(run, item, depth + 1)
        case Mapping() if depth < 2:
            for item in value.items.values():
                used_aside(run, item, depth + 1)
        case Union() if depth < 2:
            for item in value.alternatives:
                used_aside(run, item, depth + 1)


def applied(
    run: Interpreter, tensor: Tensor, result: Tensor, operation: str, words: str, node: ir.Node | None, frame: Frame
) -> None:
    """An operation made `result` of `tensor`."""
    if operation in LINEAR:
        return
    if operation not in _CARRIED:
        used_aside(run, tensor)
        return
    before = run.chains.get(tensor) or Chain()
    top = run.module_stack[-1] if run.module_stack else None
    is_layer = top is not None and not isinstance(top.cls, ClassValue)
    owner = _owner(run)
    made = building.layer_of(top, top.made) if is_layer and top is not None and top.made is not None else None
    link = Link(operation, words, made, owner)
    previous = next((each for each in reversed(before.links) if each.operation != "identity"), None)
    if operation in ACTIVATIONS and previous is not None and previous.operation in ACTIVATIONS and node is not None:
        run.emit(
            ActivationsChained(
                place=made.made if made is not None else run.place(frame, node),
                first=_kind(previous),
                second=_kind(link),
                first_made=previous.layer.made if previous.layer is not None else None,
                same_module=previous.owner is owner,
            )
        )
    run.chains.of[result.serial] = replace(before, links=(*before.links[-6:], link))


def _kind(link: Link) -> str:
    return link.layer.kind if link.layer is not None else link.words


def _owner(run: Interpreter) -> Instance | None:
    return next((each for each in reversed(run.module_stack) if isinstance(each.cls, ClassValue)), None)


def layer_ran(run: Interpreter, layer: Instance, value: Value, result: Value, place: Place | None) -> None:
    """A linear map or a convolution ran on `value`."""
    chains = run.chains
    before = chains.get(value)
    first = before.layer if before is not None else None
    owner = _owner(run)
    chains.feeders.setdefault(layer, set()).add(first if before is not None and before.is_linear else None)
    if before is not None and first is not None and place is not None:
        chains.followers.setdefault(first, set()).add(layer)
        if layer.made is not None and first.made is not None and (first, layer) not in chains.pairs:
            chains.pairs[first, layer] = LayersChained(
                place=place,
                first=building.layer_of(first, first.made),
                second=building.layer_of(layer, layer.made),
                linear=before.is_linear and not run.conditions,
                narrow=_is_narrow(run, first, layer),
                by_design=_is_by_design(first, before.owner) or _is_by_design(layer, owner),
                first_constant=_constant(first),
                second_constant=_constant(layer),
            )
    if isinstance(result, Tensor):
        chains.of[result.serial] = Chain(layer, owner)


FILLED = "<filled with>"  # where all weights of a layer were set to one number


def _constant(layer: Instance) -> Place | None:
    place = layer.fields.get(FILLED)
    return place if isinstance(place, Place) else None


def _is_by_design(layer: Instance, owner: Instance | None) -> bool:
    """Whether names say that a linear map is meant to stand alone, or its kernel and groups do."""
    names = (layer.name, owner.class_name if owner is not None else "")
    if any(_BY_DESIGN.search(name) for name in names):
        return True
    if "kernel_size" not in layer.arguments:
        return False
    kernel, groups = layer.arguments["kernel_size"], layer.arguments.get("groups")
    return _number(kernel) in (None, 1) or _number(groups) != 1


def _is_narrow(run: Interpreter, first: Instance, second: Instance) -> bool:
    """Whether there are, or may be, fewer channels between two layers than around them."""
    sizes = [
        _width(run, first, "in_features", "in_channels"),
        _width(run, first, "out_features", "out_channels"),
        _width(run, second, "out_features", "out_channels"),
    ]
    around, between = (sizes[0], sizes[2]), sizes[1]
    return not any(_is_at_least(between, each) for each in around)


def _is_at_least(one: object, other: object) -> bool:
    if isinstance(one, int) and isinstance(other, int):
        return one >= other
    return one is not None and one == other


def _width(run: Interpreter, layer: Instance, *names: str) -> object:
    value = next((layer.arguments[name] for name in names if name in layer.arguments), Unknown())
    number = _number(value)
    if number is not None:
        return number
    size = run.sizes.as_size(value)
    return run.sizes.resolved(size) if size is not None else None


def _number(value: Value | None) -> int | None:
    from nnlint.interpreter.objects import Const, SizeValue

    match value:
        case Const(value=int(number)):
            return number
        case SizeValue(number=number):
            return number
        case Sequence() if value.items and all(_number(item) == _number(value.items[0]) for item in value.items):
            return _number(value.items[0])
    return None
