"""The patterns of einops: which axes the two sides of one may name (https://einops.rocks/api/rearrange/)."""

from __future__ import annotations

import re
from collections.abc import Collection


def problem(function: str, pattern: str, sizes: Collection[str]) -> str:
    """What is wrong with the pattern of `rearrange`, `reduce` or `repeat`, "" when nothing is.

    `sizes` are the axes of which the call gives the size.
    """
    left, arrow, right = pattern.partition("->")
    if not arrow:
        return "it has no `->`"
    sides = [_names(left), _names(right)]
    for names in sides:
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            return f"`{twice[0]}` stands twice on one side"
    before, after = (set(names) for names in sides)
    lost, new = sorted(before - after), sorted(after - before)
    if function != "reduce" and lost:
        return f"`{lost[0]}` is lost on the right"
    new = [name for name in new if function != "repeat" or not (name in sizes or name.isdigit())]
    if new:
        return f"`{new[0]}` on the right comes from nowhere"
    unknown = sorted(set(sizes) - before - after)
    return f"`{unknown[0]}` is given a size and stands nowhere" if unknown else ""


def _names(side: str) -> list[str]:
    """The axes that a side names; those of size 1 have no name."""
    return [name for name in re.findall(r"[^\s()]+", side) if name not in ("1", "_")]
