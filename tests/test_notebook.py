"""A notebook as one program."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from nnlint.reading.notebook import Notebook
from nnlint.source import Place, Span, Unreadable

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


def test_what_only_ipython_understands_is_taken_out() -> None:
    text = Notebook.read("a.ipynb", data()).text
    ast.parse(text)
    assert "pass  # %matplotlib inline" in text
    assert "# rm -rf runs" in text
    assert "files = []  # files = !ls" in text


def test_a_place_is_told_by_cell_and_line() -> None:
    notebook = Notebook.read("a.ipynb", data())
    line = notebook.text.split("\n").index("    nn.Linear(8, 16),") + 1
    place = notebook.cell(Place("a.ipynb", span=Span(line, 5, line, 21)))
    assert (place.cell, place.span) == (4, Span(4, 5, 4, 21))
    assert notebook.text_of(4).split("\n")[3] == "    nn.Linear(8, 16),"


def test_the_older_format_is_read() -> None:
    old = {"worksheets": [{"cells": [{"cell_type": "code", "input": ["x = 1\n", "y = 2"]}]}], "nbformat": 3}
    assert Notebook.read("a.ipynb", json.dumps(old).encode()).text == "x = 1\ny = 2\n"


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
