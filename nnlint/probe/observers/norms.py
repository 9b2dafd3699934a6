"""Normalizations run, on what a layer with a bias made."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import nn
from torch.utils.weak import WeakTensorKeyDictionary

from nnlint.events import LayerRan
from nnlint.probe.observers.base import Observer
from nnlint.probe.run import Backward, Pass, Run
from nnlint.source import Place

NO_EFFECT = {torch.float32: 1e-5, torch.float64: 1e-5}
"""Largest norm of a bias' gradient, relative to that of the weights, that is 0 but for rounding. Measured: at most
before a norm, at least 5.5e-2 elsewhere; half precision rounds more."""
NO_EFFECT_IN_HALF = 1e-2
_NORMS = nn.modules.batchnorm._NormBase
_LINEAR = (nn.Linear, nn.modules.conv._ConvNd)


class Norms(Observer):
    """Sees which layer's output a norm takes, and what gradient the bias of that layer gets."""

    decides = ("NN501",)

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._makers = WeakTensorKeyDictionary()  # of the tensors that layers returned
        self._fed: dict[int, _Fed] = {}  # by the id of the norm

    def left(self, visit: Pass) -> None:
        module, output = visit.module, visit.output
        if isinstance(module, _LINEAR) and module.bias is not None and isinstance(output, torch.Tensor):
            self._makers[output] = module
        elif isinstance(module, _NORMS) and visit.args and isinstance(visit.args[0], torch.Tensor):
            self._ran(module, self._makers.get(visit.args[0]))

    def differentiated(self, backward: Backward) -> None:
        for fed in self._fed.values():
            bias, weight = fed.layer.bias, fed.layer.weight
            if isinstance(bias, torch.Tensor) and isinstance(weight, torch.Tensor):
                if bias.grad is None or weight.grad is None:
                    continue
                flow = weight.grad.norm().item()
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
                self.run.saw(event, measured)
            else:
                self.run.saw(LayerRan(place=fed.place, layer=norm, fed_by=None), measured)

    def _ran(self, norm: nn.Module, layer: nn.Module | None) -> None:
        place, known = self.run.places.here(), self.run.book.layer(norm)
        if place is None or known is None or id(norm) in self._fed:
            return
        if layer is None:
            self.run.saw(LayerRan(place=place, layer=known, fed_by=None), "no layer with a bias made what it takes")
        else:
            self._fed[id(norm)] = _Fed(norm, layer, place)


@dataclass(slots=True)
class _Fed:
    norm: nn.Module
    layer: nn.Module
    place: Place
    shares: list[float] = field(default_factory=list)

    @property
    def limit(self) -> float:
        return NO_EFFECT.get(self.layer.weight.dtype, NO_EFFECT_IN_HALF)  # type: ignore[arg-type, union-attr]
