"""The life of gradients: filled by backward, consumed by a step, cleared, and in which order that happened.

Each optimizer holds the conditions that the gradients of its parameters can be in (see `joins.join_gradients`):
new, clear, ready (filled since they were cleared), used (consumed by a step and still there), reused (filled on
top of used ones), wasted
(filled and then cleared before any step).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlint.events import OptimizerStepped
from nnlint.finding import Confidence
from nnlint.interpreter.joins import CLEAR, NEW, READY, REUSED, USED, WASTED, join_gradients
from nnlint.interpreter.objects import Instance, Obj, Unknown, Value
from nnlint.interpreter.parameters import OF, owners
from nnlint.source import Place
from nnlint.values import Gradients

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

STATE, FILLED, CLEARED, CONSUMED = "<grads>", "<filled>", "<cleared>", "<consumed>"
MODULES = "<modules>"
PENDING = "<pending>"  # the forward passes whose gradients no step has used yet

_FILL = {NEW: READY, CLEAR: READY, READY: READY, USED: REUSED, REUSED: REUSED, WASTED: READY}
_STEP = {NEW: NEW, CLEAR: CLEAR, READY: USED, USED: USED, REUSED: USED, WASTED: CLEAR}


def notice(run: Interpreter, optimizer: Obj) -> None:
    """Keep an eye on an optimizer from now on."""
    if not any(optimizer is known for known in run.optimizers):
        run.optimizers.append(optimizer)


def filled(run: Interpreter, loss: Value | None, place: Place) -> None:
    """`loss.backward()`."""
    hangs_on = run.provenance(loss)
    calls = hangs_on.calls
    run.backwards += 1
    without_any = run.graded == 0 and run.gradients_enabled is False and not run.undecided
    run.watched.differentiated(hangs_on, alone=without_any)
    run.graded = 0
    for loop in run.loops:
        loop.trains = True
    run.roles.differentiated(calls)
    trained = run.roles.modules_of(calls)
    for optimizer in run.optimizers:
        held = optimizer.lazies.get(MODULES)
        if _related(held, trained) or not run.roles.all_called(held):
            run.store.write(optimizer, PENDING, (optimizer.fields.get(PENDING) or frozenset()) | calls)
            state = optimizer.fields.get(STATE)
            run.store.write(
                optimizer, STATE, frozenset({READY}) if state is None else frozenset(_FILL[s] for s in state)
            )
            run.store.write(optimizer, FILLED, place)


def _related(held: frozenset[Obj] | None, trained: frozenset[Obj]) -> bool:
    """Whether an optimizer of the parameters of `held` may get gradients when `trained` modules were differentiated."""
    if not held or not trained:
        return True
    from nnlint.interpreter.modes import descendants

    below = {id(each) for module in trained for each in descendants(module)}
    if any(id(module) in below for module in held):
        return True
    return any(id(each) in {id(module) for module in trained} for module in held for each in descendants(module))


def stepped(run: Interpreter, optimizer: Obj, place: Place, called: str, certain: bool) -> None:
    """`optimizer.step()`."""
    notice(run, optimizer)
    state = optimizer.fields.get(STATE)
    found = Gradients.UNKNOWN
    if state:
        if REUSED in state:
            found = Gradients.REUSED
        elif state == {WASTED}:
            found = Gradients.CLEARED
        elif READY in state:
            found = Gradients.FRESH
    run.emit(
        OptimizerStepped(
            place=place,
            optimizer=called,
            gradients=found,
            backward=optimizer.fields.get(FILLED),
            cleared=optimizer.fields.get(CLEARED),
            consumed=optimizer.fields.get(CONSUMED),
            confidence=Confidence.CERTAIN if certain else Confidence.LIKELY,
        )
    )
    after: frozenset[str] | None = frozenset({USED})
    if state:
        after = frozenset(_STEP[s] for s in state)
        after = join_gradients(after, after)
    run.store.write(optimizer, STATE, after)
    run.store.write(optimizer, CONSUMED, place)
    pending = optimizer.fields.get(PENDING) or frozenset()
    held = optimizer.lazies.get(MODULES)
    run.roles.trained(number for number in pending if _related(held, run.roles.modules_of((number,))))
    run.store.write(optimizer, PENDING, frozenset())


def cleared(run: Interpreter, optimizer: Obj, place: Place | None) -> None:
    """`optimizer.zero_grad()`."""
    notice(run, optimizer)
    state = optimizer.fields.get(STATE)
    wasted = state is not None and bool(state) and state <= {READY, REUSED, WASTED}
    run.store.write(optimizer, PENDING, frozenset())
    run.store.write(optimizer, STATE, frozenset({WASTED if wasted else CLEAR}))
    run.store.write(optimizer, CLEARED, place)


def clear_module(run: Interpreter, module: Obj, place: Place | None) -> None:
    """`module.zero_grad()`: the optimizers of its parameters find them cleared."""
    for optimizer in run.optimizers:
        if _related(optimizer.lazies.get(MODULES), frozenset({module})):
            cleared(run, optimizer, place)


def cleared_by_hand(run: Interpreter, parameter: Value, place: Place | None) -> None:
    """`p.grad = None`, `p.grad.zero_()`: of which parameters decides whose gradients; of all when that is not known."""
    modules = parameter.lazies.get(OF) if isinstance(parameter, Unknown) else None
    for optimizer in run.optimizers:
        related = modules is None or _related(optimizer.lazies.get(MODULES), modules)
        if related and optimizer.fields.get(STATE) is not None:
            cleared(run, optimizer, place)


def filled_by_hand(run: Interpreter, parameter: Value, place: Place) -> None:
    """`p.grad = g`: gradients are put there by other means than backward."""
    modules = parameter.lazies.get(OF) if isinstance(parameter, Unknown) else None
    for optimizer in run.optimizers:
        if modules is None or _related(optimizer.lazies.get(MODULES), modules):
            run.store.write(optimizer, STATE, frozenset({READY}))
            run.store.write(optimizer, FILLED, place)


def frozen(run: Interpreter, parameter: Unknown, yes: bool, place: Place) -> None:
    """`p.requires_grad = False` for the parameters of a module: nothing in it hangs on a graph any more."""
    from nnlint.interpreter.frozen import frozen as freeze

    for module in parameter.lazies.get(OF) or ():
        freeze(run, module, yes, place)


def forget(run: Interpreter, value: Value) -> None:
    """Something unknown was given an optimizer or a network: what it did to the gradients is not known."""
    for optimizer in run.optimizers:
        if optimizer is value or (
            isinstance(value, (Instance, Unknown))
            and value in (optimizer.lazies.get(MODULES) or ())
            and STATE in optimizer.fields
        ):
            run.store.write(optimizer, STATE, None)


def hold(optimizer: Obj, parameters: Value | None) -> None:
    """Remember whose parameters an optimizer holds."""
    optimizer.lazies[MODULES] = owners(parameters)
