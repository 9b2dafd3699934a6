"""Sums and lists that keep the graphs of earlier steps alive."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch

from nnlint.events import GraphKept
from nnlint.probe import graphs
from nnlint.probe.lessons import Lesson, lessons_of
from nnlint.probe.observers.base import Observer
from nnlint.probe.places import receiver, words
from nnlint.probe.run import Backward, Call, Run
from nnlint.source import Place

_SUMS = frozenset({"add", "__add__", "__radd__", "__iadd__", "add_"})
NEAR = 4
"""How far below a tensor its loss, or the sum of the steps before, is looked for: `0.9 * total + 0.1 * loss / n`."""
MOST_VALUES = 100  # of what is put into a list at once


class GraphsKept(Observer):
    """Looks whether what is added or collected joins tensors of earlier steps, whose graphs `backward` has let go."""

    decides = ("NN218", "NN219")
    operations = frozenset({"add"})

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._lessons = lessons_of(run)
        self._sums: dict[Place, _Kept] = {}
        self._lists: dict[Place, _Kept] = {}

    def called(self, call: Call) -> None:
        result = call.result
        if call.name.rpartition(".")[2] not in _SUMS or self.run.in_forward or not _hangs(result):
            return
        place = call.place
        if place is None:
            return
        kept = self._sums.setdefault(place, _Kept(_summed(place)))
        kept.visits.add(self.run.step)
        for node in graphs.below(result.grad_fn, NEAR):
            mark = graphs.noted(node, "sum")
            if mark is not None and mark[0] == place and mark[1] < self.run.step:
                kept.join(self.run.step, self._over(graphs.below(node, NEAR)))
                break
        graphs.note(result.grad_fn, "sum", (place, self.run.step))

    def differentiating(self, backward: Backward) -> None:
        for node in backward.nodes if self._sums else ():
            mark = graphs.noted(node, "sum")
            if mark is not None and mark[0] in self._sums:
                self._sums[mark[0]].differentiated = True

    def collected(self, container: object, values: tuple[object, ...]) -> None:
        if not isinstance(container, (list, deque)) or not any(map(_hangs, _tensors(values))):
            return
        place = self.run.places.here()
        if place is None:
            return
        kept = self._lists.setdefault(place, _Kept(receiver(place) or "the list"))
        kept.visits.add(self.run.step)
        for tensor in filter(_hangs, _tensors((container[0], container[-1]))):
            since = graphs.noted(tensor.grad_fn, "collected")
            if since is not None and since < self.run.step:
                kept.join(self.run.step, self._over(graphs.below(tensor.grad_fn, NEAR)))
        for tensor in filter(_hangs, _tensors(values)):
            graphs.note(tensor.grad_fn, "collected", self.run.step)

    def _over(self, nodes: Iterator[Any]) -> list[Lesson]:
        """The backward passes through a graph that belong to a step that was taken."""
        return [lesson for lesson in self._lessons.of(nodes) if lesson.stepped]

    def ended(self) -> None:
        for kind, places in (("sum", self._sums), ("list", self._lists)):
            for place, kept in places.items():
                self._tell(GraphKept(place=place, target=kept.target, kind=kind), kept)

    def _tell(self, event: GraphKept, kept: _Kept) -> None:
        if kept.differentiated:
            self.run.denied(event, "what becomes of it is differentiated")
        elif kept.steps:
            evidence = f"in {len(kept.steps)} steps it still held graphs of earlier ones"
            self.run.saw(event, evidence + (", which `backward` had let go" if kept.freed else ""), alone=kept.freed)
        elif len(kept.visits) < 2:
            self.run.undecided(event, "it ran in one step only")
        else:
            self.run.denied(event, "nothing of an earlier step that was differentiated was in it")


@dataclass(slots=True)
class _Kept:
    """What is added or collected at one place."""

    target: str
    visits: set[int] = field(default_factory=set)  # the steps in which it ran
    steps: set[int] = field(default_factory=set)  # in which it met what earlier ones had left
    freed: bool = True  # the graphs of those can not be differentiated any more
    differentiated: bool = False

    def join(self, step: int, earlier: list[Lesson]) -> None:
        if earlier:
            self.steps.add(step)
            self.freed = self.freed and not any(lesson.retains for lesson in earlier)


def _hangs(value: object) -> bool:
    return isinstance(value, torch.Tensor) and value.grad_fn is not None


def _tensors(values: tuple[object, ...]) -> Iterator[torch.Tensor]:
    pending, left = list(values), MOST_VALUES
    while pending and left:
        left -= 1
        each = pending.pop()
        if isinstance(each, torch.Tensor):
            yield each
        elif isinstance(each, (list, tuple)):
            pending += each[:MOST_VALUES]
        elif isinstance(each, dict):
            pending += list(each.values())[:MOST_VALUES]


def _summed(place: Place) -> str:
    """What the user calls the sum: `total` of `total += loss` and of `total = total + loss`."""
    try:
        tree = ast.parse(words(place, 10_000)).body
    except (SyntaxError, ValueError):
        return "the sum"
    match tree:
        case [ast.AugAssign(target=target)]:
            return ast.unparse(target)
        case [ast.Expr(value=ast.BinOp(left=left))]:
            return ast.unparse(left)
        case [ast.Expr(value=ast.Call(func=ast.Attribute(value=value)))]:
            return ast.unparse(value)
    return "the sum"
