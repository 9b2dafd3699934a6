"""Data loaders: in which order they read, and what is done with what they read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnlint.events import DataEvaluated, LoaderMade
from nnlint.finding import Confidence, Step
from nnlint.interpreter import classes
from nnlint.interpreter.objects import (
    Arguments,
    ClassValue,
    Const,
    External,
    Frame,
    Instance,
    Obj,
    Sequence,
    Union,
    Unknown,
    Value,
)
from nnlint.knowledge.data import DRAWS_AN_ORDER, INDEXED_DATASETS
from nnlint.reading import script as ir
from nnlint.source import Place
from nnlint.values import Role

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

LOADER = "<loader>"
REORDERED = "<reordered>"
PART_OF = "<part of>"  # the dataset that a part was split off, and the number of parts where that is known


@dataclass(slots=True)
class Loading:
    """How a loader reads."""

    made: Place
    shuffles: bool | None
    indexed: bool
    order_said: bool | None


class Loaders:
    """The loaders of one root."""

    def __init__(self) -> None:
        self._all: list[tuple[Instance, Loading]] = []
        self._pending: frozenset[int] = frozenset()  # batches of which gradients were computed that no step has used
        self._taught: frozenset[int] = frozenset()  # batches whose gradients a step used

    def made(self, run: Interpreter, loader: Instance, arguments: Arguments, node: ir.Call, frame: Frame) -> None:
        """`DataLoader(dataset, …)`."""
        loading = Loading(
            run.place(frame, node), _shuffles(run, arguments), _is_indexed(run, arguments), _order_said(node)
        )
        loader.lazies[LOADER] = loading
        self._all.append((loader, loading))

    def differentiated(self, batches: frozenset[int]) -> None:
        """`backward` was called on what an unknown network made of these."""
        self._pending |= batches

    def stepped(self) -> None:
        self._taught |= self._pending
        self._pending = frozenset()

    def drawn(self, run: Interpreter, dotted: str, arguments: Arguments) -> None:
        """A function that draws an order or an index at random: whoever draws one reads its data in that order."""
        if dotted not in DRAWS_AN_ORDER:
            return
        for value in arguments.positional:
            if isinstance(value, Obj):
                value.lazies[REORDERED] = True
        for each in run.frames:
            is_method = each.function is not None and each.function.owner is not None
            if is_method and isinstance(each.self_value, Instance):
                each.self_value.lazies[REORDERED] = True

    def events(self, run: Interpreter) -> Iterator[LoaderMade | DataEvaluated]:
        yield from _evaluated(run)
        trained: dict[int, tuple[Place | None, bool]] = {}
        for number in self._taught:
            trained[number] = (None, False)
        for forward in run.roles.forwards:
            read = forward.batches & {number for loop in forward.loops for number in loop.data}
            # (statistics of other passes over data may be in what it is given too)
            for number in (read or forward.batches) if forward.trained else ():
                carries = forward.carries_state or (number in trained and trained[number][1])
                trained[number] = (forward.place, carries)
        for number in trained:
            run.roles.batches[number].trained = True
        sources = {run.roles.batches[number].source for number in trained}
        shared = {loading.made for loader, loading in self._all if loader not in sources}
        for loader, loading in self._all:
            uses = [use for number, use in sorted(trained.items()) if run.roles.batches[number].source is loader]
            roles = {batch.role for batch in run.roles.batches if batch.source is loader} - {Role.UNKNOWN}
            yield LoaderMade(
                place=loading.made,
                loader=loader.name,
                shuffles=loading.shuffles,
                indexed=loading.indexed and not _was_reordered(loader),
                trains=bool(uses),
                trained=next((place for place, _ in uses if place is not None), None),
                carries_state=any(carries for _, carries in uses),
                role=roles.pop() if len(roles) == 1 else Role.UNKNOWN,
                shared=loading.made in shared,
                order_said=loading.order_said,
            )


def _evaluated(run: Interpreter) -> Iterator[DataEvaluated]:
    """The data that an evaluation read."""
    for batch in run.roles.batches:
        if batch.evaluated is None or batch.dataset is None or batch.dataset.made is None:
            continue
        certain = batch.evaluated or (batch.role is Role.EVALUATION and batch.certain) or batch.split_is_certain
        yield DataEvaluated(
            place=batch.dataset.made,
            data=batch.dataset.name or getattr(batch.source, "name", "") or batch.name,
            role=batch.role,
            split=batch.split,
            random_transforms=tuple(dict.fromkeys(name for name, _ in batch.random_transforms)),
            trail=tuple(Step(place, f"{name} draws anew for each item") for name, place in batch.random_transforms),
            confidence=Confidence.CERTAIN if certain else Confidence.LIKELY,
        )


def _shuffles(run: Interpreter, arguments: Arguments) -> bool | None:
    for position, name in ((3, "sampler"), (4, "batch_sampler")):
        sampler = arguments.get(position, name)
        if sampler is not None and not _is_none(sampler):
            return None
    shuffle = arguments.get(2, "shuffle")
    if shuffle is None:
        return None if arguments.loose else False
    return run.truth(shuffle)


def _order_said(node: ir.Call) -> bool | None:
    """Whether the call says `shuffle=False`; None where something else is given."""
    said = [each.value for each in node.arguments if each.keyword == "shuffle"]
    said += [each.value for each in node.arguments[2:3] if each.keyword is None and not said]
    if any(each.star for each in node.arguments) or not all(isinstance(each, ir.Constant) for each in said):
        return None
    return bool(said)


def _is_none(value: Value | None) -> bool:
    return isinstance(value, Const) and value.value is None


def _is_indexed(run: Interpreter, arguments: Arguments) -> bool:
    size = arguments.get(1, "batch_size")
    dataset = arguments.get(0, "dataset")
    if dataset is None or _is_none(size) or (isinstance(size, Unknown) and size.name in ("len", "len()")):
        return False
    return _reads_by_index(dataset)


def _reads_by_index(dataset: Value) -> bool:
    """Whether a dataset is known to have items that can be asked for in any order."""
    match dataset:
        case Sequence():
            return REORDERED not in dataset.lazies
        case Union():
            return all(_reads_by_index(each) for each in dataset.alternatives)
        case Instance(cls=External(dotted=dotted)):
            return dotted.startswith(INDEXED_DATASETS)
        case Instance(cls=ClassValue() as cls):
            known = not classes.has_unknown_base(cls) and "torch.utils.data.IterableDataset" not in classes.externals(
                cls
            )
            inherits = any(dotted.startswith(INDEXED_DATASETS) for dotted in classes.externals(cls))
            return known and (inherits or classes.find(cls, "__getitem__") is not None)
    return False


def _was_reordered(loader: Instance) -> bool:
    dataset = loader.fields.get("dataset")
    seen = 0
    while isinstance(dataset, Obj) and seen < 4:
        if REORDERED in dataset.lazies:
            return True
        dataset, seen = dataset.fields.get("dataset"), seen + 1
    return False
