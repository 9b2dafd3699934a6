"""The extension for VS Code says what the server understands, and the server answers as VS Code asks."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from lsprotocol import types

from nnlint import __version__
from nnlint.server.project import Wishes
from tests.editor import editor, session

FOLDER = Path(__file__).parent.parent / "editors" / "vscode"
MANIFEST: dict[str, Any] = json.loads((FOLDER / "package.json").read_text(encoding="utf-8"))
SETTINGS: dict[str, Any] = MANIFEST["contributes"]["configuration"]["properties"]
OF_THE_EXTENSION = {"nnlint.path", "nnlint.trace.server"}
PULLS = types.ClientCapabilities(
    text_document=types.TextDocumentClientCapabilities(diagnostic=types.DiagnosticClientCapabilities()),
    workspace=types.WorkspaceClientCapabilities(
        diagnostics=types.DiagnosticWorkspaceClientCapabilities(refresh_support=True)
    ),
)
NOTEBOOKS = types.ClientCapabilities(
    notebook_document=types.NotebookDocumentClientCapabilities(types.NotebookDocumentSyncClientCapabilities())
)
BAD = "import torch\n\nnet = torch.nn.Linear(2, 2)\nnet.require_grad = False\n"


def test_the_extensions_settings_are_those_that_the_server_reads() -> None:
    words = {"".join(part.title() if number else part for number, part in enumerate(each.name.split("_")))
             for each in fields(Wishes)}  # fmt: skip
    assert {name.removeprefix("nnlint.") for name in SETTINGS.keys() - OF_THE_EXTENSION} == words


def test_the_defaults_of_the_extensions_settings_are_the_servers() -> None:
    given = {name.removeprefix("nnlint."): setting["default"] for name, setting in SETTINGS.items()}
    assert Wishes.read(given) == Wishes()


def test_the_extension_has_the_version_of_nnlint() -> None:
    assert MANIFEST["version"] == __version__
    assert f"## {__version__}" in (FOLDER / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_extensions_page_tells_of_every_setting_and_command() -> None:
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert [name for name in SETTINGS if f"`{name}`" not in page] == []


def test_notebooks_are_synced_with_all_their_cells(tmp_path: Path) -> None:
    """Cells are told by number, in the file as in the editor."""

    async def work() -> None:
        async with editor(tmp_path, capabilities=NOTEBOOKS) as desk:
            sync = desk.capabilities.notebook_document_sync
            assert sync is not None
            assert [getattr(each, "cells", None) for each in sync.notebook_selector] == [None]

    session(work)


def test_who_waits_for_findings_while_the_settings_change_gets_those_of_the_new_settings(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(BAD, encoding="utf-8")

    async def work() -> None:
        async with editor(tmp_path, capabilities=PULLS, options={"ignore": ["NN212"]}) as desk:
            waiting = desk.client.protocol.send_request_async(
                types.WORKSPACE_DIAGNOSTIC, types.WorkspaceDiagnosticParams([])
            )
            settings: dict[str, Any] = {"nnlint": {"ignore": []}}
            desk.client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings))
            (report,) = (await waiting).items
            assert [each.code for each in report.items] == ["NN212"]

    session(work)
