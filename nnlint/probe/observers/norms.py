"""Normalizations run, on what a layer with a bias made."""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import dataclass, field

import torch
from torch import nn

from nnlint.events import LayerRan
from nnlint.probe.makers import LINEAR, POOLS, Layers, call_at, conditions, first_tensor, is_plainly
from nnlint.probe.observers.base import Observer
from nnlint.probe.run import Backward, Pass, Run
from nnlint.source import Place

NO_EFFECT = {torch.float32: 1e-5, torch.float64: 1e-5}
"""Largest norm of a bias' gradient, relative to that of the weights, that is 0 but for rounding. Measured: at most
1.9e-6 before a norm, at least 5.5e-2 elsewhere; half precision rounds more."""
NO_EFFECT_IN_HALF = 1e-2
MOST_LOOKS = 20  # passes of a norm whose input is looked at
MOST_SHARES = 8  # backward passes that are looked at, for each norm
_NORMS = nn.modules.batchnorm._NormBase


class Norms(Observer):
    """Sees which layer's output a norm takes, and what gradient the bias of that layer gets."""

    decides = ("NN501",)

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._layers = Layers()
        self._fed: dict[tuple[int, int], _Fed] = {}  # by the ids of the norm and the layer
        self._told: set[int] = set()
        self._looks: Counter[int] = Counter()

    def left(self, visit: Pass) -> None:
        module, taken = visit.module, first_tensor(visit.args)
        if isinstance(module, LINEAR):
            self._layers.ran(module)
        elif isinstance(module, _NORMS) and taken is not None and taken.grad_fn is not None:
            self._looks[id(module)] += 1
            if self._looks[id(module)] > MOST_LOOKS:
                return
            self._ran(module, self._layers.maker(taken, POOLS))

    def differentiated(self, backward: Backward) -> None:
        for fed in self._fed.values():
            bias, weight = fed.layer.bias, fed.layer.weight
            if len(fed.shares) >= MOST_SHARES or not isinstance(bias, torch.Tensor):
                continue
            if id(bias) not in backward.leaves or bias.grad is None:
                continue
            flow = weight.grad.norm().item() if isinstance(weight.grad, torch.Tensor) else 0.0
            if flow > 0:
                fed.shares.append(bias.grad.norm().item() / flow)

    def ended(self) -> None:
        for fed in self._fed.values():
            norm, layer = self.run.book.layer(fed.norm), self.run.book.layer(fed.layer)
            if norm is None or layer is None:
                continue
            event = LayerRan(place=fed.place, layer=norm, fed_by=layer)
            measured = f"the bias gets {max(fed.shares, default=0):.1e} of the weights' gradient"
            if not fed.shares:
                self.run.undecided(event, "no gradient came through it")
            elif max(fed.shares) <= fed.limit:
                self.run.saw(event, measured, alone=self._is_plain(fed))
            else:
                self.run.saw(LayerRan(place=fed.place, layer=norm, fed_by=None), measured)

    def _is_plain(self, fed: _Fed) -> bool:
        """Whether the code says that there is a bias and a norm, and not that there may be."""
        layer, norm = self.run.book.place(fed.layer), self.run.book.place(fed.norm)
        if not (is_plainly(layer, fed.layer) and is_plainly(norm, fed.norm)):
            return False
        call = call_at(layer)
        for each in call.keywords if call is not None else ():
            if each.arg is None or (each.arg == "bias" and not isinstance(each.value, ast.Constant)):
                return False
        return not (conditions(norm) | conditions(fed.place)) - conditions(layer)

    def _ran(self, norm: nn.Module, layer: nn.Module | None) -> None:
        has_bias = layer is not None and isinstance(layer.bias, torch.Tensor)
        key = (id(norm), id(layer) if has_bias else 0)
        if key in self._fed or (not has_bias and id(norm) in self._told):
            return
        place, known = self.run.places.here(), self.run.book.layer(norm)
        if place is None or known is None:
            return
        if layer is not None and has_bias:
            self._fed[key] = _Fed(norm, layer, place)
        else:
            self._told.add(id(norm))
            self.run.saw(LayerRan(place=place, layer=known, fed_by=None), "no layer with a bias made what it takes")


@dataclass(slots=True)
class _Fed:
    norm: nn.Module
    layer: nn.Module
    place: Place
    shares: list[float] = field(default_factory=list)

    @property
    def limit(self) -> float:
        weight = self.layer.weight
        return NO_EFFECT.get(weight.dtype, NO_EFFECT_IN_HALF) if isinstance(weight, torch.Tensor) else NO_EFFECT_IN_HALF
