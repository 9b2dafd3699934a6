"""Tensors are written in place: parameters, and what a backward pass reads again."""

from __future__ import annotations

import ast
import re
from collections import deque
from dataclasses import dataclass

import torch

from nnlint.events import WrittenInPlace
from nnlint.probe.observers.base import Observer
from nnlint.probe.places import words
from nnlint.probe.run import Backward, Call, Run, is_in_place
from nnlint.source import Place

_SPOILED = re.compile(
    r"modified by an inplace operation: \[(?P<type>[\w.]+)(?: \[(?P<sizes>[\d, ]*)\])?\].*?"
    r"is at version (?P<now>\d+); expected version (?P<kept>\d+)",
    re.DOTALL,
)
"""What autograd says of a tensor that it kept (`SavedVariable::unpack` in torch/csrc/autograd/saved_variable.cpp)."""
MOST_WRITES = 4096  # that are remembered until the next step
_FUNCTIONS = ("torch", "F", "functional")  # `F.relu(x, inplace=True)` writes into x, `x.relu_()` too


class Writes(Observer):
    """Remembers what was written, to which version; autograd itself says when that was wrong."""

    decides = ("NN412",)
    operations = frozenset({"*_", "relu", "activation", "dropout"})

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._writes: deque[_Write] = deque(maxlen=MOST_WRITES)
        self._to_leaf: Place | None = None  # the write to a leaf that is under way, which raises
        self._spoiled: set[Place] = set()
        self._read: dict[Place, bool] = {}  # writes on graphs, and whether `backward` ran well behind them

    def calling(self, call: Call) -> None:
        self._raised()
        target = _target(call)
        if target is not None and call.grad_enabled and _is_leaf(target):
            self._to_leaf = call.place

    def called(self, call: Call) -> None:
        target = _target(call)
        if target is None:
            return
        self._to_leaf = None
        memory = _memory(target)
        if call.grad_enabled and memory is not None and call.place is not None:
            self._writes.append(_Write(call.place, memory, target._version, tuple(target.shape), target.type()))
            if target.requires_grad:
                self._read.setdefault(call.place, False)

    def _raised(self) -> None:
        """A write that `called` was not told of has raised an error."""
        place, self._to_leaf = self._to_leaf, None
        if place is not None:
            event = WrittenInPlace(place=place, target=_name(place), leaf=True, kept_by="", kept=None)
            self.run.saw(event, "torch refused: a leaf that requires a gradient is written in place")

    def failed(self, backward: Backward, error: Exception) -> None:
        said = _SPOILED.search(str(error))
        if said is None:
            return
        now, kept = int(said["now"]), int(said["kept"])
        sizes = tuple(int(size) for size in (said["sizes"] or "").split(",") if size.strip())
        latest = {write.memory: write for write in self._writes}
        spoiled = [write for write in latest.values() if write.version == now and write.type == said["type"]]
        spoiled = [write for write in spoiled if write.shape == sizes] or spoiled
        memories = {write.memory for write in spoiled}
        evidence = f"`backward` raised: a tensor kept at version {kept} was at version {now}"
        for write in list(self._writes):
            if (
                write.memory in memories
                and write.type == said["type"]
                and kept < write.version <= now
                and write.place not in self._spoiled
            ):
                self._spoiled.add(write.place)
                target = _name(write.place)
                event = WrittenInPlace(place=write.place, target=target, leaf=False, kept_by="", kept=None)
                self.run.saw(event, evidence, alone=len(memories) == 1)

    def differentiated(self, backward: Backward) -> None:
        for write in self._writes:
            if write.place in self._read:
                self._read[write.place] = True

    def stepped(self, optimizer: torch.optim.Optimizer) -> None:
        self._raised()
        self._writes.clear()

    def ended(self) -> None:
        self._raised()
        for place, well in self._read.items():
            event = WrittenInPlace(place=place, target=_name(place), leaf=False, kept_by="", kept=None)
            if place not in self._spoiled and well:
                self.run.denied(event, "each `backward` found what it reads as it was kept")
            elif place not in self._spoiled:
                self.run.undecided(event, "no `backward` ran to its end behind it")


@dataclass(frozen=True, slots=True)
class _Write:
    """A write in place, after which its memory was at a version; views of a memory share the version."""

    place: Place
    memory: int
    version: int
    shape: tuple[int, ...]
    type: str


def _target(call: Call) -> torch.Tensor | None:
    """The tensor that a call writes into."""
    if not call.args or not isinstance(call.args[0], torch.Tensor):
        return None
    if call.name.startswith("torch.nn.init."):  # without gradients
        return None
    if is_in_place(call.name) or call.argument("inplace", False) is True:
        return call.args[0]
    return None


def _is_leaf(tensor: torch.Tensor) -> bool:
    """Whether it is, or is a view of, a leaf that requires a gradient."""
    base = tensor if tensor._base is None else tensor._base
    return tensor.requires_grad and base.requires_grad and base.grad_fn is None


def _memory(tensor: torch.Tensor) -> int | None:
    try:
        return None if tensor.is_inference() else tensor.untyped_storage()._cdata
    except (RuntimeError, NotImplementedError):  # sparse tensors, and others that have no storage
        return None


def _name(place: Place) -> str:
    """What the user calls the tensor that is written into."""
    text = words(place, 10_000)
    try:
        tree = ast.parse(text).body
    except (SyntaxError, ValueError):
        return text
    match tree:
        case [ast.AugAssign(target=target)] | [ast.Assign(targets=[target])] | [ast.Expr(value=target)]:
            while isinstance(target, ast.Subscript):
                target = target.value
            if isinstance(target, ast.Call):
                return _name_in(target)
            return ast.unparse(target)
    return text


def _name_in(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Attribute) and ast.unparse(function.value).rpartition(".")[2] not in _FUNCTIONS:
        return ast.unparse(function.value)
    return ast.unparse(call.args[0]) if call.args else ast.unparse(function)
