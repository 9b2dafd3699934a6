"""Linear layers that take what another one made as it is, and activations that take what another one cut.

What a linear layer made may be used for something else as well; then two maps in a row are meant to be two. That is
known of layers with a bias, whose outputs are followed for its sake (`Biased`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nnlint.events import LayersChained
from nnlint.interpreter.objects import (
    Biased,
    ClassValue,
    Const,
    Frame,
    Instance,
    Mapping,
    Sequence,
    SizeValue,
    Tensor,
    Value,
)
from nnlint.reading import script as ir
from nnlint.source import Place

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

_AS_IT_IS = frozenset({"identity", "dropout"})
_SQUASHES = frozenset({"sigmoid", "tanh"})
_ON_PURPOSE = re.compile(
    r"att(?:n|ention)|lora|adapter|factor|low_?rank|embed|quant|patch|bottleneck|latent|proj|linear_?(?:net|model|reg)"
    r"|mixer|deeplin|fast_?text",
    re.IGNORECASE,
)
"""Words in the names of layers and classes that speak of a product of maps, or of one that stands alone."""


@dataclass(frozen=True, slots=True)
class _Made:
    """The layer that made a tensor, the network in whose `forward` it ran, and the branches that led there."""

    layer: Instance
    owner: Instance | None
    conditions: tuple[Place, ...]


@dataclass(slots=True)
class Stacks:
    """The linear layers and activations of one root, as they follow each other."""

    _made: dict[int, _Made] = field(default_factory=dict)  # by the number of the output
    _dropped: dict[int, Instance] = field(default_factory=dict)  # of which some are dropped: it has no bias any more
    _cut: dict[int, tuple[str, Instance | None]] = field(default_factory=dict)  # by the number of what ReLU made
    _uses: Counter[Instance] = field(default_factory=Counter)
    _chained: Counter[Instance] = field(default_factory=Counter)
    _pairs: dict[tuple[Instance, Instance], LayersChained | None] = field(default_factory=dict)
    _activations: dict[Place, LayersChained] = field(default_factory=dict)

    def consumed(self, biased: Biased) -> None:
        self._uses[biased.layer] += 1

    def used(self, value: Value) -> None:
        if isinstance(value, Tensor) and value.serial in self._dropped:
            self._uses[self._dropped[value.serial]] += 1

    def kept(self, value: Value) -> None:
        """A value went out in company: returned beside others, or joined with them."""
        items = value.items if isinstance(value, (Sequence, Mapping)) else ()
        for item in items.values() if isinstance(items, dict) else items:
            self.stored(item)

    def stored(self, value: Value) -> None:
        """Something else may read a value from now on."""
        if isinstance(value, Tensor) and value.biased is not None:
            self.consumed(value.biased)
        self.used(value)

    def carried(
        self,
        run: Interpreter,
        operation: str,
        words: str,
        tensor: Tensor,
        result: Tensor,
        node: ir.Node | None,
        frame: Frame,
    ) -> None:
        """An operation made `result` of `tensor`."""
        made = self._made.get(tensor.serial)
        if made is not None and operation in _AS_IT_IS:
            self._made[result.serial] = made
            if result.biased is None:
                self._chained[made.layer] += 1
                self._dropped[result.serial] = made.layer
        if operation == "relu":
            self._cut[result.serial] = words, _owner(run)
        elif operation in _SQUASHES and tensor.serial in self._cut and node is not None:
            first, owner = self._cut[tensor.serial]
            layer = run.module_stack[-1] if run.module_stack else None
            born = layer.made if layer is not None and not isinstance(layer.cls, ClassValue) else None
            place = born or run.place(frame, node)
            if owner is _owner(run):
                second = layer.class_name if born is not None and layer is not None else words
                event = LayersChained(place=place, first=first, second=second, first_made=None, cut=True)
                self._activations.setdefault(place, event)

    def layer_ran(self, run: Interpreter, layer: Instance, value: Value, result: Value) -> None:
        """A linear map or a convolution made `result` of `value`."""
        now = _Made(layer, _owner(run), tuple(run.conditions))
        before = self._made.get(value.serial) if isinstance(value, Tensor) else None
        if before is not None:
            first = before.layer
            self._chained[first] += 1
            together = (before.owner, before.conditions) == (now.owner, now.conditions)
            meant = _is_on_purpose(first, layer, now.owner)
            once = first is not layer  # a loop over layers that are not known one by one gives each to all
            self._pairs[first, layer] = _pair(run, first, layer) if together and once and not meant else None
        if isinstance(result, Tensor) and result.biased is not None and layer.made is not None:
            self._made[result.serial] = now

    def events(self) -> Iterator[LayersChained]:
        followers = Counter(first for first, _ in self._pairs)
        feeders = Counter(second for _, second in self._pairs)
        for (first, second), event in self._pairs.items():
            alone = followers[first] == 1 and feeders[second] == 1 and self._uses[first] == self._chained[first]
            if event is not None and alone:
                yield event
        yield from self._activations.values()


def _owner(run: Interpreter) -> Instance | None:
    """The network of the user's in whose `forward` something runs."""
    return next((each for each in reversed(run.module_stack) if isinstance(each.cls, ClassValue)), None)


def _is_on_purpose(first: Instance, second: Instance, owner: Instance | None) -> bool:
    names = (first.name, second.name, owner.class_name if owner is not None else "", owner.name if owner else "")
    return any(_ON_PURPOSE.search(name) for name in names)


def _pair(run: Interpreter, first: Instance, second: Instance) -> LayersChained | None:
    if first.made is None or second.made is None or first.class_name != second.class_name:
        return None
    if "kernel_size" in first.arguments and not all(_is_full(each) for each in (first, second)):
        return None
    before, between, after = (
        _width(run, first, "in_features", "in_channels"),
        _width(run, first, "out_features", "out_channels"),
        _width(run, second, "out_features", "out_channels"),
    )
    if None in (before, between, after) or _is_narrow(between, before, after):
        return None
    return LayersChained(place=second.made, first=_name(first), second=_name(second), first_made=first.made, cut=False)


def _name(layer: Instance) -> str:
    return layer.name or layer.class_name


def _is_narrow(between: object, before: object, after: object) -> bool:
    """Whether there are, or may be, fewer channels between two layers than on both sides of them."""
    return not any(
        between == side or (isinstance(between, int) and isinstance(side, int) and between >= side)
        for side in (before, after)
    )


def _is_full(layer: Instance) -> bool:
    """Whether a convolution sees neighbours and all channels: no pointwise, separable, strip or transposed one."""
    kernel, groups = _number(layer.arguments.get("kernel_size")), layer.arguments.get("groups", Const(1))
    return kernel is not None and kernel > 1 and groups == Const(1) and "Transpose" not in layer.class_name


def _width(run: Interpreter, layer: Instance, *names: str) -> object:
    value = next((layer.arguments[name] for name in names if name in layer.arguments), None)
    number = _number(value)
    if number is not None or value is None:
        return number
    size = run.sizes.as_size(value)
    return run.sizes.resolved(size) if size is not None else None


def _number(value: Value | None) -> int | None:
    match value:
        case Const(value=int(number)):
            return number
        case SizeValue(number=number):
            return number
        case Sequence() if value.items and len({_number(item) for item in value.items}) == 1:
            return _number(value.items[0])
    return None
