"""What a tensor that a layer of sequences returned knows of its dimensions."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nnlint.interpreter.sizes import Size
from nnlint.source import Place


@dataclass(frozen=True, slots=True)
class Order:
    """The run of a layer of sequences that made a tensor, and whether its first two dimensions were swapped since."""

    run: int
    swapped: bool = False

    def other_way(self) -> Order:
        return Order(self.run, not self.swapped)


@dataclass(frozen=True, slots=True)
class Marks:
    """What a mask is true for: real steps of padded sequences or, when not `real`, the padding; made at `place`."""

    real: bool
    words: str
    place: Place | None = None
    by_name: bool = False

    def other_way(self) -> Marks:
        return replace(self, real=not self.real)


@dataclass(frozen=True, slots=True)
class Peek:
    """An attention, or a recurrent layer, that sees what comes after each position: the call, and where it is."""

    words: str
    place: Place


NOTHING = Size.of(0)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What stands at each position of a tensor: the items of the tensor `of` from `start` on.

    Or what a network made of these, position by position, since it read them at `read` in its run number `run`; when
    not `aligned` the positions may be mixed, as `pairs` it is a number for any two of them: scores of attention that no
    mask has touched. `peeks` are what showed it the positions behind.
    """

    of: object
    start: Size = NOTHING
    run: int = 0  # 0: the items themselves
    read: Place | None = None
    aligned: bool = True
    pairs: bool = False
    peeks: frozenset[Peek] = frozenset()

    def is_like(self, other: Tokens) -> bool:
        """Whether both were made of the same items in the same run."""
        return (self.of, self.start, self.run, self.pairs) == (other.of, other.start, other.run, other.pairs)

    def meets(self, other: Tokens | None) -> Tokens | None:
        """What stands there where two paths meet, each through a network of its own maybe."""
        if other is None or bool(self.run) is not bool(other.run) or not replace(self, run=other.run).is_like(other):
            return None
        return replace(self, aligned=self.aligned and other.aligned, peeks=self.peeks | other.peeks)
