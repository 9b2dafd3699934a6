"""Reading: the Script says what Python's own parser says, at the same places, and no file ends the process."""

from __future__ import annotations

import ast
import gc
import json
import os
import pickle
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnlint.reading import script as ir
from nnlint.reading.literals import NotALiteral, integer, string
from nnlint.reading.nesting import TOO_DEEP, nesting
from nnlint.reading.reader import examine, locate, read_script
from nnlint.source import Source, Span, Unreadable
from tests.ast_oracle import assert_read_alike, cut, nodes
from tests.corners import CORNERS


def read(text: str) -> ir.Script:
    return read_script(Source("train.py", text))


def only(text: str) -> Any:
    """The one statement of `text`; of an expression statement, the expression."""
    (statement,) = read(text).body
    return statement.value if isinstance(statement, ir.ExprStatement) else statement


def refused(text: str) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        read(text)
    return caught.value


def written(text: str, kind: type[ir.Node]) -> list[str]:
    """The stretches of `text` at which the nodes of a kind are located."""
    found = [node for node in nodes(read(text).body) if type(node) is kind]
    spans = locate(Source("train.py", text), [node.id for node in found])
    return [cut(text, spans[node.id]) for node in found]


# --- the same as Python ----------------------------------------------------------------------------------------


def standard_library() -> list[Path]:
    """About 150 files, the same ones every time on one version of Python; the longest would take half of the time."""
    folder = Path(sysconfig.get_path("stdlib"))
    files = [*folder.glob("*.py"), *folder.glob("asyncio/*.py"), *folder.glob("email/*.py")]
    return [path for path in sorted(files) if path.stat().st_size < 60_000][:150]


@pytest.mark.parametrize("path", standard_library(), ids=lambda path: path.name)
def test_a_file_of_the_standard_library_is_read_as_python_reads_it(path: Path) -> None:
    assert_read_alike(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("text", CORNERS)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("end", ["", "\n", "  # end", "\n\n    \n"])
def test_the_corners_of_the_grammar_are_read_as_python_reads_them(text: str, newline: str, end: str) -> None:
    assert_read_alike((text + end).replace("\n", newline))


@pytest.mark.skipif(sys.version_info < (3, 11), reason="newer than this Python's parser")
def test_exception_groups_and_starred_subscripts_are_read_as_python_reads_them() -> None:
    assert_read_alike("try: a\nexcept* B as c: d\ndef f(*args: *Ts): x[*a]; x[*a, b]\n")


names = st.sampled_from(["a", "bc", "é", "_", "x9"])
expressions = st.recursive(
    names | st.sampled_from(["1", "2.5", "'s'", "b'\\n'", "None", "f'{a:{b}}'", "...", "()"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/@%&|^"), inner).map(lambda t: f"{t[0]} {t[1]} {t[2]}"),
        st.tuples(inner, st.sampled_from(["and", "or", "<", "is not", "in"]), inner).map(" ".join),
        st.tuples(st.sampled_from(["-", "not ", "~ "]), inner).map(lambda t: f"({t[0]}{t[1]})"),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} if {t[1]} else {t[2]})"),
        st.tuples(names, inner, names, inner).map(lambda t: f"{t[0]}.{t[2]}({t[1]}, *{t[2]}, {t[2]}=({t[3]}))"),
        st.tuples(inner, inner).map(lambda t: f"({t[0]})[{t[1]} : , ({t[1]})]"),
        st.tuples(inner, names, inner).map(lambda t: f"[ ({t[0]}) for {t[1]} in ({t[2]}) if {t[1]} ]"),
        st.lists(inner, min_size=1, max_size=3).map(lambda each: f"( {', '.join(each)}, )"),
        st.tuples(names, inner).map(lambda t: f"(lambda {t[0]}={t[0]}: {t[1]})"),
    ),
    max_leaves=12,
)


@given(expressions)
def test_any_expression_is_read_as_python_reads_it(text: str) -> None:
    assert_read_alike(f"x = {text}\n")


@given(
    st.text(alphabet=st.sampled_from("\\'\"nrtx019afuUN{}é\n"), max_size=12), st.sampled_from(["", "r", "u", "b", "Rb"])
)
def test_a_string_is_worth_what_python_says(body: str, prefix: str) -> None:
    text = f'{prefix}"""{body} """'
    try:
        value = ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return
    assert string(text) == value


def test_a_long_integer_is_refused_as_python_refuses_it() -> None:
    assert integer("0x" + "f" * 5000) == 16**5000 - 1
    with pytest.raises(NotALiteral):
        integer("1" * 5000)


# --- what is said of a Script ----------------------------------------------------------------------------------


def test_the_same_text_gives_an_equal_script() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert read(text) == read(text)


def test_a_script_survives_pickling() -> None:
    script = read(Path(__file__).read_text(encoding="utf-8"))
    assert pickle.loads(pickle.dumps(script)) == script


def test_ids_number_the_nodes() -> None:
    script = read(Path(__file__).read_text(encoding="utf-8"))
    ids = [node.id for node in nodes(script.body)]
    assert sorted(ids) == list(range(len(ids)))


def test_reading_leaves_the_garbage_collector_as_it_was() -> None:
    read("x = 1")
    assert gc.isenabled()
    refused("x = ")
    assert gc.isenabled()


def test_a_type_alias_and_type_parameters_are_passed_over() -> None:
    alias, function, class_ = read("type A[T] = list[T]\ndef f[T: int](x: T): pass\nclass C[*Ts, **P]: pass\n").body
    assert isinstance(alias, ir.Pass)
    assert isinstance(function, ir.FunctionDef)
    assert [parameter.name for parameter in function.parameters.items] == ["x"]
    assert isinstance(class_, ir.ClassDef)
    assert class_.arguments == ()


def test_an_empty_file_is_an_empty_script() -> None:
    assert [read(text).body for text in ("", "\n", "# nothing", "\ufeff")] == [(), (), (), ()]


def test_a_name_is_known_by_its_normal_form() -> None:
    assert only("ﬁt.ﬁt").attr == "fit"


# --- places ----------------------------------------------------------------------------------------------------


def test_a_definition_stands_at_its_name() -> None:
    text = "@decorate\nasync def  train (x):\n    class Net (Module): pass\n"
    assert written(text, ir.FunctionDef) == ["train"]
    assert written(text, ir.ClassDef) == ["Net"]


def test_parentheses_around_an_expression_are_not_part_of_it() -> None:
    assert written("x = ( ( f(a) ) )", ir.Call) == ["f(a)"]


def test_parentheses_of_a_tuple_are_part_of_it() -> None:
    assert written("x = ((1, 2))", ir.TupleDisplay) == ["(1, 2)"]


def test_the_tuple_of_an_index_stands_where_its_subscript_does() -> None:
    assert written("y = x[:, 0] + 1", ir.TupleDisplay) == ["x[:, 0]"]


def test_columns_count_characters_and_lines_count_as_python_counts() -> None:
    text = "x = '𝛼\u2028'; y = f(1)\r\nz = g(2)"  # noqa: RUF001
    call = next(node for node in nodes(read(text).body) if isinstance(node, ir.Call))
    assert locate(Source("train.py", text), [call.id]) == {call.id: Span(1, 15, 1, 19)}


def test_a_byte_order_mark_moves_nothing() -> None:
    assert locate(Source("train.py", "\ufefff(1)"), [0]) == {0: Span(1, 1, 1, 5)}


def test_locating_nothing_costs_nothing() -> None:
    assert locate(Source("train.py", "this does not parse"), []) == {}


# --- files that can not be read --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message", "line", "column"),
    [
        ("import os\nprint 'x'\n", "does not parse as Python 3: ", 2, 1),
        ("x = 1\ny = 'a' b'b'\n", "does not parse as Python 3: cannot mix bytes", 2, None),
        ("x = 1\ny = \0\n", "has a null byte in it", 2, 5),
        ("if a:\n    x\n  y\n", "does not parse as Python 3: unindent does not match", 3, None),
        ("x = '\ud800'", "has half of a surrogate pair in it", 1, 6),
        ("x = 1\ny = " + "(" * 101 + ")" * 101, TOO_DEEP, 2, 105),
    ],
)
def test_what_can_not_be_read_is_said_with_its_place(text: str, message: str, line: int, column: int | None) -> None:
    error = refused(text)
    assert error.message.startswith(message)
    assert error.line == line
    assert column in (error.column, None)
    assert len(error.message) < 200


def test_what_libcst_alone_refuses_is_read_but_not_mended() -> None:
    (statement,) = read("(x): int = 1").body
    assert isinstance(statement, ir.AnnotatedAssign)
    with pytest.raises(Unreadable) as caught:
        examine(Source("train.py", "(x): int = 1"), lambda module, nodes: None)
    assert caught.value.message.startswith("does not parse: expected one of")
    assert (caught.value.line, caught.value.column) == (1, 5)


@given(st.text(alphabet=st.sampled_from("ab1 .,:;=+-*()[]{}'\"\\\n\t#@\0\r\ffé"), max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        script = read(text)
    except Unreadable:
        return
    locate(Source("train.py", text), [node.id for node in nodes(script.body)])


DEEP = {
    "brackets": "x = " + "(" * 50_000 + "1" + ")" * 50_000,
    "brackets closed in comments": "x = " + "(#)\n" * 5_000 + "1" + ")" * 5_000,
    "calls": "f(" * 50_000 + ")" * 50_000,
    "sum": "x = " + "a+" * 200_000 + "a",
    "unary": "x = " + "-" * 5_000 + "a",
    "lambdas": "x = " + "lambda a, b: " * 1_500 + "a",
    "conditionals": "x = " + "a if b else " * 500 + "c",
    "fields": "x = " + "f'{" * 5_000,
    "attributes": "a" + ".b" * 1_000,
    "blocks": "".join(" " * depth + "if a:\n" for depth in range(3_000)),
}


def test_no_depth_ends_the_process() -> None:
    """In a process of its own, where a stack that overflows ends that one and not this."""
    code = (
        "import sys, json\n"
        "from nnlint.reading.reader import read_script\n"
        "from nnlint.source import Source, Unreadable\n"
        "for name, text in json.load(sys.stdin).items():\n"
        "    try: read_script(Source(name, text))\n"
        "    except Unreadable as error: print(name, error.message, sep=': ')\n"
        "    else: print(name)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=json.dumps(DEEP), capture_output=True, text=True, cwd=os.getcwd()
    )
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == len(DEEP)
    assert "recursion" not in done.stdout


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "a + " * 600 + "f(b)",
        "x = (" + "'a'\n" * 3_000 + ")",
        "if a: b\n" + "elif c: d\n" * 600,
        "x = [" + "-1, " * 5_000 + "]",
    ],
    ids=["sum", "strings", "elif", "list"],
)
def test_what_people_and_generators_write_is_read_however_long(text: str) -> None:
    script = read(text)
    assert locate(Source("train.py", text), [0]).keys() == {0}
    assert script.body


def test_ordinary_code_is_read_without_a_thread_of_its_own() -> None:
    assert nesting(Path(__file__).read_text(encoding="utf-8").partition("DEEP =")[0]).stack < 700_000


@pytest.mark.parametrize("quote", ['"""', "'''", '"', "'"])
def test_a_string_that_is_not_closed_is_weighed_to_the_end(quote: str) -> None:
    """As it is typed: with one way too many to read it, this would never end."""
    text = f"({quote}" + "words, \\n and more of them " * 200
    assert nesting(text).brackets == 1
