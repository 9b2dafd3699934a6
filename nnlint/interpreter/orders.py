"""Which dimension is time: what recurrent and attention layers take for it, what they are given, what is read of them.

A layer of sequences takes [time, batch, features], or [batch, time, features] where it was built so. Whether it is
given that shows in the input's sizes, or in what the program reads of the output: `out[:, -1]` is the last step of a
batch-first output and the last sample of a time-first one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nnlint.events import SequenceRead
from nnlint.finding import Confidence
from nnlint.interpreter.objects import (
    Const,
    Frame,
    Instance,
    Sequence,
    Shape,
    Tensor,
    Value,
)
from nnlint.interpreter.sequences import Order
from nnlint.interpreter.sizing import Sizes
from nnlint.interpreter.slices import SliceValue
from nnlint.interpreter.wording import text_of
from nnlint.reading import script as ir
from nnlint.source import Place
from nnlint.values import Layer

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

_OF_LAYERS = ("encoder_layer", "decoder_layer")
SEQUENCE_LAYERS = frozenset(
    [
        "LSTM",
        "GRU",
        "RNN",
        "MultiheadAttention",
        "Transformer",
        "TransformerEncoder",
        "TransformerDecoder",
        "TransformerEncoderLayer",
        "TransformerDecoderLayer",
    ]
)
_ELEMENTWISE = frozenset(
    [
        "relu",
        "activation",
        "dropout",
        "identity",
        "norm",
        "same_shape",
        "linear",
        "sigmoid",
        "add",
        "scale",
        "keep",
        "elementwise",
    ]
)


@dataclass(slots=True)
class _Run:
    """One run of a layer of sequences; `read` are the dimensions of its output that were read as time, and where."""

    place: Place
    layer: Layer
    batch_first: bool
    shape: Shape | None
    ordered: Place | None
    read: dict[int, tuple[Place, str, Place | None]] = field(default_factory=dict)


class Orders:
    """The runs of layers of sequences in one root."""

    def __init__(self) -> None:
        self._runs: list[_Run] = []

    def ran(
        self,
        run: Interpreter,
        layer: Instance,
        words: str,
        shape: Shape | None,
        result: Value,
        node: ir.Call | None,
        frame: Frame,
    ) -> Value:
        """Take down a run of a layer; its output, marked."""
        first = _batch_first(layer)
        if first is None or node is None or (shape is not None and len(shape) != 3):
            return result
        place = run.place(frame, node)
        named = Layer(layer.class_name, words.partition(" (")[0], layer.made or place)
        self._runs.append(_Run(place, named, first, shape, _ordering(layer).made))
        order = Order(len(self._runs) - 1)
        match result:
            case Tensor():
                keeps = layer.class_name in (
                    "TransformerEncoder",
                    "TransformerDecoder",
                )  # the sizes of what they are given
                return result.but(order=order, shape=shape if keeps else result.shape)
            case Sequence(kind="tuple") if result.items and isinstance(result.items[0], Tensor):
                return Sequence("tuple", (result.items[0].but(order=order), *result.items[1:]), result.exact)
        return result

    def picked(self, run: Interpreter, tensor: Tensor, key: Value, node: ir.Node | None, frame: Frame) -> None:
        """`out[:, -1]`, `out[-1]`."""
        axis = _picks(key)
        if tensor.order is not None and axis is not None and node is not None and run.module_stack:
            of = run.place(frame, node.value) if isinstance(node, ir.Subscript) and not tensor.order.swapped else None
            words = text_of(node) if isinstance(node, ir.Expr) else ""
            self._read(tensor.order, axis, run.place(frame, node), words, of)

    def reduced(self, run: Interpreter, tensor: Tensor, dim: Value | None, node: ir.Node | None, frame: Frame) -> None:
        """`out.mean(dim=1)`."""
        if tensor.order is not None and node is not None and run.module_stack and isinstance(dim, Const):
            axis = {0: 0, 1: 1, -3: 0, -2: 1}.get(dim.value) if type(dim.value) is int else None
            if axis is not None:
                words = text_of(node) if isinstance(node, ir.Expr) else ""
                self._read(tensor.order, axis, run.place(frame, node), words)

    def _read(self, order: Order, axis: int, place: Place, words: str, of: Place | None = None) -> None:
        self._runs[order.run].read.setdefault(1 - axis if order.swapped else axis, (place, words, of))

    def events(self, sizes: Sizes) -> Iterator[SequenceRead]:
        for each in self._runs:
            if _has_single(each.shape, sizes):
                continue  # of one step, or of one sample
            time, place, words, of = None, None, "", None
            if len(each.read) == 1:
                time, (place, words, of) = next(iter(each.read.items()))
            batch = _batch_axis(each.shape, sizes)
            yield SequenceRead(
                place=each.place,
                layer=each.layer,
                batch_first=each.batch_first,
                batch=batch,
                time=time,
                read=place,
                reading=words,
                ordered=each.ordered,
                returned=of,
                confidence=Confidence.CERTAIN if batch is not None else Confidence.LIKELY,
            )


def carried(tensor: Tensor, operation: str, options: dict[str, Value]) -> Order | None:
    """The order of what an operation makes of a sequence."""
    order = tensor.order
    if order is None or operation in _ELEMENTWISE:
        return order
    if operation not in ("transpose", "permute"):
        return None
    given = options.get("*")
    items = given.items if isinstance(given, Sequence) else ()
    if len(items) == 1 and isinstance(items[0], Sequence):
        items = items[0].items
    if operation == "transpose" and not items:
        items = tuple(options[name] for name in ("dim0", "dim1") if name in options)
    axes = [_axis(item) for item in items]
    return order.other_way() if axes[:2] in ([0, 1], [1, 0]) and _swaps(operation, axes) else None


def _swaps(operation: str, axes: list[int | None]) -> bool:
    return len(axes) == 2 if operation == "transpose" else axes == [1, 0, 2]


def _axis(value: Value | None) -> int | None:
    return value.value % 3 if isinstance(value, Const) and type(value.value) is int else None


def _ordering(layer: Instance) -> Instance:
    """The layer that says which dimension is the batch: of an encoder that which it is made of."""
    inner = next((layer.arguments[name] for name in _OF_LAYERS if name in layer.arguments), None)
    return _ordering(inner) if isinstance(inner, Instance) else layer


def _batch_first(layer: Instance) -> bool | None:
    for name in _OF_LAYERS:
        inner = layer.arguments.get(name)
        if inner is not None:
            return _batch_first(inner) if isinstance(inner, Instance) else None
    first = layer.arguments.get("batch_first")
    return first.value if isinstance(first, Const) and isinstance(first.value, bool) else None


def _picks(key: Value) -> int | None:
    """The dimension of which one place is taken for all of the others: 1 in `[:, -1]`, 0 in `[-1]`."""
    keys = key.items if isinstance(key, Sequence) and key.kind == "tuple" else (key,)
    match keys:
        case (Const(value=-1), *rest) if all(isinstance(each, SliceValue) and each.is_full for each in rest):
            return 0
        case (SliceValue(is_full=True), Const(value=int(place)), *rest) if place in (0, -1) and all(
            isinstance(each, SliceValue) and each.is_full for each in rest
        ):
            return 1
    return None


def _has_single(shape: Shape | None, sizes: Sizes) -> bool:
    return shape is not None and any(sizes.number(size) == 1 for size in shape[:2])


def _batch_axis(shape: Shape | None, sizes: Sizes) -> int | None:
    """Which of the first two dimensions is that of the samples."""
    axes = [sizes.is_batch(size) for size in (shape or ())[:2]]
    return axes.index(True) if axes.count(True) == 1 else None
