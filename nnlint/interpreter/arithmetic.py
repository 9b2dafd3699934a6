"""What `+`, `-`, `*`, `/` and `@` do to tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnlint.interpreter import forms, masks, shapes, tokens
from nnlint.interpreter.objects import Const, Tensor, Value
from nnlint.interpreter.tensors import ONE_HOT, as_tensor
from nnlint.values import Form, Scale

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter


def binary(run: Interpreter, left: Value, op: str, right: Value) -> Tensor:
    """`left op right` where one of them is a tensor."""
    a, b = as_tensor(run, left), as_tensor(run, right)
    run.used(left)
    run.used(right)
    for side in (a, b):
        if side.biased is not None:
            run.consumed(side.biased)
    provenance = a.provenance | b.provenance
    if run.gradients_enabled is False:
        provenance = provenance.detached()
    a_shape, b_shape = run.sizes.shape_of(left) or a.shape, run.sizes.shape_of(right) or b.shape
    shape = shapes.broadcast(run, a_shape, b_shape, left, right)
    if op == "@":
        one_hot = b.made_by == ONE_HOT
        keeps = a.scale is Scale.PROBABILITIES and one_hot
        return Tensor(
            shape=shapes.matmul(a_shape, b_shape),
            scale=a.scale if keeps else Scale.UNKNOWN,
            trail=a.trail if keeps else (),
            made_by=a.made_by if keeps else "",
            provenance=provenance,
            attended=a.scale is Scale.PROBABILITIES,
            tokens=tokens.of_binary(left, op, right),
        )
    for side in (a, b) if op == "+" else ():
        if side.form is Form.DIFFERENCE:
            run.watched.added_back(side.provenance)
    form = forms.of_binary(a, op, b, left, right)
    keeper = _keeper(left, a, op, right, b)
    facts: dict[str, Any] = {
        "shape": shape,
        "provenance": provenance,
        "form": form,
        "averaged": a.averaged or b.averaged if op == "+" else _weighted(left, a, op, right, b),
        "marks": masks.combined(left, op, right),
        "tokens": tokens.of_binary(left, op, right),
        "order": a.order or b.order,
        "is_array": a.is_array or b.is_array,
    }
    if keeper is None:
        dim = (a if forms.is_log_term(a) else b).dim if form is Form.LOG_TERM else None
        return Tensor(dim=dim, guarded=form is Form.ONE_MINUS and b.guarded, **facts)
    guarded = keeper.guarded or (op == "+" and isinstance(right, Const))
    return keeper.but(memory=None, biased=None, attended=False, guarded=guarded, **facts)


def _weighted(left: Value, a: Tensor, op: str, right: Value, b: Tensor) -> bool:
    """Whether `left op right` is a mean over the batch times a number that makes it no smaller."""
    number = right if a.averaged else left
    weight = number.value if isinstance(number, Const) else None
    return op == "*" and (a.averaged or b.averaged) and isinstance(weight, (int, float)) and weight >= 1


def _keeper(left: Value, a: Tensor, op: str, right: Value, b: Tensor) -> Tensor | None:
    """The operand whose scale the result has."""
    number = right.value if isinstance(right, Const) else left.value if isinstance(left, Const) else None
    tensor = a if isinstance(right, Const) else b
    if isinstance(number, (int, float)) and not isinstance(number, bool):
        tiny = abs(number) <= 1e-3
        if op in "+-" and tensor is a and tiny:
            return tensor  # `p + 1e-8`
        if op in "*/" and number == 1:
            return tensor
        if tensor.scale is Scale.LOGITS and op in ("*", "/", "+", "-"):
            return tensor
        return None
    if a.scale is b.scale is Scale.LOGITS and op in ("+", "-"):
        return a
    if a.scale is Scale.LOGITS and op in ("/", "*") and not isinstance(right, Tensor):
        return a  # a temperature
    return None


def negate(tensor: Tensor) -> Tensor:
    if tensor.scale is Scale.LOGITS:
        return tensor.but(biased=None, memory=None)
    form = Form.LOG_TERM if forms.is_log_term(tensor) else tensor.form
    return tensor.but(scale=Scale.UNKNOWN, made_by="", trail=(), biased=None, form=form, memory=None)
