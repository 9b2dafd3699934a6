"""What goes through the layers and into the parameters during the first steps of the script itself."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from nnlint.probe.observers.base import Observer
from nnlint.probe.places import words
from nnlint.probe.recipe.capture import tensors
from nnlint.probe.run import Backward, Call, Pass, Run

STEPS = 8  # whose updates are measured; more tell nothing new
BINS = 48
MOST_LAYERS = 400


@dataclass(slots=True)
class LayerNumbers:
    """Of what a layer returned in training passes: sums over the batches that were seen."""

    name: str
    kind: str
    mean: float = 0.0
    std: float = 0.0
    batches: int = 0
    alive: torch.Tensor | None = None  # per unit: whether it was ever above zero
    histogram: list[float] = field(default_factory=list)  # of the first batch
    edges: tuple[float, float] = (0.0, 0.0)


@dataclass(slots=True)
class ParameterNumbers:
    name: str
    ratios: list[float] = field(default_factory=list)  # size of the update, relative to the weights, per step
    gradients: list[float] = field(default_factory=list)  # norms
    changed: bool = False
    frozen: bool = False
    steps: int = 0  # in which an optimizer held it, with a learning rate
    size: int = 0


class Statistics(Observer):
    """Layers' outputs, parameters' gradients and updates, and the first number that is not finite."""

    operations = frozenset({"*"})

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self.layers: dict[int, LayerNumbers] = {}
        self.parameters: dict[int, ParameterNumbers] = {}
        self.losses: list[float] = []
        self.not_finite = ""  # where the first one came from
        self._holds: dict[int, nn.Module] = {}  # keeps ids of modules from being reused
        self._named: set[int] = set()
        self._before: dict[int, torch.Tensor] = {}

    def entering(self, visit: Pass) -> None:
        if visit.depth == 0 and id(visit.module) not in self._named:
            self._name(visit.module)

    def left(self, visit: Pass) -> None:
        module, output = visit.module, visit.output
        numbers = self.layers.get(id(module))
        if numbers is None or not visit.training or self.run.step >= STEPS:
            return
        for value in tensors(output)[:1]:
            if value.is_floating_point() and value.dim() and value.numel() and value.layout == torch.strided:
                _measure(numbers, value.detach(), isinstance(module, _RECTIFIERS))

    def called(self, call: Call) -> None:
        if self.not_finite or not isinstance(call.result, torch.Tensor) or not call.result.is_floating_point():
            return
        if call.result.layout == torch.strided and not _is_finite(call.result):
            given = [each for each in call.tensors() if each.is_floating_point()]
            meant = call.operation == "keep" or call.name.rpartition(".")[2] in _FILLING
            if given and all(map(_is_finite, given)) and not meant and call.place is not None:
                span = call.place.span
                self.not_finite = f"{call.place.path}:{span.line if span else 0}: `{words(call.place)}`"

    def differentiating(self, backward: Backward) -> None:
        self.losses += [float(root.detach()) for root in backward.roots if root.numel() == 1]

    def stepping(self, optimizer: torch.optim.Optimizer) -> None:
        if self.run.step >= STEPS:
            return
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                numbers = self.parameters.setdefault(id(parameter), ParameterNumbers(""))
                self._before[id(parameter)] = parameter.detach().clone()
                numbers.steps += group.get("lr", 1) != 0
                if parameter.grad is not None and parameter.grad.layout == torch.strided:
                    numbers.gradients.append(float(parameter.grad.norm()))

    def stepped(self, optimizer: torch.optim.Optimizer) -> None:
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                before = self._before.pop(id(parameter), None)
                if before is None or before.shape != parameter.shape:
                    continue
                numbers, weight = self.parameters[id(parameter)], float(before.norm())
                update = float((parameter.detach() - before).norm())
                numbers.changed |= update > 0
                if weight > 0 and parameter.dim() > 1 and math.isfinite(update):
                    numbers.ratios.append(update / weight)

    def _name(self, network: nn.Module) -> None:
        """The leaf layers and parameters of a network get their names."""
        self._named.add(id(network))
        self._holds[id(network)] = network
        kind = type(network).__name__
        for name, module in network.named_modules():
            if not any(True for _ in module.children()) and len(self.layers) < MOST_LAYERS:
                self.layers.setdefault(id(module), LayerNumbers(name or kind, type(module).__name__))
        for name, parameter in network.named_parameters():
            numbers = self.parameters.setdefault(id(parameter), ParameterNumbers(name))
            numbers.name = numbers.name or name
            numbers.frozen, numbers.size = not parameter.requires_grad, parameter.numel()


_RECTIFIERS = (nn.ReLU, nn.ReLU6)
_FILLING = frozenset({"full", "full_like", "new_full", "tensor", "as_tensor", "log", "where", "triu", "masked_fill"})
_FILLING |= frozenset({"masked_fill_", "fill_", "finfo", "__setitem__", "scatter", "scatter_", "empty", "empty_like"})


def _is_finite(value: torch.Tensor) -> bool:
    return value.layout != torch.strided or bool(torch.isfinite(value).all())


def _measure(numbers: LayerNumbers, value: torch.Tensor, rectifies: bool) -> None:
    flat: Any = value.float()
    numbers.mean += float(flat.mean())
    numbers.std += float(flat.std()) if flat.numel() > 1 else 0.0
    numbers.batches += 1
    if rectifies and flat.dim() > 1:
        alive = (flat > 0).transpose(0, 1).flatten(1).any(dim=1)
        numbers.alive = alive if numbers.alive is None or numbers.alive.shape != alive.shape else numbers.alive | alive
    if not numbers.histogram:
        low, high = float(flat.min()), float(flat.max())
        if math.isfinite(low) and math.isfinite(high) and low < high:
            numbers.histogram = (torch.histc(flat, BINS, low, high) / flat.numel()).tolist()
            numbers.edges = (low, high)
