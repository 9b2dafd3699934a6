"""The heads of an attention, as views split and merge them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nnlint.interpreter.sizes import Size, Symbol, product

if TYPE_CHECKING:
    from nnlint.interpreter.sizing import Sizes

MINUS_ONE = Size.of(-1)


def presumed_whole(width: Size | None, wanted: Sequence[Size | None], sizes: Sizes) -> tuple[Size, Size, Size] | None:
    """The shape of what a linear layer of `width` made, where a view takes its heads apart and leaves the length open.

    Given `q = nn.Linear(dim, heads * d)(x)`, in `q.view(batch * heads, -1, d)` q is [batch, length, heads * d]: nobody
    writes a -1 for the length of what has none.
    """
    if width is None or len(wanted) != 3 or wanted[1] != MINUS_ONE or wanted[0] is None or wanted[2] is None:
        return None
    first, last, whole = (sizes.judged(size) for size in (wanted[0], wanted[2], width))
    heads = whole // last if last != Size.of(0) else None
    batch = first // heads if heads is not None and heads not in (Size.of(0), Size.of(1)) else None
    if heads is None or batch is None or batch.as_symbol() is None or batch * heads != first or heads * last != whole:
        return None
    length = sizes.fresh("length")
    sizes.taken_as_large((length,))
    return batch, length, width


def in_the_batch(before: Sequence[Size], after: Sequence[Size]) -> bool:
    """Whether [B, T, H·D] is split into [B·H, T, D], or that is merged again."""
    if len(before) != 3 or len(after) != 3 or before[1] != after[1]:
        return False
    for split, whole in ((after, before), (before, after)):
        heads = split[0] // whole[0]
        factors = heads.factors() if heads is not None and heads != Size.of(1) else None
        if heads is None or factors is None or split[2] * heads != whole[2]:
            continue
        if all(exponent > 0 for exponent in factors.exponents.values()):
            return True
    return False


def heads_apart(before: tuple[Size, ...], after: tuple[Size, ...]) -> tuple[tuple[Size, ...], tuple[Size, ...]]:
    """A number that a view takes apart and moves one half of: [b, t, 300] to [5·b, t, 60] is [b, t, h·60] to [h·b,
    t, 60].
    """
    for index, size in enumerate(after):
        factors = size.factors()
        number = factors.coefficient if factors is not None and factors.exponents else 1
        if number <= 1 or factors is None:
            continue
        for axis, whole in enumerate(before):
            width = whole.as_int()
            if width is not None and width % number == 0 and Size.of(width // number) in after:
                part = Size.symbol(Symbol("heads", ("heads", number)))
                rest = product(Size.symbol(symbol) for symbol, power in factors.exponents.items() for _ in range(power))
                return (
                    (*before[:axis], part, Size.of(width // number), *before[axis + 1 :]),
                    (*after[:index], part * rest, *after[index + 1 :]),
                )
    return before, after
