"""What operations do to tensors: to their scale, their shape, and what they hang on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nnlint.finding import Step
from nnlint.interpreter import (
    class_reductions,
    forms,
    indexing,
    layer_shapes,
    makers,
    masks,
    memories,
    orders,
    shapes,
    telling,
    tokens,
)
from nnlint.interpreter.joins import either
from nnlint.interpreter.layer_shapes import axis_of
from nnlint.interpreter.objects import (
    PIECES,
    Biased,
    Const,
    Frame,
    Instance,
    Sequence,
    Shape,
    Tensor,
    Union,
    Unknown,
    Value,
)
from nnlint.reading import script as ir
from nnlint.values import Maker, Scale

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

KEEPS_SCALE = frozenset(
    [
        "identity", "detach", "keep", "clamp", "round", "view", "resize", "flatten", "unflatten",
        "transpose", "t", "permute", "squeeze", "unsqueeze", "expand", "select", "chunk", "unbind", "cat",
        "stack", "resample", "dropout", "extreme", "sort",
    ]
)  # fmt: skip
KEEPS_BIAS = frozenset(
    [
        "identity", "pool", "adaptive_pool", "shuffle", "view", "flatten", "transpose", "permute",
        "unsqueeze", "squeeze", "resample",
    ]
)  # fmt: skip
"""What may stand between a layer with a bias and a batch norm without giving the bias a meaning."""
MOVES = frozenset({"view", "flatten", "unflatten", "transpose", "t", "permute", "squeeze", "unsqueeze", "unbind"})
"""What gives dimensions other places."""
CUTS = frozenset({"detach", "argmax", "compare", "one_hot", "round", "step"})
"""Operations through which no gradient flows."""


def as_tensor(run: Interpreter, value: Value) -> Tensor:
    """The tensor that a value is, or stands for."""
    match value:
        case Tensor():
            return value
        case Unknown():
            return Tensor(
                shape=run.sizes.shape_of(value),
                provenance=value.provenance,
                marks=masks.marks_of(value),
                tokens=tokens.tokens_of(value),
            )
        case Union():
            from nnlint.interpreter.joins import join_tensors

            parts = [as_tensor(run, each) for each in value.alternatives]
            joined = parts[0]
            for part in parts[1:]:
                joined = join_tensors(joined, part)
            return joined
    return Tensor(provenance=run.provenance(value))


def apply(
    run: Interpreter,
    operation: str,
    value: Value,
    options: dict[str, Value],
    node: ir.Node | None,
    frame: Frame,
    words: str = "",
    layer: Instance | None = None,
) -> Value:
    """The result of one operation on a tensor.

    `options` holds the operation's other arguments by name (`*` those without one), `words` the call in the user's own,
    `layer` is the layer whose operation it is.
    """
    if isinstance(value, Union) and all(isinstance(each, Tensor) for each in value.alternatives):
        each_way = [apply(run, operation, each, options, node, frame, words, layer) for each in value.alternatives]
        return either(each_way)
    tensor = as_tensor(run, value)
    run.used(value)
    for option in options.values():
        run.used(option)
    provenance = tensor.provenance
    for option in options.values():
        provenance = provenance | run.provenance(option)
    if run.gradients_enabled is False:
        provenance = provenance.detached()
    elif operation in CUTS:
        provenance = telling.graph_cut(run, tensor, operation, node, frame)
    if tensor.biased is not None and operation not in KEEPS_BIAS:
        run.consumed(tensor.biased)
    constructed = layer.made if layer is not None else None
    makers.ran(run, operation, tensor, node, frame, layer)
    provenance = telling.operation_ran(
        run, operation, tensor, run.sizes.shape_of(value), options, provenance, node, frame, words, constructed
    )
    if operation == "round" and isinstance(node, ir.Expr):
        telling.thresholded(run, tensor, None, node, frame)
    shape = shapes.result(run, operation, value, options, node, frame, words)
    scale, made = _scale(run, operation, tensor, options, node, frame, words)
    keeps = scale is tensor.scale and operation in KEEPS_SCALE
    result = Tensor(
        shape=shape,
        scale=scale,
        dim=made.dim if not keeps else tensor.dim if operation not in MOVES else None,
        trail=tensor.trail if keeps else made.trail,
        made_by=tensor.made_by if keeps else made.made_by,
        provenance=provenance,
        biased=_carried(run, tensor, operation, shape),
        attended=(tensor.attended and operation in KEEPS_SCALE) or made.attended,
        axes=shapes.known_axes(run, operation, tensor, options) if shape is None else (),
        marks=masks.after(run, operation, tensor, options, node, frame),
        tokens=tokens.after(run, operation, tensor, options, node, frame),
        order=orders.carried(tensor, operation, options),
        form=forms.after(operation, tensor),
        guarded=forms.is_guarded(run, operation, tensor, options),
        is_array=tensor.is_array or words.endswith(".numpy()"),
        makers=_makers(run, operation, tensor, made, keeps, options, node, frame, layer),
        averaged=tensor.averaged and (operation == "identity" or (operation in ("sum", "mean") and tensor.shape == ())),
    )
    result = class_reductions.reduced(run, operation, tensor, result, options, node, frame, words)
    result = memories.ran(run, operation, value, tensor, result, options, node, frame, layer)
    run.chains.carried(run, operation, words, tensor, result, node, frame)
    if operation in ("reduce", "sum", "mean", "extreme"):
        run.orders.reduced(run, tensor, options.get("dim"), node, frame)
    if operation == "keep":
        masks.filled(run, options, node, frame)
    if isinstance(value, Tensor) and layer is None and node is not None:
        run.operated = node, operation, options
    return _shaped_results(run, operation, run.sizes.shape_of(value), result, options, words)


def _carried(run: Interpreter, tensor: Tensor, operation: str, shape: Shape | None) -> Biased | None:
    """The bias that is still there after an operation, and whether it is one per channel now: channels are dimension
    1.
    """
    biased = tensor.biased
    if biased is None or operation not in KEEPS_BIAS:
        return None
    if (
        operation in ("transpose", "permute", "view", "flatten", "shuffle")
        and shape is not None
        and biased.width is not None
    ):
        at_one = shape[1] if len(shape) > 1 else None
        return replace(
            biased, per_channel=at_one is not None and run.sizes.resolved(at_one) == run.sizes.resolved(biased.width)
        )
    return biased


def _makers(
    run: Interpreter,
    operation: str,
    tensor: Tensor,
    made: Tensor,
    keeps: bool,
    options: dict[str, Value],
    node: ir.Node | None,
    frame: Frame,
    layer: Instance | None,
) -> frozenset[Maker]:
    """What gave the result of an operation its scale."""
    if operation in ("cat", "stack"):
        return makers.of_parts(options.get("parts"))
    if keeps:
        return tensor.makers
    return makers.made(run, operation, node, frame, layer) if made.trail else frozenset()


ONE_HOT = "<one hot>"
PERMUTATION = "<permutation>"
_NOTHING = Tensor()


def _made(
    run: Interpreter, scale: Scale, words: str, node: ir.Node | None, frame: Frame, verb: str, dim: int | None = None
) -> tuple[Scale, Tensor]:
    trail = (Step(run.place(frame, node), f"`{words}` makes {verb}"),) if node is not None else ()
    return scale, Tensor(trail=trail, made_by=words, dim=dim)


def _scale(
    run: Interpreter,
    operation: str,
    tensor: Tensor,
    options: dict[str, Value],
    node: ir.Node | None,
    frame: Frame,
    words: str,
) -> tuple[Scale, Tensor]:
    """The scale that an operation gives its result, and (in a tensor that stands for nothing else) where it was
    made.
    """
    match operation:
        case "softmax" | "softmax2d" | "gumbel_softmax":
            hard = options.get("hard")
            if operation == "gumbel_softmax" and hard is not None and run.truth(hard) is not False:
                return Scale.UNKNOWN, _NOTHING
            return _made(run, Scale.PROBABILITIES, words, node, frame, "probabilities", axis_of(options.get("dim")))
        case "log_softmax":
            return _made(
                run, Scale.LOG_PROBABILITIES, words, node, frame, "log-probabilities", axis_of(options.get("dim"))
            )
        case "sigmoid":
            return _made(run, Scale.SIGMOID, words, node, frame, "sigmoid outputs, in [0, 1]")
        case "relu":
            return _made(run, Scale.NONNEGATIVE, words, node, frame, "non-negative values")
        case "linear" | "conv" | "conv_transpose":
            return _made(run, Scale.LOGITS, words, node, frame, "raw scores")
        case "exp" if tensor.scale is Scale.LOG_PROBABILITIES:
            _, made = _made(run, Scale.PROBABILITIES, words, node, frame, "probabilities of log-probabilities")
            return Scale.PROBABILITIES, made.but(trail=(*tensor.trail, *made.trail))
        case "log" if tensor.scale is Scale.PROBABILITIES:
            return _made(run, Scale.LOG_PROBABILITIES, words, node, frame, "log-probabilities")
        case "one_hot":
            return Scale.UNKNOWN, Tensor(made_by=ONE_HOT)
        case "scatter":
            ones = options.get("src", options.get("value"))
            return Scale.UNKNOWN, Tensor(made_by=ONE_HOT if isinstance(ones, Const) and ones.value == 1 else "")
        case "argmax":
            return Scale.CLASS_INDICES, _NOTHING
        case "clamp" if tensor.scale in (Scale.LOGITS, Scale.DROPPED) and {"min", "max"} <= {
            name for name, v in options.items() if isinstance(v, Const)
        }:
            return Scale.UNKNOWN, _NOTHING  # clamped scores are bounded
        case "dropout" if tensor.scale is Scale.LOGITS:
            return _made(run, Scale.DROPPED, words, node, frame, "some of the scores 0")
        case "tanh":
            return _made(run, Scale.TANH, words, node, frame, "values in [-1, 1]")
        case "mean" if tensor.scale in (Scale.PROBABILITIES, Scale.SIGMOID):
            dim = options.get("dim")
            over_batch = isinstance(dim, Const) and dim.value == 0
            return (tensor.scale, tensor) if over_batch else (Scale.UNKNOWN, _NOTHING)
        case "cat" | "stack":
            return _common(run, options)
        case "matmul" if tensor.scale is Scale.PROBABILITIES and _is_one_hot(run, options.get("other")):
            return tensor.scale, tensor  # each class gets the probabilities of its members
        case "matmul" | "attention":
            return Scale.UNKNOWN, Tensor(attended=tensor.scale is Scale.PROBABILITIES or operation == "attention")
        case "activation":
            return Scale.UNKNOWN, _NOTHING
    return (tensor.scale, tensor) if operation in KEEPS_SCALE else (Scale.UNKNOWN, _NOTHING)


def _is_one_hot(run: Interpreter, value: Value | None) -> bool:
    return value is not None and as_tensor(run, value).made_by == ONE_HOT


def _common(run: Interpreter, options: dict[str, Value]) -> tuple[Scale, Tensor]:
    """`cat` and `stack`: what all parts agree on."""
    parts = options.get("parts")
    if not isinstance(parts, Sequence) or not parts.items:
        return Scale.UNKNOWN, _NOTHING
    tensors = [as_tensor(run, item) for item in parts.items]
    first = tensors[0]
    return (first.scale, first) if all(tensor.scale is first.scale for tensor in tensors) else (Scale.UNKNOWN, _NOTHING)


def _shaped_results(
    run: Interpreter, operation: str, before: Shape | None, result: Tensor, options: dict[str, Value], words: str
) -> Value:
    match operation:
        case "unbind":
            if result.shape is not None and (unbound := shapes.unbound(run, options, result.shape)) is not None:
                rest, number = unbound
                return Sequence("tuple", tuple(result.but(shape=rest) for _ in range(number)))
            return Sequence("tuple", (result.but(shape=None),), exact=False)
        case "chunk":
            count = shapes.parts(run, before, options)
            if count is not None and 0 < count <= 16:
                pieces = Sequence("tuple", tuple(result.but() for _ in range(count)))
            else:
                pieces = Sequence("tuple", (result,), exact=False)
            pieces.lazies[PIECES] = True
            return pieces
        case "extreme" if "dim" in options or "k" in options:
            graph = result.provenance.detached()
            indices = Tensor(result.shape, Scale.CLASS_INDICES, provenance=graph, reduced=result.reduced)
            return Sequence("tuple", (result, indices))
        case "sort":
            indices = Tensor(result.shape, Scale.CLASS_INDICES, made_by=PERMUTATION)
            return Sequence("tuple", (result, indices))
        case "argsort":
            return result.but(made_by=PERMUTATION)
        case "recurrent":
            state = Tensor(shape=layer_shapes.state(run, result.shape, options), provenance=result.provenance)
            cell = state.but() if words.endswith(("LSTM)", "LSTM")) else None
            return Sequence("tuple", (result, Sequence("tuple", (state, cell)) if cell is not None else state))
        case "mha":
            return Sequence("tuple", (result, Tensor(provenance=result.provenance)))
    return result


def index(run: Interpreter, tensor: Tensor, key: Value) -> Value:
    """`tensor[key]`."""
    if tensor.biased is not None:
        run.consumed(tensor.biased)
    return tensor.but(
        averaged=False,
        memory=memories.part(tensor, key),
        shape=indexing.indexed(run, run.sizes.shape_of(tensor), key),
        biased=None,
        axes=(),
        order=None,
        tokens=tokens.part(run, tensor, key),
        made_by="" if tensor.made_by == "<drawn>" else tensor.made_by,  # rows of what was drawn are data
        provenance=tensor.provenance | run.provenance(key).detached(),
    )
