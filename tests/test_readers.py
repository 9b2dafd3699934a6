"""The two readers: of a file that both can read they give the equal Script, at the same places."""

from __future__ import annotations

import sys
import sysconfig
import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnlint.reading import parsing
from nnlint.reading.reader import locate, read_script
from nnlint.reading.script import Script
from nnlint.source import Source, Unreadable
from tests.corners import BORDERS, CORNERS, FIELDS, NEWER
from tests.readers import ALIKE, DEEP, LEFT_TO_LIBCST, ONLY_LIBCST, compared, sources
from tests.test_reading import expressions

FIXTURES = Path(__file__).parent.parent / "fixtures"
STANDARD_LIBRARY = Path(sysconfig.get_path("stdlib"))
ARE_FIELDS_MISPLACED = sys.version_info < (3, 12)


def standard_library() -> list[Path]:
    """All of it but its tests, which `python -m tests.readers` reads in two minutes."""
    left_out = {"site-packages", "test", "tests", "idle_test", "lib2to3"}
    paths = sorted(STANDARD_LIBRARY.rglob("*.py"))
    return [path for path in paths if left_out.isdisjoint(path.relative_to(STANDARD_LIBRARY).parts)]


@pytest.mark.parametrize("path", standard_library(), ids=lambda path: str(path.relative_to(STANDARD_LIBRARY)))
def test_the_standard_library_is_read_alike(path: Path) -> None:
    assert compared(Source.read(path)) in (ALIKE, LEFT_TO_LIBCST, DEEP)


@pytest.mark.parametrize("folder", sorted(FIXTURES.iterdir()), ids=lambda path: path.name)
def test_the_fixtures_are_read_alike(folder: Path) -> None:
    read = [compared(source) for source in sources([folder])]
    assert read
    assert set(read) <= {ALIKE, LEFT_TO_LIBCST}


@pytest.mark.parametrize("text", [*CORNERS, *BORDERS])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("end", ["", "\n", "  # end", "\n\n    \n"])
def test_the_corners_of_the_grammar_are_read_alike(text: str, newline: str, end: str) -> None:
    assert compared(Source("train.py", (text + end).replace("\n", newline))) in (ALIKE, LEFT_TO_LIBCST)


@pytest.mark.parametrize("text", NEWER)
def test_newer_syntax_is_read_alike_or_by_libcst_alone(text: str) -> None:
    assert compared(Source("train.py", text)) in (ALIKE, ONLY_LIBCST)


@pytest.mark.parametrize("text", FIELDS)
def test_expressions_in_f_strings_are_placed_by_libcst_where_python_misplaces_them(text: str) -> None:
    source = Source("train.py", text)
    assert compared(source) == (LEFT_TO_LIBCST if ARE_FIELDS_MISPLACED else ALIKE)
    module, _, nodes = parsing.by_libcst(source)
    numbers = range(len(nodes))
    assert locate(source, numbers) == parsing.located_by_libcst(source, module, nodes, numbers)


@given(expressions)
def test_any_expression_is_read_alike(text: str) -> None:
    assert compared(Source("train.py", f"x = {text}\n")) in (ALIKE, LEFT_TO_LIBCST)


@given(st.text(alphabet=st.sampled_from("ab1 .,:;=+-*()[]{}'\"\\\n\t#\r\ffé"), max_size=60))
def test_no_text_is_read_in_two_ways(text: str) -> None:
    compared(Source("train.py", text))  # raises


def test_a_byte_order_mark_moves_nothing_for_either() -> None:
    assert compared(Source("train.py", "\ufeffx = f(1)\n")) == ALIKE


def test_what_this_python_does_not_parse_libcst_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(text: str) -> None:
        raise SyntaxError

    source = Source("train.py", "for a in b:\n    if f(a): c = a.d\n")
    script, spans = read_script(source), locate(source, range(8))
    monkeypatch.setattr(parsing, "_parsed_by_python", refused)
    assert read_script(source) == script
    assert locate(source, range(8)) == spans


def test_a_node_that_is_too_new_for_the_lowering_is_left_to_libcst(monkeypatch: pytest.MonkeyPatch) -> None:
    from nnlint.reading import expressions

    source = Source("train.py", "x = 1")
    monkeypatch.delitem(
        expressions.EXPRESSIONS, next(each for each in expressions.EXPRESSIONS if each.__name__ == "Constant")
    )
    assert parsing.by_python(source) is None
    with pytest.raises(Unreadable, match="syntax that nnlint does not know"):
        read_script(source)


def test_python_warns_of_nothing_that_it_reads() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert isinstance(read_script(Source("train.py", "x = '\\d'\nif 1is 1: pass\n")), Script)
