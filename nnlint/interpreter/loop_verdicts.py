"""What a root's ledger of gradients says at its end: in which condition each step, clearing and clipping found them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from nnlint.changes import InsertAfter, InsertBefore, Slot
from nnlint.events import BackwardRan, Event, GradientsCleared, GradientsClipped, OptimizerStepped
from nnlint.finding import Confidence
from nnlint.interpreter.gradients import LR_SCALED, MODULES, given_away, related
from nnlint.interpreter.joins import CLEAR, NEW, READY, REUSED, USED, WASTED
from nnlint.interpreter.ledger import Backward, Deed
from nnlint.interpreter.objects import Obj
from nnlint.interpreter.roles import Forward
from nnlint.source import Place
from nnlint.values import Gradients

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter


def events(run: Interpreter, complete: bool) -> Iterator[Event]:
    """The steps, clearings, clippings and backward passes of a root; `complete` says that it ran to its end."""
    late = {deed.place: deed.late for deed in run.ledger.steps if deed.late is not None and _knows(run, deed)}
    waiting, hasty = _undone(run) if complete else ({}, {})
    for step in run.ledger.steps:
        yield _step(run, step, late.get(step.place), complete)
    for clear in run.ledger.clears:
        yield _clear(clear, waiting, hasty)
    yield from _clips(run)
    if complete:
        for backward in run.ledger.backwards:
            yield from _backward(run, backward)


def _knows(run: Interpreter, deed: Deed) -> bool:
    """Whether all is known that happened to the gradients before."""
    return (
        not deed.where.owned
        and not given_away(deed.optimizer)
        and all(run.watched.was_differentiated(number) for number in deed.suspects)
    )


def _confidence(deed: Deed) -> Confidence:
    return Confidence.CERTAIN if deed.certain else Confidence.LIKELY


# --- steps --------------------------------------------------------------------------------------------------------


def _step(run: Interpreter, step: Deed, late: Place | None, complete: bool) -> OptimizerStepped:
    found, forward, backward = Gradients.UNKNOWN, None, step.filled
    if late is not None:
        found, backward = Gradients.EARLY, late
    elif step.state and REUSED in step.state:
        found = Gradients.REUSED
    elif step.state == frozenset({WASTED}):
        found = Gradients.CLEARED
    elif step.state and READY in step.state:
        found = Gradients.FRESH
    elif complete and (unused := _undifferentiated(run, step)) is not None:
        found, forward = Gradients.ABSENT, unused.place
    return OptimizerStepped(
        place=step.place,
        optimizer=step.called,
        gradients=found,
        backward=backward,
        cleared=step.cleared,
        consumed=step.consumed,
        forward=forward,
        clear=_clearing(run, step) if found is Gradients.REUSED else None,
        together=_together(run, step, backward),
        confidence=_confidence(step),
    )


def _clearing(run: Interpreter, step: Deed) -> Slot | None:
    """Where gradients that pile up can be cleared: before they are filled, or else behind the step."""
    mine = [deed for deed in run.ledger.steps if deed.optimizer is step.optimizer and deed.youngest < step.youngest]
    since = mine[-1].youngest if mine else 0
    fills = [deed for deed in run.ledger.fills if since < deed.youngest < step.youngest]
    fills = [deed for deed in fills if deed.optimizer is step.optimizer]
    if fills:
        between = [deed.youngest for deed in run.ledger.steps if since < deed.youngest < fills[-1].youngest]
        fills = [deed for deed in fills if deed.youngest > max(between, default=since)]  # what others left is not ours
    if fills and fills[0].name and fills[0].where == step.where:
        return Slot(InsertBefore, fills[0].place, fills[0].name)
    return Slot(InsertAfter, step.place, step.name) if step.name else None


def _together(run: Interpreter, step: Deed, backward: Place | None) -> bool:
    """Whether a step, its `backward` and its clearing stand in one pass of a loop, under the same conditions."""
    deeds = [deed for deed in (*run.ledger.fills, *run.ledger.clears) if deed.optimizer is step.optimizer]
    told = [deed for deed in deeds if deed.place in (backward, step.cleared)]
    return bool(told) and all(deed.where == step.where for deed in told)


def _undifferentiated(run: Interpreter, step: Deed) -> Forward | None:
    """The forward pass whose loss nothing differentiates, of a step that never finds gradients."""
    optimizer = step.optimizer
    held = optimizer.lazies.get(MODULES)
    if not step.where.loops or not _knows(run, step) or run.ledger.by_hand:
        return None
    if not held and (len(run.optimizers) > 1 or run.ledger.backwards or held is not None):
        return None
    if any(deed.optimizer is optimizer for deed in run.ledger.fills):
        return None
    if any(d.optimizer is optimizer and not (d.state and d.state <= {NEW, CLEAR}) for d in run.ledger.steps):
        return None
    for forward in run.roles.forwards[: step.forwards]:
        if forward.differentiated and related(held, frozenset({forward.module})):
            return None
    for forward in reversed(run.roles.forwards[: step.forwards]):
        together = bool(forward.loops) and forward.loops[-1].place in step.where.loops
        scored = forward.measured or forward.number in run.ledger.scored
        learns = forward.gradients is True and not forward.escaped and related(held, frozenset({forward.module}))
        if together and scored and learns:
            return forward
    return None


# --- accumulation -------------------------------------------------------------------------------------------------


Undone = dict[tuple[int, Place], Deed]  # by optimizer and place of a clearing: the step that it does not go with


def _undone(run: Interpreter) -> tuple[Undone, Undone]:
    """The clearings in each pass of a loop whose step waits for several; those that wait while the step does not."""
    waiting: Undone = {}
    hasty: Undone = {}
    for optimizer, loop in _accumulating(run):
        steps, clears = _in(run.ledger.steps, optimizer, loop), _in(run.ledger.clears, optimizer, loop)
        if all(step.where.now_and_then for step in steps):
            for clear in clears:
                if all(other.where.every_time for other in clears):
                    waiting[id(optimizer), clear.place] = steps[0]
        elif clears and all(clear.where.now_and_then for clear in clears):
            everywhere = [deed for deed in run.ledger.clears if deed.optimizer is optimizer]
            if all(step.where.every_time for step in steps) and all(
                deed.where.now_and_then or deed.where.loop != loop for deed in everywhere
            ):
                hasty[id(optimizer), clears[0].place] = steps[0]
    return waiting, hasty


def _accumulating(run: Interpreter) -> Iterator[tuple[Obj, Place]]:
    """The optimizers, and the loops, in each pass of which the gradients are filled."""
    for optimizer in run.optimizers:
        if given_away(optimizer):
            continue
        for loop in dict.fromkeys(deed.where.loop for deed in run.ledger.steps if deed.optimizer is optimizer):
            fills = _in(run.ledger.fills, optimizer, loop) if loop is not None else []
            if loop is not None and fills and all(f.where.every_time and not f.where.owned for f in fills):
                yield optimizer, loop


def _in(page: Iterable[Deed], optimizer: Obj, loop: Place) -> list[Deed]:
    return [deed for deed in page if deed.optimizer is optimizer and deed.where.loop == loop]


def _clear(clear: Deed, waiting: Undone, hasty: Undone) -> GradientsCleared:
    key = id(clear.optimizer), clear.place
    step, early = waiting.get(key), hasty.get(key)
    return GradientsCleared(
        place=clear.place,
        optimizer=clear.called,
        waiting=step.place if step is not None else None,
        stepped=early.place if early is not None else None,
        backward=clear.filled,
    )


def _summed(run: Interpreter, backward: Backward) -> Deed | None:
    """The step that uses the sum of the gradients of several such losses as this one."""
    loop = backward.where.loop
    if not backward.averaged or run.ledger.by_hand or loop is None or not backward.where.every_time:
        return None
    if backward.pieces:
        return _step_after(run, backward)
    for optimizer, accumulating in _accumulating(run):
        steps, clears = _in(run.ledger.steps, optimizer, loop), _in(run.ledger.clears, optimizer, loop)
        if (
            accumulating == loop
            and optimizer in backward.optimizers
            and LR_SCALED not in optimizer.lazies
            and clears
            and all(deed.where.now_and_then for deed in (*steps, *clears))
            and len({fill.place for fill in _in(run.ledger.fills, optimizer, loop)}) == 1
        ):
            return steps[0]
    return None


def _step_after(run: Interpreter, backward: Backward) -> Deed | None:
    """The step behind the loop over the pieces of a batch, of which each adds its gradients."""
    inner, outer = backward.where.loop, backward.where.loops[:-1]
    for optimizer in backward.optimizers:
        deeds = [deed for deed in (*run.ledger.steps, *run.ledger.clears) if deed.optimizer is optimizer]
        if given_away(optimizer) or LR_SCALED in optimizer.lazies or any(inner in deed.where.loops for deed in deeds):
            continue
        fills = {fill.place for fill in run.ledger.fills if fill.optimizer is optimizer and inner in fill.where.loops}
        step = next((s for s in run.ledger.steps if s.optimizer is optimizer and s.where.loops == outer), None)
        if (
            step is not None
            and len(fills) == 1
            and any(deed.where.loops == outer for deed in deeds if deed is not step)
        ):
            return step
    return None


# --- clipping -----------------------------------------------------------------------------------------------------


def _clips(run: Interpreter) -> Iterator[GradientsClipped]:
    """What each clipping found, all its visits taken together."""
    by_place: dict[Place, list[Deed]] = {}
    for clip in run.ledger.clips:
        by_place.setdefault(clip.place, []).append(clip)
    for place, clips in by_place.items():
        found = Gradients.UNKNOWN
        last = clips[-1]
        trained = all(any(fill.optimizer is clip.optimizer for fill in run.ledger.fills) for clip in clips)
        if trained and last.where.loops and all(_knows(run, clip) and clip.state for clip in clips):
            states = frozenset[str]().union(*(clip.state or () for clip in clips))
            if states <= {USED, CLEAR, NEW}:
                found = Gradients.USED if USED in states else Gradients.CLEARED
        yield GradientsClipped(
            place=place,
            call=last.called,
            gradients=found,
            other=last.consumed if found is Gradients.USED else last.cleared,
            filled=last.filled if _fills(run, last) else None,
        )


def _fills(run: Interpreter, clip: Deed) -> bool:
    """Whether the one `backward` of an optimizer stands in the same pass as a clipping, under the same conditions."""
    fills = [deed for deed in run.ledger.fills if deed.optimizer is clip.optimizer]
    return len({deed.place for deed in fills}) == 1 and all(deed.where == clip.where for deed in fills)


# --- backward -----------------------------------------------------------------------------------------------------


def _backward(run: Interpreter, backward: Backward) -> Iterator[BackwardRan]:
    summed = _summed(run, backward)
    unused = _unused(run, backward)
    leak = run.ledger.leaks.get(backward.place)
    told = leak.optimizer if leak is not None else unused or (summed.optimizer if summed is not None else None)
    yield BackwardRan(
        place=backward.place,
        call=backward.call,
        optimizer=getattr(told, "name", "") or "optimizer",
        stepped=unused is None,
        leak=leak.step if leak is not None else None,
        mixed=(leak.lent, leak.own) if leak is not None else (),
        accumulated=summed.place if summed is not None else None,
        clear=_cleared_before(run, leak.optimizer, leak.own) if leak is not None else None,
        step=_stepping(run, backward, unused) if unused is not None else None,
    )


def _cleared_before(run: Interpreter, optimizer: Obj, backward: Place) -> Slot | None:
    fills = (deed for deed in run.ledger.fills if deed.optimizer is optimizer and deed.place == backward)
    name = next((deed.name for deed in fills), "")
    return Slot(InsertBefore, backward, name) if name else None


def _stepping(run: Interpreter, backward: Backward, optimizer: Obj) -> Slot | None:
    fills = [deed for deed in run.ledger.fills if deed.optimizer is optimizer]
    name = next((deed.name for deed in fills if deed.place == backward.place), "")
    return Slot(InsertAfter, backward.place, name) if name and len({deed.place for deed in fills}) == 1 else None


def _unused(run: Interpreter, backward: Backward) -> Obj | None:
    """The optimizer that holds what was differentiated and never steps."""
    ledger, loops = run.ledger, backward.where.loops
    if not loops or backward.where.owned or ledger.by_hand or ledger.vague_steps or not backward.optimizers:
        return None
    if any(step.where.loops and loops[0] in step.where.loops for step in ledger.steps):
        return None
    for optimizer in backward.optimizers:
        if given_away(optimizer) or any(step.optimizer is optimizer for step in ledger.steps):
            return None
    for optimizer in backward.optimizers:
        if any(
            clear.optimizer is optimizer and clear.where.loop == loops[-1] and not clear.where.owned
            for clear in ledger.clears
        ):
            return optimizer
    return None
