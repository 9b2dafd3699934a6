"""Networks run without gradients, and losses that are made of what they return are differentiated."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import torch

from nnlint.events import UngradedPass
from nnlint.probe.learners import learners_of
from nnlint.probe.observers.base import Observer
from nnlint.probe.places import called, conditions
from nnlint.probe.run import Backward, Pass, Run
from nnlint.probe.taint import taint_of
from nnlint.source import Place

_MEANT = re.compile(r"teacher|target|ema|moment|fr[eo]+ze|pretrain|backbone|reference|_ref|fixed|old", re.IGNORECASE)
MOST_LOOKS = 8
"""How many passes at one place have their parameters looked at."""


class UngradedPasses(Observer):
    """Marks what a network returns without gradients, and looks for the marks in what is differentiated."""

    decides = ("NN305",)

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._taint, self._learners = taint_of(run), learners_of(run)
        self._passages: dict[int, _Passage] = {}  # by mark
        self._marks: dict[Place, int] = {}
        self._graded = False  # some network has run with gradients since the last backward

    def entering(self, visit: Pass) -> None:
        if visit.grad_enabled or (self.run.passes and not self.run.passes[-1].grad_enabled):
            return
        place = self.run.places.here()
        if place is None:
            return
        mark = self._marks.get(place)
        if mark is None:
            mark = self._marks[place] = self._taint.new_mark()
            self._passages[mark] = _Passage(place)
        passage = self._passages[mark]
        visit.notes["ungraded"] = mark
        if passage.looks < MOST_LOOKS and not isinstance(visit.module, torch.jit.ScriptModule):
            passage.looks += 1
            passage.parameters |= {
                self._learners.number(each) for each in visit.module.parameters() if each.requires_grad
            }

    def left(self, visit: Pass) -> None:
        if visit.grad_enabled:
            self._graded = self._graded or not visit.depth
        elif "ungraded" in visit.notes:
            self._taint.mark(visit.output, [visit.notes["ungraded"]])

    def differentiating(self, backward: Backward) -> None:
        marks = self._taint.of(backward.roots) & self._passages.keys()
        empty = bool(marks) and not any(map(self._learners.can_learn, self._learners.leaves(backward)))
        for mark in marks:
            passage = self._passages[mark]
            passage.differentiated = True
            passage.whole = passage.whole or (empty and not self._graded)
        self._graded = False

    def ended(self) -> None:
        for passage in self._passages.values():
            if passage.parameters:
                self._tell(passage)

    def _tell(self, passage: _Passage) -> None:
        event = UngradedPass(place=passage.place, module=called(passage.place) or "it", whole=passage.whole)
        learners, own = self._learners, passage.parameters
        if not passage.differentiated:
            self.run.denied(event, "nothing that was made of its output was differentiated")
        elif not any(map(learners.is_held, own)):
            self.run.denied(event, "no optimizer holds its parameters")
        elif passage.whole:
            self.run.saw(event, "`backward` had no graph: no network ran with gradients")
        elif any(map(learners.was_taught, own)):
            self.run.denied(event, "its parameters get gradients through another pass")
        elif any(map(learners.was_loaded, own)):
            self.run.undecided(event, "its weights were loaded, and may be meant to stay as they are")
        elif learners.starved(own):
            meant = _MEANT.search(event.module) or conditions(passage.place)
            evidence = f"none of its {len(own)} parameters got a gradient in {learners.lessons} backward passes"
            self.run.saw(event, evidence, alone=not meant)
        else:
            self.run.denied(event, "the optimizer of its parameters takes no step")


@dataclass(slots=True)
class _Passage:
    """All passes without gradients at one place."""

    place: Place
    looks: int = 0
    parameters: set[int] = field(default_factory=set)  # that ask for gradients, by number
    differentiated: bool = False
    whole: bool = False
