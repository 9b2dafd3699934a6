"""What a tensor that a layer of sequences returned knows of its dimensions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Order:
    """The run of a layer of sequences that made a tensor, and whether its first two dimensions were swapped since."""

    run: int
    swapped: bool = False

    def other_way(self) -> Order:
        return Order(self.run, not self.swapped)
