"""Where paths end: exits, returns, try and with; recursion and budgets."""

from __future__ import annotations

import time

import pytest

from nnlint.values import Scale
from tests.interpreting import events, scales, seen, wrong

P, L, U = Scale.PROBABILITIES, Scale.LOGITS, Scale.UNKNOWN

# --- ends --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "end",
    [
        "raise ValueError",
        "raise ValueError('no') from None",
        "sys.exit()",
        "sys.exit(1)",
        "exit()",
        "quit()",
        "os._exit(0)",
        "assert False",
        "raise SystemExit",
    ],
)
def test_nothing_behind_an_exit_is_run(end: str) -> None:
    assert seen(f"import os, sys\nsee(2)\n{end}\nsee(3)") == [2]


def test_a_path_that_ended_is_not_joined() -> None:
    source = """
    import sys
    z = scores
    if unknown:
        z = probs
    else:
        sys.exit("no")
    F.cross_entropy(z, y)
    """
    assert scales(source) == [P]


@wrong("a function whose every path exits returns something unknown")
def test_an_exit_in_a_called_function_ends_the_path() -> None:
    assert seen("import sys\ndef leave():\n    sys.exit()\nleave()\nsee(3)") == []


def test_a_function_that_may_exit_returns_otherwise() -> None:
    source = """
    def check():
        if unknown:
            raise ValueError
        return 2
    see(check())
    """
    assert seen(source) == [2]


def test_an_exit_on_one_path_leaves_the_others_going() -> None:
    source = """
    for i in range(3):
        if unknown:
            raise ValueError
    see(i)
    """
    assert seen(source) == [2]


# --- return ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "result"),
    [
        ("return 2\n    return 3", 2),
        ("if True:\n        return 2\n    return 3", 2),
        ("for i in (1, 2, 3):\n        if i == 2:\n            return i\n    return 9", 2),
        ("while True:\n        return 2", 2),
        ("try:\n        return 2\n    finally:\n        print()", 2),
        pytest.param("try:\n        return 2\n    finally:\n        return 3", 3),
        ("with open('f'):\n        return 2\n    return 3", 2),
        ("with open('f') as f, open('g'):\n        n = 2\n    return n", 2),
        ("if unknown:\n        return 2\n    return 2", 2),
        ("if unknown:\n        return 2\n    return 3", None),
    ],
)
def test_a_function_returns_what_its_first_return_on_the_way_gives(body: str, result: int | None) -> None:
    assert seen(f"def f():\n    {body}\nsee(f())") == [result]


def test_an_early_return_keeps_what_was_done_before() -> None:
    source = """
    def fill(box):
        box.append(probs)
        if len(box) == 1:
            return
        box.append(scores)
    box = []
    fill(box)
    F.cross_entropy(box[-1], y)
    """
    assert scales(source) == [P]


# --- try and with ------------------------------------------------------------------------------------------------


def test_the_body_of_try_is_taken_to_succeed() -> None:
    assert seen("try:\n    import fast\n    n = 2\nexcept ImportError:\n    n = 3\nsee(n)") == [2]


def test_what_handlers_do_is_seen() -> None:
    assert scales("try:\n    z = x\nexcept ValueError as error:\n    F.cross_entropy(probs, y)") == [P]


def test_else_of_try_runs_when_the_body_succeeds() -> None:
    assert seen("try:\n    n = 2\nexcept ValueError:\n    n = 3\nelse:\n    n = 4\nsee(n)") == [4]


def test_a_handler_goes_on_where_the_body_raises() -> None:
    assert seen("try:\n    n = 2\n    raise ValueError\nexcept ValueError:\n    n = 3\nsee(n)") == [3]


@pytest.mark.parametrize(
    "way_out", ["pass", "return", "raise ValueError", "sys.exit()"], ids=["end", "return", "raise", "exit"]
)
def test_finally_runs_on_every_way_out(way_out: str) -> None:
    assert seen(f"import sys\ndef f():\n    try:\n        {way_out}\n    finally:\n        see(2)\nf()") == [2]


@pytest.mark.parametrize("way_out", ["break", "continue"])
def test_finally_runs_on_every_way_out_of_a_pass(way_out: str) -> None:
    source = f"for i in (1, 2):\n    n = 0\n    try:\n        {way_out}\n    finally:\n        n = i\n    n = 9\nsee(n)"
    assert seen(source) == [1 if way_out == "break" else 2]


def test_a_pass_that_broke_off_inside_of_with_leaves_the_loop() -> None:
    assert seen("n = 1\nfor i in (2, 3):\n    with open('f'):\n        n = i\n        break\nsee(n)") == [2]


# --- recursion and budgets ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "program",
    [
        "def f(n):\n    return f(n - 1)\nf(3)",
        "def f(n):\n    return 1 if n == 0 else f(n - 1)\nf(unknown)",
        "def f(n):\n    return g(n)\ndef g(n):\n    return f(n)\nf(1)",
        "class A:\n    def __getattr__(self, name):\n        return self.other\nA().thing",
        "class A:\n    @property\n    def a(self):\n        return self.a\nA().a",
        "class A(nn.Module):\n    def forward(self, x):\n        return self(x)\nA()(x)",
        "f = lambda: f()\nf()",
        "a = []\na.append(a)\nprint(a)\nfor b in a:\n    print(b)",
        "a = {}\na['a'] = a\nprint(a)",
        "net = nn.Module()\nnet.net = net\nnet.eval()\nnet(x)",
        "class A(A):\n    pass\nA()",
        "def f(g):\n    return g(g)\nf(f)",
    ],
)
def test_recursion_ends_quietly(program: str) -> None:
    assert seen(f"see(2)\n{program}")[:1] == [2]


def test_a_recursive_function_returns_what_its_base_returns() -> None:
    source = """
    def depth(tree):
        if tree == 0:
            return 1
        return depth(tree - 1) + 1
    see(depth(3))
    """
    assert seen(source) in ([4], [None])


@pytest.mark.parametrize(
    "program",
    [
        "".join(f"if a[{i}]:\n    n = {i}\n" for i in range(300)),
        "".join(f"def f{i}():\n    f{i + 1}()\n    f{i + 1}()\n" for i in range(40)) + "def f40():\n    pass\nf0()",
        "".join(f"{'    ' * i}for i{i} in range(12):\n" for i in range(15)) + "    " * 15 + "print(1)",
        "n = " + " + ".join(["1"] * 800),
        "".join(f"if a[{i}]:\n    f = lambda: {i}\n" for i in range(200)) + "f()",
        "def f(x):\n"
        + "".join(f"    if a[{i}]:\n        x = g(x)\n" for i in range(30))
        + "def g(x):\n    return f(x)\nf(a)",
    ],
    ids=["branches", "calls that double", "nested loops", "long sum", "one of many functions", "calls and branches"],
)
def test_a_program_that_multiplies_is_given_up_in_time(program: str) -> None:
    start = time.perf_counter()
    events(f"a = torch.load('things')\n{program}")
    assert time.perf_counter() - start < 10


def test_what_was_found_before_the_budget_was_spent_stands() -> None:
    doubling = "".join(f"def f{i}():\n    f{i + 1}()\n    f{i + 1}()\n" for i in range(40)) + "def f40(): print()\n"
    assert scales(doubling + "F.cross_entropy(probs, y)\nf0()") == [P]
