"""Changes become text edits: of expressions, arguments and statements, with the layout that the file has."""

from __future__ import annotations

import textwrap

import libcst as cst
import pytest

from nnlint import (
    Decorate,
    InsertAfter,
    InsertBefore,
    InsertInto,
    MoveAfter,
    MoveBefore,
    Named,
    Remove,
    RemoveArgument,
    Rename,
    Replace,
    SetArgument,
    Unwrap,
    Wrap,
)
from nnlint.changes import Change
from nnlint.editing import edits
from nnlint.editing.tree import Tree
from nnlint.fixing.splicing import with_edits
from nnlint.reading.reader import examine
from nnlint.source import Place, Source


def at(text: str, piece: str, number: int = 0) -> Place:
    """The place of the node that is written as `piece`, the largest of several."""

    def find(module: cst.Module, nodes: list[cst.CSTNode]) -> Place:
        tree = Tree(module, nodes, text)
        found = [index for index, node in enumerate(nodes) if tree.source(node) == piece]
        return Place("f.py", found[number])

    return examine(Source("f.py", text), find)


def changed(text: str, *wanted: Change) -> str | None:
    made = edits(Source("f.py", text), [wanted])[0]
    return None if made is None else with_edits(text, made)


def case(text: str) -> str:
    return textwrap.dedent(text).lstrip("\n")


# --- expressions -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("loss(F.softmax(x, dim=1), y)", "loss(x, y)"),
        ("loss(F.softmax(a + b, dim=1), y)", "loss(a + b, y)"),
        ("z = F.softmax(a + b, dim=1) * 2", "z = (a + b) * 2"),
        ("z = F.softmax(input=x, dim=1)", "z = x"),
        ("z = F.softmax(\n    a +\n    b, dim=1)", "z = (a +\n    b)"),
    ],
)
def test_unwrapped_is_what_a_function_computes_with(before: str, after: str) -> None:
    head = "import torch.nn.functional as F\n"
    piece = before[before.index("F.") : before.index("1)") + 2]
    assert changed(head + before + "\n", Unwrap(at(head + before + "\n", piece))) == head + after + "\n"


@pytest.mark.parametrize(
    ("before", "piece", "after"),
    [
        ("z = x.softmax(1)", "x.softmax(1)", "z = x"),
        ("z = x.y.softmax(-1).sum()", "x.y.softmax(-1)", "z = x.y.sum()"),
        ("z = (a + b).softmax(dim=1).sum()", "(a + b).softmax(dim=1)", "z = (a + b).sum()"),
        ("z = self.act(x)", "self.act(x)", "z = x"),
        ("z = nn.Softmax(1)(x)", "nn.Softmax(1)", "z = x"),
        (
            "net = nn.Sequential(nn.Linear(2, 2), nn.Softmax(1))",
            "nn.Softmax(1)",
            "net = nn.Sequential(nn.Linear(2, 2))",
        ),
        ("net = [nn.Softmax(1), nn.Linear(2, 2)]", "nn.Softmax(1)", "net = [nn.Linear(2, 2)]"),
        ("self.act = nn.Softmax(1)", "nn.Softmax(1)", "self.act = nn.Identity()"),
    ],
)
def test_unwrapped_are_methods_and_layers(before: str, piece: str, after: str) -> None:
    head = "from torch import nn\n"
    assert changed(head + before + "\n", Unwrap(at(head + before + "\n", piece))) == head + after + "\n"


def test_an_assignment_of_a_name_to_itself_goes_with_the_call() -> None:
    text = "import torch\nx = f()\nx = torch.softmax(x, 1)\ng(x)\n"
    assert changed(text, Unwrap(at(text, "torch.softmax(x, 1)"))) == "import torch\nx = f()\ng(x)\n"


@pytest.mark.parametrize("call", ["x.softmax(dim)", "f(*values)", "f()"])
def test_what_has_no_certain_operand_is_not_unwrapped(call: str) -> None:
    text = f"z = {call}\n"
    assert changed(text, Unwrap(at(text, call))) is None


def test_a_layer_on_a_line_of_its_own_goes_with_its_line() -> None:
    text = "net = Sequential(\n    Linear(2, 2),\n    Softmax(1),\n)\n"
    assert changed(text, Unwrap(at(text, "Softmax(1)"))) == "net = Sequential(\n    Linear(2, 2),\n)\n"


@pytest.mark.parametrize(
    ("before", "code", "after"),
    [
        ("z = x * y\n", ("a + b",), "z = a + b\n"),
        ("z = f(x * y)\n", ("a + b",), "z = f(a + b)\n"),
        ("z = (x * y)\n", ("a + b",), "z = (a + b)\n"),
        ("z = (x * y).sum()\n", ("a + b",), "z = (a + b).sum()\n"),
        ("z = -(x * y)\n", ("a.b(c)",), "z = -(a.b(c))\n"),
        ("z = x * y + 1\n", ("a if b else c",), "z = (a if b else c) + 1\n"),
        ("z = x * y,\n", ("a, b",), "z = (a, b),\n"),
    ],
)
def test_an_expression_is_replaced_with_the_parentheses_it_needs(before: str, code: tuple[str], after: str) -> None:
    assert changed(before, Replace(at(before, "x * y"), code)) == after


def test_source_that_is_taken_over_keeps_together() -> None:
    text = "z = f(a + b)\n"
    assert (
        changed(text, Replace(at(text, "f(a + b)"), (at(text, "a + b"), ".squeeze(-1)"))) == "z = (a + b).squeeze(-1)\n"
    )
    assert changed(text, Replace(at(text, "f(a + b)"), ("g(", at(text, "a + b"), ", 1)"))) == "z = g(a + b, 1)\n"
    assert changed(text, Replace(at(text, "f(a + b)"), ("~", at(text, "a + b")))) == "z = ~(a + b)\n"


@pytest.mark.parametrize(
    ("head", "call", "name", "expected"),
    [
        ("import torch.nn.functional as F", "F.softmax(x)", "log_softmax", "F.log_softmax(x)"),
        ("", "x.softmax(1)", "log_softmax", "x.log_softmax(1)"),
        (
            "from torch.nn.functional import softmax\nimport torch",
            "softmax(x)",
            "log_softmax",
            "torch.nn.functional.log_softmax(x)",
        ),
        ("from torch import nn", "nn.BCELoss()", Named("torch.nn.BCEWithLogitsLoss"), "nn.BCEWithLogitsLoss()"),
        ("from torch.optim import *", "SGD(p)", Named("torch.optim.Adam"), None),
    ],
)
def test_a_function_gets_another_name(head: str, call: str, name: str | Named, expected: str | None) -> None:
    text = f"{head}\nz = {call}\n"
    if expected is None:  # nothing is known of the name: an import is added
        assert changed(text, Rename(at(text, call), name)) == f"{head}\nimport torch\nz = torch.optim.Adam(p)\n"
    else:
        assert changed(text, Rename(at(text, call), name)) == f"{head}\nz = {expected}\n"


@pytest.mark.parametrize(
    ("imports", "written"),
    [
        ("import torch", "torch.no_grad()"),
        ("import torch as t", "t.no_grad()"),
        ("from torch import no_grad", "no_grad()"),
        ("from torch import nn, no_grad as calm", "calm()"),
        ("try:\n    import torch\nexcept ImportError:\n    pass", "torch.no_grad()"),
    ],
)
def test_a_dotted_name_is_written_as_the_file_writes_it(imports: str, written: str) -> None:
    text = f"{imports}\nx = y\n"
    assert changed(text, Replace(at(text, "y"), (Named("torch.no_grad"), "()"))) == f"{imports}\nx = {written}\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"""Doc."""\nx = y\n', '"""Doc."""\nimport torch\nx = torch.pi\n'),
        ("import os\nimport sys\n\nx = y\n", "import os\nimport sys\nimport torch\n\nx = torch.pi\n"),
        ("# coding: utf-8\nx = y\n", "# coding: utf-8\nimport torch\nx = torch.pi\n"),
        ("torch = 1\nimport torch.x as torch\nx = y\n", None),
    ],
)
def test_an_import_that_is_missing_is_added(before: str, after: str | None) -> None:
    if after is not None:
        assert changed(before, Replace(at(before, "y"), (Named("torch.pi"),))) == after


# --- arguments -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f()", "f(bias=False)"),
        ("f(a)", "f(a, bias=False)"),
        ("f(a,)", "f(a, bias=False)"),
        ("f(a, bias=True)", "f(a, bias=False)"),
        ("f(a, bias=True, c=1)", "f(a, bias=False, c=1)"),
        ("f(a, b, True)", "f(a, b, False)"),
        ("f(\n    a,\n    b,\n)", "f(\n    a,\n    b,\n    bias=False,\n)"),
        ("f(\n    a,\n    b\n)", "f(\n    a,\n    b,\n    bias=False\n)"),
        ("f(a,\n  b)", "f(a,\n  b,\n  bias=False)"),
        ("f(a, (b))", "f(a, (b), bias=False)"),
        ("f(**options)", None),
        ("f(*sizes)", None),
        ("f(x for x in y)", None),
    ],
)
def test_a_call_gets_an_argument(before: str, after: str | None) -> None:
    text = before + "\n"
    found = changed(text, SetArgument(at(text, before), "bias", ("False",), position=2))
    assert found == (None if after is None else after.replace("f(a,  ", "f(a, ") + "\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f(a, bias=True)", "f(a)"),
        ("f(bias=True, a=1)", "f(a=1)"),
        ("f(bias=True)", "f()"),
        ("f(\n    a,\n    bias=True,\n)", "f(\n    a,\n)"),
        ("f(a)", "f(a)"),
    ],
)
def test_a_call_loses_an_argument(before: str, after: str) -> None:
    text = before + "\n"
    assert changed(text, RemoveArgument(at(text, before), "bias")) == after + "\n"


# --- statements ------------------------------------------------------------------------------------------------

LOOP = case("""
    for x in loader:
        # forward
        loss = f(x)  # the loss
        loss.backward()
        step()
    print(1)
    """)


def test_a_statement_is_inserted_before_another() -> None:
    assert changed(LOOP, InsertBefore(at(LOOP, "loss.backward()"), ("clear()",))) == LOOP.replace(
        "    loss.backward()", "    clear()\n    loss.backward()"
    )


def test_a_statement_is_inserted_behind_a_loop() -> None:
    place = at(LOOP, LOOP[: LOOP.index("\nprint")])
    assert changed(LOOP, InsertAfter(place, ("clear()",))) == LOOP.replace("print", "clear()\nprint")


def test_a_statement_is_inserted_behind_the_last_line_of_a_file() -> None:
    text = "a()\nb()"
    assert changed(text, InsertAfter(at(text, "b()"), ("c()",))) == "a()\nb()\nc()"


def test_nothing_is_inserted_behind_a_return() -> None:
    text = "def f():\n    return x\n"
    assert changed(text, InsertAfter(at(text, "x"), ("c()",))) is None


def test_a_statement_becomes_the_first_of_a_function_behind_its_docstring() -> None:
    text = 'def f():\n    """Doc."""\n    g()\n'
    place = at(text, text.strip())
    assert changed(text, InsertInto(place, ("h()",))) == 'def f():\n    """Doc."""\n    h()\n    g()\n'


@pytest.mark.parametrize("code", ["if a: g()", "x = 1; g()"])
def test_a_statement_that_shares_its_line_is_not_moved(code: str) -> None:
    text = f"a()\n{code}\n"
    assert changed(text, MoveBefore(at(text, "g()"), at(text, "a()"))) is None


def test_a_statement_is_moved_with_its_comment_to_the_indentation_of_the_target() -> None:
    text = "if a:\n    b()\n    c(1,\n      2)  # see\nd()\n"
    place = at(text, "c(1,\n      2)")
    assert changed(text, MoveBefore(place, at(text, "d()"))) == "if a:\n    b()\nc(1,\n  2)  # see\nd()\n"
    assert changed(text, MoveAfter(at(text, "b()"), place)) == "if a:\n    c(1,\n      2)  # see\n    b()\nd()\n"


def test_a_block_that_loses_its_only_statement_has_a_pass() -> None:
    text = "if a:\n    b()  # c\nd()\n"
    assert changed(text, Remove(at(text, "b()"))) == "if a:\n    pass  # c\nd()\n"


def test_statements_are_put_into_a_block_and_strings_stay_as_they_are() -> None:
    text = 'import torch\na()\nfor x in y:\n    b("""\n  text""")\n\n    c()  # see\nd()\n'
    change = Wrap(at(text, "a()"), at(text, "c()"), (Named("torch.no_grad"), "()"))
    expected = (
        "import torch\nwith torch.no_grad():\n    a()\n    for x in y:\n"
        '        b("""\n  text""")\n\n        c()  # see\nd()\n'
    )
    assert changed(text, change) == expected


def test_a_function_is_decorated_below_its_other_decorators() -> None:
    text = "import torch\nclass A:\n    @staticmethod\n    def f(x):\n        return x\n"
    place = at(text, "def f(x):\n        return x")
    assert changed(text, Decorate(place, (Named("torch.no_grad"), "()"))) == text.replace(
        "    def", "    @torch.no_grad()\n    def"
    )


def test_line_ends_stay_as_the_file_has_them() -> None:
    text = "a()\r\nb()\r\n"
    assert changed(text, InsertBefore(at(text, "b()"), ("c()",))) == "a()\r\nc()\r\nb()\r\n"


def test_tabs_stay_tabs() -> None:
    text = "if a:\n\tb()\n"
    change = Wrap(at(text, "b()"), at(text, "b()"), ("c()",))
    assert changed(text, change) == "if a:\n\twith c():\n\t\tb()\n"


def test_a_fix_is_whole_or_not_at_all() -> None:
    text = "f(**a)\nb()\n"
    assert changed(text, Remove(at(text, "b()")), SetArgument(at(text, "f(**a)"), "x", ("1",))) is None


def test_changes_that_overlap_are_no_fix() -> None:
    text = "f(a)\n"
    assert changed(text, Replace(at(text, "f(a)"), ("g()",)), Replace(at(text, "a"), ("b",))) is None
