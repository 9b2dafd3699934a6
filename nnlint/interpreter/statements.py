"""Executing statements. Each returns whether the path goes on behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nnlint.interpreter import classes, contexts, gradients
from nnlint.interpreter.control import LoopRecord, PathEnds
from nnlint.interpreter.expressions import operate, written_to
from nnlint.interpreter.objects import (
    NONE,
    ClassValue,
    Const,
    Frame,
    Instance,
    Mapping,
    Namespace,
    Perhaps,
    Sequence,
    Tensor,
    Unknown,
    Value,
)
from nnlint.interpreter.store import Delta
from nnlint.reading import script as ir
from nnlint.source import Place
from nnlint.values import Scale

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

LONGEST_UNROLLED = 12


def block(run: Interpreter, statements: ir.Block, frame: Frame) -> bool:
    """Execute statements in order; false when the path ends among them (return, raise, break, exit)."""
    for statement in statements:
        run.spend()
        try:
            if not EXECUTE[type(statement)](run, statement, frame):
                return False
        except PathEnds:
            return False
    return True


def expression(run: Interpreter, statement: ir.ExprStatement, frame: Frame) -> bool:
    run.evaluate(statement.value, frame)
    return True


def assign(run: Interpreter, statement: ir.Assign, frame: Frame) -> bool:
    value = run.evaluate(statement.value, frame)
    for target in statement.targets:
        bind(run, target, value, frame)
    return True


def annotated(run: Interpreter, statement: ir.AnnotatedAssign, frame: Frame) -> bool:
    if statement.value is not None:
        bind(run, statement.target, run.evaluate(statement.value, frame), frame)
    elif isinstance(statement.target, ir.Name) and frame.is_class:
        frame.fields.setdefault("<annotated>", {})[statement.target.name] = None
    if frame.is_class and isinstance(statement.target, ir.Name):
        frame.lazies.setdefault("<annotated>", {})[statement.target.name] = statement.value is not None
    return True


def augmented(run: Interpreter, statement: ir.AugmentedAssign, frame: Frame) -> bool:
    left = run.evaluate(statement.target, frame)
    right = run.evaluate(statement.value, frame)
    if isinstance(left, Sequence) and left.kind == "list" and statement.op == "+":
        known, items = run.elements(right)
        run.store.write(left, "items", left.items + tuple(items))
        if not known:
            run.store.write(left, "exact", False)
        return True
    bind(run, statement.target, operate(run, statement, left, statement.op, right), frame)
    return True


def bind(run: Interpreter, target: ir.Expr, value: Value, frame: Frame) -> None:
    """`target = value`."""
    match target:
        case ir.Name(name=name):
            run.assign_name(name, value, frame)
        case ir.Attribute(value=owner, attr=attr):
            set_attribute(run, run.evaluate(owner, frame), attr, value, target, frame)
        case ir.Subscript(value=container, index=index):
            held = run.evaluate(container, frame)
            set_item(run, held, run.evaluate(index, frame), value)
            if isinstance(held, Tensor):  # a part of it has other numbers now; raw scores stay raw scores
                scale = held.scale if held.scale is Scale.LOGITS else Scale.UNKNOWN
                written_to(
                    run, container, held.but(scale=scale, provenance=held.provenance | run.provenance(value)), frame
                )
        case ir.TupleDisplay(elements=elements) | ir.ListDisplay(elements=elements):
            _unpack(run, elements, value, frame)
        case ir.Starred(value=inner):
            bind(run, inner, Sequence("list", (value,), exact=False), frame)


def _unpack(run: Interpreter, targets: tuple[ir.Expr, ...], value: Value, frame: Frame) -> None:
    star = next((i for i, target in enumerate(targets) if isinstance(target, ir.Starred)), None)
    if star is None:
        for target, part in zip(targets, run.unpacked(value, len(targets)), strict=True):
            bind(run, target, part, frame)
        return
    after = len(targets) - star - 1
    known, items = run.elements(value)
    if known and len(items) >= star + after:
        middle = items[star : len(items) - after]
        parts: list[Value] = [*items[:star], Sequence("list", tuple(middle)), *items[len(items) - after :]]
    else:
        parts = [Unknown(provenance=run.provenance(value)) for _ in targets]
        parts[star] = Sequence("list", (), exact=False)
    for index, (target, part) in enumerate(zip(targets, parts, strict=True)):
        bind(run, target.value if index == star and isinstance(target, ir.Starred) else target, part, frame)


def set_attribute(run: Interpreter, owner: Value, name: str, value: Value, node: ir.Node, frame: Frame) -> None:
    """`owner.name = value`."""
    if name == "grad" and isinstance(value, Const) and value.value is None:
        gradients.cleared_by_hand(run, owner, run.place(frame, node))
    elif name == "grad":
        gradients.filled_by_hand(run, owner, run.place(frame, node))
    elif name == "requires_grad" and isinstance(owner, Unknown):
        gradients.frozen(run, owner, run.truth(value) is False)
    match owner:
        case Instance():
            classes.set_instance_attribute(run, owner, name, value, node, frame)
        case ClassValue() | Namespace() | Unknown():
            run.store.write(owner, name, value)
            if name == "training":
                run.store.write(owner, "<mode>", value.value if isinstance(value, Const) else None)
        case Mapping():
            set_item(run, owner, Const(name), value)


def set_item(run: Interpreter, container: Value, index: Value, value: Value) -> None:
    match container, index:
        case Mapping(), Const(value=key) if key.__hash__ is not None:
            run.store.write(container, "items", {**container.items, key: value})
        case Mapping(), _:
            # an element under a name that is not known: keep it, one of several
            merged = {**container.items, f"<{type(index).__name__}>": value}
            run.store.write(container, "items", merged)
            run.store.write(container, "others", True)
        case Sequence(), Const(value=int(i)) if container.exact and -len(container.items) <= i < len(container.items):
            items = list(container.items)
            items[i] = value
            run.store.write(container, "items", tuple(items))
        case Sequence(), _:
            run.store.write(container, "exact", False)
        case Instance(), _:
            run.set_item(container, index, value)
        case Unknown(), Const(value=key):
            run.store.write(container, f"[{key!r}]", value)
    run.escaped(value) if isinstance(container, Unknown) else None


def return_(run: Interpreter, statement: ir.Return, frame: Frame) -> bool:
    value = run.evaluate(statement.value, frame) if statement.value is not None else NONE
    value = run.returned(value, statement, frame)
    frame.exits.append((value, run.store.changes(frame.mark)))
    return False


def raise_(run: Interpreter, statement: ir.Raise, frame: Frame) -> bool:
    if statement.exception is not None:
        run.evaluate(statement.exception, frame)
    return False


def assert_(run: Interpreter, statement: ir.Assert, frame: Frame) -> bool:
    return run.truth(run.evaluate(statement.test, frame)) is not False


def delete(run: Interpreter, statement: ir.Delete, frame: Frame) -> bool:
    for target in statement.targets:
        if isinstance(target, ir.Name):
            run.store.remove(frame, target.name)
    return True


def nothing(run: Interpreter, statement: ir.Stmt, frame: Frame) -> bool:
    return True


def break_(run: Interpreter, statement: ir.Break, frame: Frame) -> bool:
    if run.loops:
        run.loops[-1].breaks.append(run.store.changes(run.loops[-1].start))
    return False


def continue_(run: Interpreter, statement: ir.Continue, frame: Frame) -> bool:
    if run.loops:
        run.loops[-1].continues.append(run.store.changes(run.loops[-1].body_start))
    return False


def declare(kind: str) -> Callable[[Interpreter, Any, Frame], bool]:
    def execute(run: Interpreter, statement: ir.Global | ir.Nonlocal, frame: Frame) -> bool:
        for name in statement.names:
            frame.names[name] = kind
        return True

    return execute


def if_(run: Interpreter, statement: ir.If, frame: Frame) -> bool:
    """A whole chain of `if … elif … else` at once: paths that meet at one place are joined once."""
    ways: list[Callable[[], bool]] = []
    refused: list[ir.Expr] = []  # the tests of the arms before

    def arm(body: ir.Block, test: ir.Expr | None, condition: Place) -> Callable[[], bool]:
        before = tuple(refused)

        def execute() -> bool:
            for other in before:
                run.assuming(other, False, frame)
            if test is not None:
                run.assuming(test, True, frame)
            return run.under(condition, lambda: block(run, body, frame))

        return execute

    while True:
        truth = run.truth(run.evaluate(statement.test, frame))
        condition = run.place(frame, statement)
        if truth is not False:
            ways.append(arm(statement.body, statement.test if truth is None else None, condition))
        if truth is True:
            break
        if truth is None:
            refused.append(statement.test)
        if len(statement.orelse) == 1 and isinstance(statement.orelse[0], ir.If):
            statement = statement.orelse[0]
            continue
        ways.append(arm(statement.orelse, None, condition))
        break
    return ways[0]() if len(ways) == 1 else run.paths(ways)


def for_(run: Interpreter, statement: ir.For, frame: Frame) -> bool:
    iterable = run.evaluate(statement.iterable, frame)
    known, elements = run.iterate(iterable, statement.iterable, frame)
    if known and len(elements) > LONGEST_UNROLLED:
        known, elements = False, [elements[0], Unknown("index") if isinstance(elements[1], Const) else elements[1]]
    if not known and elements:
        elements = elements if len(elements) > 1 else [elements[0], elements[0]]
    loop = LoopRecord(run.store.mark(), run.place(frame, statement), data=run.batches_of(elements))

    def one_pass(element: Value) -> bool:
        if isinstance(element, Perhaps):
            return run.paths([lambda: one_pass(element.value), lambda: True])
        bind(run, statement.target, element, frame)
        return block(run, statement.body, frame)

    alive = _loop(run, loop, [lambda element=element: one_pass(element) for element in elements], exact=known)
    if alive and statement.orelse:
        alive = block(run, statement.orelse, frame)
    return _leave(run, loop, alive)


def while_(run: Interpreter, statement: ir.While, frame: Frame) -> bool:
    loop = LoopRecord(run.store.mark(), run.place(frame, statement))
    if run.truth(run.evaluate(statement.test, frame)) is False:
        return block(run, statement.orelse, frame)
    endless = isinstance(statement.test, ir.Constant)

    def one_pass() -> bool:
        run.evaluate(statement.test, frame)
        return block(run, statement.body, frame)

    alive = _loop(run, loop, [one_pass, one_pass], exact=False)
    return _leave(run, loop, alive and not (endless and loop.breaks))


def _loop(run: Interpreter, loop: LoopRecord, passes: list[Callable[[], bool]], exact: bool) -> bool:
    """Run the passes one after the other; what `continue` cut short meets the end of each."""
    youngest = run.youngest()
    run.loops.append(loop)
    alive = True
    try:
        for one_pass in passes:
            loop.body_start, loop.continues = run.store.mark(), []
            ended_well = one_pass()
            if loop.continues:
                fell_through = run.store.undo(loop.body_start)
                run.store.merge([*loop.continues, *([fell_through] if ended_well else [])])
            alive = ended_well or bool(loop.continues)
            if not alive:
                break
            if not exact:
                run.store.widen(loop.start)
    finally:
        run.loops.pop()
    if not exact:
        run.store.loosen(loop.start, youngest)
    return alive


def _leave(run: Interpreter, loop: LoopRecord, alive: bool) -> bool:
    """Behind a loop: what the last pass left, joined with what each `break` left."""
    if not loop.breaks:
        return alive
    paths: list[Delta] = list(loop.breaks)
    last = run.store.undo(loop.start)
    if alive:
        paths.append(last)
    run.store.merge(paths)
    return True


def try_(run: Interpreter, statement: ir.Try, frame: Frame) -> bool:
    """The body is taken to succeed; handlers are looked at for what happens in them, and count where the body ends."""

    def guarded() -> bool:
        before = run.store.mark()
        alive = block(run, statement.body, frame) and block(run, statement.orelse, frame)
        after = run.store.undo(before)
        handled: list[Delta] = []
        for handler in statement.handlers:
            if handler.name is not None:
                run.assign_name(handler.name, Unknown(handler.name), frame)
            survived = block(run, handler.body, frame)
            delta = run.store.undo(before)
            if survived:
                handled.append(delta)
        run.store.merge([after] if alive else handled or [after])
        return alive or bool(handled)

    if not statement.final:
        return guarded()
    return contexts.protected(run, frame, guarded, lambda: block(run, statement.final, frame))


def with_(run: Interpreter, statement: ir.With, frame: Frame) -> bool:
    return contexts.enter(run, statement, 0, frame)


def match_(run: Interpreter, statement: ir.Match, frame: Frame) -> bool:
    subject = run.evaluate(statement.subject, frame)

    def arm(case: ir.Case) -> Callable[[], bool]:
        def execute() -> bool:
            for name in case.names:
                run.assign_name(name, subject if len(case.names) == 1 else Unknown(name), frame)
            return block(run, case.body, frame)

        return execute

    arms: list[Callable[[], bool]] = []
    for case in statement.cases:
        verdicts = [run.compared(subject, "==", run.evaluate(value, frame)) for value in case.values]
        if case.values and all(verdict is False for verdict in verdicts):
            continue
        arms.append(arm(case))
        if case.guard is None and (True in verdicts or not case.values):
            break
    else:
        arms.append(lambda: True)
    return arms[0]() if len(arms) == 1 else run.paths(arms)


def function_definition(run: Interpreter, statement: ir.FunctionDef, frame: Frame) -> bool:
    value = run.make_function(statement, statement.parameters, frame)
    run.assign_name(statement.name, classes.decorated(run, value, statement.decorators, statement, frame), frame)
    return True


def class_definition(run: Interpreter, statement: ir.ClassDef, frame: Frame) -> bool:
    run.assign_name(statement.name, classes.define(run, statement, frame), frame)
    return True


def import_(run: Interpreter, statement: ir.Import, frame: Frame) -> bool:
    for dotted, alias in statement.names:
        run.imports.import_module(run, dotted, alias, frame)
    return True


def import_from(run: Interpreter, statement: ir.ImportFrom, frame: Frame) -> bool:
    run.imports.import_names(run, statement, frame)
    return True


EXECUTE: dict[type[ir.Stmt], Callable[[Any, Any, Frame], bool]] = {
    ir.ExprStatement: expression,
    ir.Assign: assign,
    ir.AnnotatedAssign: annotated,
    ir.AugmentedAssign: augmented,
    ir.Return: return_,
    ir.Raise: raise_,
    ir.Assert: assert_,
    ir.Delete: delete,
    ir.Pass: nothing,
    ir.Break: break_,
    ir.Continue: continue_,
    ir.Global: declare("global"),
    ir.Nonlocal: declare("nonlocal"),
    ir.If: if_,
    ir.While: while_,
    ir.For: for_,
    ir.Try: try_,
    ir.With: with_,
    ir.Match: match_,
    ir.FunctionDef: function_definition,
    ir.ClassDef: class_definition,
    ir.Import: import_,
    ir.ImportFrom: import_from,
}
