"""Parts of networks that are frozen by `requires_grad`, and their batch norms, which that does not hold still."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnlint.events import FrozenNormUpdated
from nnlint.interpreter import modes
from nnlint.interpreter.objects import Const, External, Instance, Obj
from nnlint.knowledge.layers import BATCH_NORMS
from nnlint.knowledge.networks import has_batch_norms
from nnlint.source import Place

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter
    from nnlint.interpreter.roles import Forward

NORMS, THAWED = "<frozen norms>", "<thawed>"


@dataclass(frozen=True, slots=True)
class Freeze:
    """A part was frozen, with the batch norms that it had then."""

    place: Place
    part: Obj
    norms: tuple[Instance, ...]


def frozen(run: Interpreter, module: Obj, yes: bool, place: Place) -> None:
    """The parameters of a module are frozen, all of them, or learn again."""
    run.store.write(module, modes.FROZEN, yes)
    if not yes:
        module.lazies[THAWED] = True
    elif not run.undecided:  # else it may be that some parameters are left out
        run.store.write(module, NORMS, Freeze(place, module, tuple(_norms(module))))
        run.freezes = True


def _norms(module: Obj) -> Iterator[Instance]:
    for each in modes.descendants(module):
        if isinstance(each, Instance) and isinstance(each.cls, External):
            dotted = each.cls.dotted
            tracks = each.arguments.get("track_running_stats")
            if has_batch_norms(dotted) or (
                dotted in BATCH_NORMS and not (isinstance(tracks, Const) and tracks.value is False)
            ):
                yield each


def updating(run: Interpreter, module: Obj) -> tuple[tuple[Freeze, Instance], ...]:
    """The batch norms of frozen parts that a forward pass of `module` updates: the first of each part."""
    if not run.freezes or run.gradients_enabled is False:
        return ()
    found: list[tuple[Freeze, Instance]] = []
    for each in modes.descendants(module):
        freeze = each.fields.get(NORMS) if isinstance(each, Obj) else None
        if isinstance(freeze, Freeze) and each.fields.get(modes.FROZEN) is True:  # type: ignore[attr-defined]
            norm = next((norm for norm in freeze.norms if norm.fields.get(modes.MODE) is True), None)
            if norm is not None:
                found.append((freeze, norm))
    return tuple(found)


def events(forwards: Iterable[Forward]) -> Iterator[FrozenNormUpdated]:
    """What training does to the statistics of parts that nothing thawed."""
    for forward in forwards:
        for freeze, norm in forward.updating if forward.trained and not forward.owned else ():
            if THAWED not in freeze.part.lazies:
                yield FrozenNormUpdated(
                    place=freeze.place,
                    norm=f"{norm.name}" if norm.name else norm.class_name,
                    module=forward.called,
                    forward=forward.place,
                )
