"""Weights that are filled with one number, and weights that are drawn at random after they were loaded."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field

import torch
from torch import nn

from nnlint.events import WeightsFilled, WeightsInitialized
from nnlint.probe.makers import ACTIVATIONS, LINEAR, POOLS, Layers, first_tensor
from nnlint.probe.observers.base import Observer
from nnlint.probe.places import called
from nnlint.probe.run import Call, Pass, Run
from nnlint.source import Place

STEPS = 2  # that the units must stay alike over
ALIKE = 1e-5
"""Largest difference between rows, relative to the largest element, that is rounding in single precision."""
_FILLS = frozenset({"torch.Tensor.fill_", "torch.Tensor.zero_", "torch.nn.init.constant_"})
_DRAWS = frozenset(
    [
        "torch.Tensor.normal_",
        "torch.Tensor.uniform_",
        *(f"torch.nn.init.{name}_" for name in ("normal", "uniform", "trunc_normal", "orthogonal", "sparse")),
        *(f"torch.nn.init.{family}_{name}_" for family in ("kaiming", "xavier") for name in ("normal", "uniform")),
    ]
)
_BETWEEN = (*ACTIVATIONS, *POOLS, "NativeBatchNorm", "CudnnBatchNorm", "NativeLayerNorm")


@dataclass(slots=True, eq=False)
class _Pair:
    """Two layers, one behind the other, filled at these places; how many steps the units between were alike."""

    first: weakref.ref[nn.Module]
    second: weakref.ref[nn.Module]
    filled: tuple[Place, Place]
    steps: int = 0
    over: bool = False


@dataclass(slots=True, eq=False)
class _Load:
    """The layers that a load filled, by the addresses of their weights."""

    place: Place
    weights: dict[int, tuple[str, weakref.ref[torch.Tensor]]]
    drawn: dict[int, tuple[Place, Place]] = field(default_factory=dict)  # where, and by which call


class Initializing(Observer):
    """Follows the storage of weights: the same one is filled, loaded, drawn and learned."""

    decides = ("NN508", "NN509")
    operations = _FILLS | _DRAWS

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._layers = Layers()
        self._filled: dict[int, Place] = {}  # by the address of the weight
        self._pairs: dict[tuple[int, int], _Pair] = {}
        self._loads: list[_Load] = []

    def called(self, call: Call) -> None:
        tensor = call.args[0] if call.args else call.kwargs.get("tensor")
        if not isinstance(tensor, torch.Tensor) or tensor.dim() < 2 or not tensor.numel() or tensor.is_sparse:
            return
        address = _address(tensor)
        if not address:
            return
        if call.name in _FILLS:
            if call.place is not None:
                self._filled[address] = call.place
            return
        self._filled.pop(address, None)
        for load in self._loads:
            known = load.weights[address][1]() if address in load.weights else None
            if known is not None and _address(known) == address and call.place is not None:
                load.drawn[address] = (self._outer(call.place), call.place)

    def weights_loaded(self, module: nn.Module) -> None:
        place = self.run.places.here()
        kinds = (*LINEAR, nn.Embedding)
        weights = {
            _address(each.weight): (name, weakref.ref(each.weight))
            for name, each in module.named_modules()
            if isinstance(each, kinds) and isinstance(each.weight, torch.Tensor)
        }
        for address in weights:
            self._filled.pop(address, None)
        if place is not None and weights:
            self._loads.append(_Load(place, weights))

    def entering(self, visit: Pass) -> None:
        if not visit.depth and self._loads:
            self._ran()

    def left(self, visit: Pass) -> None:
        module = visit.module
        if not self._filled or not isinstance(module, LINEAR):
            return
        self._layers.ran(module)
        taken, filled = first_tensor(visit.args), self._filled.get(_address(module.weight))
        if taken is None or filled is None:
            return
        first = self._layers.maker(taken, _BETWEEN)
        before = self._filled.get(_address(first.weight)) if first is not None else None
        if first is not None and before is not None and len(first.weight) > 1:  # type: ignore[arg-type]
            pair = _Pair(weakref.ref(first), weakref.ref(module), (before, filled))
            self._pairs.setdefault((id(first), id(module)), pair)

    def stepping(self, optimizer: torch.optim.Optimizer) -> None:
        for pair in self._pairs.values():
            first, second = pair.first(), pair.second()
            if pair.over or first is None or second is None or first.weight.grad is None:
                continue
            parts = (first.weight, first.weight.grad, first.bias)
            alike = all(_alike(each) for each in parts if isinstance(each, torch.Tensor))
            pair.steps += alike
            pair.over = not alike or pair.steps >= STEPS
            if alike and pair.over:
                event = WeightsFilled(
                    place=pair.filled[0],
                    layer=self.run.book.called(first),
                    following=self.run.book.called(second),
                    following_place=pair.filled[1],
                )
                measured = f"the {len(first.weight)} rows of its gradient were equal in {STEPS} steps"  # type: ignore[arg-type]
                self.run.saw(event, measured)

    def ended(self) -> None:
        self._ran()

    def _ran(self) -> None:
        """A network runs: what was drawn by now is what was lost of the loads."""
        loads, self._loads = self._loads, []
        for load in loads:
            names = [name for name, _ in load.weights.values()]
            lost = [load.weights[address][0] for address in load.drawn]
            is_head = len(names) > 1 and lost == names[-1:]
            if is_head or 2 * len(lost) < len(names):
                continue
            for address, (place, by) in load.drawn.items():
                event = WeightsInitialized(
                    place=place,
                    layer=load.weights[address][0],
                    call=called(place),
                    drawn=by,
                    loaded=load.place,
                    source=called(load.place),
                )
                measured = (
                    f"{len(lost)} of the {len(names)} weights that were loaded were drawn at random before they ran"
                )
                self.run.saw(event, measured)

    def _outer(self, by: Place) -> Place:
        """The call of `apply` that draws, if one does."""
        for place in self.run.places.stack():
            if called(place).endswith(".apply"):
                return place
        return by


def _address(weight: object) -> int:
    """Where the numbers of a weight lie; 0 if it has none."""
    try:
        return weight.data_ptr() if isinstance(weight, torch.Tensor) else 0
    except (RuntimeError, NotImplementedError, ValueError):  # a tensor without storage
        return 0


def _alike(tensor: torch.Tensor) -> bool:
    """Whether all rows are the same."""
    rows = tensor.detach()
    return bool((rows - rows[:1]).abs().max() <= ALIKE * rows.abs().max())
