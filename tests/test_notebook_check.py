"""Notebooks in a check: which are looked at, where findings stand, what suppresses them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nnlint.config import Settings
from nnlint.engine import Report, check
from nnlint.finding import Finding

IMPORTS = "%matplotlib inline\nimport torch\nfrom torch import nn"
NET = "layer = nn.Linear(8, 4)\ndef net(x):\n    return torch.softmax(layer(x), dim=1)"
LOSS = "# the loss\nloss = nn.functional.cross_entropy(net(x), y)"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_finding_stands_at_cell_and_line_and_so_does_its_trail() -> None:
    finding = only(write("a.ipynb", IMPORTS, NET, LOSS))
    assert (finding.code, where(finding)) == ("NN101", (4, 2, 8))
    assert {step.place.cell for step in finding.trail} == {3, 4}


def test_the_text_of_a_place_is_the_text_of_its_cell() -> None:
    report = run(write("a.ipynb", IMPORTS, NET, LOSS))
    (finding,) = report.findings
    source = report.source(finding.place)
    assert source is not None
    assert source.text == LOSS
    assert set(report.sources) == {"a.ipynb:cell 3", "a.ipynb:cell 4"}


@pytest.mark.parametrize("code", ["NN101", "softmax-into-cross-entropy"])
def test_a_comment_in_a_cell_suppresses(code: str) -> None:
    assert not run(write("a.ipynb", IMPORTS, NET, f"{LOSS}  # nnlint: ignore[{code}]")).findings


def test_a_comment_in_a_cell_that_suppresses_nothing_is_told() -> None:
    finding = only(write("a.ipynb", IMPORTS, "x = 1  # nnlint: ignore[NN101]"))
    assert (finding.code, where(finding)) == ("NN001", (3, 1, 8))


def test_a_comment_in_a_shell_cell_is_none() -> None:
    assert not run(write("a.ipynb", IMPORTS, "%%bash\nls  # nnlint: ignore[NN101]")).findings


def test_an_unfinished_cell_costs_no_other_its_findings() -> None:
    findings = run(write("a.ipynb", IMPORTS, NET, LOSS, "x = 1\nfor y in")).findings
    assert [(finding.code, *where(finding)) for finding in findings] == [("NN101", 4, 2, 8), ("NN000", 5, 2, 9)]


@pytest.mark.parametrize(
    ("data", "line", "message"),
    [
        (b"", 1, "is no notebook: the file is empty"),
        (b'{\n "cells": [}', 2, "is no notebook: its JSON is broken: Expecting value"),
        (b"import torch", 1, "is no notebook: its JSON is broken: Expecting value"),
        (b"\xff\xfe", 1, "is no notebook: cannot be decoded: "),
    ],
)
def test_a_broken_notebook_is_told(data: bytes, line: int, message: str) -> None:
    Path("a.ipynb").write_bytes(data)
    finding = only(".")
    assert (finding.code, finding.place.cell, finding.place.span and finding.place.span.line) == ("NN000", None, line)
    assert finding.message.startswith(message)


def test_notebooks_below_a_folder_are_found_but_not_their_checkpoints() -> None:
    for name in ("a.ipynb", "b/c.ipynb", ".ipynb_checkpoints/a-checkpoint.ipynb"):
        Path(name).parent.mkdir(exist_ok=True)
        write(name, IMPORTS, NET, LOSS)
    assert sorted(finding.place.path for finding in run(".").findings) == ["a.ipynb", "b/c.ipynb"]


def test_a_script_that_a_notebook_imports_is_known() -> None:
    Path("model.py").write_text(f"import torch\nfrom torch import nn\n{NET}\n")
    finding = only(write("a.ipynb", "from model import net", IMPORTS, LOSS))
    assert where(finding) == (4, 2, 8)
    assert {(step.place.path, step.place.cell) for step in finding.trail} == {("model.py", None), ("a.ipynb", 4)}


def test_a_notebook_of_another_language_is_passed_over() -> None:
    Path("a.ipynb").write_bytes(book("library(torch)", metadata={"language_info": {"name": "R"}}))
    assert (run(".").findings, run(".").notes) == ((), ())
    assert run("a.ipynb").notes == ("a.ipynb is a notebook of R, which nnlint does not read",)


def test_a_jupytext_script_is_a_script() -> None:
    cells = (IMPORTS.replace("%", "# %"), "# !pip install torch", NET, LOSS)
    Path("a.py").write_text("# %%\n" + "\n\n# %%\n".join(cells) + "\n")
    finding = only("a.py")
    assert (finding.code, finding.place.cell) == ("NN101", None)


def test_a_notebook_comes_from_standard_input() -> None:
    (finding,) = json.loads(nnlint("-", "--stdin-filename", "a.ipynb", stdin=book(IMPORTS, NET, LOSS)).stdout)
    assert (finding["cell"], finding["line"], finding["related"][0]["line"]) == (3, 2, 3)


def test_the_command_line_tells_of_the_other_language_and_is_content() -> None:
    Path("a.ipynb").write_bytes(book("x", metadata={"language_info": {"name": "julia"}}))
    done = nnlint("a.ipynb")
    assert (done.returncode, done.stdout) == (0, b"[]\n")
    assert done.stderr == b"nnlint: a.ipynb is a notebook of julia, which nnlint does not read\n"


def book(*sources: str, metadata: dict[str, Any] | None = None) -> bytes:
    cells = [{"cell_type": "code", "source": source.splitlines(True)} for source in sources]
    return json.dumps({"cells": cells, "metadata": metadata or {}}).encode()


def write(name: str, *sources: str) -> str:
    """A notebook with a cell of text before its code cells."""
    content = json.loads(book(*sources))
    content["cells"].insert(0, {"cell_type": "markdown", "source": "# Training"})
    Path(name).write_text(json.dumps(content), encoding="utf-8")
    return name


def run(path: str) -> Report:
    return check([Path(path)], Settings())


def only(path: str) -> Finding:
    (finding,) = run(path).findings
    return finding


def where(finding: Finding) -> tuple[int | None, int, int]:
    span = finding.place.span
    assert span is not None
    return finding.place.cell, span.line, span.column


def nnlint(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "nnlint", *arguments, "--output-format", "json"]
    return subprocess.run(command, input=stdin, capture_output=True, check=False)
