"""Graphs that outlive the pass of the loop that they were made in: sums, lists, states carried over, `retain_graph`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nnlint.events import Event, GraphKept, GraphRetained
from nnlint.interpreter.ledger import Backward
from nnlint.interpreter.objects import SINCE, Frame, Instance, Provenance, Sequence, Tensor, Unknown, Value
from nnlint.interpreter.provenance import mark
from nnlint.interpreter.watched import Fate
from nnlint.interpreter.wording import text_of
from nnlint.reading import script as ir
from nnlint.source import Place

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter


def added(run: Interpreter, left: Value, op: str, right: Value, result: Value, node: ir.Node, frame: Frame) -> Value:
    """`total + loss`, where the total hangs on the graphs of earlier passes of the loop."""
    if op != "+" or not run.loops or run.module_stack or not isinstance(result, (Tensor, Unknown)):
        _no_tensor(run, right, node, frame)
        return result
    before, new = run.provenance(left).calls, run.provenance(right).certain
    _no_tensor(run, right, node, frame)
    if not before or not new or run.gradients_enabled is False:
        return result
    fresh = new - before
    if (
        not _again(run, before - new, fresh)
        or _cut_somewhere(run, right, fresh)
        or not fresh <= run.provenance(result).calls
    ):
        return result
    words = text_of(
        node.target if isinstance(node, ir.AugmentedAssign) else node.left if isinstance(node, ir.Binary) else None
    )
    term = node.value if isinstance(node, ir.AugmentedAssign) else node.right if isinstance(node, ir.Binary) else None
    place = run.place(frame, term) if term is not None and _ran_here(run, fresh, frame) else None
    return _watched(run, result, fresh, run.place(frame, node), words, "sum", place)


def collected(run: Interpreter, sequence: Sequence, value: Value, node: ir.Call | None, frame: Frame) -> Value:
    """`losses.append(loss)`, in a loop that the list is older than."""
    calls = run.provenance(value).certain
    if node is None or not run.loops or run.module_stack or not calls or run.gradients_enabled is False:
        return value
    if not isinstance(value, (Tensor, Unknown, Sequence)):
        return value
    if not _again(run, run.provenance(sequence).calls - calls, calls) or _cut_somewhere(run, value, calls):
        return value
    since = sequence.lazies.get(SINCE, sequence.serial)
    if any(run.roles.forwards[number].serial < since for number in calls):
        return value  # a list of parts of one step, made when its forward pass was over
    target = node.function.value if isinstance(node.function, ir.Attribute) else None
    alone = len(node.arguments) == 1 and not node.arguments[0].star and _ran_here(run, calls, frame)
    _no_tensor(run, value, node, frame)
    given = run.place(frame, node.arguments[0].value) if alone else None
    return _watched(run, value, calls, run.place(frame, node), text_of(target), "list", given)


_NO_TENSOR = "<no tensor>"


def _no_tensor(run: Interpreter, value: Value, node: ir.Node, frame: Frame) -> None:
    """What is added or collected at a place need not be a tensor each time: it can not be detached there."""
    if not isinstance(value, Tensor):
        run.world.lazies[_NO_TENSOR, run.place(frame, node)] = True


def _ran_here(run: Interpreter, calls: frozenset[int], frame: Frame) -> bool:
    """Whether the function, or one that it calls, ran the networks: else a value may be anything in other calls."""
    return all(any(level.function == frame.defined for level in run.roles.forwards[number].scene) for number in calls)


def _again(run: Interpreter, before: frozenset[int], fresh: frozenset[int]) -> bool:
    """Whether some of the forward passes are made at a place where earlier ones were: in an earlier pass of a loop."""
    forwards = run.roles.forwards
    return not {forwards[n].place for n in before}.isdisjoint(forwards[n].place for n in fresh)


def _cut_somewhere(run: Interpreter, value: Value, calls: frozenset[int]) -> bool:
    """Whether a value may be, on one of the paths that met before, cut off the very graph that it hangs on else."""
    return any(run.ledger.cuts.get(cut, frozenset()) & calls for cut in run.provenance(value).cuts)


def _watched(
    run: Interpreter, value: Value, calls: frozenset[int], place: Place, words: str, kind: str, part: Place | None
) -> Value:
    def tell(fate: Fate) -> Event | None:
        trained = any(run.roles.forwards[number].differentiated for number in calls)
        unsure = any(not run.watched.was_differentiated(number) for number in unknown)
        if not trained or unsure or any(run.watched.was_differentiated(other) for other in visits):
            return None
        if not _freed(run, calls) and any(run.watched.is_of_use(other) for other in visits):
            return None
        tensors = (_NO_TENSOR, place) not in run.world.lazies
        return GraphKept(place=place, target=words, kind=kind, value=part if tensors else None)

    unknown = run.provenance(value).operations & run.ledger.suspected.keys()
    visits = run.kept.setdefault(place, [])  # of this place: one that is differentiated speaks for all
    visits.append(run.watched.watch(tell))
    return mark(run, value, Provenance(operations=frozenset({visits[-1]})))


def _freed(run: Interpreter, calls: frozenset[int]) -> bool:
    """Whether `backward` went through a graph and let it go: nobody can differentiate it once more."""
    return any(backward.retains is False and calls <= backward.calls for backward in run.ledger.backwards)


def events(run: Interpreter, complete: bool) -> Iterator[Event]:
    """The backward passes that keep graphs beyond their step; `complete` says that the root ran to its end."""
    if not complete:
        return
    for backward in run.ledger.backwards:
        if backward.where.loops and backward.where.every_time and not backward.where.owned and backward.calls:
            carried = _carried(run, backward)
            idle = carried is None and _retained_for_nothing(run, backward)
            if carried is not None or idle:
                yield GraphRetained(place=backward.place, call=backward.call, carried=carried)


def _carried(run: Interpreter, backward: Backward) -> Place | None:
    """The forward pass of an earlier step that a loss still hangs on."""
    for other in run.ledger.backwards:
        if other is backward or other.place != backward.place or other.number >= backward.number:
            continue
        shared = (backward.certain & other.calls) - run.ledger.detached
        own = backward.calls - other.calls
        steps = run.ledger.steps[other.steps : backward.steps]
        if shared and own and any(s.optimizer in other.optimizers and s.where.every_time for s in steps):
            places = {run.roles.forwards[number].place for number in own}
            old = [n for n in sorted(shared) if run.roles.forwards[n].place in places]
            if old and not _unsure(run, frozenset(old)):
                return run.roles.forwards[old[0]].place
    return None


def _retained_for_nothing(run: Interpreter, backward: Backward) -> bool:
    visits = [each for each in run.ledger.backwards if each.place == backward.place]
    if not all(each.retains is True and each.calls for each in visits) or run.ledger.by_hand:
        return False
    for visit in visits:
        others = [each.calls for each in run.ledger.backwards if each is not visit] + run.ledger.gradient_calls
        if any(visit.calls & calls for calls in others) or _unsure(run, visit.calls):
            return False
        if not all(isinstance(run.roles.forwards[n].module, Instance) for n in visit.calls):
            return False
    return True


def _unsure(run: Interpreter, calls: frozenset[int]) -> bool:
    """Whether something unknown, which may have differentiated or detached it, was given such a graph."""
    return any(
        given & calls and not run.watched.was_differentiated(number) for number, given in run.ledger.suspected.items()
    )
