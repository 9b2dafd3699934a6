"""Layers that a constructor builds and nothing reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from nnlint.events import LayerAssigned
from nnlint.interpreter import building, classes, modes
from nnlint.interpreter.objects import ClassValue, External, Function, Instance, Value
from nnlint.knowledge.layers import LAYERS
from nnlint.reading.uses import ClassUses
from nnlint.source import Place, Unreadable

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

_PLAIN_BASES = re.compile(r"torch\.nn\.Module$|.*LightningModule$|abc\.ABC$|object$|typing\.Generic$")
_KEPT = re.compile(
    r"unused|not used|never used|no longer|compat|checkpoint|legacy|\bkept|\bkeep|dummy|reserved|placeholder"
    r"|state.?dict",
    re.IGNORECASE,
)


def events(run: Interpreter, built: list[Instance]) -> Iterator[LayerAssigned]:
    """The layers that did not run, of the modules that a root made; whether anything reads them is looked up."""
    told: set[Place] = set()
    for module in built:
        assert isinstance(module.cls, ClassValue)
        if not _runs_itself(module.cls):
            continue
        for cls in classes.lineage(module.cls):
            if isinstance(cls, ClassValue):
                for event in _of_class(run, module, cls):
                    if event.place not in told:
                        told.add(event.place)
                        yield event


def _runs_itself(cls: ClassValue) -> bool:
    """Whether the project decides which layers run, and not a class of another package."""
    known = all(_PLAIN_BASES.match(dotted) for dotted in classes.externals(cls))
    return known and not classes.has_unknown_base(cls) and isinstance(classes.find(cls, "forward"), Function)


def _of_class(run: Interpreter, module: Instance, cls: ClassValue) -> Iterator[LayerAssigned]:
    path = cls.frame.namespace.path
    mine = uses_of(run, cls)
    for attribute, (node, _) in (mine.built if mine is not None else {}).items():
        layer = module.fields.get(attribute)
        if not isinstance(layer, Instance) or layer.made is None or not _matters(layer) or _ran(layer):
            continue
        read = run.program.readers.may_read(path, cls.name, attribute)
        yield LayerAssigned(
            place=Place(run.program.shown(path), node),
            module=cls.name,
            attribute=attribute,
            layer=building.layer_of(layer, layer.made),
            read=read or _said_to_be_kept(run, cls, attribute),
        )


def uses_of(run: Interpreter, cls: ClassValue) -> ClassUses | None:
    """What a class does with its attributes."""
    try:
        found = run.program.readers.uses(cls.frame.namespace.path).classes
    except Unreadable:
        return None
    return next((each for each in found if each.definition == cls.definition.id), None)


def _matters(layer: Value) -> bool:
    """Whether a network without it is another one: it has weights, or it is a dropout."""
    if isinstance(layer, Instance) and isinstance(layer.cls, External):
        info = LAYERS.get(layer.cls.dotted)
        if info is not None and info.operation == "dropout":
            return True
    return modes.is_module(layer) and building.has_weights(layer)


def _ran(layer: Instance) -> bool:
    return any(
        "<ran>" in each.lazies or building.HANDED_OVER in each.lazies
        for each in modes.descendants(layer)
        if isinstance(each, Instance)
    )


def _said_to_be_kept(run: Interpreter, cls: ClassValue, attribute: str) -> bool:
    """Whether a comment beside or above the assignment says why the layer is there."""
    try:
        lines = run.program.source(cls.frame.namespace.path).text.splitlines()
    except Unreadable:
        return True
    assignment = re.compile(rf"\s*\w+\.{attribute}\s*[:=]")
    for number, line in enumerate(lines):
        if assignment.match(line):
            comments = [line.partition("#")[2]]
            while number and lines[number - 1].lstrip().startswith("#"):
                number -= 1
                comments.append(lines[number])
            if any(_KEPT.search(comment) for comment in comments):
                return True
    return False
