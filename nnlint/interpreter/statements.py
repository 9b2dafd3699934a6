"""Executing statements. Each returns whether the path goes on behind it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from nnlint.interpreter import assignments, classes, contexts, lapses, loops, telling
from nnlint.interpreter.control import PathEnds
from nnlint.interpreter.intervals import is_interval
from nnlint.interpreter.ledger import Guard
from nnlint.interpreter.objects import NONE, Frame, Sequence, Tensor, Unknown, Value
from nnlint.interpreter.selection import Decision
from nnlint.interpreter.store import Delta
from nnlint.program.exports import is_for_checkers
from nnlint.reading import script as ir
from nnlint.source import Place

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter


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
    run.operated = None
    run.discarded = statement.value
    result = run.evaluate(statement.value, frame)
    if run.operated is not None and isinstance(statement.value, ir.Call) and isinstance(result, (Tensor, Sequence)):
        node, operation, options = run.operated
        if node is statement.value and statement is not run.tried:
            telling.discarded(run, statement.value, operation, options, frame)
    if isinstance(statement.value, ir.Attribute):
        lapses.named_only(run, statement.value, frame)
    return True


def return_(run: Interpreter, statement: ir.Return, frame: Frame) -> bool:
    value = run.evaluate(statement.value, frame) if statement.value is not None else NONE
    value = run.returned(value, statement, frame)
    run.samples.returned(run, value, statement)
    definition = None if frame.function is None else frame.function.definition
    if isinstance(definition, ir.FunctionDef) and statement is definition.body[-1]:
        frame.end = value
        return False
    frame.exits.append((value, run.store.changes(frame.mark)))
    frame.left = run.store.moment()
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
        elif isinstance(target, ir.Subscript):
            _delete_items(run, run.evaluate(target.value, frame), target.index)
    return True


def _delete_items(run: Interpreter, container: Value, index: ir.Expr) -> None:
    """`del items[:]` empties a list; which one `del items[i]` takes is not followed."""
    if isinstance(container, Sequence):
        everything = isinstance(index, ir.Slice) and index.lower is None and index.upper is None
        if everything:
            run.store.write(container, "items", ())
        else:
            run.store.write(container, "exact", False)


def nothing(run: Interpreter, statement: ir.Stmt, frame: Frame) -> bool:
    return True


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
    decisions: list[Decision] = []  # those that the tests so far took by a score

    def arm(body: ir.Block, test: ir.Expr | None, condition: Place, value: Value, asked: ir.Expr) -> Callable[[], bool]:
        before, decided = tuple(refused), tuple(decisions)
        guard = Guard(condition, is_interval(value))

        def execute() -> bool:
            for other in before:
                run.assuming(other, False, frame)
            if test is not None:
                run.assuming(test, True, frame)
            guarded = guard if len(ways) > 1 else None
            inside = partial(run.under, condition, asked, lambda: _branch(run, body, frame), guarded)
            return run.selection.deciding(decided, inside)

        return execute

    while True:
        value = run.evaluate(statement.test, frame)
        truth = False if is_for_checkers(statement.test) else run.truth(value)
        condition = run.place(frame, statement)
        decision = run.selection.decision(run, value, statement.test, condition) if truth is None else None
        if decision is not None:
            decisions.append(decision)
        if truth is not False:
            ways.append(
                arm(statement.body, statement.test if truth is None else None, condition, value, statement.test)
            )
        if truth is True:
            break
        if truth is None:
            refused.append(statement.test)
        if len(statement.orelse) == 1 and isinstance(statement.orelse[0], ir.If):
            statement = statement.orelse[0]
            continue
        ways.append(arm(statement.orelse, None, condition, value, statement.test))
        break
    return ways[0]() if len(ways) == 1 else run.paths(ways)


def _branch(run: Interpreter, body: ir.Block, frame: Frame) -> bool:
    mark = run.store.mark()
    alive = block(run, body, frame)
    if run.samples.reading:
        run.samples.branched(run, run.store.changes(mark))
    run.store.close(mark)
    return alive


def try_(run: Interpreter, statement: ir.Try, frame: Frame) -> bool:
    """The body is taken to succeed; handlers are looked at for what happens in them, and count where the body ends."""

    def guarded() -> bool:
        before = run.store.mark()
        if len(statement.body) == 1 and statement.handlers:
            run.tried = statement.body[0]
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
        run.store.close(before)
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
        if case.guard is None and True in verdicts:
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
    ir.Assign: assignments.assign,
    ir.AnnotatedAssign: assignments.annotated,
    ir.AugmentedAssign: assignments.augmented,
    ir.Return: return_,
    ir.Raise: raise_,
    ir.Assert: assert_,
    ir.Delete: delete,
    ir.Pass: nothing,
    ir.Break: loops.break_,
    ir.Continue: loops.continue_,
    ir.Global: declare("global"),
    ir.Nonlocal: declare("nonlocal"),
    ir.If: if_,
    ir.While: loops.while_,
    ir.For: loops.for_,
    ir.Try: try_,
    ir.With: with_,
    ir.Match: match_,
    ir.FunctionDef: function_definition,
    ir.ClassDef: class_definition,
    ir.Import: import_,
    ir.ImportFrom: import_from,
}
