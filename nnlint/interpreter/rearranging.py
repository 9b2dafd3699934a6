"""What was meant by a view that mixes elements: the order in which it would only split and merge neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations
from typing import TYPE_CHECKING, NamedTuple

from nnlint.interpreter.objects import Frame, Shape, Tensor, Value
from nnlint.interpreter.sizes import Size
from nnlint.interpreter.written import nested
from nnlint.reading import script as ir
from nnlint.source import Place
from nnlint.values import Rearrangement, Written

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter
    from nnlint.interpreter.sizing import Sizes

MOST_DIMENSIONS = 5


class ViewCall(NamedTuple):
    """How a view is written: the calls in it from the outermost, and its sizes."""

    written: tuple[Written, ...]
    sizes: tuple[Place, ...]


def view_call(run: Interpreter, value: Value, node: ir.Node, frame: Frame) -> ViewCall | None:
    """How the view of a tensor is written; None for an array of NumPy, which has other methods."""
    found = nested(run, node, frame)
    if not found or not isinstance(node, ir.Call):
        return None
    own = found[0]
    surely = own.name == "view" or not own.method or bool(run.module_stack) or isinstance(value, Tensor)
    if not surely or (isinstance(value, Tensor) and value.is_array):
        return None
    given = [argument.value for argument in node.arguments if argument.keyword is None][0 if own.method else 1 :]
    if len(given) == 1 and isinstance(given[0], (ir.TupleDisplay, ir.ListDisplay)):
        given = list(given[0].elements)
    plain = len(given) > 1 and not any(isinstance(each, ir.Starred) for each in given)
    return ViewCall(found, tuple(run.place(frame, each) for each in given) if plain else ())


def rearrangement(call: ViewCall | None, before: Shape, after: Shape, sizes: Sizes) -> Rearrangement | None:
    """The order of the dimensions that was meant."""
    if call is None or max(len(before), len(after)) > MOST_DIMENSIONS:
        return None
    apart, numbers = (
        tuple(tuple(known(size) for size in shape if size is not None) for shape in (before, after))
        for known in (sizes.judged, lambda size: sizes.resolved(sizes.judged(size)))
    )
    for old, new in (apart, numbers):  # as symbols first: two sizes may happen to be the same number
        for order in _orders(len(old)):
            brought = tuple(old[axis] for axis in order)
            if _fits(brought, new):
                return Rearrangement(call.written, call.sizes, first=order, whole=brought == new)
        for order in _orders(len(new)):
            if _fits(old, tuple(new[axis] for axis in order)):
                return Rearrangement(call.written, call.sizes, then=order)
    return Rearrangement(call.written, call.sizes)


def _orders(rank: int) -> Iterator[tuple[int, ...]]:
    """The orders of dimensions, those that change least first."""
    yield from sorted((order for order in permutations(range(rank)) if _inversions(order)), key=_inversions)


def _inversions(order: tuple[int, ...]) -> int:
    return sum(first > second for first, second in combinations(order, 2))


def _fits(before: tuple[Size, ...], after: tuple[Size, ...]) -> bool:
    """Whether each dimension stays, becomes several neighbours, or is made of several."""
    before, after = (tuple(size for size in sizes if size != Size.of(1)) for sizes in (before, after))
    i = j = 0
    while i < len(before) and j < len(after):
        old, new = before[i], after[j]
        i, j = i + 1, j + 1
        merges = splits = 0
        while old != new:
            if j < len(after) and not merges and (whole := new * after[j]) and _divides(whole, old):
                new, j, splits = whole, j + 1, splits + 1
            elif i < len(before) and not splits and (whole := old * before[i]) and _divides(whole, new):
                old, i, merges = whole, i + 1, merges + 1
            else:
                return False
    return i == len(before) and j == len(after)


def _divides(part: Size, whole: Size) -> bool:
    quotient = whole // part
    return quotient is not None and quotient * part == whole
