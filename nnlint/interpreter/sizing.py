"""Which sizes a program's values stand for: the shapes of tensors, learned as the program speaks of them."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from nnlint.interpreter.batch_sizes import BatchSizes
from nnlint.interpreter.heads import heads_apart
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
from nnlint.interpreter.reshaping import moved
from nnlint.interpreter.sizes import Size, Symbol, product

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter


class Sizes(BatchSizes):
    """The sizes of one root.

    Nothing may be known of a tensor `x` but that the program writes `b, t, c = x.shape`: then its shape is (b, t,
    c), with a
    symbol for each. Such shapes are kept here by the tensor's number. `facts` holds what a layer said of a symbol
    (an input channel of 1).
    """

    def __init__(self) -> None:
        super().__init__()
        self._numbers = count(1)
        self._learned: dict[int, Shape] = {}
        self._axes: dict[tuple[int, int], Size] = {}
        self._names: dict[Symbol, Size] = {}
        self.cut: list[
            Shape
        ] = []  # of what was sliced at once: a view read for the sake of that is a shift, on purpose
        self.facts: dict[Symbol, Size] = {}
        self.aliases: dict[Symbol, Size] = {}  # symbols that are others, or multiples of others
        self.spoken: set[Symbol] = set()  # those that the program itself knows by a name
        self._directions: dict[int, Size] = {}
        self._quotients: dict[tuple[Symbol, int], Size] = {}
        self.layouts: dict[Size, tuple[Size, ...]] = {}

    def fresh(self, name: str = "?") -> Size:
        return Size.symbol(Symbol(name, next(self._numbers)))

    def batch(self) -> Size:
        """How many items a loader puts into a batch."""
        size = self.fresh("batch")
        self.taken_as_batch(size)
        self.counts_items(size, loaded=True)
        return size

    def samples(self, number: Size | None = None) -> Size:
        """Some of the samples of a batch or of the data; `number` is what is known of how many."""
        size = self.fresh("batch")
        self.taken_as_batch(size)
        self.fact(size, number)
        return size

    def is_batch(self, size: Size | None) -> bool:
        """Whether a size counts samples, by what the program says and not by where it stands."""
        return size is not None and self.judged(size).as_symbol() in self._samples

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
        return tuple(
            self._axes.get((serial, axis)) or (size if size is not None else self._axis(value, axis))
            for axis, size in enumerate(shape)
        )

    def size_of(self, value: Value, axis: int) -> Value:
        """`value.shape[axis]`: a symbol of its own even where the number is known, so that a view can tell which
        axis was meant.
        """
        if not isinstance(value, (Tensor, Unknown)):
            return Unknown()
        shape = self.shape_of(value)
        if shape is None or not -len(shape) <= axis < len(shape):
            asked = self._axis(value, axis)
            self.spoken.update(asked.order)
            return SizeValue(asked)
        size = shape[axis]
        number = self.number(size)
        if size is not None:
            self.spoken.update(size.order)
        if size is not None and size.as_int() is not None:
            symbol = self._axis(value, axis % len(shape))
            self.spoken.update(symbol.order)
            if (spoken := symbol.as_symbol()) is not None:
                self.facts[spoken] = size
            return SizeValue(symbol, number)
        if size is None:
            return Unknown()
        return SizeValue(size, number)

    def number(self, size: Size | None) -> int | None:
        """The number that a size is known to be."""
        return None if size is None else self.resolved(size).as_int()

    def resolved(self, size: Size) -> Size:
        """A size with what is known of its symbols put in."""
        for _ in range(4):
            better = size.substitute(self.facts)
            if better is None or better == size:
                break
            size = better
        return size

    @staticmethod
    def made_axis(value: Tensor | Unknown, axis: int) -> Size | None:
        """What is known of one dimension of a tensor of any rank."""
        return dict(value.axes).get(axis) if isinstance(value, Tensor) else None

    def same_shape(self, old: Tensor | Unknown, new: Unknown) -> None:
        """The rows of something unknown in another order: what was asked of its sizes holds of it."""
        for axis in range(-3, 4):
            if (old.serial, axis) in self._axes:
                self._axes[new.serial, axis] = self._axes[old.serial, axis]
        if old.serial in self._learned:
            self._learned[new.serial] = self._learned[old.serial]

    def _axis(self, value: Tensor | Unknown, axis: int) -> Size:
        made = self.made_axis(value, axis)
        if made is not None and made.as_int() is None:
            return made
        key = (value.serial, axis)
        if key not in self._axes:
            name = value.name if isinstance(value, Unknown) else ""
            self._axes[key] = self.fresh(f"{name or 'x'}.size({axis})")
            if axis == 0:
                self._batches.update(self._axes[key].order)
                if value.provenance.batches:
                    self.counts_items(self._axes[key])
        return self._axes[key]

    def moved(self, before: tuple[Size, ...], after: tuple[Size, ...]) -> tuple[Size, ...]:
        """The sizes that a view gives in another order; () when it gives none, or when it is not provable."""
        if any(size.factors() is None for size in (*before, *after)):
            return ()  # padded by one and read with other sizes: a shift, done on purpose
        old, new = (tuple(self.settled(self.judged(size)) for size in sizes) for sizes in (before, after))
        by_symbols = moved(old, new)
        if by_symbols is None:
            by_symbols = moved(*heads_apart(old, new))
        if by_symbols is not None:
            return by_symbols
        if all(size.as_int() is not None or size.as_symbol() is not None for size in (*before, *after)):
            return moved([self.resolved(size) for size in before], [self.resolved(size) for size in after]) or ()
        return ()

    def taken_as_large(self, shape: Shape) -> None:
        for size in shape:
            if size is not None:
                self.spoken.update(size.order)

    def settled(self, size: Size) -> Size:
        """A size in which what the program never spoke of, and may be 1, is 1: only what is left can have moved."""
        silent = {
            symbol: Size.of(1)
            for symbol in size.order
            if symbol not in self.spoken and self.number(Size.symbol(symbol)) is None
        }
        return size.substitute(silent) or size if silent else size

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
            symbol = value.size.as_symbol()
            if symbol is not None and (symbol.name == "?" or ".size(" in symbol.name):
                self._names.setdefault(symbol, Size.symbol(Symbol(name, symbol.key)))

    def text(self, size: Size | None) -> str:
        """A size in the user's names."""
        return "?" if size is None else str(size.substitute(self._names) or size)

    def fact(self, size: Size | None, value: Size | None) -> None:
        """A layer says what a size is."""
        symbol = size.as_symbol() if size is not None else None
        if symbol is None or value is None or value == size or symbol in self.facts:
            return
        if symbol not in self.resolved(value).order:
            self.facts[symbol] = value

    def quotient(self, size: Size, divisor: Size) -> Size | None:
        """`size // divisor`, taken to be exact: dividing a symbol by a number makes a symbol of which it is the
        multiple.
        """
        exact = size // divisor
        if exact is not None:
            return exact
        symbol, number = size.as_symbol(), divisor.as_int()
        if symbol is None or not number or number < 0:
            return None
        key = (symbol, number)
        if key not in self._quotients:
            part = self._quotients[key] = self.fresh(f"{self.text(size)}//{number}")
            self.spoken.update(part.order)
            self.aliases.setdefault(symbol, part * number)
            whole, name = self.number(size), part.as_symbol()
            if whole is not None and name is not None:
                self.facts[name] = Size.of(whole // number)
        return self._quotients[key]

    def judged(self, size: Size) -> Size:
        """A size with what is known put in that keeps symbols apart: equal ones, multiples, and sizes of 1."""
        for _ in range(4):
            better = size.substitute(self.aliases)
            if better is None or better == size:
                break
            size = better
        ones = {symbol: Size.of(1) for symbol in size.order if self.number(Size.symbol(symbol)) == 1}
        return size.substitute(ones) or size if ones else size

    def same_batch(self, before: Shape, wanted: Shape) -> None:
        """`keys.view(B, S, H, -1)` where B is the batch size of the queries: it is that of the keys as well."""
        first, asked = (shape[0].as_symbol() if shape and shape[0] is not None else None for shape in (before, wanted))
        if first is None or asked is None or first == asked or not {first, asked} <= self._batches:
            return
        if len(wanted) > 1 and Size.symbol(first) not in wanted:
            self.fact(Size.symbol(asked), Size.symbol(first))
            self.aliases.setdefault(asked, Size.symbol(first))

    def same_total(self, before: Shape, after: Shape) -> None:
        """A view keeps the number of elements: where one symbol is all that differs, that says what it is."""
        if None in before or None in after:
            return
        for known in (self.judged, self.resolved):
            old = known(product(size for size in before if size is not None))
            new = known(product(size for size in after if size is not None))
            quotient = old // new if new != Size.of(0) else None
            factors = quotient.factors() if quotient is not None else None
            if factors is None or factors.coefficient != 1:
                continue
            match sorted(factors.exponents.items(), key=lambda item: item[1]):
                case [(symbol, -1), (other, 1)]:
                    self.fact(Size.symbol(symbol), Size.symbol(other))
                    self.aliases.setdefault(symbol, Size.symbol(other))
                    return

    def merged(self, before: Shape, after: Shape) -> None:
        """Remember of a product in which order its factors lie in memory: `view(b * t, c)` of [b, t, c]."""
        position = 0
        for size in after:
            total: Size = Size.of(1)
            start = position
            while position < len(before) and total != size:
                part = before[position]
                if part is None:
                    return
                total = total * part
                position += 1
            if size is None or total != size:
                return
            if position - start > 1:
                parts = tuple(part for part in before[start:position] if part is not None)
                if self.layouts.setdefault(size, parts) != parts:
                    self.layouts[size] = ()

    def spread(self, sizes: tuple[Size, ...]) -> tuple[Size, ...]:
        """Sizes with each product whose order in memory is known taken apart."""
        return tuple(part for size in sizes for part in (self.layouts.get(size) or (size,)))

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
        axes = sorted(axis for serial, axis in self._axes if serial == value.serial)
        if len(axes) < 2 or axes != list(range(len(axes))):
            return None
        return tuple(self._axes[(value.serial, axis)] for axis in axes)
