"""Whether views moved sizes, those of attention heads among them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from nnlint.events import Reshaped
from nnlint.finding import Confidence
from nnlint.interpreter.heads import in_the_batch
from nnlint.interpreter.images import changes_layout
from nnlint.interpreter.objects import Shape
from nnlint.interpreter.rearranging import ViewCall, rearrangement
from nnlint.interpreter.sizes import Size
from nnlint.interpreter.sizing import Sizes
from nnlint.source import Place
from nnlint.values import Rearrangement


class View(NamedTuple):
    """A view that was taken: the words of the call, the shapes around it, whether its values come of attention.

    `presumed` says that the shape before is what the view itself tells of it.
    """

    place: Place
    words: str
    before: Shape
    after: Shape
    attended: bool
    presumed: bool = False
    call: ViewCall | None = None


def reshapings(views: list[View], sizes: Sizes) -> Iterator[Reshaped]:
    """What the views of a root moved, by all that is known of the sizes at its end."""
    known: dict[object, Rearrangement | None] = {}
    for place, words, before, after, attended, presumed, call in views:
        old = sizes.spread(tuple(size for size in before if size is not None))
        shifted = sizes.moved(old, tuple(size for size in after if size is not None))
        if any(after is cut for cut in sizes.cut):
            shifted = ()  # `x.view(t, b, c)[1:]`, viewed back: relative positions, shifted row by row
        if not shifted and _length_stays(before, after, sizes):
            shifted = tuple(size for size in after[:2] if size is not None)
        heads = bool(shifted) and are_heads(before, after, attended, sizes)
        image = not heads and changes_layout(before, after, shifted, sizes)
        told = tuple(map(sizes.text, before)), tuple(map(sizes.text, after)), tuple(map(sizes.text, shifted))
        meant = None
        if shifted or image:
            if (place, call, told) not in known:
                known[place, call, told] = rearrangement(call, before, after, sizes)
            meant = known[place, call, told]
        yield Reshaped(
            place=place,
            call=words,
            before=told[0],
            after=told[1],
            moved=told[2],
            heads=heads,
            image=image,
            meant=meant,
            confidence=Confidence.LIKELY if presumed or (image and not shifted) else Confidence.CERTAIN,
        )


def _length_stays(old: Shape, new: Shape, sizes: Sizes) -> bool:
    """Whether heads are split into the batch, or merged again, and the length between them is one of several.

    Given [b, 12, 16], `view(4 * b, 12, 4)` could be read as splits and merges of 4 · 3 and 4 · 4, but nobody means it.
    """
    before, after = (
        tuple(sizes.resolved(sizes.judged(size)) for size in shape if size is not None) for shape in (old, new)
    )
    if len(before) != 3 or len(after) != 3 or not in_the_batch(before, after):
        return False
    length = sizes.settled(before[1])
    return length != Size.of(1)


def are_heads(old: Shape, new: Shape, attended: bool, sizes: Sizes) -> bool:
    """Whether a view splits [B, T, H·D] into [B, H, T, D] or merges [B, H, T, D] to [B, T, H·D]."""
    if attended and len(new) <= len(old):
        return True
    before, after = (
        tuple(sizes.resolved(sizes.judged(size)) for size in shape if size is not None) for shape in (old, new)
    )
    if len(before) == 3 and len(after) == 4 and before[0] == after[0]:
        return after[1] * after[3] == before[2] and after[2] == before[1]
    if len(before) == 4 and len(after) == 3 and before[0] == after[0]:
        return before[1] * before[3] == after[2] and before[2] == after[1]
    return in_the_batch(before, after)
