"""The shape of a part of a tensor: `tensor[key]`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlint.interpreter.layer_shapes import axis_of
from nnlint.interpreter.objects import Const, Sequence, Shape, SizeValue, Tensor, Value
from nnlint.interpreter.sizes import Size
from nnlint.interpreter.slices import SliceValue

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter


def indexed(run: Interpreter, shape: Shape | None, key: Value) -> Shape | None:
    """The shape of `tensor[key]`."""
    if shape is None:
        return None
    keys = key.items if isinstance(key, Sequence) and key.kind == "tuple" else (key,)
    sizes: list[Size | None] = []
    axis = 0
    for index, each in enumerate(keys):
        match each:
            case Const(value=None):
                sizes.append(Size.of(1))
            case Const(value=value) if value is Ellipsis:
                rest = sum(1 for other in keys[index + 1 :] if not (isinstance(other, Const) and other.value is None))
                keep = max(0, len(shape) - axis - rest)
                sizes.extend(shape[axis : axis + keep])
                axis += keep
            case Const(value=int()) | SizeValue():
                axis += 1
            case SliceValue():
                if axis >= len(shape):
                    return None
                sizes.append(shape[axis] if each.is_full else _sliced(run, shape[axis], each))
                axis += 1
            case Tensor(made_by="<permutation>") if len(keys) == 1:
                return shape
            case Tensor() if (rows := run.sizes.shape_of(each)) is not None and len(rows) == 1:  # indices, or a mask
                sizes.append(run.sizes.samples() if run.sizes.is_batch(rows[0]) else run.sizes.fresh())
                axis += 1
            case _:
                return None
    return (*sizes, *shape[axis:]) if axis <= len(shape) else None


def _sliced(run: Interpreter, size: Size | None, key: SliceValue) -> Size | None:
    if run.sizes.is_batch(size):
        return run.sizes.samples()
    number = run.sizes.number(size)
    bounds = [None if bound is None else axis_of(bound) for bound in (key.lower, key.upper, key.step)]
    if number is not None and all(
        (b is None) == (k is None or (isinstance(k, Const) and k.value is None))
        for b, k in zip(bounds, (key.lower, key.upper, key.step), strict=True)
    ):
        return Size.of(len(range(*slice(*bounds).indices(number)))) if number < 10**7 else None
    if key.lower is not None and key.upper is not None and key.step is None:  # `x[i : i + 1]`
        lower, upper = run.sizes.as_size(key.lower), run.sizes.as_size(key.upper)
        if lower is None or upper is None or lower.as_int() is not None:
            return None
        length = (upper - lower).as_int()
        return Size.of(length) if length is not None and length > 0 else None
    if size is not None and key.lower is None and key.step is None and key.upper is not None:
        upper = run.sizes.as_size(key.upper)
        return upper if upper is not None and not (upper.as_int() is not None and (upper.as_int() or 0) < 0) else None
    return None
