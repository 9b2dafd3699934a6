"""Which sizes a program's values stand for: the shapes of tensors, learned as the program speaks of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlint.interpreter.known_sizes import KnownSizes
from nnlint.interpreter.objects import (
    NO_PROVENANCE,
    Const,
    Sequence,
    Shape,
    ShapeOf,
    SizeValue,
    Tensor,
    Union,
    Unknown,
    Value,
)
from nnlint.interpreter.sizes import Size, Symbol, product

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter


class Sizes(KnownSizes):
    """The sizes of one root's tensors.

    Nothing may be known of a tensor `x` but that the program writes `b, t, c = x.shape`: then its shape is (b, t, c),
    with a symbol for each. Such shapes are kept here by the tensor's number.
    """

    def __init__(self) -> None:
        super().__init__()
        self._learned: dict[int, Shape] = {}
        self._axes: dict[tuple[int, int], Size] = {}
        self._asked: dict[int, list[int]] = {}  # the axes in `_axes`, by the number of the value
        self.cut: list[Shape] = []  # what was sliced at once: a view read for that is a shift, on purpose
        self._directions: dict[int, Size] = {}

    def directions(self, flag: Value) -> Size | None:
        """2 if a flag (`bidirectional`) is set, else 1; None when it is known or no flag."""
        if not isinstance(flag, Unknown):
            return None
        if flag.serial not in self._directions:
            self._directions[flag.serial] = self.fresh("directions")
            self.spoken.update(self._directions[flag.serial].order)
        return self._directions[flag.serial]

    def as_size(self, value: Value) -> Size | None:
        """The size that a value is, None when it is no integer."""
        match value:
            case Const(value=bool()):
                return None
            case Const(value=int(number)):
                return Size.of(number)
            case SizeValue(size=size):
                self._spoke_of(size)
                return size
            case Unknown():
                if value.provenance is not NO_PROVENANCE and value.provenance.calls:
                    return None
                if value.symbol is None:
                    value.symbol = self.fresh(value.name or "?")
                self.spoken.update(value.symbol.order)
                return value.symbol
        return None

    def shape_of(self, value: Value) -> Shape | None:
        """The shape of a tensor, or of something unknown that was spoken of as one.

        What is not known of it has a symbol, and so has what the program asked for (`b, t, c = x.shape`): the
        numbers of
        these are in `facts`.
        """
        if not isinstance(value, (Tensor, Unknown)):
            return None
        shape = value.shape if isinstance(value, Tensor) else None
        if shape is None:
            return self._learned.get(value.serial)
        serial = value.serial
        if serial not in self._asked and None not in shape:
            return shape
        return tuple(
            self._axes.get((serial, axis)) or (size if size is not None else self._axis(value, axis))
            for axis, size in enumerate(shape)
        )

    def size_of(self, value: Value, axis: int, *, asked_for: bool = True) -> Value:
        """`value.shape[axis]`: a symbol of its own even where the number is known, so that a view can tell which
        axis was meant. Not `asked_for` is one of which the program, so far, took the whole shape.
        """
        if not isinstance(value, (Tensor, Unknown)):
            return Unknown()
        shape = self.shape_of(value)
        if shape is None or not -len(shape) <= axis < len(shape):
            asked = self._axis(value, axis)
            self._spoke_of(asked)
            return SizeValue(asked)
        size = shape[axis]
        number = self.number(size)
        if size is not None and asked_for:
            self._spoke_of(size)
        if size is not None and size.as_int() is not None:
            symbol = self._axis(value, axis % len(shape))
            if asked_for:
                self._spoke_of(symbol)
            if (spoken := symbol.as_symbol()) is not None:
                self.facts[spoken] = size
            return SizeValue(symbol, number)
        if size is None:
            return Unknown()
        return SizeValue(size, number)

    @staticmethod
    def made_axis(value: Tensor | Unknown, axis: int) -> Size | None:
        """What is known of one dimension of a tensor of any rank."""
        return dict(value.axes).get(axis) if isinstance(value, Tensor) else None

    def same_shape(self, old: Tensor | Unknown, new: Unknown) -> None:
        """The rows of something unknown in another order: what was asked of its sizes holds of it."""
        for axis in range(-3, 4):
            if (old.serial, axis) in self._axes:
                self._give(new, axis, self._axes[old.serial, axis])
        if old.serial in self._learned:
            self._learned[new.serial] = self._learned[old.serial]

    def _give(self, value: Tensor | Unknown, axis: int, size: Size) -> None:
        if (value.serial, axis) not in self._axes:
            self._asked.setdefault(value.serial, []).append(axis)
        self._axes[value.serial, axis] = size

    def _axis(self, value: Tensor | Unknown, axis: int) -> Size:
        made = self.made_axis(value, axis)
        if made is not None and made.as_int() is None:
            return made
        key = (value.serial, axis)
        if key not in self._axes:
            name = value.name if isinstance(value, Unknown) else ""
            self._give(value, axis, self.fresh(f"{name or 'x'}.size({axis})"))
            if axis == 0:
                self._batches.update(self._axes[key].order)
                if value.provenance.batches:
                    self.counts_items(self._axes[key])
        return self._axes[key]

    def learn_rank(self, value: Value, rank: int) -> Shape | None:
        """`a, b, c = value.shape` says that there are three dimensions; those known by their axis keep their
        symbols.
        """
        if not isinstance(value, (Tensor, Unknown)):
            return None
        shape = self.shape_of(value)
        if shape is not None and len(shape) == rank:
            return shape
        if shape is None:
            full = tuple(
                self.made_axis(value, axis)
                or self.made_axis(value, axis - rank)
                or self._axes.get((value.serial, axis))
                or self._axes.get((value.serial, axis - rank))
                or self._axis(value, axis)
                for axis in range(rank)
            )
        else:
            return None
        if isinstance(value, Unknown) or value.shape is None:
            self._learned[value.serial] = full
        return full

    def unpacked_shape(self, of: Value, count_: int) -> list[Value]:
        """`b, t, c = x.shape`."""
        self.learn_rank(of, count_)
        return [self.size_of(of, axis) for axis in range(count_)]

    def name_size(self, value: Value, name: str) -> None:
        """The first variable that holds a size lends it its name, for messages."""
        if isinstance(value, SizeValue):
            self._spoke_of(value.size)
            symbol = value.size.as_symbol()
            if symbol is not None and (symbol.name == "?" or ".size(" in symbol.name):
                self._names.setdefault(symbol, Size.symbol(Symbol(name, symbol.key)))

    def sizes_from(self, run: Interpreter, values: tuple[Value, ...]) -> tuple[Size | None, ...] | None:
        """The sizes given to `view(…)`: one by one, as one tuple, or as another tensor's shape. None: not known how
        many.
        """
        if len(values) == 1:
            match values[0]:
                case Sequence():
                    return self.sizes_from_items(values[0])
                case ShapeOf(of=of):
                    return self.shape_of(of)
                case Union() | Tensor():
                    return None
        return tuple(self.as_size(value) for value in values)

    def sizes_from_items(self, sequence: Sequence) -> tuple[Size | None, ...] | None:
        if not sequence.exact:
            return None
        return tuple(self.as_size(item) for item in sequence.items)

    def guessed_shape(self, value: Tensor | Unknown, wanted: Shape) -> Shape | None:
        """The shape of a value that was spoken of by axes only, where a view of it proves the guess.

        Either the view uses up all of the sizes that were asked for, or it gives them in another order and leaves
        the rest (-1).
        """
        asked = self.guessed_rank(value)
        if asked is None or None in wanted:
            return None
        sizes = [size for size in asked if size is not None]
        if Size.of(-1) not in wanted:
            total = product(size for size in wanted if size is not None)
            return asked if self.judged(product(sizes)) == self.judged(total) else None
        if wanted[-1] == Size.of(-1) and len(wanted) == len(sizes) + 1 and {*wanted[:-1]} == {*sizes}:
            return (*asked, self.fresh("rest"))
        return None

    def guessed_rank(self, value: Tensor | Unknown) -> Shape | None:
        """The shape of a value whose sizes were asked for one by one (`x.size(0)`, `x.size(1)`): as many as were
        spoken of.

        Only where they were asked for from the first on without a gap; the rank itself stays a guess, so that a view
        proves something only when it uses every one of them.
        """
        axes = sorted(self._asked.get(value.serial, ()))
        if len(axes) < 2 or axes != list(range(len(axes))):
            return None
        return tuple(self._axes[(value.serial, axis)] for axis in axes)
