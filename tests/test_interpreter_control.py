"""Paths through a program: where they part, meet and end."""

from __future__ import annotations

import pytest

from nnlint.values import Gradients, Scale
from tests.interpreting import gradients, scales, seen, wrong

P, L, U = Scale.PROBABILITIES, Scale.LOGITS, Scale.UNKNOWN

# --- branches ----------------------------------------------------------------------------------------------------

both_probabilities = pytest.mark.parametrize(
    "branches",
    [
        "if unknown:\n    z = probs\nelse:\n    z = F.softmax(x, 1)",
        "if unknown:\n    z = probs\nelif other:\n    z = F.softmax(x, 1)\nelse:\n    z = x.softmax(0)",
        "z = probs if unknown else F.softmax(x, 1)",
        "z = probs\nif unknown:\n    print(z)",
        "z = probs\nif unknown:\n    z = F.softmax(x, 1)",
        "try:\n    z = probs\nexcept OSError:\n    z = F.softmax(x, 1)",
        "for _ in loader:\n    z = probs\nelse:\n    z = probs",
        "match unknown:\n    case 1:\n        z = probs\n    case _:\n        z = F.softmax(x, 1)",
    ],
)


@both_probabilities
def test_what_holds_on_both_paths_holds_where_they_meet(branches: str) -> None:
    assert scales(f"{branches}\nF.cross_entropy(z, y)") == [P]


@pytest.mark.parametrize(
    "branches",
    [
        "if unknown:\n    z = probs\nelse:\n    z = scores",
        "z = scores\nif unknown:\n    z = probs",
        "if unknown:\n    z = probs\nelif other:\n    z = probs\nelse:\n    z = scores",
        "z = probs if unknown else scores",
        "z = scores\nfor item in loader:\n    if item:\n        z = probs\n        break",
        "z = scores\nif unknown:\n    if other:\n        z = probs",
        "match unknown:\n    case 1:\n        z = probs\n    case _:\n        z = scores",
        pytest.param(
            "match unknown:\n    case {'a': _}:\n        z = probs\n    case [first, *_]:\n"
            "        z = scores\n    case _:\n        z = x",
        ),
    ],
)
def test_what_holds_on_one_path_only_is_not_known_where_they_meet(branches: str) -> None:
    assert scales(f"{branches}\nF.cross_entropy(z, y)") == [U]


@pytest.mark.parametrize(
    ("test", "truth"),
    [
        ("True", True),
        ("not True", False),
        ("1 < 2 < 3", True),
        ("1 < 2 > 3", False),
        ("'a' in ('a', 'b')", True),
        ("'c' not in 'abc'", False),
        ("None is None", True),
        ("[] or ()", False),
        ("[0] and {'a': 1}", True),
        ("len([1, 2]) == 2", True),
        ("__name__ == '__main__'", True),
        ("isinstance(nn.Linear(1, 1), nn.Module)", True),
        ("isinstance(3, str)", False),
        ("hasattr(nn.Linear(1, 1), 'no_such_thing')", False),
        ("callable(print)", True),
        ("'a' if False else ''", False),
        ("any([False, True])", True),
        ("all([True, False])", False),
        ("bool('x')", True),
        ("(n := 0)", False),
    ],
)
def test_a_known_test_never_takes_the_wrong_branch(test: str, truth: bool) -> None:
    assert seen(f"n = 1\nif {test}:\n    n = 2\nelse:\n    n = 3\nsee(n)") in ([2 if truth else 3], [None])


@pytest.mark.parametrize("test", ["True", "1 < 2", "'a' in ('a', 'b')", "None is None", "not 0", "len([1, 2]) == 2"])
def test_the_branch_that_is_not_taken_leaves_no_trace(test: str) -> None:
    assert scales(
        f"z = scores\nif {test}:\n    z = probs\nelse:\n    F.cross_entropy(z, y)\nF.cross_entropy(z, y)"
    ) == [P]


def test_a_branch_sees_nothing_of_what_another_branch_did() -> None:
    source = """
    box = [scores]
    if unknown:
        box[0] = probs
    else:
        F.cross_entropy(box[0], y)
    """
    assert scales(source) == [L]


def test_two_tests_of_the_same_thing_have_the_same_outcome() -> None:
    source = """
    z = scores
    if unknown:
        z = probs
        if not unknown:
            F.cross_entropy(z, y)
    """
    assert scales(source) == []


def test_the_right_of_and_runs_only_where_the_left_is_true() -> None:
    source = """
    def loss():
        F.cross_entropy(probs, y)
        return True
    done = False and loss()
    done = True or loss()
    done = True and loss()
    """
    assert scales(source) == [P]


def test_a_conditional_expression_evaluates_one_side() -> None:
    assert scales("F.cross_entropy(probs, y) if True else F.cross_entropy(scores, y)") == [P]


# --- match -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("subject", "number"), [("'a'", 1), ("'b'", 2), ("'c'", 2), ("'z'", 3), ("None", 4)], ids=str)
def test_match_takes_the_first_case_that_fits(subject: str, number: int) -> None:
    source = f"""
    match {subject}:
        case "a":
            n = 1
        case "b" | "c":
            n = 2
        case None:
            n = 4
        case _:
            n = 3
    see(n)
    """
    assert seen(source) == [number]


def test_match_binds_what_it_captures() -> None:
    assert scales("match probs:\n    case z:\n        F.cross_entropy(z, y)") == [P]


def test_match_on_a_class_may_not_fit() -> None:
    source = """
    from elsewhere import Point
    z = scores
    match unknown:
        case Point(x=0):
            z = probs
    F.cross_entropy(z, y)
    """
    assert scales(source) == [U]


def test_a_guard_may_refuse_a_case() -> None:
    source = """
    match 1:
        case 1 if unknown:
            z = probs
        case _:
            z = scores
    F.cross_entropy(z, y)
    """
    assert scales(source) == [U]


# --- loops -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loop", "result"),
    [
        ("for i in range(4):\n    n += i", 7),
        ("for i in range(4, 0, -2):\n    n += i", 7),
        ("for i in (1, 2, 3):\n    if i == 2:\n        continue\n    n += i", 5),
        ("for i in (1, 2, 3):\n    if i == 2:\n        break\n    n += i", 2),
        ("for i in (1, 2):\n    for j in (10, 20):\n        if j == 20:\n            break\n        n += j", 21),
        ("for i, j in enumerate([5, 6], 1):\n    n += i * j", 18),
        ("for i, j in zip((1, 2), (3, 4)):\n    n += i * j", 12),
        ("for key, value in {'a': 2, 'b': 3}.items():\n    n += value", 6),
        pytest.param("for i in reversed([1, 2]):\n    n = n * 2 + i", 9),
        ("for i in sorted([3, 1]):\n    n += i", 5),
        ("for i in []:\n    n = 9\nelse:\n    n += 1", 2),
        ("for i in (1, 2):\n    break\nelse:\n    n = 9", 1),
        ("for (a, b), c in [((1, 2), 3)]:\n    n = a + b * c", 7),
        ("n = [i * 2 for i in (1, 2)][1]", 4),
        ("n = [i for i in (1, 2, 3) if i > 2][0]", 3),
        ("n = {k: k * 2 for k in (1, 2)}[2]", 4),
        ("while False:\n    n = 9", 1),
    ],
)
def test_a_loop_of_known_length_is_run_to_its_end(loop: str, result: int) -> None:
    assert seen(f"n = 1\n{loop}\nsee(n)") == [result]


@pytest.mark.parametrize(
    "loop",
    [
        "for item in loader:\n    n += 1",
        "while unknown():\n    n += 1",
        "while True:\n    n += 1\n    if unknown():\n        break",
        "for item in loader:\n    if item:\n        n = 2\n        break",
        "for item in loader:\n    if item:\n        continue\n    n = 2",
    ],
)
def test_what_an_unknown_number_of_passes_counts_is_not_known(loop: str) -> None:
    assert seen(f"n = 1\n{loop}\nsee(n)") == [None]


@pytest.mark.parametrize("loop", ["for item in loader", "while unknown()", "while True", "for i in range(100)"])
def test_the_second_pass_sees_what_the_first_one_left(loop: str) -> None:
    source = f"""
    z = scores
    {loop}:
        F.cross_entropy(z, y)
        z = probs
    """
    assert scales(source) == [L, P]


def test_a_loop_over_an_unknown_number_of_things_fills_a_list_of_unknown_length() -> None:
    source = """
    found = []
    for item in loader:
        found.append(1)
    see(len(found))
    """
    assert seen(source) == [None]


@wrong("a loop is taken to be run at least once")
def test_a_loop_may_not_be_run_at_all() -> None:
    source = """
    z = scores
    for item in loader:
        z = probs
    F.cross_entropy(z, y)
    """
    assert scales(source) == [U]


@wrong("an endless loop without a break is left")
def test_nothing_behind_an_endless_loop_is_run() -> None:
    assert seen("while True:\n    print(1)\nsee(3)") == []


def test_an_endless_loop_is_left_by_break_only() -> None:
    source = """
    z = scores
    while True:
        z = probs
        if unknown():
            break
        z = scores
    F.cross_entropy(z, y)
    """
    assert scales(source) == [P]


def test_else_of_a_loop_runs_on_the_paths_without_break() -> None:
    source = """
    for item in loader:
        if item:
            z = probs
            break
    else:
        z = scores
    F.cross_entropy(z, y)
    """
    assert scales(source) == [U]


@wrong("the else of a while is run only where the test is false at once")
def test_else_of_while_runs_on_the_paths_without_break() -> None:
    assert seen("n = 1\nwhile unknown():\n    print(n)\nelse:\n    n = 2\nsee(n)") == [2]


# --- steady state ------------------------------------------------------------------------------------------------


def test_the_steady_state_of_a_training_loop_shows_in_its_second_pass() -> None:
    source = """
    net = nn.Linear(2, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for batch in loader:
        net(batch).sum().backward()
        optimizer.step()
    """
    assert gradients(source)[-1] is Gradients.REUSED
