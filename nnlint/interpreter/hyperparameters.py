"""Constants that a training is made with, given directly or as the default of an option."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnlint.events import HyperparameterGiven
from nnlint.finding import Confidence
from nnlint.interpreter import gradients
from nnlint.interpreter.objects import (
    Arguments,
    Const,
    Frame,
    Instance,
    Mapping,
    Obj,
    Sequence,
    Unknown,
    Value,
)
from nnlint.interpreter.options import Default, default_of
from nnlint.knowledge.hyperparameters import HYPERPARAMETERS, OPTIMIZERS
from nnlint.reading import script as ir
from nnlint.source import Place

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

REPLACED = "<lr replaced>"
GROUP_OF = "<group of>"

_REPLACING = frozenset({"OneCycleLR", "CyclicLR", "LambdaLR", "_LRScheduler", "LRScheduler"})
"""Schedulers that set the rate, or scale a base of 1, by a function of the user's."""


@dataclass(frozen=True, slots=True)
class _Given:
    place: Place
    kind: str
    name: str
    value: object
    default: Default | None
    optimizer: Instance | None


class Hyperparameters:
    """Those of one root."""

    def __init__(self) -> None:
        self._all: list[_Given] = []

    def look(self, run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> None:
        """A call of something that may have hyperparameters."""
        positions = HYPERPARAMETERS.get(dotted)
        if positions is not None and node is not None:
            self._take(run, dotted.rpartition(".")[2], positions, arguments, node, frame, None)

    def optimizer_made(
        self,
        run: Interpreter,
        dotted: str,
        optimizer: Instance,
        arguments: Arguments,
        node: ir.Call | None,
        frame: Frame,
    ) -> None:
        package, _, kind = dotted.rpartition(".")
        if kind in OPTIMIZERS and node is not None and (package == "torch.optim" or kind in ("Adam", "AdamW", "SGD")):
            positions = OPTIMIZERS[kind]
            if package != "torch.optim":
                positions = {name: (1 if name == "lr" else -1) for name in positions}
            if arguments.keywords.get("decoupled_weight_decay") is not None:
                positions = {name: position for name, position in positions.items() if name != "weight_decay"}
            self._take(run, kind, positions, arguments, node, frame, optimizer)
            groups = arguments.get(0, "params")
            for group in groups.items if isinstance(groups, Sequence) else ():
                if isinstance(group, Mapping):
                    given = Arguments((), {key: value for key, value in group.items.items() if isinstance(key, str)})
                    self._take(run, kind, dict.fromkeys(positions, -1), given, node, frame, optimizer)

    def _take(
        self,
        run: Interpreter,
        kind: str,
        positions: dict[str, int],
        arguments: Arguments,
        node: ir.Call,
        frame: Frame,
        optimizer: Instance | None,
    ) -> None:
        for name, position in positions.items():
            known = number_of(arguments.get(position, name))
            if known is not None and not (known[1] is not None and run.undecided):
                # (what an option is by default says little where another option decided to come here)
                value, default = known
                self._all.append(_Given(run.place(frame, node), kind, name, value, default, optimizer))

    def events(self) -> Iterator[HyperparameterGiven]:
        for given in self._all:
            held = given.optimizer.lazies.get(gradients.MODULES) if given.optimizer is not None else None
            yield HyperparameterGiven(
                place=given.place,
                kind=given.kind,
                name=given.name,
                value=given.value,
                option=given.default.place if given.default is not None else None,
                option_name=given.default.name if given.default is not None else "",
                replaced=given.optimizer is not None and REPLACED in given.optimizer.lazies,
                trains_network=bool(held),
                confidence=Confidence.CERTAIN if given.default is None else Confidence.LIKELY,
            )


def number_of(value: Value | None) -> tuple[object, Default | None] | None:
    """A number or a tuple of numbers, and the default that it is, if it is one."""
    match value:
        case Const(value=bool()):
            return None
        case Const(value=int() | float() as number):
            return number, None
        case Unknown():
            default = default_of(value)
            inner = number_of(default.value) if default is not None else None
            return (inner[0], default) if inner is not None else None
        case Sequence() if value.exact and value.items:
            parts = [number_of(item) for item in value.items]
            known = [part for part in parts if part is not None]
            if len(known) < len(parts):
                return None
            defaults = [default for _, default in known if default is not None]
            return tuple(number for number, _ in known), defaults[0] if defaults else None
    return None


def scheduled(dotted: str, arguments: Arguments) -> None:
    """A scheduler is made, or something unknown is given an optimizer: it may set the rate."""
    optimizer = arguments.get(0, "optimizer")
    if isinstance(optimizer, Instance) and dotted.rpartition(".")[2] in _REPLACING:
        optimizer.lazies[REPLACED] = True


def group_written(group: Mapping, key: object) -> None:
    """`group[key] = …`, where `group` may be one of an optimizer's."""
    optimizer = group.lazies.get(GROUP_OF)
    if isinstance(optimizer, Obj) and key == "lr":
        optimizer.lazies[REPLACED] = True
