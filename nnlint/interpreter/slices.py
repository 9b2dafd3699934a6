"""Slices as values."""

from __future__ import annotations

from dataclasses import dataclass

from nnlint.interpreter.objects import Const, Sequence, Value


@dataclass(frozen=True, slots=True, eq=False)
class SliceValue(Value):
    """`lower:upper:step` as an index."""

    lower: Value | None = None
    upper: Value | None = None
    step: Value | None = None

    def of(self, sequence: Sequence) -> Value:
        bounds: list[int | None] = []
        for bound in (self.lower, self.upper, self.step):
            match bound:
                case None | Const(value=None):
                    bounds.append(None)
                case Const(value=int(number)):
                    bounds.append(number)
                case _:
                    return Sequence(sequence.kind, sequence.items, exact=False)
        return Sequence(sequence.kind, sequence.items[slice(*bounds)], sequence.exact)

    @property
    def is_full(self) -> bool:
        return self.lower is None and self.upper is None and self.step is None
