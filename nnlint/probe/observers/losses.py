"""Losses are computed: of what, and of numbers of which scale."""

from __future__ import annotations

from typing import Any

import torch

from nnlint.events import Broadcasted, LossComputed
from nnlint.knowledge.losses import BROADCASTING, LOSS_CLASSES, LOSS_FUNCTIONS
from nnlint.probe.observers.base import Observer
from nnlint.probe.places import called
from nnlint.probe.run import Backward, Call, Run
from nnlint.probe.scales import scales_of, sums_to_one
from nnlint.source import Place
from nnlint.values import Loss, Scale, TensorFacts

_CODES = ("NN101", "NN102", "NN103", "NN104", "NN105", "NN115")


class Losses(Observer):
    """Carries the scales of tensors along, and looks at them where a loss is computed."""

    decides = (*_CODES, "NN106")
    operations = frozenset({"*"})
    operations_before = frozenset(LOSS_FUNCTIONS)

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._scales = scales_of(run)
        self._broadcast: list[tuple[Any, Broadcasted, str]] = []  # with the node of the graph

    def calling(self, call: Call) -> None:
        info = LOSS_FUNCTIONS.get(call.name)
        if info is not None:  # some raise on what they are fed
            self._computed(call, info.kind)

    def called(self, call: Call) -> None:
        if call.name in LOSS_FUNCTIONS and LOSS_FUNCTIONS[call.name].kind in BROADCASTING:
            self._compared(call, call.args[0], call.args[1] if len(call.args) > 1 else call.kwargs.get("target"))
        elif call.operation == "add" and "sub" in call.name.rpartition(".")[2]:
            self._compared(call, call.args[0], call.args[1] if len(call.args) > 1 else None)
        self._scales.ran(call)

    def differentiating(self, backward: Backward) -> None:
        for node, event, sizes in self._broadcast:
            if node in backward.nodes:
                self.run.saw(event, sizes, codes=("NN106",))
        self._broadcast = []

    def stepped(self, optimizer: torch.optim.Optimizer) -> None:
        self._broadcast = []

    def _computed(self, call: Call, function: str) -> None:
        place, given = call.place, [*call.args, call.kwargs.get("target")][:2]
        if place is None or len(given) < 2 or not isinstance(given[0], torch.Tensor):
            return
        loss = self._loss(call, function, place)
        facts, target = self._scales.of(given[0]), self._scales.of(given[1])
        event = LossComputed(place=place, loss=loss, input=facts, target=target)
        measured, holds = _measured(given[0], facts)
        if not holds:
            self.run.undecided(event, f"{measured}, though `{facts.made_by}` made it", codes=_CODES)
        elif facts.scale is Scale.UNKNOWN:
            self.run.undecided(event, f"it is not known what made the input: {measured}", codes=_CODES)
        else:
            self.run.saw(event, measured, codes=_CODES)

    def _loss(self, call: Call, function: str, place: Place) -> Loss:
        kind = function
        if self.run.passes:
            own = type(self.run.passes[-1].module).__name__
            kind = own if f"torch.nn.{own}" in LOSS_CLASSES else function
        log_target = call.kwargs.get("log_target", False) if function == "kl_div" else None
        expects = LOSS_FUNCTIONS[call.name].expects
        reduction = call.kwargs.get("reduction", "mean")
        return Loss(kind, called(place) or kind, expects, reduction, log_target)

    def _compared(self, call: Call, first: Any, second: Any) -> None:
        """[N, 1] and [N] give [N, N]."""
        if not isinstance(first, torch.Tensor) or not isinstance(second, torch.Tensor) or call.place is None:
            return
        a, b = sorted((tuple(first.shape), tuple(second.shape)), key=len)
        if len(a) != 1 or len(b) != 2 or b[1] != 1 or a[0] != b[0] or a[0] < 2:
            return
        node = call.result.grad_fn if isinstance(call.result, torch.Tensor) else None
        sizes = tuple(tuple(map(str, each.shape)) for each in (first, second))
        event = Broadcasted(place=call.place, call=call.words, sizes=sizes, differentiated=True)  # type: ignore[arg-type]
        if node is not None:
            self._broadcast.append((node, event, f"[{', '.join(sizes[0])}] and [{', '.join(sizes[1])}]"))


def _measured(tensor: torch.Tensor, facts: TensorFacts) -> tuple[str, bool]:
    """What the numbers are like, and whether that fits to what made them."""
    values = tensor.detach().float()
    if not values.numel():
        return "it is empty", False
    if values.layout != torch.strided:
        return "it is sparse", False
    low, high = float(values.min()), float(values.max())
    told = f"values from {low:.3g} to {high:.3g}"
    match facts.scale:
        case Scale.PROBABILITIES:
            dims = [dim for dim in range(values.dim()) if values.shape[dim] > 1 and sums_to_one(tensor, dim)]
            if dims:
                miss = float((values.sum(dims[-1]) - 1).abs().max())
                return f"{told}, sums over dimension {dims[-1]} are 1 to {miss:.0e}", True
            return told, low >= 0 and high <= 1
        case Scale.SIGMOID:
            return told, low >= 0 and high <= 1
        case Scale.LOG_PROBABILITIES:
            return told, high <= 1e-3
        case Scale.NONNEGATIVE:
            return told, low >= 0
    return told, True
