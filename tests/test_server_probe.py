"""The language server runs a script, and tells what the run has shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lsprotocol import types

from tests.editor import Editor, editor, session

pytestmark = pytest.mark.torch
MODEL = """\
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        return F.softmax(self.head(x), dim=1)
"""
TRAIN = """\
import torch
from torch import nn

from model import Net

open("settings.txt").close()
net = Net()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for step in range(3):
    optimizer.zero_grad()
    loss = criterion(net(torch.randn(4, 8)), torch.tensor([0, 1, 2, 0]))
    loss.backward()
    optimizer.step()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "model.py").write_text(MODEL, encoding="utf-8")
    (tmp_path / "src" / "train.py").write_text(TRAIN, encoding="utf-8")
    (tmp_path / "settings.txt").touch()  # the script is run as from the folder that is open
    return tmp_path


def test_the_findings_of_a_script_that_is_run_get_verdicts(folder: Path) -> None:
    async def work() -> None:
        async with editor(folder) as desk:
            await probed(desk, "src/train.py")
            assert "the run: confirmed" in told(desk, "src/train.py")
            assert "nnlint: train.py ran: 1 confirmed" in desk.messages

    session(work)


def test_a_verdict_stands_while_its_code_stands(folder: Path) -> None:
    async def work() -> None:
        async with editor(folder) as desk:
            await probed(desk, "src/train.py")
            desk.published.clear()
            desk.open("src/model.py")
            await desk.until(lambda: desk.uri("src/train.py") in desk.published)
            assert "the run: confirmed" in told(desk, "src/train.py")
            desk.edit("src/model.py", "\n" + MODEL)
            await desk.until(lambda: "the run" not in told(desk, "src/train.py"))
            assert desk.codes("src/train.py") == ["NN101"]

    session(work)


def test_a_script_is_run_as_often_as_one_likes(folder: Path) -> None:
    async def work() -> None:
        async with editor(folder) as desk:
            await probed(desk, "src/train.py")
            await probed(desk, "src/train.py")
            assert [each for each in desk.messages if "ran" in each] == ["nnlint: train.py ran: 1 confirmed"] * 2

    session(work)


def test_a_script_that_can_not_be_run_is_a_message(folder: Path) -> None:
    (folder / "settings.txt").unlink()

    async def work() -> None:
        async with editor(folder) as desk:
            await probed(desk, "src/train.py")
            assert [each for each in desk.messages if "settings.txt" in each]
            assert desk.codes("src/train.py") == ["NN101"]

    session(work)


def test_a_notebook_that_is_run_gets_verdicts_in_its_cells(folder: Path) -> None:
    sources = [MODEL, TRAIN.replace("from model import Net\n", "")]
    cells = [{"cell_type": "markdown", "source": "# Training", "metadata": {}}]
    cells += [{"cell_type": "code", "source": each, "metadata": {}, "outputs": []} for each in sources]
    content = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    (folder / "train.ipynb").write_text(json.dumps(content), encoding="utf-8")

    async def work() -> None:
        async with editor(folder) as desk:
            uri = desk.uri("train.ipynb")
            uris = [f"{uri}#{number}".replace("file:", "vscode-notebook-cell:") for number in (1, 2)]
            texts = [types.TextDocumentItem(f"{uri}#0", "markdown", 1, "# Training")]
            texts += [types.TextDocumentItem(each, "python", 1, text) for each, text in zip(uris, sources, strict=True)]
            notebook = types.NotebookDocument(uri, "jupyter-notebook", 1, [_cell(each) for each in texts])
            desk.client.notebook_document_did_open(types.DidOpenNotebookDocumentParams(notebook, texts))
            await desk.until(lambda: uris[1] in desk.published)
            await desk.client.workspace_execute_command_async(types.ExecuteCommandParams("nnlint.probe", [uri]))
            (found,) = desk.published[uris[1]].diagnostics
            assert "the run: confirmed" in found.message

    session(work)


async def probed(desk: Editor, name: str) -> None:
    desk.open(name)
    await desk.until(lambda: desk.codes(name) == ["NN101"])
    await desk.client.workspace_execute_command_async(types.ExecuteCommandParams("nnlint.probe", [desk.uri(name)]))


def told(desk: Editor, name: str) -> str:
    return "\n".join(each.message for each in desk.published[desk.uri(name)].diagnostics)


def _cell(text: types.TextDocumentItem) -> types.NotebookCell:
    is_code = text.language_id == "python"
    return types.NotebookCell(types.NotebookCellKind.Code if is_code else types.NotebookCellKind.Markup, text.uri)
