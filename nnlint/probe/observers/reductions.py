"""Class scores that are reduced over the samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from nnlint.events import SamplesReduced
from nnlint.probe.callers import by_user
from nnlint.probe.observers.base import Observer
from nnlint.probe.places import words
from nnlint.probe.remembered import Remembered
from nnlint.probe.run import Call, Pass, Run
from nnlint.source import Place

_SAME_SCORES = frozenset({"softmax", "log_softmax", "sigmoid", "identity", "detach", "exp", "round"})
_KEEP = frozenset({"identity", "detach", "view", "flatten", "squeeze", "elementwise", "mask_type"})


@dataclass(slots=True)
class _Reduced:
    place: Place
    words: str
    sizes: tuple[int, ...]


class Reductions(Observer):
    """Follows what a network returned, and log-probabilities, to reductions and to what becomes of them."""

    decides = ("NN411",)
    operations = _SAME_SCORES | _KEEP | {"argmax", "extreme", "compare", "sum", "mean", "scale"}

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._scores = Remembered[bool]()
        self._terms = Remembered[bool]()  # log-probabilities over dimension 1, and their products
        self._picked = Remembered[_Reduced]()  # what `argmax(0)` gave
        self._summed = Remembered[_Reduced]()
        self._carried: dict[str, list[Remembered[Any]]] = {}  # by operation
        for operations, several in (
            (_KEEP, [self._picked, self._summed]),
            (_SAME_SCORES, [self._scores]),
            (("identity", "elementwise"), [self._terms]),
        ):
            for operation in operations:
                self._carried.setdefault(operation, []).extend(several)

    def left(self, visit: Pass) -> None:
        if visit.depth == 0 and isinstance(visit.output, torch.Tensor) and visit.output.dim() == 2:
            self._scores[visit.output] = True

    def called(self, call: Call) -> None:
        tensor, result = call.args[0] if call.args else None, call.result
        if not isinstance(tensor, torch.Tensor):
            return
        match call.operation:
            case "argmax" | "extreme":
                picked = result if isinstance(result, torch.Tensor) else getattr(result, "indices", None)
                self._reduced(call, tensor, picked, self._scores, self._picked)
            case "sum":
                self._reduced(call, tensor, result, self._terms, self._summed)
            case "scale" if isinstance(result, torch.Tensor) and any(each in self._terms for each in call.tensors()):
                self._terms[result] = True
            case "log_softmax" if _dimension(call) == 1 and tensor.dim() == 2:
                self._terms[result] = True
            case "mean" if tensor in self._summed and len(call.args) == 1 and not call.kwargs:
                self._tell(self._summed[tensor], "", call.place)
            case "compare":
                self._compared(call)
        if isinstance(result, torch.Tensor):
            self._carry(call.operation, tensor, result)

    def _carry(self, operation: str, tensor: torch.Tensor, result: torch.Tensor) -> None:
        for known in self._carried.get(operation, ()):
            if tensor in known:
                known[result] = known[tensor]

    def _reduced(self, call: Call, tensor: torch.Tensor, result: Any, known: Any, found: Any) -> None:
        if tensor not in known or not isinstance(result, torch.Tensor) or _dimension(call) != 0 or tensor.dim() != 2:
            return
        if call.place is not None and by_user(self.run.places):
            found[result] = reduced = _Reduced(call.place, call.words, tuple(tensor.shape))
            self.run.undecided(self._event(reduced, "", call.place), "what becomes of the result is no torch function")

    def _compared(self, call: Call) -> None:
        """`labels.eq(scores.argmax(0))`: numbers of samples meet as many labels as there are samples."""
        pair = [each for each in call.args[:2] if isinstance(each, torch.Tensor)]
        for one, other in (pair, pair[::-1]) if len(pair) == 2 else ():
            if one not in self._picked or other in self._picked or other.dim() != 1:
                continue
            reduced = self._picked[one]
            if other.shape[0] == reduced.sizes[0]:
                self._tell(reduced, call.words, call.place)

    def _tell(self, reduced: _Reduced, labels: str, used: Place | None) -> None:
        if used is None:
            return
        with_what = f"meets {reduced.sizes[0]} labels" if labels else f"`{words(used)}` averages it"
        measured = f"{list(reduced.sizes)} becomes [{reduced.sizes[1]}], and {with_what}"
        self.run.saw(self._event(reduced, labels, used), measured, alone=False)

    def _event(self, reduced: _Reduced, labels: str, used: Place) -> SamplesReduced:
        sizes = tuple(map(str, reduced.sizes))
        return SamplesReduced(place=reduced.place, call=reduced.words, sizes=sizes, labels=labels, used=used)


def _dimension(call: Call) -> int | None:
    """The dimension over which a function reduces, from 0 on."""
    dim = call.kwargs.get("dim", call.kwargs.get("axis", call.args[1] if len(call.args) > 1 else None))
    if isinstance(dim, (tuple, list)) and len(dim) == 1:
        dim = dim[0]
    tensor = call.args[0]
    return dim % tensor.dim() if isinstance(dim, int) and tensor.dim() else None
