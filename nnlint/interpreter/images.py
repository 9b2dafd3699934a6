"""Images: whether a view reads one with its channels last as one with its channels first, or the reverse."""

from __future__ import annotations

import re

from nnlint.interpreter.objects import Shape
from nnlint.interpreter.sizes import Size
from nnlint.interpreter.sizing import Sizes

COLOURS = (3, 4)  # red, green, blue, and how opaque it is
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_SIDES = frozenset({"h", "w", "height", "width", "hh", "ww"})
_CHANNELS = frozenset({"c", "ch", "chan", "chans", "channel", "channels", "nc"})


def changes_layout(before: Shape, after: Shape, moved: tuple[Size, ...], sizes: Sizes) -> bool:
    """Whether the last three dimensions are an image's, [height, width, channels], and are read as [channels, height,
    width], or the other way round.

    `moved` are the sizes that are known to be in another order. Where height and width are not known, that three or
    four colours stand at the other end says it as well.
    """
    before, after = _without_ones(before), _without_ones(after)
    if len(before) < 3 or len(after) < 3 or None in before or None in after:
        return False
    old, new = _plane(before, sizes), _plane(after, sizes)
    for last, first in ((old, new), (new, old)):
        channels, (height, width) = last[2], last[:2]
        if channels != first[0] or channels in (*first[1:], height, width):
            continue
        if moved:
            fits = sorted(map(str, (height, width))) == sorted(map(str, first[1:]))
            return fits and _is_image(before, after, channels, sizes)
        whole = len(before) == len(after) <= 4 and channels.as_int() in COLOURS
        return whole and any(size.as_int() is None for size in old[1:] if size != channels)
    return False


def _without_ones(shape: Shape) -> Shape:
    """A batch of one picture is a picture."""
    return shape[1:] if shape and shape[0] == Size.of(1) else shape


def _plane(shape: Shape, sizes: Sizes) -> tuple[Size, ...]:
    return tuple(sizes.resolved(sizes.judged(size)) for size in shape[-3:] if size is not None)


def _is_image(before: Shape, after: Shape, channels: Size, sizes: Sizes) -> bool:
    """Whether the sizes are those of an image: of three or four colours, or named as height and width are."""
    if channels.as_int() in COLOURS:
        return True
    for shape in (before, after):
        words = [{word.lower() for word in _WORD.findall(sizes.text(size))} for size in shape[-3:]]
        sides = sum(bool(each & _SIDES) for each in words)
        if sides == 2 or (sides == 1 and any(each & _CHANNELS for each in words)):
            return True
    return False
