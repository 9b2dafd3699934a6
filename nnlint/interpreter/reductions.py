"""The shapes that reductions leave: `sum`, `mean`, `argmax`, `max` and their like."""

from __future__ import annotations

from nnlint.interpreter.layer_shapes import axis_of
from nnlint.interpreter.objects import Const, Sequence, Shape, Value
from nnlint.interpreter.sizes import Size


def says_where(options: dict[str, Value]) -> bool:
    """Whether a reduction is given anything but the tensor."""
    given = options.get("*")
    return any(name != "*" for name in options) or not (isinstance(given, Sequence) and given.exact and not given.items)


def reduced(before: Shape, options: dict[str, Value]) -> Shape | None:
    """The shape without the dimensions that are reduced."""
    axes = axes_of(options.get("dim", options.get("axis")))
    if not axes or not all(-len(before) <= axis < len(before) for axis in axes):
        return None
    at = {axis % len(before) for axis in axes}
    keeps = options.get("keepdim")
    if "k" in options:
        return tuple(None if axis in at else size for axis, size in enumerate(before))
    if keeps is None or (isinstance(keeps, Const) and keeps.value is False):
        return tuple(size for axis, size in enumerate(before) if axis not in at)
    if isinstance(keeps, Const) and keeps.value is True:
        return tuple(Size.of(1) if axis in at else size for axis, size in enumerate(before))
    return None


def axes_of(value: Value | None) -> tuple[int, ...]:
    """The dimensions that a number or a tuple of numbers names; () when one is not known."""
    if isinstance(value, Sequence) and value.exact:
        axes = [axis_of(item) for item in value.items]
        return tuple(axis for axis in axes if axis is not None) if None not in axes else ()
    axis = axis_of(value)
    return () if axis is None else (axis,)
