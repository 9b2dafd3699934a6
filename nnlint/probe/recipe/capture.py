"""The first training step of a script: which networks ran on what, and how the loss was made of what they returned.

What is kept is a tape: each pass of a network, and each call on what came of it, in order. To replay the step, the tape
is played again with other weights or other inputs (`replay`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._pytree import tree_flatten, tree_map

from nnlint.knowledge.losses import LOSS_FUNCTIONS
from nnlint.probe.observers.base import Observer
from nnlint.probe.run import Backward, Call, Pass, Run

LONGEST_TAPE = 20_000  # entries; a step that takes more is not kept


@dataclass(slots=True)
class Entry:
    """One thing that was computed; `place` says for people what it is."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    result: Any
    is_network: bool


@dataclass(slots=True)
class LossCall:
    """A call of one of torch's losses."""

    kind: str
    input: torch.Tensor
    target: Any
    value: torch.Tensor
    smoothing: float = 0.0


@dataclass(slots=True)
class Scene:
    """The first step: the tape from the networks' inputs to the loss that was differentiated."""

    tape: list[Entry]
    loss: torch.Tensor
    networks: list[torch.nn.Module]
    losses: list[LossCall]
    value: float
    start: list[dict[str, torch.Tensor]]  # the networks' states before the first step
    batch: int | None  # how many samples the loader gave last, if one did


class Capture(Observer):
    """Keeps the first step whose loss reaches parameters of a network."""

    operations = frozenset({"*"})

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self.scene: Scene | None = None
        self.trouble = "no loss that hangs on a network was differentiated"
        self._tape: list[Entry] = []
        self._losses: list[LossCall] = []
        self._descended: set[int] = set()  # ids of tensors that are made of what a network returned
        self._batch: int | None = None
        self._initial: dict[int, dict[str, torch.Tensor]] = {}

    def entering(self, visit: Pass) -> None:
        if self.scene is None and visit.depth == 0 and id(visit.module) not in self._initial:
            self._initial[id(visit.module)] = _state(visit.module)

    def left(self, visit: Pass) -> None:
        if self.scene is not None or visit.depth:
            return
        is_network = any(True for _ in visit.module.parameters())
        if is_network or self._is_descended((visit.args, visit.kwargs)):
            self._keep(Entry(visit.module, visit.args, visit.kwargs, visit.output, is_network))

    def called(self, call: Call) -> None:
        if self.scene is not None:
            return
        info = LOSS_FUNCTIONS.get(call.name)
        if info is not None and isinstance(call.result, torch.Tensor) and isinstance(call.args[0], torch.Tensor):
            target = call.args[1] if len(call.args) > 1 else call.kwargs.get("target")
            smoothing = float(call.kwargs.get("label_smoothing") or 0.0)
            self._losses.append(LossCall(info.kind, call.args[0], target, call.result, smoothing))
        if not self.run.in_forward and self._is_descended((call.args, call.kwargs)):
            self._keep(Entry(call.function, call.args, call.kwargs, call.result, False))

    def batch_loaded(self, loader: Any, indices: object, batch: Any) -> None:
        if isinstance(indices, (list, tuple)) and self.scene is None:
            self._batch = len(indices)

    def differentiating(self, backward: Backward) -> None:
        if self.scene is not None or len(backward.roots) != 1:
            return
        tape = _slice(self._tape, backward.roots[0])
        networks = _unique([entry.function for entry in tape if entry.is_network])
        if not any(id(each) in backward.leaves for network in networks for each in network.parameters()):
            return
        try:
            self.scene = self._made(tape, networks, backward.roots[0])
        except Exception as error:
            self.trouble = f"the first step could not be kept: {type(error).__name__}: {error}"
        self._tape, self._descended, self._initial = [], set(), {}

    def stepped(self, optimizer: torch.optim.Optimizer) -> None:
        self._tape, self._losses = ([], []) if self.scene is None else (self._tape, self._losses)
        self._descended = set()

    def _keep(self, entry: Entry) -> None:
        if len(self._tape) < LONGEST_TAPE:
            self._tape.append(entry)
            self._descended.update(id(each) for each in tensors(entry.result))

    def _is_descended(self, values: Any) -> bool:
        return bool(self._descended) and any(id(each) in self._descended for each in tensors(values))

    def _made(self, tape: list[Entry], networks: list[Any], loss: torch.Tensor) -> Scene:
        made = {id(each) for entry in tape for each in tensors(entry.result)}
        parameters = {id(each) for network in networks for each in network.parameters()}

        def kept(value: Any) -> Any:
            if isinstance(value, torch.Tensor) and id(value) not in made and id(value) not in parameters:
                return value.detach().clone()
            return value

        for entry in tape:
            entry.args, entry.kwargs = tree_map(kept, entry.args), tree_map(kept, entry.kwargs)
        states = [self._initial.get(id(network)) or _state(network) for network in networks]
        reached = [each for each in self._losses if id(each.value) in made or len(self._losses) == 1]
        losses = reached or self._losses
        value = float(loss.detach().float().sum())
        return Scene(tape, loss, networks, losses, value, states, self._batch)


def tensors(values: Any) -> list[torch.Tensor]:
    """The tensors in nested lists, tuples and dicts."""
    return [each for each in tree_flatten(values)[0] if isinstance(each, torch.Tensor)]


def _state(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    kept = {name: each.detach().clone() for name, each in module.named_parameters(remove_duplicate=False)}
    return kept | {name: each.detach().clone() for name, each in module.named_buffers(remove_duplicate=False)}


def _slice(tape: list[Entry], loss: torch.Tensor) -> list[Entry]:
    """The entries that the loss is made of."""
    wanted, kept = {id(loss)}, []
    for entry in reversed(tape):
        if any(id(each) in wanted for each in tensors(entry.result)):
            kept.append(entry)
            wanted.update(id(each) for each in tensors((entry.args, entry.kwargs)))
    return kept[::-1]


def _unique(values: list[Any]) -> list[Any]:
    return list({id(value): value for value in values}.values())
