"""The language server, as editors speak to it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from lsprotocol import types

from nnlint.config import Settings
from nnlint.engine import check
from tests.editor import Editor, editor, session
from tests.sessions import MODEL, TRAIN, project

PULLS = types.ClientCapabilities(
    text_document=types.TextDocumentClientCapabilities(diagnostic=types.DiagnosticClientCapabilities()),
    workspace=types.WorkspaceClientCapabilities(
        diagnostics=types.DiagnosticWorkspaceClientCapabilities(refresh_support=True)
    ),
)


AT_THE_LOSS = types.Range(types.Position(10, 15), types.Position(10, 15))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return project(tmp_path)


def test_a_finding_is_published_with_its_trail_in_another_file(folder: Path) -> None:
    async def work() -> None:
        async with editor(folder) as desk:
            desk.open("train.py")
            await desk.until(lambda: desk.codes("train.py") == ["NN101"])
            (found,) = desk.published[desk.uri("train.py")].diagnostics
            assert (found.range.start.line, found.range.start.character) == (10, 11)
            assert found.severity is types.DiagnosticSeverity.Error
            assert found.source == "nnlint"
            assert next(each.location.uri for each in found.related_information or []) == desk.uri("model.py")
            assert found.code_description is not None

    session(work)


def test_an_edit_of_one_file_changes_the_findings_of_another(folder: Path) -> None:
    async def work() -> None:
        async with editor(folder) as desk:
            desk.open("train.py")
            desk.open("model.py")
            await desk.until(lambda: desk.codes("train.py") == ["NN101"])
            desk.edit("model.py", MODEL.replace("F.softmax(self.head(x), dim=1)", "self.head(x)"))
            await desk.until(lambda: desk.codes("train.py") == [])
            desk.edit("model.py", MODEL)
            await desk.until(lambda: desk.codes("train.py") == ["NN101"])

    session(work)


def test_a_python_file_that_the_editor_knows_no_language_of_is_checked_as_it_is_there(folder: Path) -> None:
    async def work() -> None:
        async with editor(folder) as desk:
            desk.open("model.py", MODEL.replace("F.softmax", "F.relu"), language="")
            desk.open("train.py", language="")
            await desk.until(lambda: desk.uri("train.py") in desk.published)
            assert "NN101" not in desk.codes("train.py")

    session(work)


def test_what_is_closed_unsaved_is_what_the_disk_has(folder: Path) -> None:
    async def work() -> None:
        async with editor(folder) as desk:
            desk.open("model.py", MODEL.replace("F.softmax(self.head(x), dim=1)", "self.head(x)"))
            desk.open("train.py")
            await desk.until(lambda: desk.uri("train.py") in desk.published)
            assert desk.codes("train.py") == []
            desk.close("model.py")
            await desk.until(lambda: desk.codes("train.py") == ["NN101"])

    session(work)


def test_files_that_are_not_open_are_told_of_too_and_not_on_request(folder: Path) -> None:
    async def work() -> None:
        async with editor(folder) as desk:
            await desk.until(lambda: desk.codes("train.py") == ["NN101"])
        async with editor(folder, options={"openFilesOnly": True}) as desk:
            desk.open("model.py")
            await desk.until(lambda: desk.uri("model.py") in desk.published)
            assert desk.uri("train.py") not in desk.published

    session(work)


def test_a_client_that_pulls_is_not_pushed_to(folder: Path) -> None:
    async def work() -> None:
        async with editor(folder, capabilities=PULLS) as desk:
            desk.open("train.py")
            first = await desk.pull("train.py")
            assert [each.code for each in first.items] == ["NN101"]
            assert (await desk.pull("train.py", first.result_id)).kind == "unchanged"
            desk.edit("train.py", TRAIN.replace("CrossEntropyLoss", "MultiMarginLoss"))
            assert not (await desk.pull("train.py", first.result_id)).items
            await desk.until(lambda: desk.refreshes > 0)
            assert desk.published == {}

    session(work)


def test_a_workspace_is_pulled_whole_and_then_only_what_changed(folder: Path) -> None:
    async def work() -> None:
        async with editor(folder, capabilities=PULLS) as desk:
            first = await desk.client.workspace_diagnostic_async(types.WorkspaceDiagnosticParams([]))
            (told,) = first.items
            assert isinstance(told, types.WorkspaceFullDocumentDiagnosticReport)
            assert (told.uri, [each.code for each in told.items]) == (desk.uri("train.py"), ["NN101"])
            known = [types.PreviousResultId(told.uri, str(told.result_id))]
            again = await desk.client.workspace_diagnostic_async(types.WorkspaceDiagnosticParams(known))
            assert [each.kind for each in again.items] == ["unchanged"]

    session(work)


@pytest.mark.parametrize(("encoding", "column"), [("utf-8", 19), ("utf-16", 17), ("utf-32", 16)])
def test_columns_count_in_the_units_that_were_agreed_on(folder: Path, encoding: str, column: int) -> None:
    general = types.GeneralClientCapabilities(position_encodings=[types.PositionEncodingKind(encoding)])

    async def work() -> None:
        async with editor(folder, capabilities=types.ClientCapabilities(general=general)) as desk:
            desk.open("train.py", TRAIN.replace("    loss = criterion", "    '\N{ROCKET}'; loss = criterion"))
            await desk.until(lambda: desk.codes("train.py") == ["NN101"])
            (found,) = desk.published[desk.uri("train.py")].diagnostics
            assert found.range.start.character == column

    session(work)


def test_a_hover_on_a_finding_shows_the_page_of_its_rule(folder: Path) -> None:
    async def work() -> None:
        async with editor(folder) as desk:
            desk.open("train.py")
            await desk.until(lambda: desk.codes("train.py") == ["NN101"])
            file = types.TextDocumentIdentifier(desk.uri("train.py"))
            found = await desk.client.text_document_hover_async(types.HoverParams(file, types.Position(10, 15)))
            assert found is not None
            assert isinstance(found.contents, types.MarkupContent)
            assert found.contents.value.startswith("### NN101 softmax-into-cross-entropy")
            assert await desk.client.text_document_hover_async(types.HoverParams(file, types.Position(0, 0))) is None

    session(work)


def test_the_page_of_a_rule_is_opened(folder: Path) -> None:
    window = types.WindowClientCapabilities(show_document=types.ShowDocumentClientCapabilities(support=True))

    async def work() -> None:
        async with editor(folder, capabilities=types.ClientCapabilities(window=window)) as desk:
            desk.open("train.py")
            await desk.until(lambda: desk.codes("train.py") == ["NN101"])
            (shows,) = [each for each in await desk.actions("train.py", AT_THE_LOSS) if "page" in each.title]
            assert shows.command is not None
            await desk.client.workspace_execute_command_async(
                types.ExecuteCommandParams(shows.command.command, shows.command.arguments)
            )
            await desk.until(lambda: bool(desk.shown))
            assert "NN101" in Path(desk.shown[0].removeprefix("file://")).read_text(encoding="utf-8")

    session(work)


def test_a_fix_edits_the_file_where_it_belongs_and_the_finding_is_gone(folder: Path) -> None:
    async def work() -> None:
        async with editor(folder) as desk:
            desk.open("train.py")
            desk.open("model.py")
            await desk.until(lambda: desk.codes("train.py") == ["NN101"])
            (fixes,) = [each for each in await desk.actions("train.py", AT_THE_LOSS) if "unsafe" in each.title]
            assert fixes.edit is not None
            desk.apply(fixes.edit)
            assert "return self.head(x)" in desk.texts[desk.uri("model.py")]
            await desk.until(lambda: desk.codes("train.py") == [])

    session(work)


def test_unsafe_fixes_are_not_offered_where_they_are_not_wanted(folder: Path) -> None:
    async def work() -> None:
        async with editor(folder, options={"unsafeFixes": False}) as desk:
            desk.open("train.py")
            await desk.until(lambda: desk.codes("train.py") == ["NN101"])
            assert not [each for each in await desk.actions("train.py", AT_THE_LOSS) if "unsafe" in each.title]

    session(work)


def test_all_safe_fixes_of_a_file_are_made_at_once(folder: Path) -> None:
    text = TRAIN.replace("    optimizer.zero_grad()\n", "").replace("net(torch", "net.forward(torch")
    (folder / "pyproject.toml").write_text('[tool.nnlint]\nselect = ["all"]\n', encoding="utf-8")

    async def work() -> None:
        async with editor(folder) as desk:
            desk.open("train.py", text)
            await desk.until(lambda: desk.codes("train.py") == ["NN101", "NN511", "NN201"])
            everywhere = types.Range(types.Position(0, 0), types.Position(20, 0))
            (all_,) = await desk.actions("train.py", everywhere, only=["source.fixAll"])
            resolved = await desk.client.code_action_resolve_async(all_)
            assert resolved.edit is not None
            desk.apply(resolved.edit)
            assert desk.texts[desk.uri("train.py")] == TRAIN.replace("    optimizer.zero_grad()\n", "").replace(
                "    loss.backward()", "    optimizer.zero_grad()\n    loss.backward()"
            )
            await desk.until(lambda: desk.codes("train.py") == ["NN101"])

    session(work)


def test_a_finding_is_ignored_on_its_line(folder: Path) -> None:
    async def work() -> None:
        async with editor(folder) as desk:
            desk.open("train.py")
            await desk.until(lambda: desk.codes("train.py") == ["NN101"])
            (ignores,) = [each for each in await desk.actions("train.py", AT_THE_LOSS) if "ignore" in each.title]
            assert ignores.edit is not None
            desk.apply(ignores.edit)
            assert "# nnlint: ignore[NN101]" in desk.texts[desk.uri("train.py")].splitlines()[10]
            await desk.until(lambda: desk.codes("train.py") == [])

    session(work)


def test_a_notebook_that_is_open_is_checked_by_its_cells(folder: Path) -> None:
    head, loop = TRAIN[: TRAIN.index("for step")], TRAIN[TRAIN.index("for step") :]
    uri = (folder / "train.ipynb").as_uri()
    cells = {f"{uri}#1".replace("file:", "vscode-notebook-cell:"): head, f"{uri}#2".replace("file:", "cell:"): loop}

    async def work() -> None:
        async with editor(folder) as desk:
            kind = types.NotebookCellKind.Code
            notebook = types.NotebookDocument(
                uri, "jupyter-notebook", 1, [types.NotebookCell(kind, each) for each in cells]
            )
            items = [types.TextDocumentItem(each, "python", 1, text) for each, text in cells.items()]
            desk.client.notebook_document_did_open(types.DidOpenNotebookDocumentParams(notebook, items))
            second = list(cells)[1]
            await desk.until(lambda: bool(desk.published.get(second) and desk.published[second].diagnostics))
            (found,) = desk.published[second].diagnostics
            assert (found.code, found.range.start.line) == ("NN101", 2)

    session(work)


def test_a_broken_file_is_a_finding_and_costs_no_other(folder: Path) -> None:
    async def work() -> None:
        async with editor(folder) as desk:
            desk.open("train.py")
            desk.open("model.py", "import torch\ndef forward(:\n")
            await desk.until(lambda: desk.codes("model.py") == ["NN000"])
            desk.edit("model.py", MODEL)
            await desk.until(lambda: desk.codes("model.py") == [] and desk.codes("train.py") == ["NN101"])

    session(work)


def test_a_broken_configuration_is_a_message_and_the_server_lives_on(folder: Path) -> None:
    (folder / "pyproject.toml").write_text("[tool.nnlint]\nselekt = []\n", encoding="utf-8")

    async def work() -> None:
        async with editor(folder) as desk:
            desk.open("train.py")
            await desk.until(lambda: any("selekt" in message for message in desk.messages))
            (folder / "pyproject.toml").write_text("[tool.nnlint]\n", encoding="utf-8")
            desk.client.workspace_did_change_watched_files(
                types.DidChangeWatchedFilesParams(
                    [types.FileEvent(desk.uri("pyproject.toml"), types.FileChangeType.Changed)]
                )
            )
            await desk.until(lambda: desk.codes("train.py") == ["NN101"])

    session(work)


def test_the_clients_settings_hold(folder: Path) -> None:
    async def work() -> None:
        async with editor(folder, options={"ignore": ["NN101"]}) as desk:
            desk.open("train.py")
            await desk.until(lambda: desk.uri("train.py") in desk.published)
            assert desk.codes("train.py") == []
            desk.client.workspace_did_change_configuration(
                types.DidChangeConfigurationParams({"nnlint": {"ignore": []}})
            )
            await desk.until(lambda: desk.codes("train.py") == ["NN101"])

    session(work)


def test_a_document_that_is_no_file_yet_is_checked(folder: Path) -> None:
    async def work() -> None:
        async with editor(folder) as desk:
            desk.open_uri("untitled:Untitled-1", TRAIN.replace("from model import Net", MODEL))
            await desk.until(lambda: bool(desk.published.get("untitled:Untitled-1")))
            assert [each.code for each in desk.published["untitled:Untitled-1"].diagnostics] == ["NN101"]

    session(work)


def test_each_folder_of_the_workspace_is_a_project(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "pyproject.toml").write_text("[tool.nnlint]\n", encoding="utf-8")
        (tmp_path / name / "train.py").write_text(TRAIN, encoding="utf-8")
    (tmp_path / "one" / "model.py").write_text(MODEL, encoding="utf-8")
    (tmp_path / "two" / "model.py").write_text(MODEL.replace("F.softmax", "F.relu"), encoding="utf-8")

    async def work() -> None:
        async with editor(tmp_path, folders=[tmp_path / "one", tmp_path / "two"]) as desk:
            await desk.until(lambda: "NN101" in desk.codes("one/train.py"))
            assert "NN101" not in desk.codes("two/train.py")

    session(work)


def test_after_every_edit_the_findings_are_those_of_the_command_line(folder: Path) -> None:
    """Random edits of both files, some of which break them."""
    chance = random.Random(7)

    async def work() -> None:
        async with editor(folder, capabilities=PULLS) as desk:
            texts = {"train.py": TRAIN, "model.py": MODEL}
            for name in texts:
                desk.open(name)
            for _ in range(40):
                name = chance.choice(list(texts))
                texts[name] = _mutated(texts[name], {"train.py": TRAIN, "model.py": MODEL}[name], chance)
                desk.edit(name, texts[name])
                if chance.random() < 0.3:
                    continue  # typing goes on
                assert await _pulled(desk, list(texts)) == _fresh(folder, texts)

    session(work)


def _mutated(text: str, original: str, chance: random.Random) -> str:
    lines = text.splitlines()
    at = chance.randrange(len(lines) + 1)
    match chance.randrange(5):
        case 0:
            lines.insert(at, "")
        case 1 if len(lines) > 1:
            del lines[min(at, len(lines) - 1)]
        case 2:
            lines.insert(at, chance.choice(original.splitlines()))
        case 3:
            return text.replace("softmax", "relu") if "softmax" in text else text.replace("relu", "softmax")
        case _:
            return original
    return "\n".join(lines) + "\n"


async def _pulled(desk: Editor, names: list[str]) -> list[tuple[str, int, str]]:
    found = []
    for name in names:
        for each in (await desk.pull(name)).items:
            found.append((name, each.range.start.line + 1, str(each.code)))
    return sorted(found)


def _fresh(folder: Path, texts: dict[str, str]) -> list[tuple[str, int, str]]:
    unsaved = {folder / name: text.encode() for name, text in texts.items()}
    report = check([folder], Settings(root=folder), unsaved=unsaved)
    return sorted(
        (Path(finding.place.path).name, finding.place.span.line if finding.place.span else 0, finding.code)
        for finding in report.findings
    )
