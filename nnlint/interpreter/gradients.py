"""The life of gradients: filled by backward, consumed by a step, cleared, and in which order that happened.

Each optimizer holds the conditions that the gradients of its parameters can be in (see `joins.join_gradients`):
new, clear, ready (filled since they were cleared), used (consumed by a step and still there), reused (filled on
top of used ones), wasted
(filled and then cleared before any step).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlint.interpreter import adversarial
from nnlint.interpreter.joins import CLEAR, NEW, READY, REUSED, USED, WASTED, join_gradients
from nnlint.interpreter.ledger import SUSPECTS, Backward, Deed, suspects_of, where
from nnlint.interpreter.objects import (
    Arguments,
    Frame,
    Instance,
    Mapping,
    Obj,
    Provenance,
    Sequence,
    Tensor,
    Union,
    Unknown,
    Value,
)
from nnlint.interpreter.parameters import OF, owners
from nnlint.interpreter.provenance import mark
from nnlint.interpreter.scenes import name_in
from nnlint.interpreter.wording import text_of
from nnlint.reading import script as ir
from nnlint.source import Place
from nnlint.values import Form

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

STATE, FILLED, CLEARED, CONSUMED = "<grads>", "<filled>", "<cleared>", "<consumed>"
MODULES = "<modules>"
LAST_STEP = "<last step>"
LR_SCALED = "<lr scaled>"  # its learning rate is given by a product or a quotient
GIVEN_AWAY = "<given away>"
PENDING = "<pending>"  # the forward passes whose gradients no step has used yet

_FILL = {NEW: READY, CLEAR: READY, READY: READY, USED: REUSED, REUSED: REUSED, WASTED: READY}
_STEP = {NEW: NEW, CLEAR: CLEAR, READY: USED, USED: USED, REUSED: USED, WASTED: CLEAR}


def notice(run: Interpreter, optimizer: Obj) -> None:
    """Keep an eye on an optimizer from now on."""
    if not any(optimizer is known for known in run.optimizers):
        run.optimizers.append(optimizer)


def backward(run: Interpreter, loss: Value | None, arguments: Arguments, node: ir.Call, frame: Frame) -> None:
    """`loss.backward()`; the loss is None when it is not known."""
    from nnlint.interpreter import ownership

    place = run.place(frame, node)
    before = len(run.ledger.fills)
    optimizers, known = filled(run, loss, place)
    for fill in run.ledger.fills[before:]:
        fill.name = name_in(frame, fill.optimizer)[0]
    entry = Backward(
        place=place,
        call=text_of(node),
        where=where(run),
        calls=run.provenance(loss).calls,
        certain=run.provenance(loss).certain,
        optimizers=optimizers,
        known=known,
        pieces=bool(run.loops) and run.loops[-1].pieces,
        number=len(run.ledger.backwards),
        steps=len(run.ledger.steps),
        retains=_retains(run, arguments),
        averaged=isinstance(loss, Tensor) and loss.averaged and not arguments.all(),
    )
    run.ledger.backwards.append(entry)
    adversarial.filled(run, entry)
    ownership.differentiated(run, entry)


def _retains(run: Interpreter, arguments: Arguments) -> bool | None:
    """Whether `backward` is asked to retain the graph; None where it is not known, or gradients get a graph too."""
    if "create_graph" in arguments.keywords:
        return None
    retain = arguments.keywords.get("retain_graph")
    return run.truth(retain) if retain is not None else False


def filled(run: Interpreter, loss: Value | None, place: Place) -> tuple[tuple[Obj, ...], bool]:
    """`backward` came through a loss. Returns the optimizers whose gradients it filled, and whether they are known."""
    hangs_on = run.provenance(loss)
    calls = hangs_on.calls
    run.backwards += 1
    without_any = run.graded == 0 and run.gradients_enabled is False and not run.undecided
    is_leaf = isinstance(loss, Tensor) and loss.form is Form.LEAF
    run.watched.differentiated(hangs_on, place, is_leaf, alone=without_any)
    run.graded = 0
    for loop in run.loops:
        loop.trains = True
    run.roles.differentiated(calls)
    run.roles.training |= {frame.defined for frame in run.frames if frame.defined is not None}
    if not calls:
        run.loaders.differentiated(hangs_on.batches)
    trained = run.roles.modules_of(calls)
    found: list[Obj] = []
    known = bool(trained)
    for optimizer in run.optimizers:
        held = optimizer.lazies.get(MODULES)
        if related(held, trained) or not run.roles.all_called(held):
            found.append(optimizer)
            known = known and bool(held) and related(held, trained)
            _enter(run, run.ledger.fills, optimizer, place)
            _step_came_early(run, optimizer, loss, place)
            run.store.write(optimizer, PENDING, (optimizer.fields.get(PENDING) or frozenset()) | calls)
            state = optimizer.fields.get(STATE)
            run.store.write(
                optimizer, STATE, frozenset({READY}) if state is None else frozenset(_FILL[s] for s in state)
            )
            run.store.write(optimizer, FILLED, place)
    return tuple(found), known


def _step_came_early(run: Interpreter, optimizer: Obj, loss: Value | None, place: Place) -> None:
    """The step before this `backward` found no gradients, and the loss was there already: it should have waited."""
    step: Deed | None = optimizer.fields.get(LAST_STEP)
    if step is None:
        return
    run.store.write(optimizer, LAST_STEP, None)
    calls = run.provenance(loss).calls
    there = isinstance(loss, (Tensor, Unknown)) and loss.serial <= step.youngest
    if step.state and step.state <= {NEW, CLEAR, WASTED} and (there or (calls and max(calls) < step.forwards)):
        step.late = place


def _enter(run: Interpreter, page: list[Deed], optimizer: Obj, place: Place, called: str = "") -> Deed:
    """Enter into the ledger what is done to the gradients of an optimizer, before it is."""
    deed = Deed(
        optimizer=optimizer,
        place=place,
        where=where(run),
        state=optimizer.fields.get(STATE),
        called=called or getattr(optimizer, "name", "") or "optimizer",
        suspects=suspects_of(optimizer),
        forwards=len(run.roles.forwards),
        youngest=run.youngest(),
        filled=optimizer.fields.get(FILLED),
        cleared=optimizer.fields.get(CLEARED),
        consumed=optimizer.fields.get(CONSUMED),
    )
    page.append(deed)
    return deed


def related(held: frozenset[Obj] | None, trained: frozenset[Obj]) -> bool:
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
    run.loaders.stepped()
    run.clipping.stepped(optimizer, optimizer.lazies.get(MODULES), place, called)
    for loop in run.loops:
        loop.steps_within = loop.steps_within or loop is not run.loops[-1]
    if run.loops:
        run.loops[-1].steps_itself = True
    state = optimizer.fields.get(STATE)
    step = _enter(run, run.ledger.steps, optimizer, place, called)
    step.certain = certain
    run.store.write(optimizer, LAST_STEP, step)
    adversarial.stepped(run, optimizer, state, place)
    after: frozenset[str] | None = frozenset({USED})
    if state:
        after = frozenset(_STEP[s] for s in state)
        after = join_gradients(after, after)
    run.store.write(optimizer, STATE, after)
    run.store.write(optimizer, CONSUMED, place)
    pending = optimizer.fields.get(PENDING) or frozenset()
    held = optimizer.lazies.get(MODULES)
    run.roles.trained(number for number in pending if related(held, run.roles.modules_of((number,))))
    run.store.write(optimizer, PENDING, frozenset())


def cleared(run: Interpreter, optimizer: Obj, place: Place | None) -> None:
    """`optimizer.zero_grad()`."""
    notice(run, optimizer)
    if place is not None:
        _enter(run, run.ledger.clears, optimizer, place)
    state = optimizer.fields.get(STATE)
    wasted = state is not None and bool(state) and state <= {READY, REUSED, WASTED}
    run.store.write(optimizer, PENDING, frozenset())
    run.store.write(optimizer, STATE, frozenset({WASTED if wasted else CLEAR}))
    run.store.write(optimizer, CLEARED, place)
    run.store.write(optimizer, SUSPECTS, frozenset())
    adversarial.cleared(run, optimizer)


def clipped(run: Interpreter, parameters: Value | None, place: Place, call: str) -> None:
    """`clip_grad_norm_(parameters, …)`, `p.grad.clamp_(…)`."""
    held = owners(parameters)
    for optimizer in run.optimizers:
        if held is None or related(optimizer.lazies.get(MODULES), held):
            _enter(run, run.ledger.clips, optimizer, place, call)


_LOSS_NAMES = frozenset(
    ["criterion", "criteria", "loss_fn", "loss_func", "loss_function", "loss_fct", "lossfn", "loss_f", "objective"]
)


def suspected(run: Interpreter, arguments: Arguments, name: str, result: Value) -> Value:
    """Something unknown was given a graph. It was no `backward` if what it returned is differentiated later."""
    given = run.provenance_of(arguments)
    run.watched.given_away(given)
    if run.module_stack or not (given.calls or (given.batches and not given.cuts)):
        return result
    if name.lower().strip("_") in _LOSS_NAMES:
        run.ledger.scored |= given.outputs
        return result
    number = run.watched.watch(lambda fate: None)
    run.ledger.suspected[number] = given.calls
    for optimizer in run.optimizers:
        run.store.write(optimizer, SUSPECTS, suspects_of(optimizer) | {number})
    if isinstance(result, (Tensor, Unknown)):
        return mark(run, result, Provenance(operations=frozenset({number})))
    return result


def clear_module(run: Interpreter, module: Obj, place: Place | None) -> None:
    """`module.zero_grad()`: the optimizers of its parameters find them cleared."""
    for optimizer in run.optimizers:
        if related(optimizer.lazies.get(MODULES), frozenset({module})):
            cleared(run, optimizer, place)


def cleared_by_hand(run: Interpreter, parameter: Value, place: Place | None) -> None:
    """`p.grad = None`, `p.grad.zero_()`: of which parameters decides whose gradients; of all when that is not known."""
    modules = parameter.lazies.get(OF) if isinstance(parameter, Unknown) else None
    for optimizer in run.optimizers:
        if (modules is None or related(optimizer.lazies.get(MODULES), modules)) and optimizer.fields.get(
            STATE
        ) is not None:
            cleared(run, optimizer, place)


def filled_by_hand(run: Interpreter, parameter: Value, place: Place) -> None:
    """`p.grad = g`: gradients are put there by other means than backward."""
    run.ledger.by_hand = True
    modules = parameter.lazies.get(OF) if isinstance(parameter, Unknown) else None
    for optimizer in run.optimizers:
        if modules is None or related(optimizer.lazies.get(MODULES), modules):
            run.store.write(optimizer, STATE, frozenset({READY}))
            run.store.write(optimizer, FILLED, place)
            _enter(run, run.ledger.fills, optimizer, place)


def frozen(run: Interpreter, parameter: Unknown, yes: bool | None, place: Place | None) -> None:
    """`p.requires_grad = False` for the parameters of a module: nothing in it hangs on a graph any more."""
    from nnlint.interpreter import ownership

    if parameter.name == "bias":
        return  # `norm.bias.requires_grad_(False)`: its weight learns
    for module in parameter.lazies.get(OF) or ():
        ownership.frozen(run, module, yes, place)


def forget(run: Interpreter, value: Value) -> None:
    """Something unknown was given an optimizer or a network: what it did to the gradients is not known."""
    for optimizer in run.optimizers:
        if optimizer is value or (
            isinstance(value, (Instance, Unknown))
            and value in (optimizer.lazies.get(MODULES) or ())
            and STATE in optimizer.fields
        ):
            run.store.write(optimizer, STATE, None)


def give_away(run: Interpreter, value: Value, depth: int = 0) -> None:
    """Something unknown holds an optimizer from now on, and may step, clear or change it at any time."""
    match value:
        case Instance() | Unknown():
            if any(value is optimizer for optimizer in run.optimizers):
                value.lazies[GIVEN_AWAY] = True
            elif depth < 2:
                for each in list(value.fields.values()):
                    if isinstance(each, Value):
                        give_away(run, each, depth + 1)
        case Sequence():
            for each in value.items:
                give_away(run, each, depth + 1)
        case Mapping():
            for each in value.items.values():
                give_away(run, each, depth + 1)
        case Union():
            for each in value.alternatives:
                give_away(run, each, depth + 1)


def give_all_away(run: Interpreter) -> None:
    """Something that is not looked into trains: what it does to the gradients is not known."""
    for optimizer in run.optimizers:
        give_away(run, optimizer)
        if STATE in optimizer.fields:
            run.store.write(optimizer, STATE, None)


def given_away(optimizer: Obj) -> bool:
    return GIVEN_AWAY in optimizer.lazies


def hold(optimizer: Obj, parameters: Value | None) -> None:
    """Remember whose parameters an optimizer holds."""
    optimizer.lazies[MODULES] = owners(parameters)
