"""What image libraries give: arrays of [height, width, channels], and what NumPy and OpenCV make of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from nnlint.interpreter import shapes, tensors
from nnlint.interpreter.objects import (
    Arguments,
    Const,
    External,
    Frame,
    Sequence,
    Shape,
    Tensor,
    Unknown,
    Value,
)
from nnlint.interpreter.sizes import Size
from nnlint.interpreter.wording import text_of
from nnlint.reading import script as ir

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

COLOURS = "<colours>"
"""In the lazies of a picture of PIL: how many colours a pixel of it has."""

_OF_MODES = {"RGB": 3, "RGBA": 4, "CMYK": 4, "HSV": 3, "YCbCr": 3, "LAB": 3}


def converted(picture: Unknown, name: str, arguments: Arguments) -> Unknown | None:
    """`picture.convert("RGB")`, and what keeps the number of colours behind it."""
    mode = arguments.get(0, "mode")
    colours = picture.lazies.get(COLOURS)
    if name == "convert":
        colours = _OF_MODES.get(mode.value) if isinstance(mode, Const) and isinstance(mode.value, str) else None
    elif name not in ("resize", "crop", "rotate", "transpose", "copy"):
        return None
    if colours is None:
        return None
    result = Unknown(name, picture.provenance)
    result.lazies[COLOURS] = colours
    return result


def _imread(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    flag = arguments.get(1, "flags")
    if arguments.loose or not (flag is None or flag in (Const(1), External("cv2.IMREAD_COLOR"))):
        return Unknown("imread")
    return Tensor(shape=_picture(run, 3), is_array=True)


def _picture(run: Interpreter, colours: int) -> Shape:
    return run.sizes.fresh("height"), run.sizes.fresh("width"), Size.of(colours)


def _array(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    """`np.array(picture)`."""
    value = arguments.positional[0] if arguments.positional else Unknown()
    run.used(value)
    shape = run.sizes.shape_of(value)
    if isinstance(value, Unknown) and COLOURS in value.lazies:
        shape = _picture(run, value.lazies[COLOURS])
    provenance = run.provenance_of(arguments)
    return (
        Tensor(shape=shape, provenance=provenance, is_array=True) if shape is not None else Unknown("array", provenance)
    )


def _resized(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    """`cv2.resize(picture, (width, height))`."""
    value, size = arguments.get(0, "src"), arguments.get(1, "dsize")
    shape = run.sizes.shape_of(value) if value is not None else None
    if shape is None or len(shape) != 3 or not isinstance(size, Sequence) or not size.exact or len(size.items) != 2:
        return Unknown("resize")
    width, height = (run.sizes.as_size(item) for item in size.items)
    return Tensor(shape=(height, width, shape[2]), is_array=True)


def _recoloured(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    """`cv2.cvtColor(picture, code)`."""
    value, code = arguments.get(0, "src"), arguments.get(1, "code")
    shape = run.sizes.shape_of(value) if value is not None else None
    keeps = isinstance(code, External) and "GRAY" not in code.dotted and "RGBA" not in code.dotted
    return Tensor(shape=shape, is_array=True) if shape is not None and keeps else Unknown("cvtColor")


def _flipped(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    value = arguments.get(0, "src")
    shape = run.sizes.shape_of(value) if value is not None else None
    return Tensor(shape=shape, is_array=True) if shape is not None else Unknown("flip")


def _reshaped(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    """`np.reshape(picture, (3, height, width))`."""
    value, sizes = arguments.get(0, "a"), arguments.get(1, "newshape") or arguments.get(1, "shape")
    if value is None or sizes is None or arguments.loose or len(arguments.positional) > 2:
        return Unknown("reshape", run.provenance_of(arguments))
    given: dict[str, Value] = {"*": Sequence("tuple", (sizes,))}
    return tensors.apply(run, "view", value, given, node, frame, text_of(node) if node is not None else "np.reshape")


def _transposed(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    value, axes = arguments.get(0, "a"), arguments.get(1, "axes")
    before = run.sizes.shape_of(value) if value is not None else None
    if value is None or before is None or axes is None:
        return Unknown("transpose", run.provenance_of(arguments))
    return Tensor(
        shape=shapes.permuted(before, {"*": Sequence("tuple", (axes,))}),
        provenance=run.provenance_of(arguments),
        is_array=True,
    )


SPECIAL: dict[str, Callable[..., Value]] = {
    "cv2.imread": _imread,
    "cv2.resize": _resized,
    "cv2.cvtColor": _recoloured,
    "cv2.flip": _flipped,
    **dict.fromkeys(("numpy.array", "numpy.asarray", "numpy.ascontiguousarray", "numpy.float32"), _array),
    "numpy.reshape": _reshaped,
    "numpy.transpose": _transposed,
}
