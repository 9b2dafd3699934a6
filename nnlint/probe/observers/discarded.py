"""Results of pure operations that are thrown away."""

from __future__ import annotations

import weakref

import torch

from nnlint.events import ResultDiscarded
from nnlint.knowledge.operations import OPERATIONS
from nnlint.probe.callers import by_user, is_tried
from nnlint.probe.observers.base import Observer
from nnlint.probe.places import called, words
from nnlint.probe.run import Call, Run

_MOVES = frozenset({"to", "cuda", "cpu", "float", "half", "double", "long", "type"})
_FOR_THEIR_EFFECT = frozenset({"item", "tolist", "numpy", "register_hook", "retain_grad", "data_ptr", "apply_", "map_"})


class Discarded(Observer):
    """Compares the value of each statement that is an expression with what the last torch function returned."""

    decides = ("NN405",)
    operations = frozenset(operation for operation, _ in OPERATIONS.values())

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._name = ""
        self._operation = ""
        self._inplace = False
        self._result: weakref.ref[torch.Tensor] | None = None

    def called(self, call: Call) -> None:
        if not isinstance(call.result, torch.Tensor):
            self._result = None
            return
        self._result, self._name, self._operation = weakref.ref(call.result), call.name, call.operation
        self._inplace = ("inplace" in call.parameters and bool(call.argument("inplace"))) or (
            bool(call.kwargs) and (bool(call.kwargs.get("inplace")) or call.kwargs.get("out") is not None)
        )

    def thrown(self, value: object) -> None:
        last = self._result() if self._result is not None else None
        if last is None or value is not last or not self._operation or self._inplace:
            return
        function = self._name.rpartition(".")[2]
        if function.endswith("_") or function in _FOR_THEIR_EFFECT or not by_user(self.run.places):
            return
        place = self.run.places.here()
        name = called(place).rpartition(".")[2]
        receiver = called(place).rpartition(".")[0]
        if place is None or name != function or receiver.endswith("_)"):
            return
        if is_tried(place):
            return  # whether it can be done was the question
        moves = self._operation == "identity" and name in _MOVES
        measured = f"the result, {str(last.dtype).removeprefix('torch.')} of {list(last.shape)}, is used by nothing"
        self.run.saw(ResultDiscarded(place=place, call=words(place, 200), operation=name, moves=moves), measured)
