"""What modules keep in plain attributes: layers in lists and dicts, and tensors."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from nnlint.events import ChildAssigned, ModulesKept, TensorKept
from nnlint.probe.makers import kind, setting_frame
from nnlint.probe.observers.base import Observer
from nnlint.probe.run import Pass, Run
from nnlint.source import Place

MOST_KEPT = 10_000  # attributes that are followed
MOST_ITEMS = 1_000  # of a container that are looked at
_CONTAINERS = (list, tuple, set, dict)


@dataclass(slots=True, eq=False)
class _Kept:
    """An attribute that was set by a method of its module."""

    module: weakref.ref[nn.Module]
    name: str
    place: Place
    tensor: weakref.ref[torch.Tensor] | None = None
    told: bool = False


class Kept(Observer):
    """Compares what the modules of a network hold with what it and the optimizers know of."""

    decides = ("NN502", "NN503", "NN504")

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._containers: list[_Kept] = []
        self._tensors: list[_Kept] = []
        self._optimizers: weakref.WeakSet[torch.optim.Optimizer] = weakref.WeakSet()
        self._roots: weakref.WeakSet[nn.Module] = weakref.WeakSet()

    def attribute_set(self, module: nn.Module, name: str, value: object) -> None:
        is_child = isinstance(value, (nn.Module, nn.Parameter))
        if not is_child and not isinstance(value, (torch.Tensor, *_CONTAINERS)):
            return
        frame = self.run.places.frame()
        if frame is None or (not is_child and frame.f_code.co_name != "__init__"):
            return
        frame = setting_frame(self.run.places, module)
        if frame is None:
            return
        fields = module.__dict__
        if is_child:
            ready = "_modules" in fields
            event = ChildAssigned(
                place=self.run.places.of(frame), module=type(module).__name__, attribute=name, initialized=ready
            )
            self.run.saw(event, "nn.Module.__init__ had run" if ready else "nn.Module.__init__ had not run")
        elif "_buffers" in fields and name not in fields["_buffers"] and name not in fields["_parameters"]:
            kept = _Kept(weakref.ref(module), name, self.run.places.of(frame))
            if isinstance(value, torch.Tensor):
                kept.tensor = weakref.ref(value)
            if len(self._containers) + len(self._tensors) < MOST_KEPT:
                (self._tensors if kept.tensor is not None else self._containers).append(kept)

    def optimizer_made(self, optimizer: torch.optim.Optimizer) -> None:
        self._optimizers.add(optimizer)

    def left(self, visit: Pass) -> None:
        if visit.depth or not (visit.training and visit.grad_enabled and self._optimizers and self._containers):
            return
        if visit.module not in self._roots:
            self._roots.add(visit.module)
            self._look_for_layers(visit.module, self._optimized())

    def stepping(self, optimizer: torch.optim.Optimizer) -> None:
        self._look_for_tensors(self._optimized() if self._tensors else set())

    def _optimized(self) -> set[int]:
        return {
            id(each) for optimizer in self._optimizers for group in optimizer.param_groups for each in group["params"]
        }

    def _look_for_layers(self, root: nn.Module, optimized: set[int]) -> None:
        within, registered = set(root.modules()), {id(each) for each in root.parameters()}
        for kept in self._containers:
            module = kept.module()
            if module is None or module not in within or kept.told:
                continue
            container = module.__dict__.get(kept.name)
            layers = [each for each in _modules_in(container) if any(True for _ in each.parameters())]
            layer = self.run.book.layer(layers[0]) if layers else None
            if layer is None:
                continue
            kept.told = True
            parameters = [each for layer in layers for each in layer.parameters()]
            lost = [each for each in parameters if id(each) not in registered]
            event = ModulesKept(
                place=kept.place,
                module=type(module).__name__,
                attribute=kept.name,
                container=type(container).__name__,
                layer=layer,
                registered=len(lost) < len(parameters),
            )
            learns = any(each.requires_grad and id(each) not in optimized for each in lost)
            measured = f"{len(lost)} of their {len(parameters)} parameters are not in `parameters()`"
            self.run.saw(event, measured, alone=learns)

    def _look_for_tensors(self, optimized: set[int]) -> None:
        for kept in self._tensors:
            module, tensor = kept.module(), kept.tensor() if kept.tensor is not None else None
            if kept.told or module is None:
                continue
            now = module.__dict__.get(kept.name)
            leaf = _parameter_of(tensor) if tensor is not None else None
            learns = leaf is not None and leaf.grad is not None and id(leaf) not in optimized
            was_parameter = isinstance(leaf, nn.Parameter) and leaf is not tensor
            kept.told, stays = True, now is tensor
            event = TensorKept(
                place=kept.place,
                module=type(module).__name__,
                attribute=kept.name,
                was_parameter=learns and was_parameter,
                learns=learns and not was_parameter,
                computes=stays and tensor.dim() > 0 if tensor is not None else False,
            )
            if learns:
                self.run.saw(event, "it got a gradient, and no optimizer has it")
            elif tensor is None or not stays:
                self.run.saw(event, "it was written anew when the optimizer stepped")
            else:
                measured = (
                    f"a tensor of {list(tensor.shape)} that stays as the constructor made it, not in `state_dict()`"
                )
                self.run.saw(event, measured, alone=False)


def _parameter_of(tensor: torch.Tensor) -> torch.Tensor | None:
    """The leaf that a tensor is, or is a cast of."""
    if not tensor.requires_grad:
        return None
    if tensor.grad_fn is None:
        return tensor
    node: Any = tensor.grad_fn
    if kind(node) not in ("ToCopy", "Clone") or not node.next_functions or node.next_functions[0][0] is None:
        return None
    return getattr(node.next_functions[0][0], "variable", None)


def _modules_in(value: object, depth: int = 2) -> Iterator[nn.Module]:
    """The modules in containers in containers."""
    if isinstance(value, nn.Module):
        yield value
    elif depth and isinstance(value, _CONTAINERS) and len(value) <= MOST_ITEMS:
        for each in list(value.values()) if isinstance(value, dict) else list(value):
            yield from _modules_in(each, depth - 1)
