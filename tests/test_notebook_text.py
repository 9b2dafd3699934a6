"""The file of a notebook: its lines, and sources put in the place of others."""

from __future__ import annotations

import json
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnlint.reading.notebook_text import content, file_line, rewritten
from nnlint.source import Unreadable

NOTEBOOK = """{
 "cells": [
  {
   "cell_type": "markdown", "id": "a",
   "metadata": {},
   "source": ["# Training"]
  },
  {
   "cell_type": "code", "id": "b",
   "execution_count": 3,
   "metadata": {},
   "outputs": [{"output_type": "stream", "name": "stdout", "text": "\\u00e9 caf\u00e9 \\/"}],
   "source": [
    "import torch\\n",
    "print('caf\\u00e9')\\n",
    "x = 1"
   ]
  },
  {"cell_type": "code", "id": "c", "source": "a = 1\\nb = 2", "execution_count": null, "outputs": [], "metadata": {}}
 ],
 "metadata": {"language_info": {"name": "python"}},
 "nbformat": 4,
 "nbformat_minor": 5
}
""".encode()

texts = st.text(st.sampled_from(["a", "\n", "\r", '"', "\\", "/", "\u00e9", "\U0001f600", "\u2028", "\t", " "]))


@st.composite
def notebooks(draw: st.DrawFn) -> bytes:
    """Files as tools write them, and as they do not."""
    listed = draw(st.lists(st.tuples(st.sampled_from(["code", "markdown"]), texts, st.booleans()), max_size=4))
    cells = [
        {"outputs": [draw(texts)], "cell_type": kind, "source": source.splitlines(True) if is_list else source}
        for kind, source, is_list in listed
    ]
    whole: dict[str, Any] = {"metadata": {"title": draw(texts)}, "nbformat": 4}
    whole |= {"cells": cells} if draw(st.booleans()) else {"worksheets": [{"cells": cells}]}
    text = json.dumps(whole, ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from([None, 0, 1, "\t"])))
    data = (text + draw(st.sampled_from(["", "\n", " \n\n"]))).encode()
    return draw(st.sampled_from([b"", b"\xef\xbb\xbf", b"\n"])) + (
        data.replace(b"\n", b"\r\n") if draw(st.booleans()) else data
    )


@given(notebooks())
def test_the_same_sources_give_the_same_bytes(data: bytes) -> None:
    assert rewritten(data, {cell.number: cell.source for cell in content("", data).cells}) == data


@given(notebooks(), texts, st.data())
def test_only_the_source_is_another(data: bytes, source: str, choice: st.DataObject) -> None:
    numbers = [cell.number for cell in content("", data).cells]
    if not numbers:
        return
    number = choice.draw(st.sampled_from(numbers))
    after = rewritten(data, {number: source})
    expected = sources(data)
    expected[number - 1] = source
    assert sources(after) == expected
    assert without_source(after, number) == without_source(data, number)
    assert forms(after) == forms(data)


@given(notebooks(), texts, st.data())
def test_what_was_written_can_be_written_back(data: bytes, source: str, choice: st.DataObject) -> None:
    """Given lines as tools split them, and one way of escaping: a source put back is the file of before."""
    cells = [cell for cell in content("", data).cells if len(cell.pieces) != 1 or not isinstance(cell.written[0], list)]
    if not cells:
        return
    cell = choice.draw(st.sampled_from(cells))
    again = rewritten(rewritten(data, {cell.number: source}), {cell.number: cell.source})
    assert json.loads(again.decode("utf-8-sig"))["metadata"] == json.loads(data.decode("utf-8-sig"))["metadata"]
    assert sources(again) == sources(data)


def test_a_line_that_stays_keeps_its_escapes() -> None:
    after = rewritten(NOTEBOOK, {2: "import torch\nprint('caf\u00e9')\nx = 2\ny = 3"})
    changed = b'"x = 2\\n",\n    "y = 3"\n'
    assert after == NOTEBOOK.replace(b'"x = 1"\n', changed)


def test_a_source_of_one_string_stays_one_string() -> None:
    assert rewritten(NOTEBOOK, {3: "a = 1"}) == NOTEBOOK.replace(b'"a = 1\\nb = 2"', b'"a = 1"')


def test_a_file_that_escapes_letters_gets_escaped_letters() -> None:
    data = b'{"cells": [{"cell_type": "code", "source": ["a = \'\\u00e9\'"]}]}'
    assert rewritten(data, {1: "b = '\u00fc'"}) == data.replace(b"a = '\\u00e9'", b"b = '\\u00fc'")


@pytest.mark.parametrize(("cell", "line", "expected"), [(2, 1, 14), (2, 2, 15), (2, 3, 16), (2, 9, 16), (3, 2, 19)])
def test_a_line_of_a_cell_has_a_line_in_the_file(cell: int, line: int, expected: int) -> None:
    assert file_line(NOTEBOOK, cell, line) == expected


@pytest.mark.parametrize("data", [b"", b"{", NOTEBOOK])
def test_a_cell_that_is_not_there_stands_at_the_first_line(data: bytes) -> None:
    assert file_line(data, 7, 3) == 1


def test_another_reader_reads_the_same_sources() -> None:
    cells = nbformat.reads(NOTEBOOK.decode(), as_version=4)["cells"]  # type: ignore[no-untyped-call]
    assert [cell.source for cell in content("", NOTEBOOK).cells] == [
        cell["source"] for cell in cells if cell["cell_type"] == "code"
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b" \n", "the file is empty"),
        (b"\xff{}", "cannot be decoded"),
        (NOTEBOOK[:200], "its JSON is broken"),
        (NOTEBOOK + b"}", "its JSON is broken: Extra data"),
        (b"[" * 100_000, "its JSON is "),
        (b"{}", "it has no cells"),
        (b'{"cells": 3}', "its parts are not where they belong"),
        (b'{"cells": [3]}', "its parts are not where they belong"),
        (b'{"cells": [{"source": "x"}]}', "cell 1 has no type"),
        (b'{"cells": [{"cell_type": "code"}]}', "cell 1 has no source"),
        (b'{"cells": [{"cell_type": "code", "source": [1]}]}', "the source of cell 1 is no text"),
    ],
)
def test_what_is_no_notebook_is_a_message(data: bytes, message: str) -> None:
    with pytest.raises(Unreadable, match=f"is no notebook: {message}"):
        content("a.ipynb", data)


def test_broken_json_is_told_with_its_line() -> None:
    with pytest.raises(Unreadable) as error:
        content("a.ipynb", NOTEBOOK.replace(b'"execution_count": 3,', b'"execution_count": 3'))
    assert (error.value.line, error.value.column) == (11, 4)


def parsed(data: bytes) -> Any:
    return json.loads(data.decode("utf-8-sig"))


def listed(data: bytes) -> list[Any]:
    whole = parsed(data)
    return list(whole["cells"] if "cells" in whole else whole["worksheets"][0]["cells"])


def sources(data: bytes) -> list[str]:
    return ["".join(cell["source"]) for cell in listed(data)]


def forms(data: bytes) -> list[type]:
    return [type(cell["source"]) for cell in listed(data)]


def without_source(data: bytes, number: int) -> str:
    """All of the file but one source, the order of its keys included."""
    whole = parsed(data)
    cells = whole["cells"] if "cells" in whole else whole["worksheets"][0]["cells"]
    cells[number - 1]["source"] = None
    return json.dumps(whole)
