"""What a `view` or `reshape` does to the dimensions of a tensor: splits and merges them, or mixes the elements.

A view keeps the elements in the order in which they lie in memory (row-major). Given x of [b, t, c], `x.view(b * t, c)`
only merges neighbours; in `x.view(t, b, c)` the sizes fit as well, but what is called time is no longer time.

Symbols are taken for independent numbers above 1, as their names say. A size of None is not known and proves nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice

from nnlint.interpreter.sizes import Factors, Size, Symbol, product

Sizes = Sequence[Size | None]
Known = tuple[Size, ...]

MOST_AXES = 8  # the search for pairs is exponential, tensors have few dimensions
MOST_PAIRINGS = 20
ONE, MINUS_ONE = Size.of(1), Size.of(-1)


def resolve_view(before: Sizes, wanted: Sizes) -> Known | None:
    """The sizes given to `view` with the -1 worked out; None when it can not be or a size is not known."""
    known, old = _known(wanted), _known(before)
    if known is None or known.count(MINUS_ONE) > 1:
        return None
    if MINUS_ONE not in known:
        return known
    if old is None:
        return None
    total, others = product(old), product(size for size in known if size != MINUS_ONE)
    quotient = total // others
    if quotient is None or quotient * others != total:
        return None
    return tuple(quotient if size == MINUS_ONE else size for size in known)


def is_split_or_merge(before: Sizes, after: Sizes) -> bool | None:
    """Whether the view only splits dimensions and merges neighbours. None: cannot tell."""
    blocks = _blocks(before, after)
    if blocks is None:
        return None
    answers = [_is_refinable(block) for block in blocks if not block.is_pure()]
    if any(_moved_in(block) for block in blocks):
        return False
    return None if None in answers else all(answers)


def moved(before: Sizes, after: Sizes) -> Known | None:
    """The sizes that are in another order than before, as they stand in `after`, or () when the view splits and merges.

    Only where the new sizes are the old ones, or products or splits of them, in another order, and nothing else
    explains them; None when that is not provable. Equal sizes are not told apart: the k-th of them stays the k-th.
    """
    blocks = _blocks(before, after)
    if blocks is None:
        return None
    found = [_moved_in(block) for block in blocks]
    sizes = tuple(size for part in found if part for size in part)
    return sizes if sizes or None not in found else None


@dataclass(frozen=True, slots=True)
class _Block:
    """A run of dimensions before and one after with the same product, and nothing shorter in it has one."""

    before: Known
    after: Known

    def is_pure(self) -> bool:
        """One dimension becomes many or many become one."""
        return len(self.before) == 1 or len(self.after) == 1


def _known(sizes: Sizes) -> Known | None:
    known = tuple(size for size in sizes if size is not None)
    return known if len(known) == len(sizes) else None


def _blocks(before: Sizes, after: Sizes) -> list[_Block] | None:
    """The view cut where as many elements lie to the left before as after; None when the sizes do not fit."""
    old, new = _known(before), _known(after)
    if old is None or new is None or product(old) != product(new):
        return None
    if any((number := size.as_int()) is not None and number < 1 for size in (*old, *new)):
        return None
    old, new = (tuple(size for size in sizes if size != ONE) for sizes in (old, new))
    ends = {total: end for end, total in _running_products(new)}
    blocks: list[_Block] = []
    start_old = start_new = 0
    for end_old, total in _running_products(old):
        end_new = ends.get(total, 0)
        if end_new > start_new:
            blocks.append(_Block(old[start_old:end_old], new[start_new:end_new]))
            start_old, start_new = end_old, end_new
    if start_old != len(old) or start_new != len(new):  # sizes such as 1 // b: no tensor's
        return None
    return blocks


def _running_products(sizes: Known) -> Iterator[tuple[int, Size]]:
    total = ONE
    for end, size in enumerate(sizes, 1):
        total = total * size
        yield end, total


def _moved_in(block: _Block) -> Known | None:
    if block.is_pure():
        return ()
    if max(len(block.before), len(block.after)) > MOST_AXES:
        return None
    if Counter(block.before) == Counter(block.after):
        return _displaced([[size] for size in block.before], [[size] for size in block.after])
    if _is_refinable(block) is True:
        return ()
    pairings = list(islice(_pairings(block.before, block.after), MOST_PAIRINGS))
    if pairings:
        ways = [_by_pairs(block, pairs) for pairs in pairings]
        return _displaced(*ways[0]) if all(_has_no_common_split(*way) for way in ways) else None
    parts = _by_factors(block)
    return _displaced(*parts) if parts is not None else None


# --- the two ways to see what a dimension is made of ---------------------------------------------------------------
#
# Both end in atoms: given [b, t, c] and (b, heads, t, c // heads), before is made of [b], [t], [heads, c // heads].

Atoms = list[list[Size]]
Pair = tuple[tuple[int, ...], tuple[int, ...]]


def _pairings(before: Known, after: Known) -> Iterator[list[Pair]]:
    """Ways to pair every dimension with an equal one, or with several on the other side whose product it is."""

    def search(old: tuple[int, ...], new: tuple[int, ...]) -> Iterator[list[Pair]]:
        if not old or not new:
            if not old and not new:
                yield []
            return
        first, rest = old[0], old[1:]
        for pair in candidates(first, rest, new):
            left = tuple(i for i in rest if i not in pair[0])
            right = tuple(i for i in new if i not in pair[1])
            for pairs in search(left, right):
                yield [pair, *pairs]

    def candidates(first: int, rest: tuple[int, ...], new: tuple[int, ...]) -> Iterator[Pair]:
        for count in range(1, len(new) + 1):
            for several in combinations(new, count):
                if product(after[i] for i in several) == before[first]:
                    yield (first,), several
        for count in range(1, len(rest) + 1):
            for others in combinations(rest, count):
                whole = product(before[i] for i in (first, *others))
                yield from (((first, *others), (i,)) for i in new if after[i] == whole)

    return search(tuple(range(len(before))), tuple(range(len(after))))


def _by_pairs(block: _Block, pairs: list[Pair]) -> tuple[Atoms, Atoms]:
    before: Atoms = [[size] for size in block.before]
    after: Atoms = [[size] for size in block.after]
    for old, new in pairs:
        if len(new) > 1:
            before[old[0]] = [block.after[i] for i in new]
        elif len(old) > 1:
            after[new[0]] = [block.before[i] for i in old]
    return before, after


def _has_no_common_split(before: Atoms, after: Atoms) -> bool:
    """Whether no finer split explains the view, of atoms that are numbers or else indivisible."""
    names: dict[Size, Symbol] = {}

    def axis(atoms: list[Size]) -> _Axis:
        number, letters = 1, []
        for atom in atoms:
            value = atom.as_int()
            if value is None:
                letters.append(names.setdefault(atom, Symbol(str(atom), ("atom", len(names)))))
            else:
                number *= value
        return _Axis(number, Counter(letters))

    return not _is_chain([axis(atoms) for atoms in before], [axis(atoms) for atoms in after])


@dataclass(frozen=True, slots=True)
class _Axis:
    """A dimension as a number times indivisible symbols."""

    number: int
    letters: Counter[Symbol]

    def holds(self, other: _Axis) -> bool:
        return self.number % other.number == 0 and other.letters <= self.letters

    def without(self, other: _Axis) -> _Axis:
        return _Axis(self.number // other.number, self.letters - other.letters)


def _is_chain(before: Sequence[_Axis], after: Sequence[_Axis]) -> bool:
    """Whether both are groupings of neighbours in one finer split, as [2, 6] and (4, 3) are of 2, 2, 3."""
    old, new = list(reversed(before)), list(reversed(after))
    while old and new:
        left, right = old.pop(), new.pop()
        if left.holds(right):
            old += [left.without(right)] if left != right else []
        elif right.holds(left):
            new += [right.without(left)]
        else:
            return False
    return True


def _is_refinable(block: _Block) -> bool | None:
    """Whether the dimensions before and after are groupings of neighbours in one finer split; None: cannot tell."""
    axes = _axes(block)
    return None if axes is None else _is_chain(axes.before, axes.after)


@dataclass(frozen=True, slots=True)
class _Axes:
    before: list[_Axis]
    after: list[_Axis]
    meaning: dict[Symbol, Size]  # of the symbols that stand for a quotient or a sum


def _axes(block: _Block) -> _Axes | None:
    """The block without quotients: where `dim // heads` occurs, it is a symbol, and `dim` is heads times it."""
    meaning: dict[Symbol, Size] = {}
    sizes: list[Size] = []
    for size in (*block.before, *block.after):
        if size.factors() is None:
            stand_in = Symbol(str(size), ("sum", size))
            meaning[stand_in] = size
            size = Size.symbol(stand_in)
        sizes.append(size)
    while quotient := next((size for size in sizes if _has_quotient(size)), None):
        swapped = _without_quotient(quotient, sizes, meaning)
        if swapped is None:
            return None
        sizes = swapped
    axes = [_Axis(size.coefficient, Counter(size.exponents)) for size in map(_factors, sizes)]
    before, after = axes[: len(block.before)], axes[len(block.before) :]
    if any(axis.number < 1 for axis in axes) or _letters(before) != _letters(after):
        return None
    return _Axes(before, after, meaning)


def _factors(size: Size) -> Factors:
    factors = size.factors()
    assert factors is not None, "sums were replaced by symbols"
    return factors


def _letters(axes: list[_Axis]) -> Counter[Symbol]:
    return sum((axis.letters for axis in axes), Counter())


def _has_quotient(size: Size) -> bool:
    return any(exponent < 0 for exponent in _factors(size).exponents.values())


def _without_quotient(quotient: Size, sizes: list[Size], meaning: dict[Symbol, Size]) -> list[Size] | None:
    """All sizes with the one symbol above the line replaced by what it is made of."""
    coefficient, exponents = _factors(quotient)
    above = [symbol for symbol, exponent in exponents.items() if exponent > 0]
    if coefficient != 1 or len(above) != 1 or exponents[above[0]] != 1 or above[0] in meaning:
        return None  # of a * b // c it is not known which of the two c divides
    part = Symbol(str(quotient), ("quotient", quotient))
    meaning[part] = quotient
    below = Size.symbol(above[0]) // quotient
    whole = below * Size.symbol(part) if below is not None else None
    swapped = [size.substitute({above[0]: whole}) for size in sizes] if whole is not None else []
    known = [size for size in swapped if size is not None]
    return known if len(known) == len(sizes) else None


def _by_factors(block: _Block) -> tuple[Atoms, Atoms] | None:
    """Dimensions as their factors, the same before and after; None when they are not or neighbours explain it."""
    axes = _axes(block)
    if axes is None or _is_chain(axes.before, axes.after):
        return None
    numbers = (Counter(axis.number for axis in side if axis.number != 1) for side in (axes.before, axes.after))
    if next(numbers) != next(numbers):
        return None

    def atoms(side: list[_Axis], other: list[_Axis]) -> Atoms:
        def place(symbol: Symbol) -> int:
            return next(i for i, axis in enumerate(other) if symbol in axis.letters)

        return [
            [Size.of(axis.number)] * (axis.number != 1)
            + [
                axes.meaning.get(symbol, Size.symbol(symbol))
                for symbol in sorted(axis.letters, key=place)
                for _ in range(axis.letters[symbol])
            ]
            for axis in side
        ]

    return atoms(axes.before, axes.after), atoms(axes.after, axes.before)


# --- what is out of order ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Moved:
    """An atom in both orders: where it stood and stands, and in which dimension."""

    size: Size
    old: int
    new: int
    old_axis: int
    new_axis: int

    def swapped_with(self, other: _Moved) -> bool:
        return (self.old - other.old) * (self.new - other.new) < 0

    def stays_with(self, before: _Moved) -> bool:
        """Next to each other in both orders, and one dimension in one of them."""
        together = self.old_axis == before.old_axis or self.new_axis == before.new_axis
        return together and self.old == before.old + 1 and self.new == before.new + 1


def _displaced(before: Atoms, after: Atoms) -> Known:
    """The atoms that stand before some other now and stood after it, or the other way round, in the order of now.

    Those that stay together are one size: h * w in `view(b, h * w, c)` of [b, c, h, w].
    """
    old = {atom: (place, axis) for place, (atom, axis) in enumerate(_numbered(before))}
    everything = [
        _Moved(atom[0], old[atom][0], new, old[atom][1], axis) for new, (atom, axis) in enumerate(_numbered(after))
    ]
    result: list[Size] = []
    last: _Moved | None = None
    for atom in everything:
        if not any(atom.swapped_with(other) for other in everything):
            continue
        if last is not None and atom.stays_with(last):
            result[-1] = result[-1] * atom.size
        else:
            result.append(atom.size)
        last = atom
    return tuple(result)


def _numbered(atoms: Atoms) -> list[tuple[tuple[Size, int], int]]:
    """Every atom with how many equal ones came before it, and the dimension that it is in."""
    seen: Counter[Size] = Counter()
    result = []
    for axis, members in enumerate(atoms):
        for atom in members:
            result.append(((atom, seen[atom]), axis))
            seen[atom] += 1
    return result
