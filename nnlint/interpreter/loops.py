"""Loops, and how they are left."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as Sequence_
from functools import partial
from typing import TYPE_CHECKING, TypeGuard

from nnlint.interpreter.containers import COUNT
from nnlint.interpreter.control import LoopRecord
from nnlint.interpreter.objects import PIECES, Const, External, Frame, Instance, Perhaps, Sequence, Unknown, Value
from nnlint.interpreter.store import Delta
from nnlint.reading import script as ir

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter


LONGEST_UNROLLED = 12
MOST_BACKWARDS = 30  # of a script, behind which even few passes over numbers are not counted any more
MOST_EPOCHS = 3  # of a loop over numbers in which networks are trained or fed, more passes are not run one by one


def for_(run: Interpreter, statement: ir.For, frame: Frame) -> bool:
    iterable = run.evaluate(statement.iterable, frame)
    known, elements = run.iterate(iterable, statement.iterable, frame)
    if len(elements) > LONGEST_UNROLLED:
        known, elements = False, _two_of(elements)
    if not known and elements:
        elements = elements if len(elements) > 1 else [elements[0], elements[0]]
    loop = LoopRecord(run.store.mark(), run.place(frame, statement), data=run.batches_of(elements))
    loop.count = iterable.lazies.get(COUNT) if isinstance(iterable, Sequence) else None
    loop.counts = all(_is_number(each) for each in elements)
    loop.pieces = isinstance(iterable, Sequence) and PIECES in iterable.lazies

    def one_pass(element: Value) -> bool:
        if isinstance(element, Perhaps):
            return run.paths([lambda: one_pass(element.value), lambda: True])
        nameless = [each for each in (element, *_parts(element)) if _is_nameless_layer(each)]
        run.bind(statement.target, element, frame)
        for each in nameless:
            each.name = ""  # `for m in self.modules()`: the loop's variable is nobody's name
        return run.execute(statement.body, frame)

    passes = [partial(one_pass, element) for element in elements]
    are_alike = loop.counts and len(elements) > 1
    epochs = [partial(one_pass, element) for element in _two_of(elements)] if are_alike else []
    alive = run_loop(run, loop, passes, exact=known, epochs=epochs)
    if alive and statement.orelse:
        alive = run.execute(statement.orelse, frame)
    return _leave(run, loop, alive)


def _two_of(elements: list[Value]) -> list[Value]:
    """The first of many elements, and what stands for any other."""
    return [elements[0], Unknown("index") if isinstance(elements[1], Const) else elements[1]]


def _is_nameless_layer(value: Value) -> TypeGuard[Instance]:
    return isinstance(value, Instance) and isinstance(value.cls, External) and not value.name


def _parts(element: Value) -> tuple[Value, ...]:
    return element.items if isinstance(element, Sequence) else ()


def _is_number(value: Value) -> bool:
    return (isinstance(value, Unknown) and value.name == "index") or (
        isinstance(value, Const) and type(value.value) is int
    )


def while_(run: Interpreter, statement: ir.While, frame: Frame) -> bool:
    loop = LoopRecord(run.store.mark(), run.place(frame, statement), counts=True)
    if run.truth(run.evaluate(statement.test, frame)) is False:
        return run.execute(statement.orelse, frame)
    endless = isinstance(statement.test, ir.Constant)

    def one_pass() -> bool:
        run.evaluate(statement.test, frame)
        return run.execute(statement.body, frame)

    alive = run_loop(run, loop, [one_pass, one_pass], exact=False)
    return _leave(run, loop, alive and not endless)


def run_loop(
    run: Interpreter,
    loop: LoopRecord,
    passes: Sequence_[Callable[[], bool]],
    exact: bool,
    epochs: Sequence_[Callable[[], bool]] = (),
) -> bool:
    """Run the passes one after the other; what `continue` cut short meets the end of each.

    Once the first of many passes shows that networks are trained in it, `epochs`, the first and any other, stand for
    all of them: what a third epoch does, a second has done.
    """
    youngest = loop.youngest = run.youngest()
    loop.guards, loop.undecided = len(run.guards), run.undecided
    run.loops.append(loop)
    if loop.data:
        run.data_loops.append(loop)
        for outer in run.loops[:-1]:
            outer.feeds = True
    if epochs and len(run.ledger.backwards) > MOST_BACKWARDS:
        passes, exact, epochs = epochs, False, ()
    if not exact and (loop.data or loop.counts or passes[0] is passes[-1]) and _was_run_before(run, loop):
        passes = passes[-1:]
    alive = True
    before: Delta = {}
    number = 0
    try:
        while number < len(passes):
            loop.body_start, loop.continues = run.store.mark(), []
            ended_well = passes[number]()
            number += 1
            are_many = len(passes) > MOST_EPOCHS or len(run.ledger.backwards) > MOST_BACKWARDS
            if epochs and are_many and (loop.trains or loop.feeds):
                passes, exact, epochs = epochs, False, ()
            if loop.continues:
                fell_through = run.store.undo(loop.body_start)
                run.store.merge([*loop.continues, *([fell_through] if ended_well else [])])
            alive = ended_well or bool(loop.continues)
            if not alive:
                break
            if not exact:
                run.store.widen(loop.body_start, before)
                loop.is_again = True
            run.store.close(loop.body_start)
    finally:
        run.loops.pop()
    if not exact:
        run.store.loosen(loop.start, youngest)
    return alive


def _was_run_before(run: Interpreter, loop: LoopRecord) -> bool:
    """Whether all passes were run in an earlier pass of a loop around this one: another is enough then."""
    around = [each for each in run.loops if each is not loop]
    is_known = any(each.is_again and loop.place in each.within for each in around)
    for each in around:
        each.within.add(loop.place)
    return is_known


def _leave(run: Interpreter, loop: LoopRecord, alive: bool) -> bool:
    """Behind a loop: what the last pass left, joined with what each `break` left."""
    if not loop.breaks:
        run.store.close(loop.start)
        return alive
    paths: list[Delta] = list(loop.breaks)
    last = run.store.undo(loop.start)
    run.store.close(loop.start)
    if alive:
        paths.append(last)
    run.store.merge(paths)
    return True


def break_(run: Interpreter, statement: ir.Break, frame: Frame) -> bool:
    run.selection.left()
    if run.loops:
        run.loops[-1].breaks.append(run.store.changes(run.loops[-1].start))
    return False


def continue_(run: Interpreter, statement: ir.Continue, frame: Frame) -> bool:
    if run.loops:
        run.loops[-1].continues.append(run.store.changes(run.loops[-1].body_start))
    return False
