"""A notebook as one program."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager

from nnlint.reading.magics import SHOWN
from nnlint.reading.notebook import Notebook, NotPython
from nnlint.source import NEW_LINE, Place, Span, Unreadable

NET = """%%time
files = !ls
net = nn.Sequential(
    nn.Linear(8, 16),
    nn.BatchNorm1d(16),
    nn.Linear(16, 2))
net?"""
LOOP = """optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for step in range(500):
    optimizer.zero_grad()
    net(torch.randn(8, 8)).pow(2).sum().backward()
    optimizer.step()
display(step)"""
CELLS = [
    ("markdown", "# Training"),
    ("code", "%matplotlib inline\nimport torch\nfrom torch import nn\n!pip install torch"),
    ("code", "%%bash\nrm -rf runs\necho $HOME"),
    ("code", NET),
    ("code", LOOP),
]


def data() -> bytes:
    content = [{"cell_type": kind, "source": source.splitlines(True), "metadata": {}} for kind, source in CELLS]
    return json.dumps({"cells": content, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}).encode()


def test_a_place_is_told_by_cell_and_line() -> None:
    notebook = Notebook.read("a.ipynb", data())
    line = notebook.text.split("\n").index("    nn.Linear(8, 16),") + 1
    place = notebook.place(Place("a.ipynb", span=Span(line, 5, line, 21)))
    assert (place.cell, place.span) == (4, Span(4, 5, 4, 21))
    assert notebook.cells.text_of(4) == NET


def test_an_end_behind_the_last_line_of_a_cell_is_the_end_of_that_line() -> None:
    notebook = Notebook.read("a.ipynb", book("x = 1\ny = 2", "z = 3"))
    assert notebook.place(Place("a.ipynb", span=Span(3, 1, 4, 1))) == Place("a.ipynb", -1, Span(2, 1, 2, 6), 1)


def test_the_older_format_is_read() -> None:
    old = {"worksheets": [{"cells": [{"cell_type": "code", "input": ["x = 1\n", "y = 2"]}]}], "nbformat": 3}
    assert program(json.dumps(old).encode()) == "x = 1\ny = 2\n"


PLAIN = {
    "%matplotlib inline": "pass",
    "!pip install torch": "pass",
    "!!ls": "pass",
    "?net": "pass",
    "net?": "pass",
    "net.forward??": "pass",
    "/print x": "pass",
    ",print a b": "pass",
    ";print a b": "pass",
    "files = !ls 'it": 'files = eval("[]")',
    "a, b = !ls": 'a, b = eval("[]")',
    "here = %pwd": 'here = eval("None")',
    "%time net = build()": "if 1: net = build()",
    "%timeit -n 10 net(x)": "if 1        : net(x)",
    "%time": "pass",
    "%time !ls": "pass",
    "%prun -s cumulative net(x)": "pass",
    "if x:\n    !ls\n    %time f()": "if x:\n    pass\n    if 1: f()",
    "!pip install \\\n  torch\nx = 1": "pass\n#\nx = 1",
    "x = f(\n    a\n    % b)": None,
    'x = """\n%time\n!ls\n"""': None,
    "x = a \\\n    % b": None,
    "x = 'a' != b": None,
    "x = f(c != d, a=b)": None,
    "x = 'what?'": None,
    "x = 1  # what?": None,
    "x = y[%s]": "#",
    "%%bash\nrm -rf runs": "#\n#",
    "\n  %%html\n  <p>": "\n#\n#",
    "%%unheard of\n1 +": "#\n#",
    "%%time\nx = 1": "pass\nx = 1",
    "%%timeit x = 1\nx": "pass\nx",
    "%%capture out\n%%time\n!ls\nx = 1": "pass\npass\npass\nx = 1",
    "%%time\n  x = 1": "if 1:\n  x = 1",
    "%md\n# Training of *nets*, again": "#\n#",
    "pip install torch": "#",
    "  x = 1\n  y = 2": None,
    ">>> x = 1\n>>> for y in z:\n...     y": "    x = 1\n    for y in z:\n        y",
    "In [3]: x = 1\n   ...: y = 2": "    x = 1\n    y = 2",
    ">>> x = 1\n\n >>> y = 2": "    x = 1\n\n    y = 2",
    "await x\nasync for a in b:\n    pass": None,
}


@pytest.mark.parametrize(("source", "expected"), PLAIN.items())
def test_what_only_ipython_understands_gives_way_to_python(source: str, expected: str | None) -> None:
    text = program(book(source))
    assert text == (source if expected is None else expected) + "\n"
    ast.parse(textwrap.dedent(text))


@pytest.mark.parametrize("source", [source for source in PLAIN if source not in ("x = y[%s]", "pip install torch")])
def test_what_ipython_takes_is_python_for_us(source: str) -> None:
    if not is_ipython(source):  # as `%md`, which is no magic of its own; older versions take less
        pytest.skip("this version of IPython does not take it")
    assert not Notebook.read("a.ipynb", book(source)).cells.unfinished


@given(st.lists(st.sampled_from([*PLAIN, *"%!?=()#',x", "\n", "\n  ", "\\\n", '"""', "%time ", "%%time\n"])))
def test_no_cell_of_ipython_is_lost(parts: list[str]) -> None:
    source = "".join(parts)
    notebook = Notebook.read("a.ipynb", book(source, "x = 1"))
    ast.parse(notebook.text)
    assert len(NEW_LINE.split(notebook.text)) == len(NEW_LINE.split(source)) + 4
    assert notebook.place(Place("", span=Span(*[len(NEW_LINE.split(source)) + 3, 1] * 2))).cell == 2


def test_an_unfinished_cell_is_told_and_left_out() -> None:
    notebook = Notebook.read("a.ipynb", book("x = 1", "y = (\nfor", "z = 3"))
    (error,) = notebook.cells.unfinished
    place = notebook.place(Place("", span=Span(error.line, error.column, error.line, error.column + 1)))
    assert (place.cell, error.message) == (2, "does not parse as Python 3: '(' was never closed")
    assert program(notebook.data) == "x = 1\n#\n#\nz = 3\n"


@pytest.mark.parametrize("source", ["x = '\0'", "'\ud83d'", "(" * 1000, "x" + ".y" * 100_000])
def test_a_cell_that_no_parser_survives_costs_no_other(source: str) -> None:
    assert program(book(source, "x = 1")).endswith("x = 1\n")


def test_future_imports_in_later_cells_are_none_of_the_program() -> None:
    future = "from __future__ import annotations"
    assert program(book(f"# first\n{future}", f"import torch\n{future}")) == f"# first\n{future}\nimport torch\npass\n"


@pytest.mark.parametrize(
    ("metadata", "language"),
    [
        ({"language_info": {"name": "R"}}, "R"),
        ({"kernelspec": {"language": "julia", "name": "julia-1.6"}}, "julia"),
        ({"kernelspec": {"name": "ir"}}, "ir"),
    ],
)
def test_a_notebook_of_another_language_is_not_python(metadata: dict[str, Any], language: str) -> None:
    with pytest.raises(NotPython, match=f"is a notebook of {language}"):
        Notebook.read("a.ipynb", book("x <- 1", metadata=metadata))


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"language_info": {"name": "python"}},
        {"kernelspec": {"name": "conda-env-py36", "language": "ipython"}},
        {"kernelspec": {"name": "python3"}},
        {"kernelspec": None, "language_info": []},
    ],
)
def test_other_notebooks_are_python(metadata: dict[str, Any]) -> None:
    assert program(book("x = 1", metadata=metadata)) == "x = 1\n"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("y = x\ny.mean()  # of all", "y = x\ny.mean(),  # of all"),
        ("'ä', (x +\n  y.mean());", "'ä', (x +\n  y.mean());"),
        ("'ä'; (x +\n  y.mean());", "'ä'; (x +\n  y.mean()),;"),
        ("%time x.mean()\ny = x", "if 1: x.mean(),\ny = x"),
        ("%%timeit\nfor y in x:\n    y.mean()\nx.step()", "pass\nfor y in x:\n    y.mean(),\nx.step()"),
        ("  x.mean()", "  x.mean(),"),
        ("if x:\n    x.mean()", None),
        ("x.mean()\ny = x", None),
        ("optimizer.step()", None),
        ("model.eval", None),
        ("x.add_(1)", None),
    ],
)
def test_the_value_that_a_cell_shows_is_not_thrown_away(source: str, expected: str | None) -> None:
    text = Notebook.read("", book(source)).text.replace(SHOWN, ",")
    assert re.sub(r"^.*# cell 1\n|  # ipython \d+(?=\n)", "", text) == (expected or source) + "\n"


def test_what_stands_for_a_value_that_is_shown_is_not_written() -> None:
    notebook = Notebook.read("", book("%time x.mean()", "x.mean()"))
    assert SHOWN in notebook.text
    assert notebook.written(notebook.text.replace("mean", "sum")) == book("%time x.sum()", "x.sum()")


def test_edits_of_the_program_are_written_to_their_cells() -> None:
    before = book("%matplotlib inline\nimport torch", "x = 1", "%time y = f(x)\n")
    edited = Notebook.read("a.ipynb", before).text.replace("f(x)", "g(x)").replace("x = 1\n", "x = 1\nz = 2\n")
    after = Notebook.read("a.ipynb", before).written("import os\n" + edited)
    assert after == book("import os\n%matplotlib inline\nimport torch", "x = 1\nz = 2", "%time y = g(x)\n")


@given(st.lists(st.sampled_from([*PLAIN, "x = 1\n", "", "\n", "x = 1\r\n%time x\r\n", "# cell 1", "x  # ipython 0"])))
def test_a_program_without_edits_is_the_same_notebook(sources: list[str]) -> None:
    notebook = Notebook.read("a.ipynb", book(*sources))
    assert notebook.written(notebook.text) == notebook.data
    if sources:
        again = Notebook.read("a.ipynb", notebook.written("import os\n" + notebook.text))
        assert again.cells.texts == ("import os\n" + sources[0], *sources[1:])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("pass  # ipython 0\n", ""),
        ("pass  # ipython 0", "    pass  # ipython 0"),
        ("pass  # ipython 0", "passed  # ipython 0"),
        ("if 1: y", "y"),
        ("# cell 2\n", ""),
        ("# cell 2\n", "    # cell 2\n"),
    ],
)
def test_an_edit_of_what_only_ipython_understands_is_refused(old: str, new: str) -> None:
    notebook = Notebook.read("a.ipynb", book("%matplotlib inline", "x = 1", "%time y = f(x)"))
    assert old in notebook.text
    with pytest.raises(ValueError, match=r"changed|moved|removed"):
        notebook.written(notebook.text.replace(old, new))


def book(*sources: str, metadata: dict[str, Any] | None = None) -> bytes:
    cells = [{"cell_type": "code", "source": source.splitlines(True)} for source in sources]
    return json.dumps({"cells": cells, "metadata": metadata or {}}).encode()


def is_ipython(source: str) -> bool:
    """Whether IPython makes Python of it."""
    try:
        ast.parse(TransformerManager().transform_cell(source))  # type: ignore[no-untyped-call]
    except Exception:
        return False
    return True


def program(data: bytes) -> str:
    """The program without what is for the way back."""
    text = Notebook.read("", data).text.replace(SHOWN, "")
    return re.sub(r"^(if 1:  )?# cell \d+\n|  # ipython \d+(?=[\r\n])", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"cells": 3}', b'{"cells": [{"source": "x"}]}'])
def test_what_is_no_notebook_is_a_message(content: bytes) -> None:
    with pytest.raises(Unreadable, match="is no notebook"):
        Notebook.read("a.ipynb", content)


@pytest.mark.torch
def test_a_notebook_is_probed_cell_by_cell(tmp_path: Path) -> None:
    (tmp_path / "train.ipynb").write_bytes(data())
    command = [sys.executable, "-m", "nnlint", "probe", "train.ipynb", "--select", "NN501", "--output-format", "json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    (finding,) = json.loads(done.stdout)
    assert (finding["cell"], finding["line"], finding["verdict"]["status"]) == (4, 4, "confirmed")


@pytest.mark.torch
def test_a_notebook_that_awaits_is_probed(tmp_path: Path) -> None:
    sources = (
        "import asyncio\nimport torch",
        "await asyncio.sleep(0)\nx = torch.ones(3)",
        "if True:\n    x.view(1, 3)",
    )
    (tmp_path / "train.ipynb").write_bytes(book(*sources))
    command = [sys.executable, "-m", "nnlint", "probe", "train.ipynb", "--select", "NN405", "--output-format", "json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    (finding,) = json.loads(done.stdout)
    assert (finding["cell"], finding["line"], finding["verdict"]["status"]) == (3, 2, "confirmed")
