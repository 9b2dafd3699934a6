"""Optimizers are built: of which parameters, how often, with which numbers; and what they miss."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from nnlint.events import HyperparameterGiven, OptimizerBuilt, ParametersFrozen, RecurrentNetTrained
from nnlint.probe.observers.base import Observer
from nnlint.probe.run import Backward, Call, Pass, Run
from nnlint.source import Place

_NUMBERS = ("lr", "momentum", "betas", "weight_decay")
_RECURRENT = (nn.RNNBase, nn.RNNCellBase)
_LAYERS = {"p": nn.modules.dropout._DropoutNd, "momentum": nn.modules.batchnorm._NormBase}
MOST_STEPS = 40  # of an optimizer, in which parameters that it misses are looked for
_BUILT = ("NN209", "NN210", "NN216")


class Optimizers(Observer):
    """Compares what optimizers hold with what gets gradients."""

    decides = ("NN209", "NN210", "NN211", "NN216", "NN220", "NN222", "NN223")
    operations = frozenset({"torch.Tensor.requires_grad_", "torch.Tensor.requires_grad.__set__"})

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._optimizers: list[_Built] = []
        self._networks: weakref.WeakSet[nn.Module] = weakref.WeakSet()
        self._missed: dict[int, nn.Parameter] = {}  # that get gradients and are in no optimizer
        self._attached: list[tuple[weakref.ref[nn.Module], str, Place, int]] = []
        self._frozen: dict[int, tuple[weakref.ref[torch.Tensor], Place, int]] = {}
        self._made: weakref.WeakKeyDictionary[nn.Module, int] = weakref.WeakKeyDictionary()
        self._passing: weakref.WeakSet[nn.Module] = weakref.WeakSet()  # made in a forward pass, which NN308 tells
        self._time = 0
        self._clips = False
        _watch_clipping(self)
        _watch_arguments(self)

    def optimizer_made(self, optimizer: torch.optim.Optimizer) -> None:
        self._time += 1
        place = self.run.book.place(optimizer)
        built = _Built(self.run.book.called(optimizer), type(optimizer).__name__, place, self._time)
        built.reference = weakref.ref(optimizer)
        built.own = {id(each): weakref.ref(each) for each in _held(optimizer)}
        built.numbers = _numbers(optimizer)
        if place is not None:
            empty = [group for group in optimizer.param_groups if not group["params"]]
            if empty:
                event = OptimizerBuilt(place=place, optimizer=built.called, kind=built.kind, empty="an empty group")
                self.run.saw(event, f"{len(empty)} of {len(optimizer.param_groups)} groups hold nothing", codes=_BUILT)
            self._built_again(built, place)
        self._optimizers.append(built)
        self._frozen_heads()

    def module_made(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._time += 1
        self._made[module] = self._time
        if self.run.in_forward:
            self._passing.add(module)
        place = self.run.places.here()
        for name, kind in _LAYERS.items():
            value = getattr(module, name, None)
            if isinstance(module, kind) and isinstance(value, (int, float)) and place is not None:
                self._given(type(module).__name__, name, value, place)
        if isinstance(module, nn.modules.loss._Loss) and place is not None:
            value = getattr(module, "label_smoothing", None)
            if isinstance(value, float):
                self._given(type(module).__name__, "label_smoothing", value, place)

    def attribute_set(self, module: nn.Module, name: str, value: object) -> None:
        if not isinstance(value, nn.Module):
            return
        self._time += 1
        place = self.run.places.here()
        is_inside = any(frame_self is module for frame_self in _selves(self.run))
        if place is not None and not is_inside and any(True for _ in value.parameters()):
            self._attached.append((weakref.ref(value), name, place, self._time))

    def called(self, call: Call) -> None:
        tensor = call.args[0] if call.args else None
        if isinstance(tensor, nn.Parameter) and call.place is not None:
            self._time += 1
            if tensor.requires_grad:
                self._frozen.pop(id(tensor), None)
            else:
                self._frozen[id(tensor)] = weakref.ref(tensor), call.place, self._time

    def left(self, visit: Pass) -> None:
        if visit.depth == 0 and any(True for _ in visit.module.parameters()):
            self._networks.add(visit.module)
            self._frozen_heads()

    def differentiated(self, backward: Backward) -> None:
        held = self._held()
        for network in self._networks:
            for parameter in network.parameters():
                if id(parameter) in backward.leaves and id(parameter) not in held and parameter.grad is not None:
                    self._missed[id(parameter)] = parameter

    def stepped(self, optimizer: torch.optim.Optimizer) -> None:
        built = next((each for each in self._optimizers if each.reference() is optimizer), None)
        if built is None:
            return
        built.steps += 1
        self._frozen_heads()
        self._recurrent(built, optimizer)
        if built.steps <= MOST_STEPS:
            built.layers = built.layers or sum(1 for _ in self._leaves(built))
            self._look_for_missed(built)

    def ended(self) -> None:
        for built in self._optimizers:
            optimizer, layers = built.reference(), built.layers
            now = _numbers(optimizer) if optimizer is not None else built.numbers
            for name, value in built.numbers.items():
                if built.place is not None:
                    replaced = now.get(name) != value
                    self._given(built.kind, name, value, built.place, replaced, bool(layers), layers or None)
            if built.place is not None and built.steps and not built.has_missed:
                plain = OptimizerBuilt(place=built.place, optimizer=built.called, kind=built.kind)
                self.run.saw(plain, "every parameter that gets gradients is in an optimizer", codes=_BUILT)

    def clipped(self) -> None:
        self._clips = True

    def _held(self) -> set[int]:
        return {key for built in self._optimizers for key, each in built.own.items() if each() is not None} | {
            id(each) for built in self._optimizers if (found := built.reference()) is not None for each in _held(found)
        }

    def _built_again(self, built: _Built, place: Place) -> None:
        """Whether the same place built one over the same parameters before, which has stepped since."""
        for other in self._optimizers:
            same = other.place == place and other.kind == built.kind and set(other.own) == set(built.own)
            if same and other.steps and all(each() is not None for each in other.own.values()):
                event = OptimizerBuilt(place=place, optimizer=built.called, kind="optimizer", loop=place)
                told = f"built again after {other.steps} steps, over the same parameters"
                self.run.saw(event, told, codes=_BUILT, alone=False)
                return

    def scheduler_made(self, scheduler: Any) -> None:
        place, optimizer = self.run.book.place(scheduler), getattr(scheduler, "optimizer", None)
        built = next((each for each in self._optimizers if each.reference() is optimizer), None)
        if place is None or built is None:
            return
        if place in built.scheduled and built.steps > built.scheduled[place]:
            called = self.run.book.called(scheduler)
            event = OptimizerBuilt(place=place, optimizer=called, kind="scheduler", loop=place)
            told = f"built again after {built.steps} steps, for the same optimizer"
            self.run.saw(event, told, codes=_BUILT, alone=False)
        built.scheduled[place] = built.steps

    def _look_for_missed(self, built: _Built) -> None:
        """Whether parameters get gradients in this step that no optimizer holds."""
        held = self._held()
        missed = {key for key in self._missed if key not in held}
        names = self._names(missed) if missed and built.place is not None else []
        if not names or built.place is None:
            return
        built.has_missed = True
        name, module = names[0]
        attached = next((each for each in self._attached if each[0]() is module and each[3] > built.time), None)
        late = attached[2] if attached else self._late(module, built)
        event = OptimizerBuilt(place=built.place, optimizer=built.called, kind=built.kind, misses=name, attached=late)
        own = sum(1 for each in module.parameters() if id(each) in missed)
        told = f"{own} parameters of `{name}` get gradients and are in no optimizer"
        self.run.saw(event, told, codes=_BUILT, alone=late is not None)

    def _late(self, module: nn.Module, built: _Built) -> Place | None:
        """Where the module was made, if that was after the optimizer."""
        for each in module.modules():
            if self._made.get(each, 0) > built.time and self.run.book.place(each) is not None:
                return self.run.book.place(each)
        return None

    def _names(self, missed: set[int]) -> list[tuple[str, nn.Module]]:
        """The outermost modules all of whose learning parameters are missed."""
        found = []
        for network in self._networks:
            covered: list[nn.Module] = []
            for name, module in network.named_modules():
                own = [each for each in module.parameters() if each.requires_grad]
                inside = any(each is module for outer in covered for each in outer.modules())
                if own and not inside and module not in self._passing and all(id(each) in missed for each in own):
                    covered.append(module)
                    found.append((name or self.run.book.called(network), module))
        return found

    def _leaves(self, built: _Built) -> Iterable[nn.Module]:
        for network in self._networks:
            for module in network.modules():
                if any(id(each) in built.own for each in module.parameters(recurse=False)):
                    yield module

    def _frozen_heads(self) -> None:
        """Modules that were attached, and frozen afterwards, with nothing that learns in them."""
        for reference, name, place, time in self._attached:
            module = reference()
            own = list(module.parameters()) if module is not None else []
            entries = [self._frozen.get(id(each)) for each in own]
            if own and all(entry is not None and entry[2] > time for entry in entries) and entries[0] is not None:
                event = ParametersFrozen(place=entries[0][1], module=name, attached=place)
                self.run.saw(event, f"none of the {len(own)} parameters of `{name}` asks for a gradient", alone=False)

    def _recurrent(self, built: _Built, optimizer: torch.optim.Optimizer) -> None:
        place = self.run.places.here()
        for network in self._networks if place is not None else ():
            for name, module in network.named_modules():
                if isinstance(module, _RECURRENT) and any(id(each) in built.own for each in module.parameters()):
                    assert place is not None
                    event = RecurrentNetTrained(
                        place=place,
                        optimizer=built.called,
                        layer=type(module).__name__,
                        layer_name=name,
                        layer_made=self.run.book.place(module),
                        bounded=self._clips,
                    )
                    self.run.saw(event, "gradients are clipped" if self._clips else "nothing clips", alone=False)
                    return

    def _given(
        self,
        kind: str,
        name: str,
        value: Any,
        place: Place,
        replaced: bool = False,
        trains: bool = True,
        layers: int | None = None,
    ) -> None:
        event = HyperparameterGiven(
            place=place,
            kind=kind,
            name=name,
            value=value,
            option=None,
            option_name="",
            replaced=replaced,
            trains_network=trains,
            layers=layers,
        )
        self.run.saw(event, f"`{name}` is {value}", alone=False)


@dataclass(slots=True)
class _Built:
    """An optimizer, with what it was built of."""

    called: str
    kind: str
    place: Place | None
    time: int
    steps: int = 0
    layers: int = 0  # of networks, that it holds parameters of
    has_missed: bool = False
    reference: Any = None
    own: dict[int, Any] = field(default_factory=dict)
    numbers: dict[str, Any] = field(default_factory=dict)
    scheduled: dict[Place, int] = field(default_factory=dict)


def _held(optimizer: torch.optim.Optimizer) -> list[torch.Tensor]:
    return [each for group in optimizer.param_groups for each in group["params"]]


def _numbers(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """The constants of an optimizer, of the group that is farthest from the usual."""
    found: dict[str, Any] = {}
    for group in optimizer.param_groups:
        for name in _NUMBERS:
            value = group.get(name)
            if isinstance(value, tuple):
                found.setdefault(name, tuple(map(float, value)))
            elif isinstance(value, (int, float)) and (name not in found or value > found[name]):
                found[name] = value
    return found


def _selves(run: Run) -> Iterable[object]:
    """The objects whose constructors are under way."""
    frame = run.places.frame()
    while frame is not None:
        if frame.f_code.co_name == "__init__":
            yield frame.f_locals.get("self")
        frame = run.places.frame(frame.f_back) if frame.f_back is not None else None


def _watch_arguments(observer: Optimizers) -> None:
    """What an optimizer is given, before its constructor runs: it raises on most mistakes."""
    original = torch.optim.Optimizer.__init__

    def constructed(self: Any, params: Any, *args: Any, **kwargs: Any) -> None:
        place = observer.run.places.here()
        observer._frozen_heads()
        if callable(params) and not observer.run.muted and place is not None:
            event = OptimizerBuilt(
                place=place,
                optimizer=type(self).__name__,
                kind=type(self).__name__,
                empty="a method that is not called",
            )
            observer.run.saw(event, "it is given a method", codes=_BUILT)
        original(self, params, *args, **kwargs)

    observer.run.patches.put(torch.optim.Optimizer, "__init__", constructed)


def _watch_clipping(observer: Optimizers) -> None:
    for module in (torch.nn.utils, torch.nn.utils.clip_grad):
        for name in ("clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_"):
            original = getattr(module, name, None)
            if original is None:
                continue

            def clip(*args: Any, _original: Any = original, **kwargs: Any) -> Any:
                observer.clipped()
                return _original(*args, **kwargs)

            observer.run.patches.put(module, name, clip)
