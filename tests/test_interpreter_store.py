"""The Store: what a branch wrote can be taken back and joined with what the other wrote."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnlint.interpreter.joins import join
from nnlint.interpreter.objects import Const, Obj, Perhaps, Sequence, Tensor, Union, Unknown, Value
from nnlint.interpreter.store import Store
from nnlint.values import Scale

KEYS = ("a", "b", "c")

constants = st.sampled_from([Const(None), Const(0), Const(False), Const(1), Const(True), Const(1.0), Const("a")])
# A tensor, an unknown thing and a list are themselves: a few of each, shared by all that is drawn.
tensors = st.sampled_from([Tensor(scale=scale) for scale in Scale])
things: list[Value] = [Unknown("thing"), Unknown("other"), Obj(), Sequence("list", (Const(1),))]
values: st.SearchStrategy[Value] = st.one_of(constants, tensors, st.sampled_from(things))
writes = st.lists(st.tuples(st.integers(0, 1), st.sampled_from(KEYS), st.one_of(st.none(), values)), max_size=8)
Writes = list[tuple[int, str, Value | None]]


class World:
    """Two objects in a store."""

    def __init__(self, first: Writes) -> None:
        self.store = Store()
        self.objects = [Obj(), Obj()]
        self.do(first)

    def do(self, done: Writes) -> None:
        """Write, or remove where no value is given."""
        for number, key, value in done:
            if value is None:
                self.store.remove(self.objects[number], key)
            else:
                self.store.write(self.objects[number], key, value)

    def path(self, done: Writes) -> Any:
        mark = self.store.mark()
        self.do(done)
        return self.store.undo(mark)

    def holds(self) -> list[dict[str, Any]]:
        return [dict(obj.fields) for obj in self.objects]

    def means(self) -> list[dict[str, Hashable]]:
        return [{key: meaning(value) for key, value in obj.fields.items()} for obj in self.objects]


def meaning(value: Value) -> Hashable:
    """A value up to the order of its alternatives and the identity of tensors."""
    match value:
        case Union(alternatives=alternatives):
            return frozenset(meaning(each) for each in alternatives)
        case Tensor():
            return "tensor", value.scale, value.shape
        case Const(value=constant):
            return type(constant), constant
    return id(value)


def covers(joined: Value, value: Value) -> bool:
    """Whether everything said of `joined` holds of `value`."""
    match joined, value:
        case Union(alternatives=alternatives), _:
            return any(covers(each, value) for each in alternatives)
        case Tensor(), Tensor():
            return joined.scale in (Scale.UNKNOWN, value.scale) and joined.shape in (None, value.shape)
        case Tensor(), Unknown():
            return joined.scale is Scale.UNKNOWN
        case Unknown(), _:
            return True
        case Perhaps(value=inner), _:
            return covers(inner, value)
    return meaning(joined) == meaning(value)


# --- undo --------------------------------------------------------------------------------------------------------


@given(writes, writes)
def test_undo_restores_what_was_there(first: Writes, then: Writes) -> None:
    world = World(first)
    before = world.holds()
    world.path(then)
    assert world.holds() == before


@given(writes, writes, writes)
def test_undo_takes_back_the_last_changes_only(first: Writes, then: Writes, last: Writes) -> None:
    world = World(first)
    outer = world.store.mark()
    world.do(then)
    between = world.holds()
    world.path(last)
    assert world.holds() == between
    world.store.undo(outer)
    assert world.holds() == World(first).holds() or not first


@given(writes, writes)
def test_the_changes_say_what_undo_takes_back(first: Writes, then: Writes) -> None:
    world = World(first)
    mark = world.store.mark()
    world.do(then)
    changes = world.store.changes(mark)
    assert world.store.undo(mark) == changes


@given(writes, writes)
def test_a_merged_delta_can_be_taken_back(first: Writes, then: Writes) -> None:
    world = World(first)
    before = world.holds()
    delta = world.path(then)
    mark = world.store.mark()
    world.store.merge([delta])
    world.store.undo(mark)
    assert world.holds() == before


# --- merge -------------------------------------------------------------------------------------------------------


@given(writes, writes)
def test_merging_one_path_does_what_the_path_did(first: Writes, then: Writes) -> None:
    world, straight = World(first), World(first)
    world.store.merge([world.path(then)])
    straight.do(then)
    assert world.holds() == straight.holds()


@given(writes, writes)
def test_merging_a_path_with_itself_does_what_the_path_did(first: Writes, then: Writes) -> None:
    world, straight = World(first), World(first)
    delta = world.path(then)
    world.store.merge([delta, delta])
    straight.do(then)
    assert world.means() == straight.means()


@given(writes, writes, writes)
def test_merging_two_paths_commutes(first: Writes, left: Writes, right: Writes) -> None:
    one, other = World(first), World(first)
    one.store.merge([one.path(left), one.path(right)])
    paths = [other.path(left), other.path(right)]
    other.store.merge(reversed(paths))
    assert one.means() == other.means()


@given(writes, writes, writes)
def test_a_merge_covers_what_each_path_left(first: Writes, left: Writes, right: Writes) -> None:
    world = World(first)
    world.store.merge([world.path(left), world.path(right)])
    for done in (left, right):
        alone = World(first)
        alone.do(done)
        for merged, single in zip(world.objects, alone.objects, strict=True):
            assert all(covers(merged.fields[key], value) for key, value in single.fields.items())


@given(writes, writes)
def test_a_path_that_did_nothing_keeps_what_was_there_possible(first: Writes, then: Writes) -> None:
    world = World(first)
    before = world.holds()
    world.store.merge([world.path(then), {}])
    for obj, was in zip(world.objects, before, strict=True):
        assert all(covers(obj.fields[key], value) for key, value in was.items())


@given(writes)
def test_merging_no_path_changes_nothing(first: Writes) -> None:
    world = World(first)
    before = world.holds()
    world.store.merge([])
    assert world.holds() == before


# --- join --------------------------------------------------------------------------------------------------------


@given(values)
def test_join_is_idempotent(value: Value) -> None:
    assert meaning(join(value, value)) == meaning(value)


@given(values, values)
def test_join_commutes(left: Value, right: Value) -> None:
    assert meaning(join(left, right)) == meaning(join(right, left))


@given(values, values)
def test_join_covers_both_sides(left: Value, right: Value) -> None:
    joined = join(left, right)
    assert covers(joined, left)
    assert covers(joined, right)


@given(st.lists(values, min_size=1, max_size=6))
def test_join_of_a_few_covers_each(several: list[Value]) -> None:
    joined = several[0]
    for value in several[1:]:
        joined = join(joined, value)
    assert all(covers(joined, value) for value in several)


@given(values, values)
def test_join_again_with_what_is_in_it_changes_nothing(left: Value, right: Value) -> None:
    joined = join(left, right)
    assert meaning(join(joined, left)) == meaning(joined)


@pytest.mark.parametrize(
    ("left", "right"),
    [(Const(1), Const(True)), (Const(0), Const(False)), (Const(1), Const(1.0)), (Const(None), Const(0))],
)
def test_constants_of_different_types_stay_apart(left: Const, right: Const) -> None:
    assert join(left, right) == Union((left, right))


# --- lists -------------------------------------------------------------------------------------------------------


def test_an_element_that_one_path_appended_may_be_absent() -> None:
    store, items = Store(), Sequence("list", (Const(1),))
    mark = store.mark()
    store.write(items, "items", (*items.items, Const(2)))
    store.merge([store.undo(mark), {}])
    first, second = items.items
    assert first == Const(1)
    assert isinstance(second, Perhaps)
    assert second.value == Const(2)


def test_a_list_that_an_open_loop_changed_has_no_known_length() -> None:
    store, items = Store(), Sequence("list", ())
    mark, youngest = store.mark(), Obj().serial
    store.write(items, "items", (Const(1),))
    store.loosen(mark, youngest)
    assert not items.exact


def test_a_list_that_was_made_inside_of_a_loop_keeps_its_length() -> None:
    store, youngest = Store(), Obj().serial
    mark, items = store.mark(), Sequence("list", ())
    store.write(items, "items", (Const(1),))
    store.loosen(mark, youngest)
    assert items.exact
