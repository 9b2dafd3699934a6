"""Operations of which rules ask: softmax, logarithm, root, power, clamp, comparison."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from nnlint.events import LossConstructed, OperationRan, Thresholded
from nnlint.probe.observers.base import Observer
from nnlint.probe.places import words
from nnlint.probe.run import Backward, Call, Pass, Run
from nnlint.probe.scales import scales_of
from nnlint.source import Place
from nnlint.values import Form, Scale, TensorFacts

_ASKED = ("softmax", "log_softmax", "log", "sqrt", "pow", "clamp")
_CODES = {
    "softmax": ("NN109", "NN112"),
    "log_softmax": ("NN109",),
    "log": ("NN110", "NN111"),
    "sqrt": ("NN111",),
    "pow": ("NN111",),
    "clamp": ("NN114",),
}
MOST_PENDING = 4000
_LOSSES = ("Loss", "Entropy", "KlDiv")  # in names of nodes
_LOGIT_LOSSES = ("binary_cross_entropy_with_logits", "cross_entropy", "soft_margin_loss")


class Operations(Observer):
    """Sees what each such operation is given; whether `backward` comes through it shows later."""

    decides = ("NN107", "NN109", "NN110", "NN111", "NN112", "NN113", "NN114")
    operations = frozenset({*_ASKED, "compare", "round", *(f"torch.nn.functional.{each}" for each in _LOGIT_LOSSES)})

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._scales = scales_of(run)
        self._pending: list[tuple[Any, OperationRan, str]] = []
        self._batch: int | None = None
        self._trained_by = ""
        self._thresholded: list[tuple[Thresholded, str]] = []
        self._entered: int | None = None  # samples that a whole network was given last
        _watch_constructors(self)

    def batch_loaded(self, loader: Any, indices: object, batch: Any) -> None:
        self._batch = len(indices) if isinstance(indices, (list, tuple)) else None

    def entering(self, visit: Pass) -> None:
        if visit.depth == 0 and visit.args and isinstance(visit.args[0], torch.Tensor) and visit.args[0].dim() > 1:
            self._entered = visit.args[0].shape[0]

    def constructing(self, kind: str, args: tuple[Any, ...]) -> None:
        """A loss is about to be constructed; some of those that are given tensors raise."""
        place = self.run.places.here()
        given = [each for each in args if isinstance(each, torch.Tensor) and each.dim()]
        outputs = [each for each in given if each.requires_grad or self._scales.of(each).scale is not Scale.UNKNOWN]
        if outputs and place is not None:
            event = LossConstructed(place=place, kind=kind, outputs="the output of a network")
            shape = " x ".join(map(str, outputs[0].shape))
            self.run.saw(event, f"its constructor is given a tensor of {shape} that a network made")

    def called(self, call: Call) -> None:
        if call.name.startswith("torch.nn.functional.") and call.name.rpartition(".")[2] in _LOGIT_LOSSES:
            self._trained_by = call.name.rpartition(".")[2]
        elif call.operation in ("compare", "round"):
            self._compared(call)
        elif call.operation in _ASKED and call.place is not None:
            given = next(call.tensors(), None)
            if given is not None:
                self._ran(call, given, call.place)

    def differentiating(self, backward: Backward) -> None:
        left = []
        for node, event, told in self._pending:
            if node is not None and node in backward.nodes:
                self._tell(replace(event, differentiated=True), told)
            else:
                left.append((node, event, told))
        self._pending = left

    def stepped(self, optimizer: torch.optim.Optimizer) -> None:
        self._flush()

    def ended(self) -> None:
        self._flush()
        for event, told in self._thresholded:
            if self._trained_by:
                named = replace(event, trained_by=self._trained_by)
                self.run.saw(named, told)
            else:
                self.run.undecided(event, "nothing is trained with a loss of raw scores")

    def _flush(self) -> None:
        for _, event, told in self._pending:
            self._tell(event, told)
        self._pending = []

    def _tell(self, event: OperationRan, told: str) -> None:
        """A clamped difference may be a trust region, and samples may compete on purpose."""
        is_plain = event.input.form is not Form.DIFFERENCE and (event.operation != "softmax" or self._batch is not None)
        self.run.saw(event, told, codes=_CODES[event.operation], alone=is_plain)

    def _ran(self, call: Call, tensor: torch.Tensor, place: Place) -> None:
        facts = self._scales.of(tensor)
        made = tensor.grad_fn.name() if tensor.grad_fn is not None else ""
        if call.operation == "clamp" and made and (tensor.dim() == 0 or any(each in made for each in _LOSSES)):
            facts = replace(facts, form=Form.LOSS)
        options = {name: call.argument(name) for name in call.parameters if self._is_given(call, name)}
        event = OperationRan(
            place=place,
            operation=call.operation,
            call=words(place),
            layer_made=self._layer_made(),
            input=facts,
            options={name: value for name, value in options.items() if isinstance(value, (int, float, type(None)))},
            sizes=tuple(map(str, tensor.shape)),
            batch=0 if self._is_of_batch(tensor) else None,
            loaded=self._batch is not None and self._batch > 1,
            differentiated=False,
            in_forward=self.run.in_forward,
            of_network=False,
            added_back=False,
        )
        told = _measured(call, tensor, facts)
        if facts.scale is Scale.UNKNOWN and facts.form is Form.OTHER and call.operation in ("log", "sqrt", "pow"):
            self.run.undecided(event, "it is not known what made its input", codes=_CODES[call.operation])
        elif len(self._pending) < MOST_PENDING:
            node = call.result.grad_fn if isinstance(call.result, torch.Tensor) else None
            self._pending.append((node, event, told))

    def _is_of_batch(self, tensor: torch.Tensor) -> bool:
        """Whether the first dimension holds the samples, by its size."""
        sizes = (self._batch, None if self._batch is not None or tensor.dim() != 2 else self._entered)
        return tensor.dim() > 1 and tensor.shape[0] in sizes and tensor.shape[0] != tensor.shape[1]

    @staticmethod
    def _is_given(call: Call, name: str) -> bool:
        position = call.parameters.index(name) + 1
        given = name in call.kwargs or position < len(call.args)
        return given and not (name == "dim" and call.argument(name) is None)

    def _layer_made(self) -> Place | None:
        """Where the layer is made whose operation this is."""
        if not self.run.passes:
            return None
        module = self.run.passes[-1].module
        return self.run.book.place(module) if type(module).__module__.startswith("torch.nn.") else None

    def _compared(self, call: Call) -> None:
        tensor = call.args[0] if call.args else None
        if not isinstance(tensor, torch.Tensor) or call.place is None:
            return
        facts: TensorFacts = self._scales.of(tensor)
        other = None if call.operation == "round" else call.args[1] if len(call.args) > 1 else None
        is_half = call.operation == "round" or (isinstance(other, float) and other == 0.5)
        if not is_half or not tensor.is_floating_point() or not tensor.numel() or facts.scale is Scale.UNKNOWN:
            return
        event = Thresholded(place=call.place, call=words(call.place), input=facts, threshold=other, trained_by="")
        low, high = float(tensor.min()), float(tensor.max())
        if facts.scale is Scale.LOGITS:
            self._thresholded.append((event, f"scores from {low:.3g} to {high:.3g} are compared with 0.5"))
        else:
            self.run.denied(event, f"{facts.scale.value} from {low:.3g} to {high:.3g}")


def _watch_constructors(operations: Operations) -> None:
    """The constructors of losses, before they run."""
    for cls in list(vars(nn.modules.loss).values()):
        original = vars(cls).get("__init__") if isinstance(cls, type) and issubclass(cls, nn.Module) else None
        if original is None:
            continue

        @functools.wraps(original)
        def constructed(self: Any, *args: Any, _original: Any = original, **kwargs: Any) -> None:
            if not operations.run.muted:
                operations.run.muted += 1
                try:
                    operations.constructing(type(self).__name__, (*args, *kwargs.values()))
                finally:
                    operations.run.muted -= 1
            _original(self, *args, **kwargs)

        operations.run.patches.put(cls, "__init__", constructed)


def _measured(call: Call, tensor: torch.Tensor, facts: TensorFacts) -> str:
    """What was seen of the operation's input and result."""
    values = tensor.detach()
    if not values.numel() or not values.is_floating_point() or values.layout != torch.strided:
        return "nothing was measured"
    if call.operation == "softmax" and isinstance(call.result, torch.Tensor) and call.result.dim() > 1:
        sums = call.result.detach().float()
        first, last = sums.sum(0), sums.sum(-1)
        return f"columns sum to {float(first.mean()):.3g} on average, rows to {float(last.mean()):.3g}"
    low, high = float(values.min()), float(values.max())
    return f"it is given values from {low:.3g} to {high:.3g}"
