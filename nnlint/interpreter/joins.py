"""What holds where two paths meet: the join of what each of them knew."""

from __future__ import annotations

from collections.abc import Sequence as Sequence_
from typing import Any

from nnlint.interpreter.objects import Const, Perhaps, Sequence, Tensor, Union, Unknown, Value
from nnlint.values import Form, Scale

MOST_ALTERNATIVES = 6


class _Missing:
    """The value of a field that a path never wrote."""


MISSING = _Missing()


def join(left: Value, right: Value) -> Value:
    """The value that is `left` on one path and `right` on the other."""
    if left is right or _same_constant(left, right):
        return left
    match left, right:
        case Tensor(), Tensor():
            return join_tensors(left, right)
        case Tensor(), Unknown():
            return join_tensors(left, Tensor(provenance=right.provenance))
        case Unknown(), Tensor():
            return join_tensors(Tensor(provenance=left.provenance), right)
        case Sequence(), Sequence() if left.kind == right.kind == "tuple" and len(left.items) == len(right.items):
            return Sequence("tuple", tuple(map(join, left.items, right.items)), left.exact and right.exact)
    alternatives: list[Value] = []
    for value in (*_alternatives(left), *_alternatives(right)):
        if not any(value is known or _same_constant(value, known) for known in alternatives):
            alternatives.append(value)
    if len(alternatives) > MOST_ALTERNATIVES:
        return Unknown()
    return alternatives[0] if len(alternatives) == 1 else Union(tuple(alternatives))


def either(values: Sequence_[Value]) -> Value:
    """What one of several callees returned: tensors of different scales stay apart, each is a program that runs."""
    tensors = [value for value in values if isinstance(value, Tensor)]
    if len(tensors) == len(values) and len({tensor.scale for tensor in tensors}) > 1:
        by_scale: dict[Scale, Tensor] = {}
        for tensor in tensors:
            known = by_scale.get(tensor.scale)
            by_scale[tensor.scale] = tensor if known is None else join_tensors(known, tensor)
        return Union(tuple(by_scale.values()))
    joined = values[0]
    for value in values[1:]:
        joined = join(joined, value)
    return joined


def _alternatives(value: Value) -> tuple[Value, ...]:
    return value.alternatives if isinstance(value, Union) else (value,)


def _same_constant(left: Value, right: Value) -> bool:
    if type(left) is not type(right):
        return False
    if isinstance(left, Const) and isinstance(right, Const):
        return type(left.value) is type(right.value) and left.value == right.value
    return not isinstance(left, Tensor) and left == right


def join_tensors(left: Tensor, right: Tensor) -> Tensor:
    """A tensor of which only what holds of both is known."""
    if left.shape is None or right.shape is None or len(left.shape) != len(right.shape):
        shape = None
    else:
        shape = tuple(a if a == b else None for a, b in zip(left.shape, right.shape, strict=True))
    agree = left.scale is right.scale
    return Tensor(
        shape=shape,
        scale=left.scale if agree else Scale.UNKNOWN,
        dim=left.dim if agree and left.dim == right.dim else None,
        trail=left.trail if agree else (),
        made_by=left.made_by if agree else "",
        provenance=left.provenance.meets(right.provenance),
        biased=left.biased if left.biased == right.biased else None,
        attended=left.attended and right.attended,
        axes=left.axes if left.axes == right.axes else (),
        marks=left.marks if left.marks == right.marks else None,
        tokens=left.tokens.meets(right.tokens) if left.tokens is not None else None,
        order=left.order if left.order == right.order else None,
        form=left.form if left.form is right.form else Form.OTHER,
        guarded=left.guarded or right.guarded,
        averaged=left.averaged and right.averaged,
        memory=left.memory if left.memory == right.memory else None,
        reduced=left.reduced if left.reduced is right.reduced else None,
        makers=left.makers | right.makers,
        is_array=left.is_array or right.is_array,
    )


def join_fields(key: str, left: Any, right: Any) -> Any:
    """The join of a field of an object; fields that are not values have joins of their own."""
    if left is right or right is MISSING:
        return left
    if left is MISSING:
        return right
    match key:
        case "<mode>":
            return join_modes(left, right)
        case "items" if isinstance(left, tuple) and isinstance(right, tuple):
            return _join_items(left, right)
        case "items" if isinstance(left, dict) and isinstance(right, dict):
            return _join_entries(left, right)
        case "exact":
            return left and right
        case "others":
            return left or right
        case "<grads>":
            return join_gradients(left, right)
        case "<pending>" | "<eval place>" | "<suspects>":
            return left | right
    if isinstance(left, Value) and isinstance(right, Value):
        return join(left, right)
    return left if left == right else None


def _join_entries(left: dict[object, Value], right: dict[object, Value]) -> dict[object, Value]:
    joined = dict(left)
    for key, value in right.items():
        known = joined.setdefault(key, value)
        if known is not value:
            joined[key] = join(known, value)
    return joined


def _alike(left: tuple[Value, ...], right: tuple[Value, ...]) -> int:
    """How many elements from the first are the same."""
    for number, (one, other) in enumerate(zip(left, right, strict=False)):
        if one is not other:
            return number
    return min(len(left), len(right))


def _join_items(left: tuple[Value, ...], right: tuple[Value, ...]) -> tuple[Value, ...]:
    """Elements of a list on two paths: what only one has, between common start and common end, may be absent."""
    start = _alike(left, right)
    end = _alike(left[start:][::-1], right[start:][::-1])
    middle_left, middle_right = left[start : len(left) - end], right[start : len(right) - end]
    middle: tuple[Value, ...]
    if len(middle_left) == len(middle_right):
        middle = tuple(map(join, middle_left, middle_right))
    else:
        middle = tuple(v if isinstance(v, Perhaps) else Perhaps(v) for v in (*middle_left, *middle_right))
    return (*left[:start], *middle, *left[len(left) - end :])


EITHER = "either"


def join_modes(left: bool | str | None, right: bool | str | None) -> bool | str | None:
    """Two modes that meet: `EITHER` when one path set another than the other.

    Nothing is known when that is undone on one path only.
    """
    if left == right:
        return left
    if isinstance(left, bool) and isinstance(right, bool):
        return EITHER
    if False in (left, right) and EITHER in (left, right):
        return EITHER
    return None


NEW, CLEAR, READY, USED, REUSED, WASTED = "new", "clear", "ready", "used", "reused", "wasted"


def join_gradients(left: frozenset[str] | None, right: frozenset[str] | None) -> frozenset[str] | None:
    """The conditions that gradients can be in; None when they may have been cleared on one path only.

    Of gradients that one path used and the other cleared nothing is known: the two conditions of an accumulating loop,
    `if i % k == 0: zero_grad()` and `if (i + 1) % k == 0: step()`, belong together in ways that no join sees.
    """
    if left is None or right is None:
        return None
    both = left | right
    if both & {USED, REUSED} and both & {CLEAR, WASTED}:
        return None
    return both
