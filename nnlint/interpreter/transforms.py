"""Transforms of images: what they are made of, and which are applied to the data that a loader reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnlint.interpreter.loaders import PART_OF
from nnlint.interpreter.objects import Arguments, Const, External, Frame, Instance, Sequence, Value
from nnlint.knowledge.transforms import HOLDING, is_random, transform_name
from nnlint.reading import script as ir

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

TRANSFORM = "<transform>"
DEEPEST = 6


@dataclass(frozen=True, slots=True)
class Applied:
    """A transform that was called, and among how many undecided branches."""

    transform: Instance
    undecided: int


def make(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Instance:
    """`transforms.RandomCrop(32)`."""
    transform = Instance(External(dotted), run.place(frame, node) if node is not None else None)
    transform.lazies[TRANSFORM] = transform_name(dotted)
    transform.arguments = dict(arguments.keywords)
    if transform.lazies[TRANSFORM] == "Normalize":
        transform.arguments |= dict(zip(("mean", "std"), arguments.positional))  # noqa: B905 (others have no name here)
    if transform.lazies[TRANSFORM] == "Compose":
        run.composed.append(transform)
    if transform.lazies[TRANSFORM] in HOLDING and arguments.all():
        run.store.write(transform, "transforms", arguments.all()[0])
    return transform


def applied(run: Interpreter, transform: Instance) -> None:
    """A transform is called."""
    if TRANSFORM in transform.lazies:
        run.applied.append(Applied(transform, run.undecided))


def parts(value: Value | None, depth: int = 0) -> list[Instance] | None:
    """The transforms that one is made of, in order; None when there may be others."""
    match value:
        case Instance() if value.lazies.get(TRANSFORM) in HOLDING and depth < DEEPEST:
            return parts(value.fields.get("transforms"), depth + 1)
        case Instance() if TRANSFORM in value.lazies:
            return [value]
        case Sequence():
            found = [parts(item, depth + 1) for item in value.items]
            if not value.exact or any(each is None for each in found):
                return None
            return [part for each in found if each is not None for part in each]
    return None


def draws(value: Value | None, depth: int = 0) -> list[Instance]:
    """The transforms in one that are surely there, and random."""
    match value:
        case Instance() if value.lazies.get(TRANSFORM) in HOLDING and depth < DEEPEST:
            return draws(value.fields.get("transforms"), depth + 1)
        case Instance() if TRANSFORM in value.lazies:
            probability = value.arguments.get("p")
            never = isinstance(probability, Const) and probability.value in (0, 0.0)
            return [value] if is_random(value.lazies[TRANSFORM]) and not never else []
        case Sequence():
            return [part for item in value.items for part in draws(item, depth + 1)]
    return []


def transforms_of(dataset: Value | None, depth: int = 0) -> tuple[Instance | None, list[Value]]:
    """The dataset, or the part of one, at which the transforms of its items are to be told, and these transforms.

    Of datasets of other packages; those of the project call their transforms themselves (`applied`).
    """
    if not isinstance(dataset, Instance) or depth > DEEPEST:
        return None, []
    if PART_OF in dataset.lazies:
        _, found = transforms_of(dataset.lazies[PART_OF][0], depth + 1)
        return dataset, found
    if not isinstance(dataset.cls, External) or not dataset.cls.dotted.startswith("torchvision.datasets."):
        return None, []
    values = (dataset.fields.get(name) for name in ("transform", "transforms"))
    return dataset, [value for value in values if isinstance(value, Value)]
