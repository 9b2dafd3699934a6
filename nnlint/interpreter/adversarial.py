"""Gradients that a backward pass for one optimizer leaves in the networks of another, which then steps with them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from nnlint.interpreter import modes
from nnlint.interpreter.joins import REUSED
from nnlint.interpreter.ledger import Backward, Leak
from nnlint.interpreter.objects import Obj
from nnlint.source import Place

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

LAST, LENT, MIXED = "<last backward>", "<lent>", "<mixed>"
# of an optimizer: the backward that filled its gradients last; one on which another optimizer stepped, whose gradients
# are still there; that one, the optimizer that stepped on it, and the one that added to it


def filled(run: Interpreter, backward: Backward) -> None:
    """`backward` filled the gradients of some optimizers."""
    for optimizer in backward.optimizers if backward.known else ():
        lent = optimizer.fields.get(LENT)
        if lent is not None and lent[0] is not backward:
            run.store.write(optimizer, MIXED, (*lent, backward))
        run.store.write(optimizer, LAST, backward)


def cleared(run: Interpreter, optimizer: Obj) -> None:
    """The gradients of an optimizer were cleared."""
    for key in (LAST, LENT, MIXED):
        if optimizer.fields.get(key) is not None:
            run.store.write(optimizer, key, None)


def stepped(run: Interpreter, optimizer: Obj, state: frozenset[str] | None, place: Place) -> None:
    """An optimizer stepped: what its `backward` left in others is not theirs."""
    mixed, last = optimizer.fields.get(MIXED), optimizer.fields.get(LAST)
    if mixed is not None and state is not None and REUSED not in state:
        lent, other, own = mixed
        _judge(run, optimizer, lent, other, own, place)
    cleared(run, optimizer)
    for other in run.optimizers:
        if other is not optimizer and last is not None and other.fields.get(LAST) is last and not _frozen(other):
            run.store.write(other, LENT, (last, optimizer))


def _judge(run: Interpreter, optimizer: Obj, lent: Backward, other: Obj, own: Backward, place: Place) -> None:
    if _feeds(run, lent.calls, optimizer, other) and _feeds(run, own.calls, optimizer, other):
        told = lent  # the generator's optimizer steps on what the discriminator's loss left
    elif _feeds(run, lent.calls, other, optimizer):
        told = own
    else:
        return
    run.ledger.leaks.setdefault(told.place, Leak(optimizer, lent.place, own.place, place))


def _feeds(run: Interpreter, calls: Iterable[int], generator: Obj, judge: Obj) -> bool:
    """Whether, in these forward passes, a network of one optimizer works on the output of one of the other's."""
    from nnlint.interpreter.gradients import MODULES, related

    made, judging = generator.lazies.get(MODULES), judge.lazies.get(MODULES)
    forwards = run.roles.forwards
    if not made or not judging:
        return False
    return any(
        related(judging, frozenset({forwards[number].module}))
        and any(related(made, frozenset({forwards[source].module})) for source in forwards[number].fed)
        for number in calls
    )


def _frozen(optimizer: Obj) -> bool:
    from nnlint.interpreter.gradients import MODULES

    return any(module.fields.get(modes.FROZEN, False) is not False for module in optimizer.lazies.get(MODULES) or ())
