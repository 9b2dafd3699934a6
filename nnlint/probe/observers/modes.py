"""Networks run: in training or evaluation, in a mode, with gradients or without."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from nnlint.events import ModuleCalled
from nnlint.probe.observers.base import Observer
from nnlint.probe.places import receiver, words
from nnlint.probe.recipe.capture import tensors
from nnlint.probe.run import Backward, Pass, Run
from nnlint.probe.taint import taint_of
from nnlint.source import Place
from nnlint.values import Lapse, Role

KEY = "nnlint pass"  # in the metadata of a graph's node
_DROPOUTS = (nn.modules.dropout._DropoutNd, nn.RReLU)
_NORMS = (nn.modules.batchnorm._NormBase,)
_CODES = ("NN301", "NN302", "NN303", "NN304", "NN309")
_EVALUATES = ("eval", "valid", "test", "predict", "infer", "score", "accuracy")


class Modes(Observer):
    """Finds out what each forward pass of a whole network is for, by what becomes of its output."""

    decides = _CODES

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._taint = taint_of(run)
        self._known: weakref.WeakKeyDictionary[nn.Module, _Network] = weakref.WeakKeyDictionary()
        self._pending: dict[int, _Visit] = {}
        self._marked: dict[int, _Visit] = {}  # without gradients, by their mark
        self._trained: list[_Visit] = []  # differentiated, and not stepped on yet
        self._held: set[int] = set()
        self._switched: list[tuple[int, weakref.ref[nn.Module], Place]] = []  # to evaluation, with the time
        self._training_places: set[Place] = set()  # of calls of `train()` behind which steps were taken
        self._time = 0

    def optimizer_made(self, optimizer: torch.optim.Optimizer) -> None:
        self._held |= {id(each) for group in optimizer.param_groups for each in group["params"]}

    def mode_set(self, module: nn.Module, training: bool) -> None:
        place = self.run.places.here()
        self._time += 1
        for each in module.modules():
            known = self._network(each)
            if training and known.mode is False:
                known.undone = self._time
            known.mode_place, known.mode_time, known.mode = place, self._time, training
        if not training and place is not None:
            self._switched.append((self._time, weakref.ref(module), place))

    def thrown(self, value: object) -> None:
        module = getattr(value, "__self__", None)
        if isinstance(module, nn.Module) and getattr(value, "__name__", "") in ("eval", "train"):
            self._network(module).missed = self.run.places.here()

    def weights_loaded(self, module: nn.Module) -> None:
        for each in module.modules():
            known = self._network(each)
            known.loaded, known.trained_since_load = self.run.places.here(), False
            known.load_time = self._time

    def left(self, visit: Pass) -> None:
        if visit.depth or visit.place is None or not any(True for _ in visit.module.parameters()):
            return
        self._time += 1
        known = self._network(visit.module)
        seen = _Visit(visit.module, visit.place, visit.training, visit.grad_enabled, self._time)
        seen.layers, seen.function = _layers(visit.module, visit.training), _function(self.run)
        seen.lapse = self._lapse(seen, known)
        outputs = [each for each in tensors(visit.output) if each.is_floating_point()]
        nodes: list[Any] = [each.grad_fn for each in outputs if each.grad_fn is not None]
        if nodes:
            seen.token = _Token()
            for node in nodes:
                node.metadata.setdefault(KEY, []).append(seen.token)
            self._pending[id(seen.token)] = seen
            weakref.finalize(seen.token, self._dropped, id(seen.token))
            seen.token_reference, seen.token = weakref.ref(seen.token), None
        elif not visit.grad_enabled:
            mark = self._taint.new_mark()
            self._taint.mark(visit.output, [mark])
            self._marked[mark] = seen
        given = next((each for each in visit.args if isinstance(each, torch.Tensor)), None)
        if known.given is not None and given is not None and known.given[1] == seen.place:
            known.repeats = known.repeats or known.given[0]() is given  # samples are drawn on purpose
        known.given = (weakref.ref(given), seen.place) if given is not None else None

    def differentiating(self, backward: Backward) -> None:
        for mark in self._taint.of(list(backward.roots)):
            self._marked.pop(mark, None)  # what is trained is made of it
        if not self._pending:
            return
        for node in backward.nodes:
            for token in node.metadata.get(KEY, ()):
                seen = self._pending.pop(id(token), None)
                if seen is not None:
                    self._trained.append(seen)

    def derived(self, backward: Backward) -> None:
        """Derivatives of what it returns are taken for their own sake."""
        for node in backward.nodes if self._pending else ():
            for token in node.metadata.get(KEY, ()):
                self._pending.pop(id(token), None)

    def stepped(self, optimizer: torch.optim.Optimizer) -> None:
        own = {id(each) for group in optimizer.param_groups for each in group["params"]}
        self._held |= own
        self._time += 1
        for seen in self._trained:
            module = seen.module
            if any(id(each) in own for each in module.parameters()):
                self._tell_training(seen)
                for each in module.modules():
                    known = self._network(each)
                    known.trained_since_load, known.step_time = True, self._time
                    if known.mode and known.mode_place is not None:
                        self._training_places.add(known.mode_place)
        self._trained = []
        for seen in self._marked.values():
            self._tell_evaluation(seen)
        self._marked = {}

    def ended(self) -> None:
        for seen in [*self._marked.values(), *self._pending.values()]:
            self._tell_evaluation(seen)

    def _dropped(self, key: int) -> None:
        """The graph of a pass is gone, and nothing was differentiated."""
        seen = self._pending.pop(key, None)
        if seen is not None:
            self.run.muted += 1
            try:
                self._tell_evaluation(seen)
            finally:
                self.run.muted -= 1

    def _network(self, module: nn.Module) -> _Network:
        known = self._known.get(module)
        if known is None:
            known = self._known[module] = _Network()
        return known

    def _tell_training(self, seen: _Visit) -> None:
        known = self._network(seen.module)
        left = not seen.training and known.was_trained and known.mode is False
        event = self._event(seen, Role.TRAINING, left=left)
        mode = "training" if seen.training else "evaluation"
        self.run.saw(
            event, f"differentiated and stepped on in {mode} mode", codes=("NN302",), alone=left and bool(seen.layers)
        )
        known.was_trained = known.was_trained or seen.training

    def _tell_evaluation(self, seen: _Visit) -> None:
        module = seen.module
        known = self._network(module)
        is_held = any(id(each) in self._held for each in module.parameters())
        event = self._event(seen, Role.EVALUATION, lapse=seen.lapse)
        if not is_held and known.loaded is None and event.lapse is not Lapse.OTHER_SWITCHED:
            self.run.undecided(event, "no optimizer holds the network", codes=_CODES)
            return
        mode = "training" if seen.training else "evaluation"
        active = f", {seen.layers[0]} active" if seen.training and seen.layers else ""
        gradients = "with" if seen.gradients else "without"
        evidence = f"it runs in {mode} mode{active}, {gradients} gradients, and nothing differentiates what it returns"
        named = any(word in seen.function for word in _EVALUATES) and not known.repeats
        self.run.saw(event, evidence, codes=("NN301", "NN303", "NN309"), alone=named and is_held)
        self.run.saw(event, evidence, codes=("NN304",), alone=named and is_held and not seen.training)

    def _lapse(self, seen: _Visit, known: _Network) -> tuple[Lapse, Place | None, str]:
        if known.missed is not None:
            return Lapse.MISSED, known.missed, ""
        has_loaded = known.loaded is not None and not known.trained_since_load
        if has_loaded and known.load_time >= known.mode_time:
            return Lapse.LOADED, known.loaded, ""
        in_training = known.mode_place in self._training_places
        if (
            known.mode
            and not in_training
            and known.mode_time > known.step_time
            and (known.step_time or known.undone == known.mode_time)
        ):
            return Lapse.TRAIN_CALLED, known.mode_place, ""
        if has_loaded:
            return Lapse.LOADED, known.loaded, ""
        for time, reference, place in reversed(self._switched):
            other = reference()
            is_later = time > max(known.step_time, known.mode_time)
            if is_later and other is not None and not any(each is other for each in seen.module.modules()):
                return Lapse.OTHER_SWITCHED, place, receiver(place)
        return Lapse.FORGOTTEN, None, ""

    def _event(
        self,
        seen: _Visit,
        role: Role,
        left: bool = False,
        lapse: tuple[Lapse, Place | None, str] = (Lapse.FORGOTTEN, None, ""),
    ) -> ModuleCalled:
        known = self._network(seen.module)
        return ModuleCalled(
            place=seen.place,
            module=words(seen.place).partition("(")[0],
            role=role,
            role_evidence="the run says so",
            training=seen.training,
            mode_set=known.mode_place,
            left_in_evaluation=left,
            mode_layers=seen.layers,
            gradients_enabled=seen.gradients,
            lapse=lapse[0],
            lapse_place=lapse[1],
            lapse_of=lapse[2],
        )


class _Token:
    """Lives as long as a node of a graph."""


@dataclass(slots=True)
class _Network:
    """What was done to a network."""

    given: tuple[weakref.ref[torch.Tensor], Place] | None = None  # the input, and where
    repeats: bool = False
    mode: bool | None = None
    mode_place: Place | None = None
    mode_time: int = 0
    step_time: int = 0
    was_trained: bool = False  # in training mode
    undone: int = 0  # when `train()` was called last on a network in evaluation mode
    loaded: Place | None = None
    load_time: int = 0
    trained_since_load: bool = False
    missed: Place | None = None


@dataclass(slots=True)
class _Visit:
    """A forward pass of a whole network."""

    module: nn.Module
    place: Place
    training: bool
    gradients: bool
    time: int
    layers: tuple[str, ...] = ()
    function: str = ""
    lapse: tuple[Lapse, Place | None, str] = (Lapse.FORGOTTEN, None, "")
    token: Any = None
    token_reference: Any = field(default=None)


def _layers(network: nn.Module, training: bool) -> tuple[str, ...]:
    """The layers that behave otherwise in the other mode."""
    found = []
    for name, module in network.named_modules():
        if isinstance(module, _DROPOUTS):
            differs = getattr(module, "p", 1.0) > 0
        elif isinstance(module, _NORMS):
            differs = bool(module.track_running_stats)
        elif isinstance(module, (nn.RNNBase, nn.MultiheadAttention)):
            differs = module.dropout > 0
        else:
            differs = _asks_for_mode(module)
        if differs and (not training or module.training):
            found.append(f"`{name or type(module).__name__}` ({type(module).__name__})")
    return tuple(found[:8])


def _asks_for_mode(module: nn.Module) -> bool:
    """Whether the `forward` of a user's module reads `self.training`, as for a functional dropout."""
    code = getattr(type(module).forward, "__code__", None)
    is_own = not type(module).__module__.startswith("torch.")
    return is_own and code is not None and "training" in code.co_names


def _function(run: Run) -> str:
    """The names of the functions that are under way, for what they say of their purpose."""
    frame = run.places.frame()
    names = []
    while frame is not None:
        names.append(frame.f_code.co_name)
        frame = run.places.frame(frame.f_back) if frame.f_back is not None else None
    return " ".join(names).lower()
