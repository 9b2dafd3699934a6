"""Operations whose meaning shows only later: when what was made of their output is differentiated, or is not.

A watched operation is told of at the end of the root, when it is known whether `backward` came through it. Its number
travels in the provenance of what it made: in `operations` as long as that hangs on a graph, in `cuts` from where it was
cut off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from nnlint.events import Event
from nnlint.interpreter.objects import Provenance

Tell = Callable[["Fate"], Event | None]


@dataclass(slots=True)
class Fate:
    """What became of the output of a watched operation.

    `differentiated`: `backward` came through it (of a cut: what was made of the cut value was differentiated).
    `whole`: of a cut, that no graph at all was left at some `backward` that it reached. `alone`: of a cut, that
    gradients were off at some `backward` that it reached, and no network had run with gradients since the one before.
    """

    tell: Tell
    differentiated: bool = False
    whole: bool = False
    alone: bool = False


class Watched:
    """The watched operations of one root."""

    def __init__(self) -> None:
        self._fates: list[Fate] = []

    def watch(self, tell: Tell) -> int:
        """Watch an operation; at the end `tell` makes the event of its fate, or None."""
        self._fates.append(Fate(tell))
        return len(self._fates) - 1

    def differentiated(self, loss: Provenance, alone: bool) -> None:
        """`backward` was called on something of this provenance; `alone`: gradients are off and have been."""
        for number in loss.operations:
            self._fates[number].differentiated = True
        for number in loss.cuts:
            fate = self._fates[number]
            fate.differentiated = True
            fate.whole = fate.whole or not loss.calls
            fate.alone = fate.alone or alone

    def deaf(self) -> Watched:
        """What watches in its place while nothing is to be told: it knows the same operations by number."""
        twin = Watched()
        twin._fates = [Fate(lambda fate: None) for _ in self._fates]
        return twin

    def events(self) -> Iterator[Event]:
        for fate in self._fates:
            event = fate.tell(fate)
            if event is not None:
                yield event
