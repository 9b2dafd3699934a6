"""How old things are: everything that is made while a program is interpreted has a number, and so has every mark."""

from __future__ import annotations

from itertools import count
from typing import NamedTuple

_numbers = count(1)


def next_number() -> int:
    """A number that is greater than that of everything made so far."""
    return next(_numbers)


class Mark(NamedTuple):
    """A point in a `Store`, to which changes can be counted or taken back."""

    at: int  # the length of its journal
    young: int  # what was made behind the mark has a greater number
    before: int  # the same of the mark around it


START = Mark(0, 0, 0)
