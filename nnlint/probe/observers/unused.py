"""Layers that constructors assign, and whether they ran or learned anything."""

from __future__ import annotations

import weakref
from dataclasses import dataclass

from torch import nn

from nnlint.events import LayerAssigned
from nnlint.probe.makers import setting_frame
from nnlint.probe.observers.base import Observer
from nnlint.probe.run import Backward, Pass, Run
from nnlint.source import Place
from nnlint.values import Layer

MOST_ASSIGNED = 10_000  # layers that are followed
MOST_LOOKS = 12  # passes of a network after which its layers are looked for


@dataclass(slots=True, eq=False)
class _Assigned:
    module: weakref.ref[nn.Module]
    child: weakref.ref[nn.Module]
    name: str
    attribute: str
    place: Place
    layer: Layer | None = None
    parent_ran: bool = False
    used: bool = False


class Unused(Observer):
    """A layer that never ran and got no gradient may still be there for another setting: only the code tells."""

    decides = ("NN505",)

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._assigned: list[_Assigned] = []
        self._ran: weakref.WeakSet[nn.Module] = weakref.WeakSet()
        self._looks = 0
        self._learned = False

    def attribute_set(self, module: nn.Module, name: str, value: object) -> None:
        if not isinstance(value, nn.Module) or len(self._assigned) >= MOST_ASSIGNED:
            return
        frame = setting_frame(self.run.places, module)
        if frame is not None and frame.f_code.co_name == "__init__":
            known = _Assigned(
                weakref.ref(module), weakref.ref(value), type(module).__name__, name, self.run.places.of(frame)
            )
            known.layer = self.run.book.layer(value)
            self._assigned.append(known)

    def entering(self, visit: Pass) -> None:
        self._ran.add(visit.module)

    def left(self, visit: Pass) -> None:
        if not visit.depth and self._looks < MOST_LOOKS * (1 + len(self._assigned) // 100):
            self._looks += 1
            self._look()

    def differentiated(self, backward: Backward) -> None:
        self._learned = True
        for known in self._assigned:
            child = known.child() if not known.used else None
            known.used |= child is not None and any(id(each) in backward.leaves for each in child.parameters())

    def ended(self) -> None:
        self._look()
        places: dict[Place, list[_Assigned]] = {}
        for known in self._assigned:
            if known.parent_ran and known.layer is not None:
                places.setdefault(known.place, []).append(known)
        for place, all_of_them in places.items():
            known, used = all_of_them[0], any(each.used for each in all_of_them)
            assert known.layer is not None
            event = LayerAssigned(
                place=place, module=known.name, attribute=known.attribute, layer=known.layer, read=used
            )
            if used:
                self.run.saw(event, "it ran, or got a gradient")
            elif self.run.completed and self._learned:
                self.run.saw(event, f"`{known.name}` ran, this layer did not, nor did it get a gradient", alone=False)
            else:
                self.run.undecided(event, "it did not run in what was seen of the script")

    def _look(self) -> None:
        for known in self._assigned:
            module, child = known.module(), known.child()
            known.parent_ran |= module is not None and module in self._ran
            if not known.used and child is not None:
                known.used = any(each in self._ran for each in child.modules())
