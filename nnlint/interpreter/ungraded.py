"""Forward passes that run without gradients, and of whose output a loss is made that is differentiated.

That is right for a teacher, a target or features that are given. It is told of a network that an optimizer holds and
that no other pass teaches: it is meant to learn, and gets no gradient.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from nnlint.events import UngradedPass
from nnlint.finding import Confidence
from nnlint.interpreter import gradients, modes
from nnlint.interpreter.lapses import COPIED, PRETRAINED
from nnlint.interpreter.objects import External, Frame, Instance, Obj, Provenance, Unknown, Value
from nnlint.interpreter.provenance import mark
from nnlint.interpreter.roles import words_of
from nnlint.interpreter.watched import Fate
from nnlint.interpreter.wording import text_of
from nnlint.knowledge.losses import LOSS_CLASSES
from nnlint.knowledge.networks import network_mode
from nnlint.reading import script as ir
from nnlint.source import Place

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

LEARNS = "<learns>"
_GIVEN = frozenset(
    {"teacher", "target", "ema", "momentum", "frozen", "freeze", "pretrained", "reference", "ref", "fixed", "old", "k"}
)
"""Words in the names of networks, and of conditions, that are not meant to learn here."""
_ON_CONDITION = _GIVEN | {"train", "training", "finetune", "fine", "tune", "eval", "grad", "requires", "update"}


def entered(run: Interpreter, module: Obj, node: ir.Call | None, frame: Frame) -> int | None:
    """A network is called; the number under which its pass is watched if it runs without gradients."""
    if run.gradients_enabled is not False:
        if not (
            isinstance(module, Instance) and isinstance(module.cls, External) and module.cls.dotted in LOSS_CLASSES
        ):
            module.lazies[LEARNS] = True
            run.graded += 1
        return None
    if node is None or run.ungraded or run.rehearsals.on_stage or _is_given(run, module, node):
        return None
    return run.watched.watch(partial(_told, run, module, run.place(frame, node), text_of(node.function)))


def left(run: Interpreter, number: int | None, result: Value) -> Value:
    """Mark what a watched pass returned: it was cut off."""
    return result if number is None else mark(run, result, Provenance(cuts=frozenset({number})))


def _is_given(run: Interpreter, module: Obj, node: ir.Call) -> bool:
    """Whether a network is not meant to learn: frozen, loaded, or named or chosen so."""
    for each in (module, *run.module_stack):
        if each.fields.get(modes.FROZEN) or {PRETRAINED, COPIED} & {*each.lazies}:
            return True
    if any(
        isinstance(each, Instance) and isinstance(each.cls, External) and network_mode(each.cls.dotted) is not None
        for each in modes.descendants(module)
    ):
        return True
    if words_of(text_of(node.function)) & _GIVEN:
        return True
    return any(words_of(text_of(test)) & _ON_CONDITION for test in run.tests)


def _told(run: Interpreter, module: Obj, place: Place, called: str, fate: Fate) -> UngradedPass | None:
    below = list(modes.descendants(module))
    learns = any(LEARNS in each.lazies for each in below if isinstance(each, Obj))
    if not fate.differentiated or (learns and not fate.alone) or module.fields.get(modes.FROZEN):
        return None
    if not any(_holds(optimizer, module) for optimizer in run.optimizers):
        return None
    return UngradedPass(
        place=place,
        module=called,
        whole=fate.alone,
        confidence=Confidence.LIKELY if isinstance(module, Unknown) else Confidence.CERTAIN,
    )


def _holds(optimizer: Obj, module: Obj) -> bool:
    held: frozenset[Obj] | None = optimizer.lazies.get(gradients.MODULES)
    return any(
        each is module and not top.fields.get(modes.FROZEN) for top in held or () for each in modes.descendants(top)
    )
