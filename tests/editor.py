"""An editor without a face: a client of the language server, which runs as it does for real ones."""

from __future__ import annotations

import ast
import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.client import LanguageClient

PATIENCE = 60


class Editor:
    """What is open, what was published, and what was said to the user."""

    def __init__(self, folder: Path, client: LanguageClient) -> None:
        self.folder = folder
        self.client = client
        self.texts: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.published: dict[str, types.PublishDiagnosticsParams] = {}
        self.messages: list[str] = []
        self.refreshes = 0
        self.capabilities = types.ServerCapabilities()
        self.shown: list[str] = []
        self.process = 0  # the server's
        self._news = asyncio.Event()

    def uri(self, name: str) -> str:
        return (self.folder / name).as_uri()

    def heard(self) -> None:
        self._news.set()

    # --- documents ---

    def open(self, name: str, text: str | None = None, language: str = "python") -> None:
        text = text if text is not None else (self.folder / name).read_text(encoding="utf-8")
        self.open_uri(self.uri(name), text, language)

    def open_uri(self, uri: str, text: str, language: str = "python") -> None:
        self.texts[uri], self.versions[uri] = text, 1
        self.client.text_document_did_open(
            types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, language, 1, text))
        )

    def edit(self, name: str, text: str) -> None:
        """All of the text is another."""
        uri = self.uri(name)
        self.texts[uri] = text
        self.versions[uri] += 1
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(self.versions[uri], uri),
                [types.TextDocumentContentChangeWholeDocument(text)],
            )
        )

    def change(self, name: str, where: types.Range, new: str) -> None:
        """A part of the text is another; `texts` does not follow."""
        uri = self.uri(name)
        self.versions[uri] += 1
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(self.versions[uri], uri),
                [types.TextDocumentContentChangePartial(where, new)],
            )
        )

    def close(self, name: str) -> None:
        self.client.text_document_did_close(
            types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(self.uri(name)))
        )

    # --- diagnostics ---

    def codes(self, name: str) -> list[str]:
        """The codes that were published for a document, in the order of their lines."""
        found = self.published.get(self.uri(name))
        return [] if found is None else [str(each.code) for each in sorted(found.diagnostics, key=_place)]

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for news until it is so."""

        async def wait() -> None:
            while not is_so():
                self._news.clear()
                await self._news.wait()

        try:
            await asyncio.wait_for(wait(), PATIENCE)
        except TimeoutError:
            known = {uri: [each.code for each in found.diagnostics] for uri, found in self.published.items()}
            raise AssertionError(f"it never came to be: {known}, {self.messages}") from None

    async def pull(self, name: str, previous: str | None = None) -> Any:
        return await self.client.text_document_diagnostic_async(
            types.DocumentDiagnosticParams(types.TextDocumentIdentifier(self.uri(name)), previous_result_id=previous)
        )

    async def actions(self, name: str, where: types.Range, only: list[str] | None = None) -> list[types.CodeAction]:
        context = types.CodeActionContext([], only=only)
        found = await self.client.text_document_code_action_async(
            types.CodeActionParams(types.TextDocumentIdentifier(self.uri(name)), where, context)
        )
        return [_action(each) for each in found or []]

    def apply(self, edit: types.WorkspaceEdit) -> None:
        """As an editor does: to what is open, and to files."""
        changes = dict(edit.changes or {})
        for change in edit.document_changes or []:
            assert isinstance(change, types.TextDocumentEdit)
            changes[change.text_document.uri] = [each for each in change.edits if isinstance(each, types.TextEdit)]
        for uri, edits in changes.items():
            name = str(Path(uri.removeprefix(self.folder.as_uri() + "/")))
            text = self.texts.get(uri) or (self.folder / name).read_text(encoding="utf-8")
            for each in sorted(edits, key=lambda edit: _start(edit.range), reverse=True):
                text = _replaced(text, each)
            if uri in self.texts:
                self.edit(name, text)
            else:
                (self.folder / name).write_text(text, encoding="utf-8")


@asynccontextmanager
async def editor(
    folder: Path,
    *,
    capabilities: types.ClientCapabilities | None = None,
    options: Any = None,
    folders: list[Path] | None = None,
) -> AsyncIterator[Editor]:
    """A client that has opened the folder; what it can do is said by `capabilities`."""
    client = LanguageClient("tests", "1")
    desk = Editor(folder, client)

    def published(params: types.PublishDiagnosticsParams) -> None:
        desk.published[params.uri] = params
        desk.heard()

    def message(params: types.ShowMessageParams) -> None:
        desk.messages.append(params.message)
        desk.heard()

    def log(params: types.LogMessageParams) -> None:
        desk.messages.append(params.message)
        desk.heard()

    def refreshed(params: None) -> None:
        desk.refreshes += 1
        desk.heard()

    def shown(params: types.ShowDocumentParams) -> types.ShowDocumentResult:
        desk.shown.append(params.uri)
        desk.heard()
        return types.ShowDocumentResult(success=True)

    for name, hear in (
        (types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS, published),
        (types.WINDOW_SHOW_MESSAGE, message),
        (types.WINDOW_LOG_MESSAGE, log),
        (types.WORKSPACE_DIAGNOSTIC_REFRESH, refreshed),
        (types.WINDOW_SHOW_DOCUMENT, shown),
    ):
        client.feature(name)(hear)
    await client.start_io(sys.executable, "-m", "nnlint", "server")
    desk.process = client._server.pid if client._server is not None else 0
    roots = [types.WorkspaceFolder(path.as_uri(), path.name) for path in (folders if folders is not None else [folder])]
    started = await client.initialize_async(
        types.InitializeParams(
            capabilities or types.ClientCapabilities(),
            root_uri=folder.as_uri(),
            workspace_folders=roots,
            initialization_options=options,
        )
    )
    desk.capabilities = started.capabilities
    client.initialized(types.InitializedParams())
    try:
        yield desk
        await client.shutdown_async(None)
    finally:
        client.exit(None)
        await client.stop()  # type: ignore[no-untyped-call]


def session(work: Callable[[], Awaitable[None]]) -> None:
    """Run what a test does with an editor."""

    async def run() -> None:
        await work()

    asyncio.run(run())


def _action(found: types.Command | types.CodeAction) -> types.CodeAction:
    """The protocol's library takes an action that has a command for a command."""
    if isinstance(found, types.CodeAction):
        return found
    return types.CodeAction(found.title, command=types.Command(**ast.literal_eval(found.command)))


def _start(where: types.Range) -> tuple[int, int]:
    return where.start.line, where.start.character


def _place(diagnostic: types.Diagnostic) -> tuple[int, int]:
    return _start(diagnostic.range)


def _replaced(text: str, edit: types.TextEdit) -> str:
    """Positions are in UTF-16 units, which are characters in the texts that are edited so."""
    lines = [*text.splitlines(keepends=True), ""]
    start = sum(map(len, lines[: edit.range.start.line])) + edit.range.start.character
    end = sum(map(len, lines[: edit.range.end.line])) + edit.range.end.character
    return text[:start] + edit.new_text + text[end:]
