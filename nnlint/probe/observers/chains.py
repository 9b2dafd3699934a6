"""What stands between linear layers, and behind the last one. What of it was meant, only the code tells."""

from __future__ import annotations

import weakref
from dataclasses import dataclass

import torch
from torch import nn

from nnlint.events import ActivationsStacked, LayersChained, OutputCompared
from nnlint.probe.makers import LINEAR, POOLS, Layers, first_tensor, kind
from nnlint.probe.observers.base import Observer
from nnlint.probe.places import called
from nnlint.probe.remembered import Remembered
from nnlint.probe.run import Call, Pass, Run
from nnlint.source import Place

_LOSSES = frozenset(
    f"torch.nn.functional.{name}"
    for name in (
        *("cross_entropy", "nll_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits"),
        *("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"),
    )
)
_BEHIND_SCORES = (*POOLS, "Sigmoid", "Softmax", "LogSoftmax", "Upsample")
_CUTS = ("Relu", "Threshold")
_DROPS = ("Mul", "NativeDropout")  # a dropout multiplies with a mask, of which nothing is differentiated


@dataclass(frozen=True, slots=True)
class _Stack:
    """How many squashing activations a tensor went through in a row, and the first of them."""

    number: int = 0
    first: Place | None = None
    name: str = ""


class Chains(Observer):
    """Reads from the graph which layer took what which one made."""

    decides = ("NN507", "NN512", "NN513")
    operations = frozenset({"sigmoid", "tanh"}) | _LOSSES

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._layers = Layers()
        self._linear = Remembered[_Stack]()  # stacks of what linear layers made
        self._squashed = Remembered[_Stack]()
        self._deepest: dict[Place, _Stack] = {}
        self._pairs: weakref.WeakKeyDictionary[nn.Module, nn.Module | None] = weakref.WeakKeyDictionary()

    def left(self, visit: Pass) -> None:
        module, taken, made = visit.module, first_tensor(visit.args), visit.output
        if not isinstance(module, LINEAR) or taken is None or not isinstance(made, torch.Tensor):
            return
        self._layers.ran(module)
        self._linear[made] = self._squashed.get(taken) or _Stack()
        if module not in self._pairs:
            first = self._layers.maker(taken, _DROPS)
            self._pairs[module] = None
            if first is not None and first is not module and type(first) is type(module):
                self._chained(first, module)

    def called(self, call: Call) -> None:
        taken = call.argument("input")
        if not isinstance(taken, torch.Tensor):
            return
        if call.name in _LOSSES:
            self._compared(call, taken)
        else:
            self._squash(call, taken)

    def ended(self) -> None:
        for place, stack in self._deepest.items():
            event = ActivationsStacked(place=place, activation=stack.name, number=stack.number)
            self.run.saw(event, f"{stack.number} in a row", alone=False)

    def _chained(self, first: nn.Module, second: nn.Module) -> None:
        known, made = self.run.book.place(second), self.run.book.place(first)
        if known is not None:
            names = self.run.book.called(first), self.run.book.called(second)
            event = LayersChained(place=known, first=names[0], second=names[1], first_made=made, cut=False)
            self.run.saw(event, "its input is what the other one made, as it is", alone=False)

    def _compared(self, call: Call, scores: torch.Tensor) -> None:
        layer = self._layers.maker(scores, _BEHIND_SCORES)
        made = self.run.book.place(layer) if layer is not None else None
        if layer is None or made is None or layer.bias is not None or call.place is None:
            return
        event = OutputCompared(
            place=made, layer=self.run.book.called(layer), loss=called(call.place), loss_place=call.place
        )
        self.run.saw(event, "the scores are its output, and it has no bias", alone=False)

    def _squash(self, call: Call, taken: torch.Tensor) -> None:
        module = self.run.passes[-1].module if self.run.passes else None
        is_layer = isinstance(module, (nn.Sigmoid, nn.Tanh))
        place = self.run.book.place(module) if is_layer else call.place
        name = type(module).__name__ if is_layer else called(call.place)
        if place is None:
            return
        if taken.grad_fn is not None and kind(taken.grad_fn).startswith(_CUTS):
            event = LayersChained(place=place, first="relu", second=name, first_made=None, cut=True)
            self.run.saw(event, f"the least value that it took is {taken.min().item():.3g}", alone=False)
        stack = self._linear.get(taken)
        if stack is not None and isinstance(call.result, torch.Tensor):
            deeper = _Stack(stack.number + 1, stack.first or place, stack.name or name)
            self._squashed[call.result] = deeper
            assert deeper.first is not None
            known = self._deepest.get(deeper.first)
            if known is None or known.number < deeper.number:
                self._deepest[deeper.first] = deeper
