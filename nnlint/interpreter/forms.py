"""How tensors were computed, where a rule asks for more than their scale: losses, differences, sums of exponentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlint.interpreter.objects import Const, Tensor, Value
from nnlint.values import Form, Scale

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

_KEEP_FORM = frozenset(
    {"identity", "view", "flatten", "squeeze", "unsqueeze", "permute", "transpose", "t", "clamp", "cat"}
)
_KEEP_LOSS = _KEEP_FORM | {"sum", "mean", "stack", "select", "keep"}
_KEEP_GUARD = frozenset({"identity", "view", "flatten", "squeeze", "unsqueeze", "permute", "transpose", "t", "select"})


def after(operation: str, tensor: Tensor) -> Form:
    """The form of what an operation makes of a tensor."""
    match operation, tensor.form:
        case "exp", Form.OTHER if tensor.scale is not Scale.LOG_PROBABILITIES:
            return Form.EXPONENTIAL
        case "sum", Form.EXPONENTIAL:
            return Form.SUM_OF_EXPONENTIALS
        case _, Form.LOSS if operation in _KEEP_LOSS:
            return Form.LOSS
    return tensor.form if operation in _KEEP_FORM else Form.OTHER


def is_guarded(run: Interpreter, operation: str, tensor: Tensor, options: dict[str, Value]) -> bool:
    """Whether the result is kept off 0."""
    if operation == "clamp":
        low, high = options.get("min"), options.get("max")
        above = low is not None and not (isinstance(low, Const) and low.value in (None, 0))
        below = high is not None and not (isinstance(high, Const) and high.value in (None, 1))
        return tensor.guarded or above or below
    return tensor.guarded and operation in _KEEP_GUARD


def of_binary(a: Tensor, op: str, b: Tensor, left: Value, right: Value) -> Form:
    """The form of `left op right`; `a` and `b` are the tensors that they are."""
    numbers = isinstance(left, Const) or isinstance(right, Const)
    if Form.LOSS in (a.form, b.form):
        both = a.form is b.form is Form.LOSS
        return Form.LOSS if op in "*/+-" and (both or numbers or op in "*/+") else Form.OTHER
    if op == "-" and isinstance(left, Const) and left.value == 1:
        return Form.ONE_MINUS if b.scale in (Scale.SIGMOID, Scale.PROBABILITIES) else Form.OTHER
    if op == "-" and not numbers:
        return Form.DIFFERENCE
    return Form.OTHER
