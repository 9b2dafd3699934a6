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


class WaysOut:
    """The ways out of a block: its end, `return`, `break` and `continue`.

    `meet` joins them, so that what must be put right is put right once; `part` lets each go where it was going.
    """

    def __init__(self, run: Interpreter, frame: Frame) -> None:
        self._run, self._frame = run, frame
        self._mark = run.store.mark()
        self._loop = run.loops[-1] if run.loops else None
        self._exits, frame.exits = frame.exits, []
        self._value: Value | None = None
        self._broke = self._continued = False
        if self._loop is not None:
            self._breaks, self._loop.breaks = self._loop.breaks, []
            self._continues, self._loop.continues = self._loop.continues, []

    def meet(self, alive: bool) -> None:
        """Join the ways out of the block that has run; `alive` says that one of them is its end."""
        exits, self._frame.exits = self._frame.exits, self._exits
        ways = [delta for _, delta in exits]
        if exits:
            self._value = either_of([value for value, _ in exits])
        if self._loop is not None:
            self._broke, self._continued = bool(self._loop.breaks), bool(self._loop.continues)
            ways += self._loop.breaks + self._loop.continues
            self._loop.breaks, self._loop.continues = self._breaks, self._continues
        if ways:
            fell_through = self._run.store.undo(self._mark)
            self._run.store.close(self._mark)
            self._run.store.merge([*ways, *([fell_through] if alive else [])])

    def part(self) -> None:
        """Send each way where it was going, with what was put right."""
        store = self._run.store
        if self._value is not None:
            self._frame.exits.append((self._value, store.changes(self._frame.mark)))
        if self._loop is not None and self._broke:
            self._loop.breaks.append(store.changes(self._loop.start))
        if self._loop is not None and self._continued:
            self._loop.continues.append(store.changes(self._loop.body_start))


def either_of(values: list[Value]) -> Value:
    joined = values[0]
    for value in values[1:]:
        joined = join(joined, value)
    return joined


def protected(run: Interpreter, frame: Frame, body: Callable[[], bool], after: Callable[[], bool]) -> bool:
    """Run `body`, then `after` on every way out of it; when `after` leaves by itself (a `return` in `finally`), that
    counts.
    """
    ways = WaysOut(run, frame)
    alive = body()
    ways.meet(alive)
    goes_on = after()
    if goes_on:
        ways.part()
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
        """Run the function; where it yields, the body of the `with` runs, and what stands behind counts on all ways
        out.
        """
        ways: list[WaysOut] = []
        survived = True

        def on_yield(value: Value) -> Value:
            nonlocal survived
            way = WaysOut(run, frame)
            survived = body(value)
            way.meet(survived)
            ways.append(way)
            return NONE

        run.run_function(self.function, self.arguments, None, frame, on_yield=on_yield)
        for way in ways:
            way.part()
        return survived


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
