"""Items of datasets: what was drawn at random for an image that moves, and what else of the item moves with it.

Each dataset of a root is read once at its end, in silence. Meanwhile each draw has a number, and values carry the
numbers of the draws that they depend on (`Provenance.draws`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from nnlint.events import ImageMoved
from nnlint.finding import Confidence, Step
from nnlint.interpreter import classes
from nnlint.interpreter.control import BudgetSpent, PathEnds
from nnlint.interpreter.objects import (
    Arguments,
    ClassValue,
    Const,
    External,
    Frame,
    Instance,
    Mapping,
    Obj,
    Provenance,
    Sequence,
    SizeValue,
    Union,
    Unknown,
    Value,
)
from nnlint.interpreter.provenance import mark
from nnlint.interpreter.roles import words_of
from nnlint.interpreter.slices import SliceValue
from nnlint.interpreter.store import Delta
from nnlint.interpreter.transforms import TRANSFORM, draws
from nnlint.interpreter.wording import text_of
from nnlint.knowledge.places import (
    CLASS_LISTS,
    DRAWN_LABELS,
    IMAGES,
    LABELS,
    NAMES,
    OF_DATASETS,
    PLACES,
    RANDOM_FUNCTIONS,
    SEEDS,
    TEXTS,
    WHOLE_MAPS,
    flips_sides,
    is_geometric,
    mirrors,
    moves_image,
)
from nnlint.reading import script as ir
from nnlint.source import Place

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

_ITEM = 0  # stands among the draws of what depends on which item was asked for
_DRAWN = "<drawn>"  # of a transform: something was drawn for it
_MOST_DATASETS = 16  # of one root that are read


@dataclass(frozen=True, slots=True)
class Move:
    """Something that an image went through and that moves what is in it, at random."""

    number: int
    place: Place
    words: str
    hidden: bool  # a transform that draws by itself, so that nothing else can follow it
    draws: frozenset[int]
    flips_sides: bool
    made: tuple[tuple[str, Place], ...] = ()


class Samples:
    """The datasets of one root."""

    def __init__(self) -> None:
        self.reading = False
        self._made: list[Instance] = []
        self._dataset: Instance | None = None
        self._depth = 0  # how many frames there are in `__getitem__`
        self._count = _ITEM
        self._moves: dict[int, Move] = {}
        self._drawn: dict[int, int] = {}  # draws, by the call
        self._followed: frozenset[int] = frozenset()  # draws on which something else than the image was changed
        self._seeded = False
        self._told: dict[tuple[Place, str], ImageMoved] = {}

    def made(self, dataset: Instance) -> None:
        """A dataset of another package was made."""
        self._made.append(dataset)

    def events(self, run: Interpreter, complete: bool) -> Iterator[ImageMoved]:
        for dataset in self._made:
            yield from _of_package(dataset)
        seen: set[int] = set()
        for instance in run.created if complete else ():
            if isinstance(instance.cls, ClassValue) and len(seen) < _MOST_DATASETS and _is_read_by_index(instance):
                seen.add(instance.serial)
                self._read(run, instance)
        yield from self._told.values()

    def _read(self, run: Interpreter, dataset: Instance) -> None:
        """Ask for an item; what is told of it, other than of this, was told already or is told elsewhere."""
        assert isinstance(dataset.cls, ClassValue)
        frame, reached = dataset.cls.frame, run.reached
        self.reading, self._dataset, self._depth, run.reached = True, dataset, len(run.frames) + 1, set()
        self._moves, self._drawn, self._followed, self._seeded = {}, {}, frozenset(), False
        index = Arguments((Unknown("index", Provenance(draws=frozenset({_ITEM}))),))

        def item() -> Value:
            return run.call(run.attribute(dataset, "__getitem__", None, frame), index, None, frame)

        try:
            run.in_silence(lambda: run.attempt(item))
        except (BudgetSpent, RecursionError, PathEnds):
            pass
        finally:
            self.reading, run.reached = False, reached

    # --- while an item is read ---

    def drawn(self, node: ir.Node | None) -> int:
        self._count += 1
        if node is not None:
            self._drawn[id(node)] = self._count
        return self._count

    def seeded(self) -> None:
        self._seeded = True

    def moved(
        self,
        place: Place,
        words: str,
        draws_: frozenset[int],
        flips: bool,
        made: tuple[tuple[str, Place], ...] | None = None,
    ) -> frozenset[int]:
        """An image is moved; `made` is not None where a transform draws by itself."""
        number = self.drawn(None)
        hidden = made is not None
        if draws_ or hidden:
            self._moves[number] = Move(number, place, words, hidden, draws_ | {number}, flips, made or ())
        return frozenset({number})

    def tested(self, run: Interpreter) -> frozenset[int]:
        """What was drawn for the branches that are being run."""
        found: set[int] = set()
        for test in run.tests:
            for node in _within(test):
                if id(node) in self._drawn:
                    found.add(self._drawn[id(node)])
                if isinstance(node, ir.Name):
                    held = next((f.fields[node.name] for f in reversed(run.frames) if node.name in f.fields), None)
                    found |= run.provenance(held if isinstance(held, Value) else None).draws
        return frozenset(found - {_ITEM})

    def branched(self, run: Interpreter, changes: Delta) -> None:
        """The end of a branch: on its draws, something was changed."""
        drawn = self.tested(run)
        for (obj, key), value in changes.items() if drawn else ():
            gone = isinstance(obj, Frame) and obj not in run.frames
            if key.startswith("<") or gone or not isinstance(value, Value):
                continue
            on = run.provenance(value).draws
            if not (on & self._moves.keys() or (on and _ITEM not in on)):
                self._followed |= drawn

    def written(self, run: Interpreter, value: Value) -> None:
        """`boxes[:, 0] = …`: a part of something is changed."""
        if self.reading:
            self._followed |= self.tested(run) | (run.provenance(value).draws - {_ITEM})

    def returned(self, run: Interpreter, value: Value, statement: ir.Return) -> None:
        """`return image, mask`."""
        if not self.reading or len(run.frames) != self._depth or self._dataset is None:
            return
        items = [(name, words_of(name), run.provenance(v).draws) for name, v in _items(value, statement.value, "")]
        has_text = any(words & TEXTS for _, words, _ in items)
        for image, said, image_draws in items:
            moves = [self._moves[number] for number in sorted(image_draws & self._moves.keys())]
            if said & PLACES and not said & IMAGES:
                continue
            for target, words, target_draws in items:
                if target != image and _ITEM in target_draws and not (words & NAMES and "(" not in target):
                    places = words & PLACES and not (has_text and words & WHOLE_MAPS)
                    self._judge(moves, target, target_draws, bool(places), words)

    def _judge(self, moves: list[Move], target: str, on: frozenset[int], places: bool, words: set[str]) -> None:
        own = on & self._moves.keys()
        if on - own - {_ITEM} or any(not self._moves[number].hidden for number in own) or (own and self._seeded):
            return  # something was drawn for it that may be the same
        for move in moves:
            if move.draws & (on | self._followed):
                continue
            sides = _sides(self._dataset) if move.flips_sides and words & LABELS and not own else None
            if places or sides is not None or (own and words & DRAWN_LABELS and not words & IMAGES):
                self._tell(move, target, bool(own), None if places else sides)
                return

    def _tell(self, move: Move, target: str, anew: bool, sides: tuple[str, str] | None) -> None:
        self._told.setdefault(
            (move.place, ""),
            ImageMoved(
                place=move.place,
                transform=move.words,
                target=target,
                anew=anew,
                sides=sides,
                trail=tuple(Step(place, f"{name} draws anew for each call") for name, place in move.made),
                confidence=Confidence.LIKELY,
            ),
        )


def called(
    run: Interpreter, name: str, arguments: Arguments, result: Value, node: ir.Call | None, frame: Frame
) -> Value:
    """What a function of another package returns while an item is read: it depends on what it was given."""
    if not run.samples.reading:
        return result
    given = run.provenance_of(arguments).draws
    on = given
    if isinstance(result, Instance) and TRANSFORM in result.lazies and given - {_ITEM}:
        result.lazies[_DRAWN] = True
    if name in SEEDS:
        run.samples.seeded()
    elif name.rpartition(".")[2] in RANDOM_FUNCTIONS:
        on |= {run.samples.drawn(node)}
    elif moves_image(name, _constants(arguments)) and node is not None:
        rest = Arguments(arguments.positional[1:], arguments.keywords)  # behind the image
        drawn = (run.provenance_of(rest).draws - {_ITEM}) | run.samples.tested(run)
        on |= run.samples.moved(run.place(frame, node), text_of(node.function), drawn, flips_sides(name))
    return _on(run, result, on)


def transformed(
    run: Interpreter, transform: Instance, arguments: Arguments, result: Value, node: ir.Call | None, frame: Frame
) -> Value:
    """What a transform returns while an item is read."""
    if not run.samples.reading or node is None or TRANSFORM not in transform.lazies:
        return result
    moving = [each for each in draws(transform) if is_geometric(each.lazies[TRANSFORM]) and not _is_always(each)]
    if not moving:
        return result
    if len(arguments.all()) > 1 or any(_DRAWN in each.lazies for each in moving):  # `RandomRotation((angle, angle))`
        return _on(run, result, frozenset({run.samples.drawn(None)}))
    made = tuple((each.class_name, each.made) for each in moving if each.made is not None)
    flips = any(flips_sides(each.lazies[TRANSFORM]) for each in moving)
    move = run.samples.moved(run.place(frame, node), text_of(node.function), frozenset(), flips, made)
    return _on(run, result, move)


def made_of(run: Interpreter, values: Iterable[Value], result: Value) -> Value:
    """What is computed of values while an item is read."""
    if not run.samples.reading:
        return result
    return _on(run, result, frozenset().union(*(run.provenance(value).draws for value in values)))


def indexed(run: Interpreter, value: Value, index: Value, result: Value, expr: ir.Subscript, frame: Frame) -> Value:
    """`value[index]` while an item is read."""
    if not run.samples.reading:
        return result
    on = run.provenance(index).draws
    match index:
        case Sequence(items=(SliceValue(lower=None, upper=None, step=None), SliceValue(step=Const(value=-1)))):
            drawn = run.samples.tested(run)
            on |= run.samples.moved(run.place(frame, expr), text_of(expr), drawn, True)
    return _on(run, result, on)


def _on(run: Interpreter, value: Value, draws_: frozenset[int]) -> Value:
    """The value, that depends on draws."""
    if not draws_ - run.provenance(value).draws:
        return value
    match value:
        case Union():
            return Union(tuple(_on(run, each, draws_) for each in value.alternatives))
        case SizeValue():
            return Unknown(provenance=Provenance(draws=draws_))
    return mark(run, value, Provenance(draws=draws_))


def _of_package(dataset: Instance) -> Iterator[ImageMoved]:
    """A dataset of torchvision of which it is known what it gives with an image."""
    if not isinstance(dataset.cls, External) or dataset.made is None:
        return
    target, only_sides = OF_DATASETS.get(dataset.cls.dotted.removeprefix("torchvision.datasets."), ("", None))
    transform = dataset.arguments.get("transform")
    moving = [each for each in draws(transform) if is_geometric(each.lazies[TRANSFORM]) and not _is_always(each)]
    if only_sides is not None:
        moving = [each for each in moving if flips_sides(each.lazies[TRANSFORM])]
    if target and moving:
        yield ImageMoved(
            place=dataset.made,
            transform=moving[0].class_name,
            target=target,
            anew=False,
            sides=only_sides,
            trail=tuple(Step(e.made, f"{e.class_name} draws anew for each call") for e in moving if e.made is not None),
            confidence=Confidence.LIKELY,
        )


def _is_read_by_index(instance: Instance) -> bool:
    assert isinstance(instance.cls, ClassValue)
    return classes.find(instance.cls, "__getitem__") is not None and not classes.is_module_class(instance.cls)


def _items(value: Value, expr: ir.Expr | None, name: str, depth: int = 0) -> Iterator[tuple[str, Value]]:
    """What an item is made of, under the names that the user has for it."""
    match value:
        case Mapping() if depth < 3:
            for key, each in value.items.items():
                yield from _items(each, None, str(key), depth + 1)
        case Sequence() if depth < 3:
            written: tuple[ir.Expr | None, ...] = ()
            if isinstance(expr, (ir.TupleDisplay, ir.ListDisplay)):
                written = expr.elements
            if len(written) != len(value.items):
                written = (None,) * len(value.items)
            for each, element in zip(value.items, written, strict=True):
                yield from _items(each, element, name, depth + 1)
        case Obj() | Value():
            while isinstance(expr, ir.Subscript):
                expr = expr.value
            yield (text_of(expr) or name or getattr(value, "name", "")), value


def _sides(dataset: Instance | None) -> tuple[str, str] | None:
    """Two classes of a dataset that are each other's mirror image."""
    if dataset is None or not isinstance(dataset.cls, ClassValue):
        return None
    for name in CLASS_LISTS:
        held = dataset.fields.get(name) or classes.find(dataset.cls, name)
        if isinstance(held, Sequence) and held.exact:
            found = mirrors(tuple(str(each.value) for each in held.items if isinstance(each, Const)))
            if found is not None:
                return found
    return None


def _is_always(transform: Instance) -> bool:
    probability = transform.arguments.get("p")
    return isinstance(probability, Const) and probability.value == 1 and "Flip" in transform.class_name


def _constants(arguments: Arguments) -> tuple[object, ...]:
    return tuple(
        each.value if isinstance(each, Const) else each.dotted
        for each in arguments.all()
        if isinstance(each, (Const, External))
    )


def _within(node: object) -> Iterator[ir.Node]:
    """A piece of a program and all that it is made of."""
    if isinstance(node, tuple):
        for each in node:
            yield from _within(each)
    elif isinstance(node, ir.Node):
        yield node
        for field in fields(node):
            yield from _within(getattr(node, field.name))
