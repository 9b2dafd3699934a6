"""Backward passes that leave their graph behind, or go back into the graphs of earlier steps."""

from __future__ import annotations

from dataclasses import dataclass

from nnlint.events import GraphRetained
from nnlint.probe import graphs
from nnlint.probe.lessons import Lesson, lessons_of
from nnlint.probe.observers.base import Observer
from nnlint.probe.patches.training import walk
from nnlint.probe.places import words
from nnlint.probe.run import Backward, Call, Pass, Run
from nnlint.source import Place

_TOO_LATE = ("second time", "modified by an inplace operation")
"""What autograd says of the graph of a step that was taken: it is gone, or its weights are."""


class Retained(Observer):
    """Looks for nodes that an earlier backward pass went through."""

    decides = ("NN217",)
    operations = frozenset({"torch.autograd.grad"})

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._lessons = lessons_of(run)
        self._carried: dict[Place, _Carried] = {}

    def left(self, visit: Pass) -> None:
        if not visit.depth and visit.grad_enabled and any(True for _ in visit.module.parameters()):
            self._lessons.forward = visit.place

    def calling(self, call: Call) -> None:
        outputs = [each for each in call.tensors() if each.grad_fn is not None]
        for lesson in self._lessons.of(walk(outputs)[0]):
            lesson.again = True

    def differentiating(self, backward: Backward) -> None:
        earlier = self._lessons.of(backward.nodes)
        for lesson in earlier:
            lesson.again = True
        if backward.place is None or not earlier:
            return
        stack = tuple(self.run.places.stack())
        own = [lesson for lesson in earlier if lesson.stepped and lesson.stack == stack]
        if own:
            nodes = [node for node in backward.nodes if not graphs.is_leaf_node(node)]
            old = sum(graphs.noted(node, "lesson") is not None for node in nodes)
            if old < len(nodes):
                carried = self._carried.setdefault(backward.place, _Carried(own[0], old, backward.retains))
                carried.last, carried.nodes = old, len(nodes)

    def failed(self, backward: Backward, error: Exception) -> None:
        if backward.place in self._carried and any(words in str(error) for words in _TOO_LATE):
            self._carried[backward.place].raised = True

    def ended(self) -> None:
        by_place: dict[Place, list[Lesson]] = {}
        for lesson in self._lessons.all:
            by_place.setdefault(lesson.place, []).append(lesson)
        for place, lessons in by_place.items():
            self._tell(place, lessons)

    def _tell(self, place: Place, lessons: list[Lesson]) -> None:
        call, carried = words(place, 200), self._carried.get(place)
        if carried is not None and (carried.raised or carried.grows or carried.retains):
            event = GraphRetained(place=place, call=call, carried=carried.lesson.forward or place)
            evidence = f"{carried.last} of the {carried.nodes} nodes of its graph are those of earlier steps"
            self.run.saw(event, evidence, alone=carried.raised or carried.grows)
            return
        event = GraphRetained(place=place, call=call)
        if not all(lesson.retains for lesson in lessons):
            self.run.denied(event, "it lets its graph go, which is that of one step")
        elif any(lesson.creates or lesson.again for lesson in lessons):
            self.run.denied(event, "the graph is differentiated again, or the gradients are")
        elif len(lessons) > 1 and all(lesson.stepped for lesson in lessons):
            evidence = f"of {len(lessons)} graphs that it retained none was differentiated again"
            self.run.saw(event, evidence, alone=not self.run.budget.cut)
        else:
            self.run.undecided(event, "it ran once only, or no step used its gradients")


@dataclass(slots=True)
class _Carried:
    """Backward passes of one place that came into the graphs of earlier ones.

    Where these do not grow with each step, it may be one graph that is used often, as of a parameter that is cast.
    """

    lesson: Lesson
    first: int  # how many nodes of earlier steps there were at first
    retains: bool
    last: int = 0
    nodes: int = 0
    raised: bool = False

    @property
    def grows(self) -> bool:
        return self.last > self.first
