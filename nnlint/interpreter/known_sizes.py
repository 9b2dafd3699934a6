"""What is known of sizes: that one is another, a multiple of it, a number, a part of the batch, or may be 1."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

from nnlint.interpreter.batch_sizes import BatchSizes
from nnlint.interpreter.heads import heads_apart
from nnlint.interpreter.objects import Shape
from nnlint.interpreter.reshaping import moved
from nnlint.interpreter.sizes import Size, Symbol, product


class KnownSizes(BatchSizes):
    """The symbols of one root; `facts` holds what a layer said of one (an input channel of 1)."""

    def __init__(self) -> None:
        super().__init__()
        self._numbers = count(1)
        self._names: dict[Symbol, Size] = {}
        self.facts: dict[Symbol, Size] = {}
        self.aliases: dict[Symbol, Size] = {}  # symbols that are others, or multiples of others
        self.spoken: set[Symbol] = set()  # those that the program itself knows by a name
        self._quotients: dict[tuple[Symbol, int], Size] = {}
        self._layouts: dict[int, tuple[Size, tuple[Size, ...]]] = {}  # by the identity of a size, which is kept

    def fresh(self, name: str = "?") -> Size:
        return Size.symbol(Symbol(name, next(self._numbers)))

    def number(self, size: Size | None) -> int | None:
        """The number that a size is known to be."""
        if size is None:
            return None
        return self.resolved(size).as_int() if size.order else size.as_int()

    def resolved(self, size: Size) -> Size:
        """A size with what is known of its symbols put in."""
        if self.facts.keys().isdisjoint(size.order):
            return size
        for _ in range(4):
            better = size.substitute(self.facts)
            if better is None or better == size:
                break
            size = better
        return size

    def judged(self, size: Size) -> Size:
        """A size with what is known put in that keeps symbols apart: equal ones, multiples, and sizes of 1."""
        if not size.order:
            return size
        for _ in range(4):
            better = size.substitute(self.aliases)
            if better is None or better is size or better == size:
                break
            size = better
        ones = {symbol: Size.of(1) for symbol in size.order if self.number(Size.symbol(symbol)) == 1}
        return size.substitute(ones) or size if ones else size

    def settled(self, size: Size) -> Size:
        """A size in which what the program never spoke of, and may be 1, is 1: only what is left can have moved."""
        silent = {
            symbol: Size.of(1)
            for symbol in size.order
            if symbol not in self.spoken and self.number(Size.symbol(symbol)) is None
        }
        return size.substitute(silent) or size if silent else size

    def _spoke_of(self, size: Size) -> None:
        """The program has this size in hand; of a product it may not know the factors."""
        symbol = size.as_symbol()
        if symbol is not None:
            self.spoken.add(symbol)

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

    def text(self, size: Size | None) -> str:
        """A size in the user's names."""
        return "?" if size is None else str(size.substitute(self._names) or size)

    def same_batch(self, before: Shape, wanted: Shape) -> None:
        """`keys.view(B, S, H, -1)` where B is the batch size of the queries: it is that of the keys as well."""
        first, asked = (shape[0].as_symbol() if shape and shape[0] is not None else None for shape in (before, wanted))
        if first is None or asked is None or first == asked or not {first, asked} <= self._batches:
            return
        folded = before[1] is not None and before[1] in wanted[2:] if len(before) > 1 else False  # [b * heads, t, d]
        if len(wanted) > 1 and Size.symbol(first) not in wanted and not folded:
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

    def moved(self, before: tuple[Size, ...], after: tuple[Size, ...]) -> tuple[Size, ...]:
        """The sizes that a view gives in another order; () when it gives none, or when it is not provable."""
        if any(size.factors() is None for size in (*before, *after)):
            return ()  # padded by one and read with other sizes: a shift, done on purpose
        if any(self._is_part_of_batch(self.judged(size)) for size in after):
            return ()
        old, new = (tuple(self.settled(self.judged(size)) for size in sizes) for sizes in (before, after))
        by_symbols = moved(old, new)
        if by_symbols is None:
            by_symbols = moved(*heads_apart(old, new))
        if by_symbols is not None:
            return by_symbols
        if all(size.as_int() is not None or size.as_symbol() is not None for size in (*before, *after)):
            return moved([self.resolved(size) for size in before], [self.resolved(size) for size in after]) or ()
        return ()

    def _is_part_of_batch(self, size: Size) -> bool:
        """Whether a size is something over a batch size: what a -1 was worked out to where the batch is another."""
        factors = size.factors()
        powers = factors.exponents.items() if factors is not None else ()
        return any(power < 0 and symbol in self._batches for symbol, power in powers)

    def merged(self, before: Shape, after: Shape) -> Shape:
        """The shape of a view in which each product remembers in which order its factors lie in memory.

        In `view(b * t, c)` of [b, t, c] that is b, t: not of all sizes b * t, but of this one.
        """
        position, known = 0, list(after)
        for index, size in enumerate(after):
            total: Size = Size.of(1)
            start = position
            while position < len(before) and total != size:
                part = before[position]
                if part is None:
                    return tuple(known)
                total = total * part
                position += 1
            if size is None or total != size:
                break
            if position - start > 1:
                known[index] = own = replace(size)
                parts = tuple(part for part in before[start:position] if part is not None)
                self._layouts[id(own)] = own, parts
        return tuple(known)

    def spread(self, sizes: tuple[Size, ...]) -> tuple[Size, ...]:
        """Sizes with each product whose order in memory is known taken apart."""
        return tuple(part for size in sizes for part in self._layouts.get(id(size), (size, (size,)))[1])

    def taken_as_large(self, shape: Shape) -> None:
        for size in shape:
            if size is not None:
                self.spoken.update(size.order)

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
