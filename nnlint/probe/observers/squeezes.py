"""`squeeze()` that names no dimension, on what has one of samples."""

from __future__ import annotations

from typing import Any

import torch

from nnlint.events import OperationRan
from nnlint.probe.callers import by_user
from nnlint.probe.observers.base import Observer
from nnlint.probe.remembered import Remembered
from nnlint.probe.run import Call, Pass, Run
from nnlint.values import TensorFacts


class Squeezes(Observer):
    """Compares the sizes of what is squeezed with the number of samples that the network, or the script, was given."""

    decides = ("NN404",)
    operations = frozenset({"squeeze"})

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._loaded = Remembered[bool]()
        self._outputs = Remembered[bool]()  # of whole networks, with whether their input was loaded
        self._samples: int | None = None  # that the network under way was given

    def batch_loaded(self, loader: Any, indices: object, batch: Any) -> None:
        items = (
            list(batch.values()) if isinstance(batch, dict) else batch if isinstance(batch, (list, tuple)) else [batch]
        )
        count = len(indices) if isinstance(indices, (list, tuple)) else None
        for item in items:
            if isinstance(item, torch.Tensor) and item.dim() and count in (None, item.shape[0]):
                self._loaded[item] = True

    def entering(self, visit: Pass) -> None:
        if visit.depth == 0:
            self._samples = next((each.shape[0] for each in _tensors(visit) if each.dim() > 1), None)

    def left(self, visit: Pass) -> None:
        if visit.depth == 0 and isinstance(visit.output, torch.Tensor):
            if visit.output.dim() > 1 and visit.output.shape[0] == self._samples:
                self._outputs[visit.output] = any(each in self._loaded for each in _tensors(visit))
            self._samples = None

    def called(self, call: Call) -> None:
        tensor = call.args[0] if call.args else call.kwargs.get("input")
        if not isinstance(tensor, torch.Tensor) or not by_user(self.run.places) or call.place is None:
            return
        given = [each for each in (*call.args[1:], *call.kwargs.values()) if each is not tensor]
        options: dict[str, object] = {"dim": str(given[0])} if given else {}
        loaded = tensor in self._loaded or (tensor in self._outputs and self._outputs[tensor])
        output, inside = tensor in self._outputs, self.run.in_forward
        batched = loaded or output or (inside and tensor.dim() > 0 and tensor.shape[0] == self._samples)
        event = OperationRan(
            place=call.place,
            operation="squeeze",
            call=call.words,
            layer_made=None,
            input=TensorFacts(),
            options=options,
            sizes=tuple(map(str, tensor.shape)),
            batch=0 if batched and tensor.dim() > 1 else None,
            loaded=loaded,
            differentiated=output and tensor.requires_grad,
            in_forward=inside,
            of_network=output,
            added_back=False,
        )
        measured = f"{list(tensor.shape)} becomes {list(call.result.shape)}"
        if event.batch is None and tensor.dim() > 1 and not options:
            self.run.undecided(
                event, f"which dimension of {list(tensor.shape)} is that of the samples is not known", codes=("NN404",)
            )
            return
        if tensor.dim() and tensor.shape[0] == 1 and batched:
            measured += ": the batch of one has lost its dimension"
        self.run.saw(event, measured, codes=("NN404",), alone=(tensor.dim() > 0 and tensor.shape[0] > 1) or loaded)


def _tensors(visit: Pass) -> list[torch.Tensor]:
    return [each for each in (*visit.args, *visit.kwargs.values()) if isinstance(each, torch.Tensor)]
