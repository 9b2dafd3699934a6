"""Batch norms of which a training batch gives one value per channel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nnlint.events import BatchNormalized
from nnlint.finding import Confidence
from nnlint.interpreter import modes
from nnlint.interpreter.containers import length
from nnlint.interpreter.hyperparameters import number_of
from nnlint.interpreter.loaders import LOADER
from nnlint.interpreter.objects import Arguments, Const, Frame, Instance, Sequence, SizeValue, Value
from nnlint.interpreter.sizes import Size, Symbol, product
from nnlint.reading import script as ir
from nnlint.source import Place
from nnlint.values import Layer

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

GIVEN_SIZE = "<batch size>"  # of a loader: the batch size that it was told, None for none
DROPS_LAST = "<drop last>"


class TinyBatches:
    """The batch norms of one root that ran on batches of known size."""

    def __init__(self) -> None:
        # sizes of batches of which the last, or each, has one item: how many items there are, if it is the last
        self._of_one: dict[Symbol, tuple[int | None, Confidence, Place | None]] = {}
        self._ran: list[tuple[int, BatchNormalized]] = []

    def loaded(self, run: Interpreter, loader: Instance, size: Size, frame: Frame) -> None:
        """A loader makes batches of this size."""
        drops, symbol = loader.lazies.get(DROPS_LAST), size.as_symbol()
        given = number_of(loader.lazies.get(GIVEN_SIZE))
        if symbol is None or given is None or not isinstance(given[0], int) or given[0] < 1:
            return
        confidence = Confidence.CERTAIN if given[1] is None else Confidence.LIKELY
        if given[0] == 1:
            self._of_one[symbol] = None, confidence, None
        elif drops is None or run.truth(drops) is False:
            items = _items(run, loader.fields.get("dataset"), frame)
            if items is not None and items > 1 and items % given[0] == 1:
                made = loader.lazies.get(LOADER)
                self._of_one[symbol] = items, confidence, getattr(made, "made", None)

    def normalized(
        self, run: Interpreter, norm: Instance, value: Value, kind: str, node: ir.Call | None, frame: Frame
    ) -> None:
        """A batch norm ran."""
        shape = run.sizes.shape_of(value)
        if shape is None or len(shape) < 2 or norm.made is None or run.forward is None or run.undecided:
            return
        sizes = [size for size in (shape[0], *shape[2:]) if size is not None]
        if len(sizes) < len(shape) - 1 or norm.fields.get(modes.MODE) is not True:
            return
        values = run.sizes.resolved(product(sizes))
        symbol = values.as_symbol()
        items, confidence, loader = None, Confidence.CERTAIN, None
        number = values.as_int()
        if symbol is not None and symbol in self._of_one:
            number, (items, confidence, loader) = 1, self._of_one[symbol]
        if number is not None:
            event = BatchNormalized(
                place=norm.made,
                layer=Layer(kind, norm.name or f"nn.{kind}", norm.made),
                values=number,
                items=items,
                confidence=confidence,
                ran=run.place(frame, node) if node is not None else None,
                loader=loader,
            )
            self._ran.append((run.forward, event))

    def events(self, run: Interpreter) -> Iterator[BatchNormalized]:
        for forward, event in self._ran:
            if run.roles.forwards[forward].differentiated:
                yield event


def _items(run: Interpreter, dataset: Value | None, frame: Frame) -> int | None:
    """How many items a dataset has, if that is known."""
    if not isinstance(dataset, Instance):
        return None
    tensors = dataset.fields.get("tensors")
    if isinstance(tensors, Sequence):
        shape = run.sizes.shape_of(tensors.items[0]) if tensors.items else None
        return run.sizes.number(shape[0]) if shape else None
    if not run.finds_method(dataset, "__len__"):
        return None
    match run.attempt(lambda: length(run, Arguments((dataset,)), None, frame)):
        case Const(value=int(number)):
            return number
        case SizeValue(number=number):
            return number
    return None
