"""Packed sequences: what is packed goes through a recurrent layer and is unpacked again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from nnlint.interpreter import tensors
from nnlint.interpreter.objects import (
    FALSE,
    TRUE,
    Arguments,
    Const,
    Frame,
    Sequence,
    Shape,
    Tensor,
    Unknown,
    Value,
)
from nnlint.reading import script as ir

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

PADDED = "<padded>"
"""In the lazies of a packed sequence: the tensor that it would be, [batch, time, features]."""


def padded(value: Value) -> Tensor | None:
    """The tensor behind a packed sequence."""
    tensor = value.lazies.get(PADDED) if isinstance(value, Unknown) else None
    return tensor if isinstance(tensor, Tensor) else None


def packed(tensor: Tensor) -> Unknown:
    """A packed sequence of a tensor [batch, time, features]."""
    result = Unknown("packed", tensor.provenance)
    result.lazies[PADDED] = tensor
    return result


def recurrent(run: Interpreter, tensor: Tensor, options: dict[str, Value], apply: Callable[..., Value]) -> Value:
    """A recurrent layer goes over a packed sequence: it knows the order of that, whatever the layer was built for."""
    result = apply(tensor, {**options, "<batch_first>": TRUE})
    if isinstance(result, Sequence) and len(result.items) == 2 and isinstance(result.items[0], Tensor):
        return Sequence("tuple", (packed(result.items[0]), result.items[1]))
    return result


def _pack(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    value, first = arguments.get(0, "input"), arguments.get(2, "batch_first") or FALSE
    provenance = run.provenance_of(arguments)
    for each in arguments.all():
        run.used(each)
    if value is None or not isinstance(first, Const) or arguments.loose:
        return Unknown("packed", provenance)
    if isinstance(value, (Tensor, Unknown)) and run.sizes.shape_of(value) is None:
        run.sizes.learn_rank(value, 3)
    shape = run.sizes.shape_of(value)
    run.sizes.taken_as_large((shape or ())[:2])  # nobody packs a batch of one step
    tensor = tensors.as_tensor(run, value)
    if tensor.biased is not None:
        run.consumed(tensor.biased)
    return packed(Tensor(shape=_turned(shape, not first.value), provenance=provenance))


def _unpack(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    value, first = arguments.get(0, "sequence"), arguments.get(1, "batch_first") or FALSE
    provenance = run.provenance_of(arguments)
    tensor = padded(value) if value is not None else None
    shape = None
    if tensor is not None and isinstance(first, Const) and not arguments.loose:
        shape = _turned(tensor.shape, not first.value)
    lengths = Tensor(shape=(shape[0 if first == TRUE else 1],) if shape is not None else None)
    return Sequence("tuple", (Tensor(shape=shape, provenance=provenance), lengths))


def _turned(shape: Shape | None, swap: bool) -> Shape | None:
    if shape is None or len(shape) < 2:
        return None
    return (shape[1], shape[0], *shape[2:]) if swap else shape


SPECIAL: dict[str, Callable[..., Value]] = {
    "torch.nn.utils.rnn.pack_padded_sequence": _pack,
    "torch.nn.utils.rnn.pad_packed_sequence": _unpack,
}
