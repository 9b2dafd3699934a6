"""Statements that are meant to set a mode and do not; frozen parts whose norms go on counting."""

from __future__ import annotations

import functools
import weakref
from typing import Any

import torch
from torch import nn

from nnlint.events import FrozenNormUpdated, ModeMissed
from nnlint.probe.observers.base import Observer
from nnlint.probe.places import words
from nnlint.probe.run import Backward, Call, Pass, Run
from nnlint.source import Place, Span
from nnlint.values import ModeMiss

_NORM = nn.modules.batchnorm._NormBase


class Missed(Observer):
    """Sees methods that are named and not called, attributes that hide them, and overrides that lose a mode."""

    decides = ("NN310",)

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._patched: set[type] = set()

    def thrown(self, value: object) -> None:
        module, name = getattr(value, "__self__", None), getattr(value, "__name__", "")
        place = self.run.places.here()
        if isinstance(module, nn.Module) and name in ("eval", "train") and place is not None:
            event = ModeMissed(place=place, how=ModeMiss.NOT_CALLED, call=words(place))
            self.run.saw(event, f"the network stays in {'training' if module.training else 'evaluation'} mode")

    def attribute_set(self, module: nn.Module, name: str, value: object) -> None:
        place = self.run.places.here()
        if place is None:
            return
        if name in ("eval", "train") and isinstance(value, bool):
            event = ModeMissed(place=place, how=ModeMiss.ASSIGNED, call=words(place))
            self.run.saw(event, f"`{name}` is {value} now, and `training` is {module.training} as before")
        elif name == "training" and words(place, 500).rstrip().endswith(".training"):
            others = [each for each in module.modules() if each is not module and each.training != value]
            event = ModeMissed(place=place, how=ModeMiss.FLAG, call=words(place))
            if others and not words(place).startswith("self.training"):
                self.run.saw(event, f"{len(others)} layers keep their mode", alone=False)

    def mode_set(self, module: nn.Module, training: bool) -> None:
        self._watch(type(module))

    def left(self, visit: Pass) -> None:
        if visit.depth == 0:
            for kind in {type(each) for each in visit.module.modules()}:
                self._watch(kind)

    def _watch(self, kind: type) -> None:
        """An override of `train` is watched from now on."""
        override = kind.__dict__.get("train")
        if kind in self._patched or override is None or not hasattr(override, "__code__"):
            return
        self._patched.add(kind)
        file = self.run.places.file(override.__code__.co_filename)
        if file is None:
            return
        line = override.__code__.co_firstlineno
        place = Place(file, span=Span(line, 1, line, 200))
        run = self.run

        @functools.wraps(override)
        def train(self: Any, *args: Any, **kwargs: Any) -> Any:
            result = override(self, *args, **kwargs)
            mode = args[0] if args else kwargs.get("mode", True)
            if run.muted or not isinstance(mode, bool) or len(args) > 1:
                return result  # a method of another meaning
            children = [each for each in self.children() if any(True for _ in each.parameters())]
            named = f"train of `{type(self).__name__}`"
            if not mode and (self.training or any(each.training for each in children)):
                event = ModeMissed(place=place, how=ModeMiss.MODE_LOST, call=named)
                run.saw(event, "`eval()` leaves it in training mode", alone=False)
            if result is None:
                event = ModeMissed(place=place, how=ModeMiss.SELF_LOST, call=named)
                run.saw(event, "it returns None", alone=False)
            return result

        run.patches.put(kind, "train", train)


class Frozen(Observer):
    """Finds norms that update their statistics in training, where all of their parameters were frozen."""

    decides = ("NN311",)
    operations = frozenset({"torch.Tensor.requires_grad_", "torch.Tensor.requires_grad.__set__"})

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._frozen: dict[int, tuple[weakref.ref[torch.Tensor], Place]] = {}
        self._passes: list[tuple[weakref.ref[nn.Module], Place]] = []

    def called(self, call: Call) -> None:
        tensor = call.args[0] if call.args else None
        if isinstance(tensor, torch.Tensor) and call.place is not None:
            if tensor.requires_grad:
                self._frozen.pop(id(tensor), None)
            else:
                self._frozen[id(tensor)] = weakref.ref(tensor), call.place

    def left(self, visit: Pass) -> None:
        if self._frozen and visit.depth == 0 and visit.training and visit.grad_enabled and visit.place is not None:
            self._passes.append((weakref.ref(visit.module), visit.place))

    def differentiated(self, backward: Backward) -> None:
        for reference, place in self._passes:
            network = reference()
            for name, norm in network.named_modules() if network is not None else ():
                if isinstance(norm, _NORM) and norm.training and norm.track_running_stats:
                    self._look(norm, name, place)
        self._passes = []

    def _look(self, norm: nn.Module, name: str, forward: Place) -> None:
        own = list(norm.parameters())
        entries = [self._frozen.get(id(each)) for each in own]
        if not own or any(each.requires_grad for each in own):
            return
        for each, entry in zip(own, entries, strict=True):
            if entry is not None and entry[0]() is each:
                event = FrozenNormUpdated(place=entry[1], norm=name, module="the frozen part", forward=forward)
                count = getattr(norm, "num_batches_tracked", None)
                told = f"`{name}` has counted {int(count) if count is not None else '?'} batches"
                self.run.saw(event, told, alone=False)
                return
