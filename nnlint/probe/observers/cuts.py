"""Tensors are cut off their graphs, and what is made of them is differentiated, or not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from nnlint.events import GraphCut
from nnlint.probe import graphs
from nnlint.probe.learners import learners_of
from nnlint.probe.observers.base import Observer
from nnlint.probe.patching import Patches
from nnlint.probe.places import words
from nnlint.probe.run import Backward, Call, Run
from nnlint.probe.taint import taint_of
from nnlint.source import Place
from nnlint.values import Form, Layer, TensorFacts

_OPERATIONS = frozenset({"detach", "argmax", "compare", "round", "step"})
_COPIES = frozenset({"torch.tensor", "torch.Tensor.new_tensor", "torch.as_tensor", "torch.asarray"})
_ASKS = (".__bool__", ".__int__", ".__index__", ".__len__")  # what is asked so is a condition or a size
_LOSSES = ("Loss", "Entropy", "KlDiv")  # in names of nodes
MOST_LOOKS = 8
"""How many cuts at one place have their graph looked through, which takes time; a place cuts off the same layers."""


class Cuts(Observer):
    """Marks what is cut off a graph with parameters, and looks for the marks in what is differentiated."""

    decides = ("NN108", "NN116", "NN410")
    operations = _OPERATIONS | _COPIES

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._taint = taint_of(run)
        self._cuts: dict[int, _Cut] = {}  # by mark
        self._places: dict[tuple[Place, str], int] = {}
        self._idle: dict[Place, bool] = {}  # where tensors that hang on no graph were detached
        self._learners = learners_of(run)
        _watch_makers(run.patches, self._from_array)

    def called(self, call: Call) -> None:
        if call.name.endswith(_ASKS):
            return
        array = next((each for each in call.args if isinstance(each, np.ndarray)), None)
        if array is not None:
            self._from_array(array, call.result)
            return
        cut = next((each for each in _tensors(call) if each.requires_grad and each.grad_fn is not None), None)
        if cut is None or not call.grad_enabled:
            if call.operation == "detach" and call.place is not None:
                self._idle.setdefault(call.place, self.run.in_forward)
            return
        if call.place is None:
            return
        operation = "detach" if call.name in _COPIES else call.operation
        number = self._places.get((call.place, operation))
        if number is None:
            number = self._places[call.place, operation] = self._taint.new_mark()
            self._cuts[number] = _Cut(call.place, operation, self.run.in_forward)
        found = self._cuts[number]
        if found.looks < MOST_LOOKS:
            self._look(found, cut)
        if found.layers:
            self._taint.mark(call.result, [number])

    def _look(self, found: _Cut, tensor: torch.Tensor) -> None:
        found.looks += 1
        found.scalar = found.scalar or tensor.numel() == 1
        found.of_loss = found.of_loss or (tensor.numel() == 1 and _is_loss(tensor.grad_fn))
        leaves = graphs.leaves([tensor], through_all=True)
        new = {self._learners.number(leaf): leaf for leaf in leaves if isinstance(leaf, torch.nn.Parameter)}
        new = {number: leaf for number, leaf in new.items() if number not in found.layers}
        found.layers.update(dict.fromkeys(new))
        found.layers.update(self._learners.layers(new, found.place))

    def _from_array(self, array: object, tensor: torch.Tensor) -> None:
        """A tensor was made of an array: of one that a tensor became, or of what NumPy computed, perhaps, of it."""
        marks = self._taint.of(array)
        if not marks and isinstance(array, np.ndarray) and array.dtype.kind == "f" and self.run.in_forward:
            marks = self._own(self._taint.in_arrays | self._taint.in_numbers)
            for number in marks:
                self._cuts[number].guessed = True
        self._taint.mark(tensor, marks)

    def differentiating(self, backward: Backward) -> None:
        marks = self._own(self._taint.of(backward.roots))
        escaped = self._own(self._taint.in_numbers | self._taint.in_arrays)
        learns = self._learners.leaves(backward)
        whole = all(self._is_empty(leaf, backward) for leaf in learns)
        for number in marks:
            self._cuts[number].reach(backward, whole)
        if not marks and learns and not any(map(self._learners.can_learn, learns)):
            for number in escaped:
                if self._cuts[number].scalar:
                    self._cuts[number].guessed |= not self._cuts[number].whole
                    self._cuts[number].reach(backward, whole=True)
        for number in escaped:
            self._cuts[number].escapes = True
        self._taint.in_numbers -= escaped
        self._taint.in_arrays -= escaped

    def _own(self, marks: Iterable[int]) -> frozenset[int]:
        return frozenset(mark for mark in marks if mark in self._cuts)

    def _is_empty(self, leaf: torch.Tensor, backward: Backward) -> bool:
        """Whether a leaf is a loss that was made anew: nobody is to learn, and no gradient is asked for."""
        if isinstance(leaf, torch.nn.Parameter) or self._learners.holds(leaf):
            return False
        cuts = [self._cuts[number] for number in self._own(self._taint.of(leaf))]
        if leaf.numel() == 1:
            return bool(cuts) or any(leaf is root for root in backward.roots)
        return any(cut.scalar for cut in cuts)

    def ended(self) -> None:
        for cut in self._cuts.values():
            self._tell(cut)
        for place, in_forward in self._idle.items():
            if (place, "detach") not in self._places:
                self._tell(_Cut(place, "detach", in_forward))

    def _tell(self, cut: _Cut) -> None:
        layers = self._starved(cut) if cut.operation == "detach" and cut.in_forward else ()
        event = GraphCut(
            place=cut.place,
            operation=cut.operation,
            call=words(cut.place, 200),
            input=TensorFacts(form=Form.LOSS if cut.of_loss or (cut.whole and cut.scalar) else Form.OTHER),
            differentiated=cut.differentiated,
            whole=cut.whole,
            backward=cut.backward,
            in_forward=cut.in_forward,
            starved=layers if cut.differentiated else (),
        )
        codes: tuple[str, ...] = ()
        if layers and not cut.differentiated and cut.escapes:
            self.run.undecided(event, "what became of the number or array is not followed", codes=("NN410",))
            codes = ("NN108", "NN116")
        self.run.saw(event, self._evidence(cut, layers), codes=codes, alone=self._is_sure(cut, bool(layers)))

    def _starved(self, cut: _Cut) -> tuple[Layer, ...]:
        """The layers of which no parameter ever got a gradient, in the order in which the files have them."""
        hungry = set(self._learners.starved(cut.layers))
        fed = {layer for number, layer in cut.layers.items() if number not in hungry}
        found = {layer for number, layer in cut.layers.items() if layer is not None and layer not in fed}
        return tuple(sorted((each for each in found if each is not None), key=_place_of))

    def _is_sure(self, cut: _Cut, starves: bool) -> bool:
        """A stop of the gradient that is spelled out may be meant, where something else is differentiated."""
        said = starves and not cut.whole and words(cut.place, 1000).endswith(".detach()")
        return not cut.guessed and not said

    def _evidence(self, cut: _Cut, layers: tuple[Layer, ...]) -> str:
        count = len(cut.layers)
        if not count:
            return "the tensor hangs on no graph, or on one without parameters"
        if cut.whole:
            return f"`backward` reaches none of the {count} parameters behind the cut, nor any other"
        if cut.differentiated and layers:
            names = ", ".join(f"`{layer.called}`" for layer in layers[:3])
            return f"no gradient ever came to {names}, in {self._learners.lessons} backward passes"
        if cut.differentiated:
            return "it leaves no layer that an optimizer holds without gradients"
        return "nothing that was made of it was differentiated"


@dataclass(slots=True)
class _Cut:
    """All cuts of one kind at one place."""

    place: Place
    operation: str
    in_forward: bool
    layers: dict[int, Layer | None] = field(default_factory=dict)  # on the graph, by the number of their parameter
    looks: int = 0
    scalar: bool = False
    of_loss: bool = False
    escapes: bool = False  # to a number or an array
    guessed: bool = False  # that what is differentiated is made of it
    differentiated: bool = False
    whole: bool = False
    backward: Place | None = None

    def reach(self, backward: Backward, whole: bool) -> None:
        """Something that was made of it is differentiated."""
        self.differentiated = True
        if whole and not self.whole:
            self.whole, self.backward = True, backward.place


def _is_loss(node: Any) -> bool:
    return any(any(word in each.name() for word in _LOSSES) for each in graphs.below(node, 6))


def _place_of(layer: Layer) -> tuple[str, int, str]:
    return layer.made.path, layer.made.span.line if layer.made.span else 0, layer.called


def _tensors(call: Call) -> Iterable[torch.Tensor]:
    """The tensors of which a call makes something, also those in nested lists."""
    if call.name not in _COPIES:
        yield from call.tensors()
        return
    pending: list[Any] = list(call.args[:2])
    if call.name.startswith("torch.as"):  # a tensor comes back as it is, on its graph
        pending = [each for each in pending if not isinstance(each, torch.Tensor)]
    while pending:
        each = pending.pop()
        if isinstance(each, torch.Tensor):
            yield each
        elif isinstance(each, (list, tuple)):
            pending += each[:100]


def _watch_makers(patches: Patches, made: Callable[[object, torch.Tensor], None]) -> None:
    """Say when `torch.from_numpy` or `Variable`, which no mode sees, makes a tensor of something."""
    original, metaclass = torch.from_numpy, type(torch.autograd.Variable)

    def from_numpy(ndarray: Any) -> torch.Tensor:
        tensor = original(ndarray)
        made(ndarray, tensor)
        return tensor

    def called(cls: Any, *args: Any, **kwargs: Any) -> Any:
        tensor = type.__call__(cls, *args, **kwargs)
        if args and isinstance(tensor, torch.Tensor):
            made(args[0], tensor)
        return tensor

    patches.put(torch, "from_numpy", from_numpy)
    patches.put(metaclass, "__call__", called)
