"""What something unknown does with what it is given, and what it returns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlint.interpreter import building, gradients, modes, training
from nnlint.interpreter.objects import Arguments, Unknown, Value
from nnlint.reading import script as ir

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter


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
    if any(word in lowered for word in ("backward", "scaler", "train", "optim", "step", "fit")):
        run.roles.differentiated(run.provenance_of(arguments).calls)
    return unknown_result(run, arguments, name, receiver)


def unknown_result(run: Interpreter, arguments: Arguments, name: str = "", receiver: Value | None = None) -> Value:
    """What something unknown returns: it depends on all that it was given."""
    for value in arguments.all():
        run.collected(value)
    provenance = run.provenance_of(arguments) | run.provenance(receiver)
    if run.gradients_enabled is False:
        provenance = provenance.detached()
    return Unknown(name, run.on_graph(provenance))


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
    if optimizer_given:
        run.roles.differentiated(run.provenance_of(arguments).calls)
