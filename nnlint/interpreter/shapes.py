"""The shape of what an operation returns, as far as it is known; a view tells of itself as an event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlint.interpreter.heads import presumed_whole
from nnlint.interpreter.layer_shapes import adaptive, axis_of, convolution, layer, pooled, presumed, resampled
from nnlint.interpreter.objects import (
    NONE,
    Const,
    Frame,
    Sequence,
    Shape,
    Tensor,
    Union,
    Unknown,
    Value,
)
from nnlint.interpreter.reductions import reduced, says_where
from nnlint.interpreter.reshaping import resolve_view
from nnlint.interpreter.sizes import Size
from nnlint.reading import script as ir

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

SAME = frozenset(
    [
        "softmax",
        "softmax2d",
        "gumbel_softmax",
        "log_softmax",
        "sigmoid",
        "logsigmoid",
        "relu",
        "activation",
        "dropout",
        "exp",
        "log",
        "identity",
        "detach",
        "keep",
        "clamp",
        "round",
        "tanh",
        "softplus",
        "sqrt",
        "pow",
        "step",
        "scatter",
        "channel_norm",
        "norm",
        "same_shape",
        "add",
        "scale",
        "compare",
        "elementwise",
        "sort",
        "argsort",
        "sqrt",
        "pow",
        "step",
        "not",
        "mask_type",
    ]
)


def result(
    run: Interpreter,
    operation: str,
    value: Value,
    options: dict[str, Value],
    node: ir.Node | None,
    frame: Frame,
    words: str,
) -> Shape | None:
    """The shape after `operation`; None when the rank is not known."""
    before = run.sizes.shape_of(value)
    match operation:
        case _ if operation in SAME:
            return before
        case "view":
            return _view(run, value, before, options, node, frame, words)
        case "linear" | "embedding" | "recurrent" | "mha":
            return layer(
                run, operation, before if before is not None else presumed(run, operation, value, words), options
            )
        case "conv" | "conv_transpose":
            return convolution(
                run,
                operation,
                before if before is not None else presumed(run, operation, value, words),
                options,
                words,
            )
        case "pool":
            return pooled(run, before, options)
        case "resample":
            return resampled(run, before, options)
        case "unbind":
            return before
        case "adaptive_pool":
            return adaptive(run, before, options)
        case "attention":
            return before
        case "matmul":
            other = options.get("other")
            return matmul(before, run.sizes.shape_of(other)) if other is not None else None
        case "stack":
            return _stack(run, options)
        case "cat":
            return _cat(run, options)
        case "expand":
            return _expand(run, before, options)
        case "sum" | "mean" | "reduce" | "argmax" | "extreme" if not says_where(options):
            return ()
    if before is None:
        return None
    match operation:
        case "transpose" if (
            "*" in options and isinstance(options["*"], Sequence) and len(options["*"].items) not in (0, 2)
        ):
            return permuted(before, options)  # numpy's
        case "transpose" | "t":
            a, b = (0, 1) if operation == "t" else (axis_of(options.get("dim0")), axis_of(options.get("dim1")))
            return _transposed(before, a, b)
        case "permute":
            return permuted(before, options)
        case "flatten":
            return _flattened(before, options)
        case "unsqueeze":
            axis = axis_of(options.get("dim"))
            if axis is None:
                return None
            at = axis if axis >= 0 else len(before) + 1 + axis
            return (*before[:at], Size.of(1), *before[at:])
        case "squeeze":
            return _squeezed(run, before, options)
        case "argmax" | "reduce" | "sum" | "mean" | "extreme":
            return reduced(before, options)
        case "chunk":
            return _chunk(run, before, options)
    return None


def known_axes(
    run: Interpreter, operation: str, tensor: Tensor, options: dict[str, Value]
) -> tuple[tuple[int, Size], ...]:
    """The dimensions of which the size is known, after an operation on a tensor of any rank."""
    axis, size = axis_of(options.get("dim")), None
    if operation == "linear":
        axis, size = -1, run.sizes.as_size(options.get("<out_features>", NONE))
    elif operation == "unsqueeze":
        size = Size.of(1)
    elif operation in SAME:
        return tensor.axes
    return ((axis, size),) if axis is not None and size is not None else ()


def unbound(run: Interpreter, options: dict[str, Value], shape: Shape) -> tuple[Shape, int] | None:
    """`unbind(dim)`: the shape of each part, and how many there are."""
    axis = axis_of(options.get("dim", Const(0)))
    if axis is None or not -len(shape) <= axis < len(shape):
        return None
    number = run.sizes.number(shape[axis])
    at = axis % len(shape)
    return ((*shape[:at], *shape[at + 1 :]), number) if number is not None and number <= 16 else None


def _view(
    run: Interpreter,
    value: Value,
    before: Shape | None,
    options: dict[str, Value],
    node: ir.Node | None,
    frame: Frame,
    words: str,
) -> Shape | None:
    other = options.get("other")
    if other is not None:
        return run.sizes.shape_of(other)
    given = options.get("*")
    wanted = run.sizes.sizes_from(run, given.items if isinstance(given, Sequence) else ())
    if wanted is None or not wanted:
        return None
    if before is None and isinstance(value, (Tensor, Unknown)):
        before = run.sizes.guessed_shape(value, wanted)
    presumed = before is None
    if before is None and isinstance(value, Tensor):
        before = presumed_whole(run.sizes.made_axis(value, -1), wanted, run.sizes)
    if before is not None:
        run.sizes.same_batch(before, wanted)
    after = _resolved(run, before, wanted)
    if before is not None:
        run.sizes.same_total(before, after)
        after = run.sizes.merged(before, after)
    run.reshaped(value, before, after, node, frame, words, presumed)
    return after


def _resolved(run: Interpreter, before: Shape | None, wanted: Shape) -> Shape:
    """The sizes of a view with its -1 worked out, or a fresh symbol in its place."""
    if before is not None and None not in before and None not in wanted:
        exact = resolve_view(
            tuple(run.sizes.judged(s) for s in before if s is not None),
            tuple(run.sizes.judged(s) for s in wanted if s is not None),
        )
        if exact is not None:
            return exact
        old, new = (tuple(run.sizes.resolved(s) for s in side if s is not None) for side in (before, wanted))
        numeric = resolve_view(old, new)
        if numeric is not None:
            minus = Size.of(-1)
            return tuple(number if size == minus else size for size, number in zip(wanted, numeric, strict=True))
    minus_one = Size.of(-1)
    return tuple(run.sizes.fresh("-1") if size == minus_one else size for size in wanted)


def matmul(a: Shape | None, b: Shape | None) -> Shape | None:
    """[…, n, k] @ […, k, m] is […, n, m]."""
    if a is None or b is None or len(a) < 2 or len(b) < 2:
        return None
    longer = a if len(a) >= len(b) else b
    return (*longer[:-2], a[-2], b[-1])


def _stack(run: Interpreter, options: dict[str, Value]) -> Shape | None:
    parts, axis = options.get("parts"), axis_of(options.get("dim", Const(0)))
    if not isinstance(parts, Sequence) or not parts.items or axis is None:
        return None
    shape = run.sizes.shape_of(parts.items[0])
    if shape is None:
        return None
    at = axis if axis >= 0 else len(shape) + 1 + axis
    number = Size.of(len(parts.items)) if parts.exact else None
    return (*shape[:at], number, *shape[at:])


def _cat(run: Interpreter, options: dict[str, Value]) -> Shape | None:
    parts, axis = options.get("parts"), axis_of(options.get("dim", Const(0)))
    if not isinstance(parts, Sequence) or not parts.items or axis is None:
        return None
    shapes = [run.sizes.shape_of(item) for item in parts.items]
    first = shapes[0]
    if (
        first is None
        or any(shape is None or len(shape) != len(first) for shape in shapes)
        or not -len(first) <= axis < len(first)
    ):
        return None
    at = axis % len(first)
    total: Size | None = Size.of(0) if parts.exact else None
    for shape in shapes:
        size = shape[at] if shape is not None else None
        total = total + size if total is not None and size is not None else None
    return (*first[:at], total, *first[at + 1 :])


def _expand(run: Interpreter, before: Shape | None, options: dict[str, Value]) -> Shape | None:
    return None


def _transposed(before: Shape, a: int | None, b: int | None) -> Shape | None:
    if a is None or b is None or not (-len(before) <= a < len(before) and -len(before) <= b < len(before)):
        return tuple(None for _ in before)
    sizes = list(before)
    sizes[a], sizes[b] = sizes[b], sizes[a]
    return tuple(sizes)


def permuted(before: Shape, options: dict[str, Value]) -> Shape | None:
    """`permute(2, 0, 1)`, and NumPy's `transpose((2, 0, 1))`."""
    given = options.get("*")
    items = given.items if isinstance(given, Sequence) else ()
    if len(items) == 1 and isinstance(items[0], Sequence):
        items = items[0].items
    axes = [axis_of(item) for item in items]
    if len(axes) != len(before):
        return None
    if any(axis is None or not -len(before) <= axis < len(before) for axis in axes):
        return tuple(None for _ in before)
    return tuple(before[axis] for axis in axes if axis is not None)


def _flattened(before: Shape, options: dict[str, Value]) -> Shape | None:
    start = options.get("start_dim", options.get("<start_dim>", Const(0)))
    end = options.get("end_dim", options.get("<end_dim>", Const(-1)))
    a, b = axis_of(start), axis_of(end)
    if a is None or b is None or not before:
        return None
    a, b = a % len(before), b % len(before)
    middle = before[a : b + 1]
    product: Size | None = Size.of(1)
    for size in middle:
        product = product * size if product is not None and size is not None else None
    return (*before[:a], product, *before[b + 1 :])


def _squeezed(run: Interpreter, before: Shape, options: dict[str, Value]) -> Shape | None:
    if "dim" not in options:
        if any(run.sizes.number(size) is None for size in before):
            return None
        return tuple(size for size in before if run.sizes.number(size) != 1)
    axis = axis_of(options["dim"])
    if axis is None or not -len(before) <= axis < len(before):
        return None
    number = run.sizes.number(before[axis])
    if number is None:
        return None
    at = axis % len(before)
    return (*before[:at], *before[at + 1 :]) if number == 1 else before


def _chunk(run: Interpreter, before: Shape, options: dict[str, Value]) -> Shape | None:
    axis = axis_of(options.get("dim", Const(0)))
    if axis is None or not -len(before) <= axis < len(before):
        return None
    at = axis % len(before)
    size = before[at]
    part: Size | None = None
    if "chunks" in options:
        number = axis_of(options["chunks"])
        part = size // Size.of(number) if size is not None and number else None
    elif "split_size" in options:
        part = run.sizes.as_size(options["split_size"])
    if run.sizes.is_batch(size):
        part = run.sizes.samples(part)
    return (*before[:at], part, *before[at + 1 :])


def parts(run: Interpreter, before: Shape | None, options: dict[str, Value]) -> int | None:
    """How many parts `chunk` or `split` makes."""
    if "chunks" in options:
        return axis_of(options["chunks"])
    axis, size = axis_of(options.get("dim", Const(0))), options.get("split_size")
    if isinstance(size, Sequence):
        return len(size.items) if size.exact else None
    each = run.sizes.as_size(size) if size is not None else None
    if before is None or axis is None or each is None or not -len(before) <= axis < len(before):
        return None
    whole = before[axis]
    return run.sizes.number(whole // each) if whole is not None else None


def broadcast(run: Interpreter, a: Shape | None, b: Shape | None, left: Value, right: Value) -> Shape | None:
    """The shape of an elementwise operation.

    Where one side is not known, the other's shape is taken: what is added to activations (a position embedding, a
    mask, a residual)
    hardly ever widens them, unless a size of 1 waits for it.
    """
    if not isinstance(right, (Tensor, Unknown, Union)):
        return a
    if not isinstance(left, (Tensor, Unknown, Union)):
        return b
    one = Size.of(1)
    if a is None or b is None:
        known = a if a is not None else b
        return known if known is not None and len(known) >= 2 and one not in known else None
    rank = max(len(a), len(b))
    a, b = ((one,) * (rank - len(side)) + side for side in (a, b))
    return tuple(x if y == one or x == y else y if x == one else x for x, y in zip(a, b, strict=True))
