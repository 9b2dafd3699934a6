"""What the numbers of tensors mean, by what computed them: carried along while a script runs."""

from __future__ import annotations

import weakref
from dataclasses import replace
from typing import Any

import torch

from nnlint.finding import Step
from nnlint.probe.places import words
from nnlint.probe.remembered import identity
from nnlint.probe.run import Call, Run, is_in_place
from nnlint.values import Form, Scale, TensorFacts

_MAKES = {
    "softmax": Scale.PROBABILITIES,
    "log_softmax": Scale.LOG_PROBABILITIES,
    "logsigmoid": Scale.LOG_PROBABILITIES,
    "sigmoid": Scale.SIGMOID,
    "relu": Scale.NONNEGATIVE,
    "softplus": Scale.NONNEGATIVE,
    "tanh": Scale.TANH,
    "linear": Scale.LOGITS,
    "conv": Scale.LOGITS,
}
_KEEPS = frozenset(
    {
        "identity", "detach", "keep", "clamp", "view", "resize", "flatten", "unflatten", "transpose", "t", "permute",
        "squeeze", "unsqueeze", "expand", "select", "chunk", "unbind", "cat", "stack", "index", "extreme", "sort",
        "resample",
    }
)  # fmt: skip
_FORMS = frozenset({"exp", "add"})  # that say something of their results, whatever their input is
_TAKES_LOG = {Scale.PROBABILITIES: Scale.LOG_PROBABILITIES, Scale.SIGMOID: Scale.LOG_PROBABILITIES}


UNKNOWN = TensorFacts()
_OF_FORM = {form: TensorFacts(form=form) for form in Form}
SUMS = 1e-4
"""By how much the probabilities of a row may miss 1; more for many classes in low precision: 4 C eps."""


class Scales:
    """The scale of each tensor that a known operation made, as long as the tensor lives."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[weakref.ref[torch.Tensor], TensorFacts]] = {}

    def of(self, tensor: Any) -> TensorFacts:
        entry = self._known.get(identity(tensor))
        return entry[1] if entry is not None and entry[0]() is tensor else UNKNOWN

    def ran(self, call: Call) -> None:
        """A torch function has run: its result has a scale of its own, or keeps that of its input."""
        operation = call.operation
        if operation not in _MAKES and operation not in _FORMS:
            if not self._known:
                return
            args = call.args
            first = args[0] if args and isinstance(args[0], torch.Tensor) else next(call.tensors(), None)
            if identity(first) not in self._known:  # nothing comes of nothing
                if isinstance(call.result, torch.Tensor):
                    self._known.pop(identity(call.result), None)
                return
        facts = self._made(call)
        for each in call.result if isinstance(call.result, (tuple, list)) else (call.result,):
            if isinstance(each, torch.Tensor):
                self._enter(each, facts)
        if is_in_place(call.name) and call.args and isinstance(call.args[0], torch.Tensor):
            self._enter(call.args[0], facts)

    def _made(self, call: Call) -> TensorFacts:
        scale = _MAKES.get(call.operation)
        if scale is not None:
            return self._new(scale, call)
        first = next(call.tensors(), None)
        before = self.of(first) if first is not None else UNKNOWN
        form = _form(call, before)
        if form is not Form.OTHER:
            if form is not Form.ONE_MINUS and not before.guarded:
                return _OF_FORM[form]
            keeps = before if form is Form.ONE_MINUS else UNKNOWN
            return replace(keeps, form=form, guarded=before.guarded)
        if before.scale is Scale.UNKNOWN:
            return before if before.form is not Form.OTHER and call.operation in _KEEPS else UNKNOWN
        if call.operation == "log" and before.scale in _TAKES_LOG and before.form is not Form.ONE_MINUS:
            return self._new(_TAKES_LOG[before.scale], call)
        if call.operation == "exp" and before.scale is Scale.LOG_PROBABILITIES:
            return self._new(Scale.PROBABILITIES, call)
        if call.operation in ("matmul", "einsum") and before.scale is Scale.PROBABILITIES:
            return before if sums_to_one(call.result) else UNKNOWN  # of one-hot labels, by attention
        if call.operation == "dropout":
            drops = bool(call.argument("training", True)) and float(call.argument("p", 0.5)) > 0
            return self._new(Scale.DROPPED, call) if drops and before.scale is Scale.LOGITS else before
        if call.operation in ("cat", "stack", "where"):
            scales = {self.of(each).scale for each in call.tensors() if each.is_floating_point()}
            return before if len(scales) == 1 else UNKNOWN
        if call.operation in _KEEPS:
            return replace(before, guarded=before.guarded or call.operation == "clamp")
        if call.operation == "add" and before.scale in (Scale.PROBABILITIES, Scale.SIGMOID):
            return replace(before, guarded=True) if _is_small(call) else UNKNOWN
        return UNKNOWN

    def _new(self, scale: Scale, call: Call) -> TensorFacts:
        place = call.place
        if place is None:
            return TensorFacts(scale, call.name)
        made = words(place)
        return TensorFacts(scale, made, (Step(place, f"`{made}` makes {scale.value}"),))

    def _enter(self, tensor: torch.Tensor, facts: TensorFacts) -> None:
        key = identity(tensor)
        if facts.scale is Scale.UNKNOWN and facts.form is Form.OTHER:
            self._known.pop(key, None)
            return

        def gone(reference: weakref.ref[torch.Tensor]) -> None:
            entry = self._known.get(key)
            if entry is not None and entry[0] is reference:
                del self._known[key]

        self._known[key] = (weakref.ref(tensor, gone), facts)


def _form(call: Call, before: TensorFacts) -> Form:
    """How the result was computed, where that says more than its scale."""
    if call.operation == "exp" and before.scale is not Scale.LOG_PROBABILITIES:
        return Form.EXPONENTIAL
    if call.operation == "sum" and before.form is Form.EXPONENTIAL:
        return Form.SUM_OF_EXPONENTIALS
    if call.operation == "add" and "sub" in call.name.rpartition(".")[2]:
        others = [each for each in call.args if not isinstance(each, torch.Tensor)]
        if others == [1] and before.scale in (Scale.SIGMOID, Scale.PROBABILITIES):
            return Form.ONE_MINUS
        if not others and len(call.args) > 1:
            return Form.DIFFERENCE
    return Form.OTHER


def sums_to_one(value: Any, dim: int = -1) -> bool:
    """Whether the numbers are probabilities over a dimension."""
    if not isinstance(value, torch.Tensor) or not value.is_floating_point() or not value.dim() or not value.numel():
        return False
    numbers = value.detach().float()
    limit = max(SUMS, 4 * numbers.shape[dim] * torch.finfo(value.dtype).eps)
    return float(numbers.min()) >= 0 and float((numbers.sum(dim) - 1).abs().max()) <= limit


def _is_small(call: Call) -> bool:
    """Whether what is added is an epsilon."""
    other = call.args[1] if len(call.args) > 1 else None
    return isinstance(other, float) and abs(other) < 1e-2


def scales_of(run: Run) -> Scales:
    """The scales of a run, which its observers share."""
    if run not in _SCALES:
        _SCALES[run] = Scales()
    return _SCALES[run]


_SCALES: weakref.WeakKeyDictionary[Run, Scales] = weakref.WeakKeyDictionary()
