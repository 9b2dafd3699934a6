"""Operations whose meaning shows only later: when what was made of their output is differentiated, or is not.

A watched operation is told of at the end of the root, when it is known whether `backward` came through it. Its number
travels in the provenance of what it made: in `operations` as long as that hangs on a graph, in `cuts` from where it was
cut off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from nnlint.events import Event
from nnlint.interpreter.objects import Provenance
from nnlint.source import Place

Tell = Callable[["Fate"], Event | None]


@dataclass(slots=True)
class Fate:
    """What became of the output of a watched operation.

    `added_back`: a difference was added to something, as in `old + (new - old).clamp(…)`.
    `differentiated`: `backward` came through it (of a cut: what was made of the cut value was differentiated).
    `whole`: of a cut, that no graph at all was left at some `backward` that it reached, which is `backward`. `alone`:
    of a cut, that gradients were off at some `backward` that it reached, and no network had run with gradients since
    the one before. `required`: of a cut, where `requires_grad` was set of what was cut off.
    """

    tell: Tell
    of_loss: bool = False  # of a cut: that a loss was cut off
    differentiated: bool = False
    added_back: bool = False
    whole: bool = False
    backward: Place | None = None
    given: bool = False  # to something unknown
    alone: bool = False
    required: list[Place] = field(default_factory=list)


class Watched:
    """The watched operations of one root."""

    def __init__(self) -> None:
        self._fates: list[Fate] = []

    def watch(self, tell: Tell, of_loss: bool = False) -> int:
        """Watch an operation; at the end `tell` makes the event of its fate, or None."""
        self._fates.append(Fate(tell, of_loss))
        return len(self._fates) - 1

    def was_a_loss(self, value: Provenance) -> bool:
        """Whether a value was made of a loss that was cut off its graph."""
        return any(self._fates[number].of_loss for number in value.cuts)

    def differentiated(self, loss: Provenance, backward: Place, is_leaf: bool, alone: bool = False) -> None:
        """`backward` was called on something of this provenance; on a leaf itself, it ends there.

        `alone`: gradients are off and have been since the one before.
        """
        for number in loss.operations:
            self._fates[number].differentiated = True
        for number in loss.cuts:
            fate = self._fates[number]
            fate.differentiated = True
            if (is_leaf or not (loss.calls or loss.leaf)) and not fate.whole:
                fate.whole, fate.backward = True, backward
            fate.alone = fate.alone or alone

    def given_away(self, value: Provenance) -> None:
        """Something unknown was given a value of this provenance."""
        for number in value.operations:
            self._fates[number].given = True

    def is_of_use(self, number: int) -> bool:
        """Whether what an operation made was differentiated, or may have been."""
        return self._fates[number].differentiated or self._fates[number].given

    def was_differentiated(self, number: int) -> bool:
        return self._fates[number].differentiated

    def required(self, value: Provenance, place: Place) -> None:
        """`requires_grad` of a value of this provenance was set."""
        for number in value.cuts:
            self._fates[number].required.append(place)

    def added_back(self, difference: Provenance) -> None:
        """A difference, whose operations these are, was added to something."""
        for number in difference.operations:
            self._fates[number].added_back = True

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
