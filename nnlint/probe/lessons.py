"""The backward passes of a run, and which nodes of graphs each of them went through: nodes are marked, not kept."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import torch

from nnlint.probe import graphs
from nnlint.probe.learners import learners_of
from nnlint.probe.run import Backward, Run
from nnlint.source import Place

MOST_WAITING = 256  # backward passes whose gradients no optimizer has used


@dataclass(slots=True, eq=False)
class Lesson:
    """One backward pass. `stack` are the places of all frames, innermost first, `forward` is the last forward pass.

    `stepped`: an optimizer has used its gradients. `again`: something differentiated (parts of) its graph once more.
    """

    place: Place
    stack: tuple[Place, ...]
    retains: bool
    creates: bool
    forward: Place | None
    parameters: set[int] = field(default_factory=set)
    stepped: bool = False
    again: bool = False


class Lessons:
    """All backward passes, in their order."""

    def __init__(self, run: Run) -> None:
        self.all: list[Lesson] = []
        self._waiting: list[Lesson] = []  # for a step
        self.forward: Place | None = None
        self._run = weakref.ref(run)

    def enter(self, backward: Backward) -> None:
        """A backward pass is over, or has failed."""
        run = self._run()
        if run is None or backward.place is None:
            return
        stack = tuple(run.places.stack())
        lesson = Lesson(backward.place, stack, backward.retains, backward.creates, self.forward)
        learners = learners_of(run)
        for node in backward.nodes:
            leaf = getattr(node, "variable", None)
            if isinstance(leaf, torch.Tensor):
                lesson.parameters.add(learners.number(leaf))
            else:
                graphs.note(node, "lesson", len(self.all))
        self.all.append(lesson)
        self._waiting.append(lesson)

    def stepped(self, optimizer: torch.optim.Optimizer) -> None:
        run = self._run()
        if run is None:
            return
        learners = learners_of(run)
        held = {learners.number(each) for group in optimizer.param_groups for each in group["params"]}
        for lesson in self._waiting:
            lesson.stepped = not held.isdisjoint(lesson.parameters)
        self._waiting = [lesson for lesson in self._waiting if not lesson.stepped][-MOST_WAITING:]

    def of(self, nodes: Iterable[Any]) -> list[Lesson]:
        """The latest backward passes that went through some nodes, in their order."""
        numbers = {graphs.noted(node, "lesson") for node in nodes if not graphs.is_leaf_node(node)}
        return [self.all[number] for number in sorted(each for each in numbers if each is not None)]


def lessons_of(run: Run) -> Lessons:
    """The backward passes of a run, which its observers share."""
    if run not in _LESSONS:
        _LESSONS[run] = Lessons(run)
    return _LESSONS[run]


_LESSONS: weakref.WeakKeyDictionary[Run, Lessons] = weakref.WeakKeyDictionary()
