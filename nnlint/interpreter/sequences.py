"""What a tensor that a layer of sequences returned knows of its dimensions."""

from __future__ import annotations

from dataclasses import dataclass, replace

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
