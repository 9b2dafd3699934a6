"""Layers that run several times in one forward pass, on what was made of their own output."""

from __future__ import annotations

import re
import weakref
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import nn

from nnlint.events import LayerReused
from nnlint.probe.makers import LINEAR, Layers, first_tensor
from nnlint.probe.observers.base import Observer
from nnlint.probe.places import words
from nnlint.probe.run import Pass, Run
from nnlint.source import Place

_SHARING = re.compile(r"shar|tied|tying|recur|universal|siam|albert|same", re.IGNORECASE)
_NORMS = nn.modules.batchnorm._BatchNorm
MOST_NODES = 20_000  # of a graph that is searched


@dataclass(slots=True)
class _Ran:
    """The places and feeders of the passes of a layer within one pass of the network."""

    places: list[Place | None] = field(default_factory=list)
    feeders: list[str] = field(default_factory=list)


class Reuse(Observer):
    """Sees a layer at a second depth of a network: the graph of its input holds its own parameters."""

    decides = ("NN506",)

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._layers = Layers()
        self._told: weakref.WeakSet[nn.Module] = weakref.WeakSet()
        self._looked: weakref.WeakSet[nn.Module] = weakref.WeakSet()
        self._now: weakref.WeakKeyDictionary[nn.Module, _Ran] = weakref.WeakKeyDictionary()
        self._repeated: weakref.WeakKeyDictionary[nn.Module, Place | None] = weakref.WeakKeyDictionary()
        """The layers that a container holds several times, and where that was made."""

    def entering(self, visit: Pass) -> None:
        module = visit.module
        if not visit.depth:
            self._now.clear()
        if isinstance(module, (nn.Sequential, nn.ModuleList)):
            self._look(module)
        for each in module._modules.values():
            if isinstance(each, (nn.ModuleList, nn.ModuleDict)):
                self._look(each)
        if module in self._told or not (module in self._repeated or isinstance(module, _NORMS)):
            return
        taken = first_tensor(visit.args)
        if taken is None or taken.grad_fn is None:
            return
        ran, place = self._now.setdefault(module, _Ran()), self.run.places.here()
        maker = self._layers.maker(taken)
        elsewhere = module in self._repeated or place not in ran.places
        if ran.places and elsewhere and _made_of(taken, {id(each) for each in module.parameters()}):
            self._tell(module, place, ran, maker)
        ran.places.append(place)
        ran.feeders.append(words(self.run.book.place(maker)) and self.run.book.called(maker) if maker else "")

    def left(self, visit: Pass) -> None:
        if isinstance(visit.module, LINEAR):
            self._layers.ran(visit.module)

    def _look(self, holder: Any) -> None:
        if holder in self._looked:
            return
        self._looked.add(holder)
        seen: set[int] = set()
        for each in holder._modules.values():
            if id(each) in seen and each is not None and any(True for _ in each.parameters()):
                self._repeated[each] = self.run.book.place(holder)
            seen.add(id(each))

    def _tell(self, module: nn.Module, place: Place | None, ran: _Ran, maker: nn.Module | None) -> None:
        layer = self.run.book.layer(module)
        if layer is None or place is None:
            return
        self._told.add(module)
        names = (*ran.feeders, self.run.book.called(maker) if maker else "")
        event = LayerReused(
            place=place,
            layer=layer,
            called=layer.called,
            repeated=None,
            feeders=tuple(dict.fromkeys(name for name in names if name)),
            is_norm=isinstance(module, _NORMS),
            said=any(_SHARING.search(each) for each in (layer.called, words(layer.made), words(place))),
        )
        measured = "its input is made of its own output, in the same forward pass"
        if module not in self._repeated:
            self.run.saw(event, measured)
            return
        for repeated in (layer.made, self._repeated[module]):  # where the list is repeated only the code tells
            if repeated is not None:
                self.run.saw(replace(event, repeated=repeated), measured, alone=False)


def _made_of(tensor: torch.Tensor, parameters: set[int]) -> bool:
    """Whether these parameters stand in the graph of a tensor."""
    seen: set[Any] = set()
    pending = [tensor.grad_fn]
    while pending and len(seen) < MOST_NODES:
        node = pending.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if id(getattr(node, "variable", None)) in parameters:
            return True
        pending += [each for each, _ in node.next_functions]
    return False
