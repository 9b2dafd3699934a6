"""What something unknown does with what it is given, and what it returns."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nnlint.interpreter import building, gradients, masks, modes, ownership, training
from nnlint.interpreter.objects import Arguments, Instance, Unknown, Value
from nnlint.reading import script as ir

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter


_ONLY_LOOK = (
    "sched",
    "warmup",
    "lr",
    "adjust",
    "checkpoint",
    "ckpt",
    "save",
    "load",
    "resume",
    "log",
    "print",
    "state",
)
"""Words of functions that are given an optimizer and neither step it nor clear its gradients."""


def unknown_call(
    run: Interpreter,
    callee: Value,
    arguments: Arguments,
    node: ir.Call | None,
    name: str,
    receiver: Value | None = None,
) -> Value:
    """Something unknown is called: it may change the modes and gradients of what it is given."""
    given_away(run, arguments)
    building.handed_over(run, arguments)
    lowered = name.lower()
    if not any(word in lowered for word in _ONLY_LOOK):
        for value in (*arguments.all(), *([receiver] if isinstance(receiver, Instance) else [])):
            gradients.give_away(run, value)
    if any(word in lowered for word in ("backward", "scaler", "train", "optim", "step", "fit")):
        run.roles.differentiated(run.provenance_of(arguments).calls)
    return gradients.suspected(run, arguments, name, unknown_result(run, arguments, name, receiver))


def unknown_result(run: Interpreter, arguments: Arguments, name: str = "", receiver: Value | None = None) -> Value:
    """What something unknown returns: it depends on all that it was given."""
    masks.handed_on(arguments)
    run.makers.given_away(arguments, None)
    for value in arguments.all():
        run.collected(value)
        run.schedules.hand_away(value)
    provenance = run.provenance_of(arguments) | run.provenance(receiver)
    if run.gradients_enabled is False:
        provenance = provenance.detached()
    # it may have parameters of its own: that everything it was given is cut off says nothing
    enabled = run.gradients_enabled is not False
    return Unknown(name, run.on_graph(replace(provenance, leaf=enabled) if provenance.cuts else provenance))


def given_away(run: Interpreter, arguments: Arguments) -> None:
    optimizer_given = False
    for value in arguments.all():
        if training.is_optimizer(value):
            optimizer_given = True
            gradients.forget(run, value)
        elif modes.is_module(value) or (isinstance(value, Unknown) and "<mode>" in value.fields):
            for each in modes.descendants(value):
                modes.set_own_mode(run, each, None, None)
            gradients.forget(run, value)
            ownership.loaded(value)
            run.initializing.passes += 1
    if optimizer_given:
        run.roles.differentiated(run.provenance_of(arguments).calls)
