"""How tensors were computed, where a rule asks for more than their scale: losses, differences, sums of exponentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlint.interpreter.objects import Const, Perhaps, Sequence, Tensor, Value
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
        case _, Form.LOG_TERM if operation not in ("identity", "clamp", "keep"):
            return Form.OTHER
    return tensor.form if operation in _KEEP_FORM else Form.OTHER


def of_all(values: Value) -> Form:
    """The form of a tensor that is made of a list of others."""
    items = values.items if isinstance(values, Sequence) else ()
    inner = [item.value if isinstance(item, Perhaps) else item for item in items]
    is_loss = bool(inner) and all(isinstance(item, Tensor) and item.form is Form.LOSS for item in inner)
    return Form.LOSS if is_loss else Form.OTHER


def is_guarded(run: Interpreter, operation: str, tensor: Tensor, options: dict[str, Value]) -> bool:
    """Whether the result is kept off 0."""
    if operation == "clamp":
        low, high = options.get("min"), options.get("max")
        above = low is not None and not (isinstance(low, Const) and low.value in (None, 0))
        below = high is not None and not (isinstance(high, Const) and high.value in (None, 1))
        return tensor.guarded or above or below
    return tensor.guarded and operation in _KEEP_GUARD


def is_log_term(tensor: Tensor) -> bool:
    """Whether a tensor is log-probabilities, or these with a factor."""
    return tensor.scale is Scale.LOG_PROBABILITIES or tensor.form is Form.LOG_TERM


def of_binary(a: Tensor, op: str, b: Tensor, left: Value, right: Value) -> Form:
    """The form of `left op right`; `a` and `b` are the tensors that they are."""
    numbers = isinstance(left, Const) or isinstance(right, Const)
    if Form.LOSS in (a.form, b.form):
        both = a.form is b.form is Form.LOSS
        return Form.LOSS if op in "*/+-" and (both or numbers or op in "*/+") else Form.OTHER
    if op == "*" and (is_log_term(a) or is_log_term(b)):
        return Form.LOG_TERM
    if op == "-" and isinstance(left, Const) and left.value == 1:
        return Form.ONE_MINUS if b.scale in (Scale.SIGMOID, Scale.PROBABILITIES) else Form.OTHER
    if op == "-" and not numbers:
        return Form.DIFFERENCE
    return Form.OTHER
