"""Where a network is called from: through which functions and loops, and what it is called in each of them.

A fix that switches its mode, or gradients off, needs a statement that belongs to the evaluation alone, and a name that
holds there. Both are looked up when the network runs; which of them evaluate and which train is known at the end.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnlint.changes import InsertAfter, InsertBefore, InsertInto, Slot
from nnlint.interpreter.control import LoopRecord
from nnlint.interpreter.objects import Frame, Instance, Obj, Union, Unknown, Value
from nnlint.reading import script as ir
from nnlint.source import Place
from nnlint.values import Role

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter
    from nnlint.interpreter.roles import Forward


@dataclass(frozen=True, slots=True)
class Level:
    """One activation on the way to a forward pass; `place` is what it calls, in `loops` of its own.

    `name` is what the network is called there, "" where it has no name; it holds from `since` on: the number of those
    loops inside of which it is given. `given` says that it holds from the start of the function.
    """

    function: Place | None
    function_name: str
    loops: tuple[Place, ...]
    place: Place
    name: str
    since: int
    given: bool


Scene = tuple[Level, ...]  # the innermost activation first


def scene(run: Interpreter, module: Obj, node: ir.Call, frame: Frame) -> Scene:
    """Where a network is called from, now."""
    levels: list[Level] = []
    place: Place | None = run.place(frame, node)
    loops = run.loops
    for each in reversed(run.frames):
        if place is None:
            return tuple(levels)
        levels.append(_level(run, module, each, loops[each.loops :], place))
        place, loops = each.call, loops[: each.loops]
    top = frame.namespace.lazies.get("<frame>") if not run.frames else run.frames[0].caller
    if place is not None and isinstance(top, Frame) and not top.is_class:
        levels.append(_level(run, module, top, loops, place))
    return tuple(levels)


def _level(run: Interpreter, module: Obj, frame: Frame, loops: list[LoopRecord], place: Place) -> Level:
    name, local = name_in(frame, module)
    since = 0
    if name and local:
        since = run.store.written_since([loop.start for loop in loops], frame, name)
    function = frame.function
    definition = function.definition if function is not None else None
    is_def = isinstance(definition, ir.FunctionDef)
    parameters = {each.name for each in definition.parameters.items} if definition is not None else set()
    return Level(
        function=frame.defined if is_def else None,
        function_name=frame.name.rpartition(".")[2],
        loops=tuple(loop.place for loop in loops),
        place=place,
        name=name,
        since=since,
        given=is_def and (not local or (name in parameters and frame.given.get(name) is frame.fields.get(name))),
    )


def name_in(frame: Frame, value: Obj) -> tuple[str, bool]:
    """What an object is called in a function: a variable (and whether of its own), or an attribute of one."""
    scope: Frame | None = frame
    shadowed: set[str] = set()
    while scope is not None:
        if scope is frame or not scope.is_class:
            for name, each in scope.fields.items():
                if name not in shadowed and _is(each, value) and name.isidentifier():
                    return name, scope is frame and scope.function is not None
            shadowed |= {*scope.fields}
        scope = scope.parent
    receiver = frame.self_value
    if frame.function is not None and frame.function.owner is not None and isinstance(receiver, Instance):
        own = next((name for name, each in frame.fields.items() if each is receiver), "")
        for name, each in _attributes(receiver):
            if own and _is(each, value):
                return f"{own}.{name}", False
    for variable, each in frame.fields.items():
        if variable.isidentifier() and isinstance(each, (Instance, Unknown)):
            for name, part in _attributes(each):
                if _is(part, value) and not name.startswith("_"):
                    return f"{variable}.{name}", each is not receiver
    return "", False


def _attributes(owner: Instance | Unknown) -> Iterator[tuple[str, Value]]:
    for fields in (owner.fields, owner.lazies):
        for name, each in fields.items():
            if name.isidentifier() and isinstance(each, Value):
                yield name, each


def _is(found: object, value: Obj) -> bool:
    return found is value or (isinstance(found, Union) and any(each is value for each in found.alternatives))


# --- what belongs to an evaluation alone, or to training ----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mending:
    """Where a forward pass can be mended, see `ModuleCalled`."""

    evaluates: Place | None = None
    stretch: Place | None = None
    switch: Slot | None = None
    restore: tuple[Slot, ...] | None = ()


class Stage:
    """The forward passes of networks in one root, and the functions, loops and calls that they run through."""

    def __init__(self, forwards: Sequence[Forward], training: Collection[Place]) -> None:
        self.forwards = forwards
        self.trained = {*_places([each for each in forwards if each.differentiated]), *training}
        self.evaluated = _places([each for each in forwards if not each.differentiated])

    def mending(self, forward: Forward) -> Mending:
        """Where one that evaluates is mended."""
        others = self.trained | {loop.place for loop in forward.loops if loop.trains}
        return Mending(
            evaluates=_function(forward.scene, others),
            stretch=_stretch(forward.scene, others),
            switch=_before_evaluation(forward.scene, others),
            restore=self._restored(forward),
        )

    def restoring(self, forward: Forward) -> Mending:
        """Where training mode is put back for one that trains in evaluation mode."""
        slot = _before_training(forward.scene, self.evaluated)
        if slot is None:
            others = [each for each in self.forwards if not each.differentiated and each.module is forward.module]
            slot = next((behind for each in others if (behind := _behind(each.scene, self.trained))), None)
        return Mending(restore=None if slot is None else (slot,))

    def _restored(self, forward: Forward) -> tuple[Slot, ...] | None:
        """Where training mode comes back behind an evaluation that is to switch it off; None: that is not known."""
        first = next(each for each in self.forwards if each.scene == forward.scene)
        found: dict[Slot | None, None] = {}
        for later in self.forwards:
            if later.number < first.number or not later.differentiated or later.training is not True:
                continue
            if later.module is first.module and later.suspicion.setter is first.suspicion.setter:
                # nobody called `train()` in between
                found[_before_training(later.scene, self.evaluated) or _behind(first.scene, self.trained)] = None
        slots = tuple(slot for slot in found if slot is not None)
        return slots if len(slots) == len(found) else None


def _places(forwards: Collection[Forward]) -> frozenset[Place]:
    """The functions, loops and calls through which these run."""
    return frozenset(
        place
        for forward in forwards
        for level in forward.scene
        for place in (level.function, *level.loops, level.place)
        if place is not None
    )


def _function(scene: Scene, others: Collection[Place]) -> Place | None:
    """The function that evaluates, by its name, and does nothing else."""
    return next((level.function for level in scene if _evaluates(level, others)), None)


def _evaluates(level: Level, others: Collection[Place]) -> bool:
    from nnlint.interpreter.roles import role_of_name

    return (
        level.function is not None
        and level.function not in others
        and role_of_name(level.function_name) is Role.EVALUATION
    )


def _stretch(scene: Scene, others: Collection[Place]) -> Place | None:
    """The outermost loop of the innermost function with one, or else the statement, that does nothing but evaluate."""
    loops = [loop for level in scene for loop in level.loops if loop not in others]
    statements = [level.place for level in scene if level.place not in others]
    return next(iter((*loops, *statements)), None)


def _before_evaluation(scene: Scene, others: Collection[Place]) -> Slot | None:
    for level in reversed(scene):
        if level.name and level.given and _evaluates(level, others) and level.function is not None:
            return Slot(InsertInto, level.function, level.name)
        loop = _loop(level, others)
        if loop is not None:
            return Slot(InsertBefore, loop, level.name)
    level_ = next((level for level in scene if level.name and level.place not in others), None)
    return None if level_ is None else Slot(InsertBefore, level_.place, level_.name)


def _before_training(scene: Scene, others: Collection[Place]) -> Slot | None:
    """Before the loop that trains, or first in a function that does."""
    from nnlint.interpreter.roles import role_of_name

    for level in reversed(scene):
        loop = _loop(level, others)
        if loop is not None:
            return Slot(InsertBefore, loop, level.name)
        trains = level.given and level.name and role_of_name(level.function_name) is Role.TRAINING
        if trains and level.function is not None and level.function not in others:
            return Slot(InsertInto, level.function, level.name)
    return None


def _behind(scene: Scene, others: Collection[Place]) -> Slot | None:
    """Behind the loop or the call that evaluates."""
    for level in reversed(scene):
        loop = _loop(level, others)
        if loop is not None:
            return Slot(InsertAfter, loop, level.name)
        if level.name and level.place not in others:
            return Slot(InsertAfter, level.place, level.name)
    return None


def _loop(level: Level, others: Collection[Place]) -> Place | None:
    """The outermost loop in which the network has a name already, and that the others do not run through."""
    return next((loop for loop in level.loops[level.since :] if loop not in others), None) if level.name else None
