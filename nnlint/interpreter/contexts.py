"""`with` statements and whatever else must be put right on every way out of a block."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from nnlint.interpreter.joins import join
from nnlint.interpreter.objects import (
    NONE,
    Arguments,
    Const,
    External,
    Frame,
    Function,
    Instance,
    Union,
    Unknown,
    Value,
)
from nnlint.reading import script as ir

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

GRADIENT_CONTEXTS = {"torch.no_grad": False, "torch.inference_mode": False, "torch.enable_grad": True}


def protected(run: Interpreter, frame: Frame, body: Callable[[], bool], after: Callable[[], bool]) -> bool:
    """Run `body`, then `after` on every way out of it: its end, `return`, `break` and `continue`."""
    mark = run.store.mark()
    loop = run.loops[-1] if run.loops else None
    outer_exits, frame.exits = frame.exits, []
    outer_breaks = outer_continues = None
    if loop is not None:
        outer_breaks, outer_continues = loop.breaks, loop.continues
        loop.breaks, loop.continues = [], []
    alive = body()
    exits, frame.exits = frame.exits, outer_exits
    broke = continued = False
    if loop is not None and outer_breaks is not None and outer_continues is not None:
        broke, continued = bool(loop.breaks), bool(loop.continues)
        jumps = loop.breaks + loop.continues
        loop.breaks, loop.continues = outer_breaks, outer_continues
    else:
        jumps = []
    if exits or jumps:
        # the ways out are joined, put right together, and part again
        fell_through = run.store.undo(mark)
        ways = [dict(delta) for _, delta in exits] + jumps
        run.store.merge([*ways, *([fell_through] if alive else [])])
    goes_on = after()
    if exits:
        value = exits[0][0]
        for other, _ in exits[1:]:
            value = join(value, other)
        frame.exits.append((value, run.store.changes(frame.mark)))
    if loop is not None and broke:
        loop.breaks.append(run.store.changes(loop.start))
    if loop is not None and continued:
        loop.continues.append(run.store.changes(loop.body_start))
    return alive and goes_on


def enter(run: Interpreter, statement: ir.With, index: int, frame: Frame) -> bool:
    """Enter the context managers of a `with` from `index` on, run its body, leave them."""
    if index == len(statement.items):
        return run.execute(statement.body, frame)
    written, target = statement.items[index]
    manager = run.evaluate(written, frame)

    def inside(value: Value) -> bool:
        if target is not None:
            run.bind(target, value, frame)
        return enter(run, statement, index + 1, frame)

    return within(run, manager, inside, frame)


def within(run: Interpreter, manager: Value, body: Callable[[Value], bool], frame: Frame) -> bool:
    """Run `body` inside of a context manager."""
    enabled = gradient_setting(run, manager)
    if enabled is not None:
        before = (
            manager.before[0]
            if isinstance(manager, GradientContext) and manager.before is not None
            else run.gradients_enabled
        )
        return gradients_set(run, frame, enabled[0], before, lambda: body(NONE))
    match manager:
        case GeneratorContext():
            return manager.run_with(run, body, frame)
        case Instance() if run.finds_method(manager, "__enter__"):
            entered = run.call(run.attribute(manager, "__enter__", None, frame), Arguments(), None, frame)
            leave = Arguments((NONE, NONE, NONE))
            return protected(
                run,
                frame,
                lambda: body(entered),
                lambda: run.call(run.attribute(manager, "__exit__", None, frame), leave, None, frame) is not None,
            )
    return body(
        manager if isinstance(manager, (Instance, Unknown, Union)) else Unknown(provenance=run.provenance(manager))
    )


class GradientContext(Value):
    """`torch.no_grad()` and its like: the state of gradients within it (None: not known)."""

    __slots__ = ("before", "enabled")

    def __init__(self, enabled: bool | None, before: tuple[bool | None] | None = None) -> None:
        self.enabled = enabled
        self.before = before  # what `set_grad_enabled`, which takes effect when it is called, puts back at the end


class GeneratorContext(Value):
    """A call of a function decorated by `@contextmanager`: its body runs around that of the `with`."""

    __slots__ = ("arguments", "function", "receiver")

    def __init__(self, function: Function, arguments: Arguments) -> None:
        self.function = function
        self.arguments = arguments

    def run_with(self, run: Interpreter, body: Callable[[Value], bool], frame: Frame) -> bool:
        survived = True

        def around() -> bool:
            nonlocal survived

            def on_yield(value: Value) -> Value:
                nonlocal survived
                survived = body(value)
                return NONE

            run.run_function(self.function, self.arguments, None, frame, on_yield=on_yield)
            return survived

        return protected(run, frame, around, lambda: True)


def gradient_setting(run: Interpreter, manager: Value) -> tuple[bool | None] | None:
    """What a value does to gradients when it is entered, as a one-tuple; None when it is no such thing."""
    match manager:
        case GradientContext(enabled=enabled):
            return (enabled,)
        case External(dotted=dotted) if dotted in GRADIENT_CONTEXTS:
            return (GRADIENT_CONTEXTS[dotted],)
        case Union(alternatives=alternatives):
            settings = [gradient_setting(run, each) for each in alternatives]
            if any(setting is not None for setting in settings):
                return settings[0] if all(setting == settings[0] for setting in settings) else (None,)
    return None


def gradients_set(
    run: Interpreter, frame: Frame, enabled: bool | None, before: bool | None, body: Callable[[], bool]
) -> bool:
    """Run `body` with gradients set; they are put back behind it."""

    def restore() -> bool:
        run.set_gradients(before)
        return True

    run.set_gradients(enabled)
    return protected(run, frame, body, restore)


def gradient_context(run: Interpreter, dotted: str, arguments: Arguments) -> GradientContext | None:
    """The context that a call of `torch.no_grad()`, `torch.set_grad_enabled(flag)` and the like makes."""
    if dotted in GRADIENT_CONTEXTS:
        mode = arguments.get(0, "mode")
        if dotted == "torch.inference_mode" and isinstance(mode, Const):
            return GradientContext(not mode.value)
        return GradientContext(GRADIENT_CONTEXTS[dotted])
    if dotted == "torch.set_grad_enabled":
        flag = arguments.get(0, "mode")
        before = run.gradients_enabled
        run.set_gradients(run.truth(flag) if flag is not None else None)
        return GradientContext(run.gradients_enabled, (before,))
    return None
