"""Code that several rules put in the place of another."""

from __future__ import annotations

from nnlint.changes import Code
from nnlint.values import Rearrangement


def rearranged(meant: Rearrangement) -> Code:
    """What should stand in the place of a view that mixes elements; () where that is not known.

    Given x of [b, t, c], `x.view(t, b, c)` becomes `x.transpose(0, 1)`; given x of [b, h, t, d], `x.view(b, t, h * d)`
    becomes `x.transpose(1, 2).reshape(b, t, h * d)`, and `x.view(b, h, t, d)` of [b, t, h * d] becomes
    `x.view(b, t, h, d).transpose(1, 2)`.
    """
    own, *inner = meant.written
    if meant.first and meant.whole:
        return own.operand, _move(meant.first)
    if len(meant.sizes) < 2:
        return ()
    if meant.first and inner and inner[0].name == "contiguous":
        return inner[0].operand, _move(meant.first), ".contiguous()", f".{own.name}(", *_listed(meant, None), ")"
    if meant.first:
        return own.operand, _move(meant.first), ".reshape(", *_listed(meant, None), ")"
    if meant.then and len(meant.then) == len(meant.sizes):
        back = tuple(meant.then.index(axis) for axis in range(len(meant.then)))
        return own.operand, f".{own.name}(", *_listed(meant, meant.then), ")", _move(back)
    return ()


def _move(order: tuple[int, ...]) -> str:
    changed = [axis for axis, old in enumerate(order) if axis != old]
    if len(changed) == 2:
        return f".transpose({changed[0]}, {changed[1]})"
    return f".permute({', '.join(map(str, order))})"


def _listed(meant: Rearrangement, order: tuple[int, ...] | None) -> Code:
    sizes = meant.sizes if order is None else tuple(meant.sizes[axis] for axis in order)
    return tuple(part for size in sizes for part in (", ", size))[1:]
