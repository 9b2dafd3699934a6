"""Sizes are numbers, whatever their symbols turn out to be; views are judged as torch would carry them out."""

from __future__ import annotations

import math
from itertools import product as every

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnlint.interpreter.reshaping import is_split_or_merge, moved, resolve_view
from nnlint.interpreter.sizes import Size, Symbol

NAMES = ("b", "t", "c", "h", "w", "d", "dim", "heads")
SYMBOLS = {name: Symbol(name, name) for name in NAMES}
SIZES = {name: Size.symbol(symbol) for name, symbol in SYMBOLS.items()}
b, t, c, h, w, d, dim, heads = SIZES.values()


def shape(text: str) -> tuple[Size | None, ...]:
    """Sizes as one would write them: `shape("b, t, dim // heads")`."""
    values = eval(f"({text},)", {}, SIZES)
    return tuple(Size.of(value) if isinstance(value, int) else value for value in values)


def known(text: str) -> tuple[Size, ...]:
    return tuple(size for size in shape(text) if size is not None)


# --- the algebra -------------------------------------------------------------------------------------------------

monomials = st.builds(
    lambda number, names: math.prod((SIZES[name] for name in names), start=Size.of(number)),
    st.integers(-6, 6),
    st.lists(st.sampled_from(NAMES[:4]), max_size=3),
)
sizes = st.lists(monomials, max_size=3).map(lambda terms: sum(terms, start=Size.of(0)))
values = st.fixed_dictionaries({name: st.integers(1, 9) for name in NAMES})


def number(size: Size, given_values: dict[str, int]) -> int | None:
    found = size.substitute({SYMBOLS[name]: Size.of(value) for name, value in given_values.items()})
    return found.as_int() if found is not None else None


@given(sizes, sizes, sizes)
def test_sizes_are_a_ring(x: Size, y: Size, z: Size) -> None:
    assert x + y == y + x
    assert x * y == y * x
    assert (x + y) + z == x + (y + z)
    assert (x * y) * z == x * (y * z)
    assert x * (y + z) == x * y + x * z
    assert x + 0 == x
    assert x * 1 == x
    assert x * 0 == Size.of(0)
    assert x - x == Size.of(0)


@given(sizes, sizes)
def test_equal_sizes_hash_alike_however_they_were_made(x: Size, y: Size) -> None:
    assert hash((x + y) * (x - y)) == hash(x * x - y * y)


@given(sizes, sizes, values)
def test_arithmetic_of_symbols_is_arithmetic_of_numbers(x: Size, y: Size, at: dict[str, int]) -> None:
    left, right = number(x, at), number(y, at)
    assert left is not None
    assert right is not None
    assert number(x + y, at) == left + right
    assert number(x - y, at) == left - right
    assert number(x * y, at) == left * right


@given(sizes, sizes)
def test_a_product_divides_by_its_factor(x: Size, y: Size) -> None:
    if y != Size.of(0) and len(x.terms) == 1:
        assert (x * y) // y == x
        assert (x * y) % y == Size.of(0)


@given(sizes, monomials)
def test_a_quotient_times_its_divisor_is_the_dividend(x: Size, y: Size) -> None:
    quotient = x // y
    if quotient is not None and not (x.as_int() is not None and y.as_int() is not None):
        assert quotient * y == x


def test_a_quotient_of_symbols_times_the_divisor_is_the_whole() -> None:
    quotient = dim // heads
    assert quotient is not None
    assert quotient * heads == dim
    assert heads * quotient == dim
    assert str(quotient) == "dim//heads"


@pytest.mark.parametrize(("left", "right"), [(7, 2), (-7, 2), (7, -2), (8, 4), (0, 3)])
def test_numbers_divide_as_in_python(left: int, right: int) -> None:
    assert Size.of(left) // right == Size.of(left // right)
    assert Size.of(left) % right == Size.of(left % right)


def test_what_has_no_form_is_not_known() -> None:
    assert dim // 2 is None
    assert dim // 0 is None
    assert dim % heads is None
    assert dim // (b + c) is None


def test_what_has_no_form_is_what_the_caller_makes_of_it() -> None:
    half = Size.symbol(Symbol("dim//2", 1))
    assert dim.divided(Size.of(2), lambda left, op, right: half if op == "//" else None) == half
    assert (dim * 4).divided(Size.of(2), lambda *_: half) == dim * 2


def test_numbers_stand_on_either_side() -> None:
    assert 2 * dim - dim == dim
    assert 3 - dim == Size.of(3) - dim
    assert 1 + dim == dim + 1


def test_as_int_is_the_number_of_a_size_without_symbols() -> None:
    assert Size.of(0).as_int() == 0
    assert (b - b + 5).as_int() == 5
    assert b.as_int() is None
    assert (b + 1).as_int() is None


def test_factors_are_those_of_a_product_and_none_of_a_sum() -> None:
    quotient = 3 * b * b * dim // heads
    assert quotient is not None
    factors = quotient.factors()
    assert factors is not None
    assert factors.coefficient == 3
    assert factors.exponents == {SYMBOLS["b"]: 2, SYMBOLS["dim"]: 1, SYMBOLS["heads"]: -1}
    assert (b + 1).factors() is None
    assert Size.of(4).factors() == (4, {})


def test_as_symbol_is_the_symbol_alone() -> None:
    assert b.as_symbol() == SYMBOLS["b"]
    assert (2 * b).as_symbol() is None
    assert (b * b).as_symbol() is None
    assert Size.of(2).as_symbol() is None


def test_symbols_are_told_apart_by_key_not_by_name() -> None:
    assert Size.symbol(Symbol("n", 1)) != Size.symbol(Symbol("n", 2))
    assert Size.symbol(Symbol("n", 1)) == Size.symbol(Symbol("batch", 1))


def test_substitution_adds_fractions_up_before_it_judges_them() -> None:
    quotient = (h + c) // w
    assert quotient is not None
    at = {SYMBOLS["h"]: Size.of(3), SYMBOLS["c"]: Size.of(1), SYMBOLS["w"]: Size.of(2)}
    assert quotient.substitute(at) == Size.of(2)
    assert quotient.substitute({SYMBOLS["h"]: Size.of(3), SYMBOLS["w"]: Size.of(2)}) is None


def test_substitution_puts_sizes_in_the_place_of_symbols() -> None:
    assert (b * dim).substitute({SYMBOLS["dim"]: heads * d}) == b * heads * d
    assert (dim // heads or Size.of(0)).substitute({SYMBOLS["heads"]: b + 1}) is None


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (heads * d, "heads*d"),
        (d * heads, "d*heads"),
        (2 * b * b, "2*b*b"),
        (1 + h - 3 * w, "h - 3*w + 1"),
        (-b, "-b"),
        (Size.of(0), "0"),
        (Size.of(-4), "-4"),
        (Size.of(1) // b, "1//b"),
        ((dim // heads or b) // c, "dim//(heads*c)"),
    ],
)
def test_a_size_reads_as_it_was_written(size: Size, text: str) -> None:
    assert str(size) == text


def test_names_can_be_lent_to_symbols() -> None:
    assert (b * c).text({SYMBOLS["b"]: "batch"}) == "batch*c"


# --- views -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "wanted", "after"),
    [
        ("b, t, c", "b * t, -1", "b * t, c"),
        ("b, t, dim", "b, t, heads, -1", "b, t, heads, dim // heads"),
        ("b, 3, 4", "-1, 6", "2 * b, 6"),
        ("32, 512", "32, -1, 64", "32, 8, 64"),
        ("b, t", "t, b", "t, b"),
        ("b, t", "t, b, -1", "t, b, 1"),
    ],
)
def test_minus_one_is_what_is_left(before: str, wanted: str, after: str) -> None:
    assert resolve_view(shape(before), shape(wanted)) == shape(after)


@pytest.mark.parametrize(
    ("before", "wanted"),
    [("b, None, c", "b, -1"), ("b, t", "-1, None"), ("b, t", "-1, -1"), ("10", "3, -1"), ("b, 3", "-1, 2")],
)
def test_minus_one_is_not_guessed(before: str, wanted: str) -> None:
    assert resolve_view(shape(before), shape(wanted)) is None


MIXED = [
    ("b, t, c", "t, b, c", "t, b"),
    ("b, t, c", "b, c, t", "c, t"),
    ("b, t, c", "c, t, b", "c, t, b"),
    ("b, c, h, w", "b, h * w, c", "h * w, c"),
    ("b, h * w, c", "b, c, h, w", "c, h * w"),
    ("b, c, h, w", "b * h * w, c", "h * w, c"),
    ("b, h, t, d", "b, t, h * d", "t, h"),
    ("b, t, h * d", "b, h, t, d", "h, t"),
    ("b, t, h * d", "b * h, t, d", "h, t"),
    ("b, t, dim", "b, heads, t, dim // heads", "heads, t"),
    ("b, t, dim", "b * heads, t, dim // heads", "heads, t"),
    ("b, heads, t, dim // heads", "b, t, dim", "t, heads"),
    ("b, t, 512", "b, 8, t, 64", "8, t"),
    ("b, t, 3 * h * d", "3, b, h, t, d", "3, b, h, t"),
    ("32, 10, 20", "32, 20, 10", "20, 10"),
    ("6, 4", "4, 6", "4, 6"),
    ("b, 3, 32, 32", "b, 32, 32, 3", "32, 32, 3"),
    ("b, 32, 32, 3", "b, 3, 32, 32", "3, 32, 32"),
    ("b, 2048, 7, 7", "b, 49, 2048", "49, 2048"),
    ("b, c, h + 1, w", "b, h + 1, w, c", "h + 1, w, c"),
    ("2, 6, b, 4", "6, 2, 4, b", "6, 2, 4, b"),
]


@pytest.mark.parametrize(("before", "after", "sizes_moved"), MIXED)
def test_sizes_in_another_order_have_moved(before: str, after: str, sizes_moved: str) -> None:
    assert moved(shape(before), shape(after)) == shape(sizes_moved)
    assert is_split_or_merge(shape(before), shape(after)) is False


KEPT = [
    ("b, c, h, w", "b, c, h * w"),
    ("b, t, c", "b * t, c"),
    ("b, t, c", "b * t * c"),
    ("b, t, dim", "b, t, heads, dim // heads"),
    ("b, t, heads, dim // heads", "b, t, dim"),
    ("t, b, h * d", "t, b * h, d"),
    ("t, b, dim", "t, b * heads, dim // heads"),
    ("32, 512", "32, 8, 64"),
    ("b, 1, t", "b, t, 1"),
    ("1, b", "b, 1, 1"),
    ("b, 64, 8, 8", "b, 8, 512"),
    ("b, 32, 32, c", "b, 32, 32, c"),
    ("b, h + 1, c", "b, c * (h + 1)"),
]


@pytest.mark.parametrize(("before", "after"), KEPT)
def test_splits_and_merges_of_neighbours_move_nothing(before: str, after: str) -> None:
    old, new = (shape(text) if text else () for text in (before, after))
    assert moved(old, new) == ()
    assert is_split_or_merge(old, new) is True


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("2, 12", "3, 8"),
        ("12, 35", "20, 21"),
        ("b, t, c", "b, t, h"),
        ("b, t", "t, b, 2"),
        ("b, None, c", "c, b, None"),
        ("b, t, c", "t, None, c"),
        ("b, t, c", "t, b, None"),
        ("0, b", "b, 0"),
        ("b, t, c", "b, h, t * c // h"),
        ("b, t, c, d", "b, h, d, t * c // h"),
    ],
)
def test_what_another_size_could_explain_is_not_said_to_have_moved(before: str, after: str) -> None:
    assert not moved(shape(before), shape(after))


@pytest.mark.parametrize(("before", "after"), [("b, None", "b, None"), ("b, t", "b, c"), ("b, t", "t")])
def test_nothing_is_said_of_sizes_that_do_not_fit_or_are_not_known(before: str, after: str) -> None:
    assert moved(shape(before), shape(after)) is None
    assert is_split_or_merge(shape(before), shape(after)) is None


# --- against row-major memory, element by element ------------------------------------------------------------------


def prefixes(of: tuple[int, ...]) -> list[list[int]]:
    """For every number of leading dimensions, the leading indices (as one number) of each element in memory order."""
    cells = list(every(*(range(size) for size in of)))
    return [
        [names.setdefault(cell[:depth], len(names)) for cell in cells]
        for depth in range(1, len(of) + 1)
        for names in [dict[tuple[int, ...], int]()]
    ]


def determines(one: list[int], other: list[int]) -> bool:
    return len(set(zip(one, other, strict=True))) == len(set(one))


def splits_and_merges(before: tuple[int, ...], after: tuple[int, ...]) -> bool:
    """Whether leading indices nest: any before tell any after, or the other way round."""
    return all(determines(old, new) or determines(new, old) for old in prefixes(before) for new in prefixes(after))


def views(parts: list[int], cuts: list[bool]) -> tuple[int, ...]:
    grouped: list[int] = []
    for part, cut in zip(parts, cuts, strict=False):
        if cut or not grouped:
            grouped.append(part)
        else:
            grouped[-1] *= part
    return tuple(grouped)


parts_of_views = st.tuples(
    st.lists(st.sampled_from([1, 2, 2, 3, 4, 5]), min_size=1, max_size=5),
    st.lists(st.booleans(), min_size=5, max_size=5),
    st.lists(st.booleans(), min_size=5, max_size=5),
    st.randoms(use_true_random=False),
)


@given(parts_of_views, st.booleans())
def test_numbers_agree_with_memory(case: tuple[list[int], list[bool], list[bool], object], shuffled: bool) -> None:
    parts, left, right, random = case
    before = views(parts, left)
    if shuffled:
        parts = sorted(parts, key=lambda _: random.random())  # type: ignore[attr-defined]
    after = views(parts, right)
    old, new = (tuple(map(Size.of, sizes)) for sizes in (before, after))
    answer = is_split_or_merge(old, new)
    assert answer is not None
    nested = splits_and_merges(before, after)
    if answer:
        assert nested
        assert moved(old, new) == ()
    elif nested:  # [10, 20] and (20, 10) nest as 10, 2, 10; that they are the same sizes says more
        assert moved(old, new)
        assert (
            sorted(size for size in before if size > 1) == sorted(size for size in after if size > 1) or len(parts) > 2
        )


SMALL = {"b": 2, "t": 3, "c": 5, "h": 7}


@given(
    st.permutations(["b", "t", "c", "h"]),
    st.lists(st.booleans(), min_size=4, max_size=4),
    st.lists(st.booleans(), min_size=4, max_size=4),
)
def test_symbols_agree_with_memory(order: list[str], left: list[bool], right: list[bool]) -> None:
    def grouped(names: list[str], cuts: list[bool]) -> list[list[str]]:
        groups: list[list[str]] = []
        for name, cut in zip(names, cuts, strict=True):
            if cut or not groups:
                groups.append([name])
            else:
                groups[-1].append(name)
        return groups

    before, after = grouped(["b", "t", "c", "h"], left), grouped(order, right)
    old, new = (tuple(math.prod((SIZES[n] for n in group), start=Size.of(1)) for group in x) for x in (before, after))
    real = [tuple(math.prod(SMALL[name] for name in group) for group in groups) for groups in (before, after)]
    nested = splits_and_merges(real[0], real[1])
    assert is_split_or_merge(old, new) is nested
    assert (moved(old, new) == ()) is nested
    assert bool(moved(old, new)) is not nested


@pytest.mark.parametrize(("before", "after"), KEPT)
def test_what_is_said_to_be_kept_is_kept_in_memory(before: str, after: str) -> None:
    at = {"b": 2, "t": 3, "c": 5, "h": 4, "w": 2, "d": 3, "dim": 6, "heads": 2}
    old, new = (known(text) if text else () for text in (before, after))
    numbers = [tuple(number(size, at) or 0 for size in sizes_) for sizes_ in (old, new)]
    if math.prod(numbers[0]) < 20_000:
        assert splits_and_merges(numbers[0], numbers[1])
