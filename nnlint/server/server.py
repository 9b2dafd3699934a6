"""The protocol's requests and notifications, each answered from the last report."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from nnlint import __version__
from nnlint.engine import Report
from nnlint.finding import Finding
from nnlint.server import pages
from nnlint.server.actions import FIX_ALL, Actions
from nnlint.server.checks import Checks
from nnlint.server.documents import Documents
from nnlint.server.progress import Progress
from nnlint.server.project import Project, Wishes, shared
from nnlint.server.translating import Translator, path_of

WATCHED = ("**/*.py", "**/*.ipynb", "**/pyproject.toml", "**/nnlint.toml", "**/.nnlint.toml", "**/.gitignore")
SECTION = "nnlint"
HOVERED = 3  # the level of headings that are no larger than what they stand over


class Server(LanguageServer):
    """One client's server."""

    def __init__(self) -> None:
        super().__init__(
            "nnlint",
            __version__,
            notebook_document_sync=types.NotebookDocumentSyncOptions(
                [
                    types.NotebookDocumentFilterWithNotebook(  # all of its cells: they are told by number
                        types.NotebookDocumentFilterNotebookType("jupyter-notebook")
                    )
                ],
                save=True,
            ),
        )
        self.wishes = Wishes()
        self.worker = ThreadPoolExecutor(1, "nnlint checks")
        self.checks: dict[Path, Checks] = {}
        self.published: dict[Path, set[str]] = defaultdict(set)  # documents that have diagnostics at the client
        self.steps = Progress(self)
        self._documents: Documents | None = None

    @property
    def documents(self) -> Documents:
        if self._documents is None:
            self._documents = Documents(self.workspace)
        return self._documents

    # --- what the client can do ---

    @property
    def pulls(self) -> bool:
        """Whether the client asks for diagnostics; to one that does none are pushed."""
        document = self.client_capabilities.text_document
        return document is not None and document.diagnostic is not None

    @property
    def refreshes(self) -> bool:
        workspace = self.client_capabilities.workspace
        return bool(workspace and workspace.diagnostics and workspace.diagnostics.refresh_support)

    # --- projects ---

    def folders(self) -> list[Path]:
        paths = (path_of(uri) for uri in self.workspace.folders)
        return [Path(path) for path in paths if path is not None]

    def checks_of(self, path: str) -> Checks:
        """The checks of the project that a file belongs to."""
        root = shared(path, self.folders())
        if root not in self.checks:
            self.checks[root] = Checks(
                Project(root, self.wishes),
                lambda: self._contents_of(root),
                self.tell,
                self.fail,
                self.steps.checking,
                self.worker,
            )
        return self.checks[root]

    async def report_of(self, path: str) -> Report:
        """The report on what is there now. Who waits while the settings change gets the one of the new settings."""
        while True:
            checks = self.checks_of(path)
            report = await checks.settled()
            if self.checks_of(path) is checks:
                return report or Report()

    def _contents_of(self, root: Path) -> Mapping[Path, bytes]:
        folders = self.folders()
        return {path: data for path, data in self.documents.contents().items() if shared(str(path), folders) == root}

    def fail(self, error: Exception) -> None:
        """A check that can not be done: the user is told, and the server lives on."""
        self.say(types.MessageType.Error, str(error))

    def say(self, kind: types.MessageType, message: str) -> None:
        self.window_show_message(types.ShowMessageParams(kind, f"nnlint: {message}"))

    def begin_anew(self) -> None:
        """Other folders, other settings."""
        for checks in self.checks.values():
            checks.stop()
        self.checks.clear()
        for path in {*map(str, self.folders()), *map(str, self.documents.contents())}:
            self.checks_of(path).touch()

    # --- telling ---

    async def tell(self, project: Project, report: Report, is_last: bool = True) -> None:
        if is_last:
            self.steps.done(project)
        for error in report.errors:
            self.window_log_message(types.LogMessageParams(types.MessageType.Error, error))
        if self.pulls:
            if self.refreshes:
                await self.workspace_diagnostic_refresh_async(None)
            return
        self._push(project, report)

    def _push(self, project: Project, report: Report) -> None:
        found = self.diagnostics(report)
        open_ = {uri for path in self.documents.contents() for uri in self.documents.uris(str(path))}
        own = {uri for uri in open_ if project.holds(Path(self.documents.path(uri)))}
        wanted = own if self.wishes.open_files_only else {*found, *own}
        for uri in sorted(wanted | self.published[project.root]):
            self.text_document_publish_diagnostics(
                types.PublishDiagnosticsParams(
                    uri, found.get(uri, []) if uri in wanted else [], version=self.documents.version(uri)
                )
            )
        self.published[project.root] = {uri for uri in wanted if found.get(uri)}

    def diagnostics(self, report: Report) -> dict[str, list[types.Diagnostic]]:
        """The diagnostics of all documents."""
        translator = self.translator(report)
        found: dict[str, list[types.Diagnostic]] = defaultdict(list)
        for finding in report.findings:
            found[self.documents.uri(finding.place)].append(translator.diagnostic(finding))
        return found

    def translator(self, report: Report) -> Translator:
        return Translator(self.workspace.position_codec, report.source, self.documents.uri, pages.uri)

    def findings_at(self, report: Report, uri: str, wanted: types.Range | None) -> list[Finding]:
        """The findings in a document that meet a range."""
        translator = self.translator(report)
        found = []
        for finding in report.findings:
            if self.documents.uri(finding.place) == uri and (
                wanted is None or _meet(translator.range(finding.place), wanted)
            ):
                found.append(finding)
        return found


def make() -> Server:
    """A server with all that it answers."""
    server = Server()

    @server.feature(types.INITIALIZED)
    async def initialized(params: types.InitializedParams) -> None:
        await _configure(server)
        _watch(server)
        for folder in server.folders():
            server.checks_of(str(folder)).touch()

    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        _wish(server, params.initialization_options)

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def configured(params: types.DidChangeConfigurationParams) -> None:
        settings, before = params.settings, server.wishes
        if isinstance(settings, Mapping) and settings.get(SECTION) is not None:
            _wish(server, settings[SECTION])
        await _configure(server)
        if server.wishes != before:
            server.begin_anew()

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def folders_changed(params: types.DidChangeWorkspaceFoldersParams) -> None:
        server.begin_anew()

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def files_changed(params: types.DidChangeWatchedFilesParams) -> None:
        for change in params.changes:
            path = path_of(change.uri)
            if path is not None:
                forget = change.type is not types.FileChangeType.Changed or not path.endswith((".py", ".ipynb"))
                for root, checks in server.checks.items():
                    if Path(path).is_relative_to(root) or root.is_relative_to(Path(path).parent):
                        checks.touch(forget=forget)

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        server.checks_of(server.documents.path(params.text_document.uri)).touch()

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams) -> None:
        server.checks_of(server.documents.path(params.text_document.uri)).touch()

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: types.DidSaveTextDocumentParams) -> None:
        server.checks_of(server.documents.path(params.text_document.uri)).touch()

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        server.checks_of(server.documents.path(params.text_document.uri)).touch()

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_OPEN)
    def notebook_opened(params: types.DidOpenNotebookDocumentParams) -> None:
        server.checks_of(server.documents.path(params.notebook_document.uri)).touch()

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_CHANGE)
    def notebook_changed(params: types.DidChangeNotebookDocumentParams) -> None:
        server.checks_of(server.documents.path(params.notebook_document.uri)).touch()

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_CLOSE)
    def notebook_closed(params: types.DidCloseNotebookDocumentParams) -> None:
        server.checks_of(server.documents.path(params.notebook_document.uri)).touch()

    @server.feature(
        types.TEXT_DOCUMENT_DIAGNOSTIC,
        types.DiagnosticOptions(inter_file_dependencies=True, workspace_diagnostics=True, identifier="nnlint"),
    )
    async def pulled(params: types.DocumentDiagnosticParams) -> types.DocumentDiagnosticReport:
        uri = params.text_document.uri
        report = await server.report_of(server.documents.path(uri))
        items = server.diagnostics(report).get(uri, [])
        state = _state(items)
        if params.previous_result_id == state:
            return types.RelatedUnchangedDocumentDiagnosticReport(state)
        return types.RelatedFullDocumentDiagnosticReport(items, result_id=state)

    @server.feature(types.WORKSPACE_DIAGNOSTIC)
    async def pulled_all(params: types.WorkspaceDiagnosticParams) -> types.WorkspaceDiagnosticReport:
        known = {each.uri: each.value for each in params.previous_result_ids}
        found: dict[str, list[types.Diagnostic]] = {}
        if not server.wishes.open_files_only:
            for root in list(server.checks):
                found |= server.diagnostics(await server.report_of(str(root)))
        reports: list[types.WorkspaceDocumentDiagnosticReport] = []
        for uri in sorted({*found, *known}):
            items, version = found.get(uri, []), server.documents.version(uri)
            state = _state(items)
            if known.get(uri) == state:
                reports.append(types.WorkspaceUnchangedDocumentDiagnosticReport(uri, state, version=version))
            else:
                reports.append(
                    types.WorkspaceFullDocumentDiagnosticReport(uri, items, version=version, result_id=state)
                )
        return types.WorkspaceDiagnosticReport(reports)

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    def hovered(params: types.HoverParams) -> types.Hover | None:
        uri = params.text_document.uri
        report = server.checks_of(server.documents.path(uri)).report or Report()
        found = server.findings_at(report, uri, types.Range(params.position, params.position))
        if not found:
            return None
        pages_ = "\n\n---\n\n".join(
            pages.text(code, HOVERED) for code in dict.fromkeys(finding.code for finding in found)
        )
        return types.Hover(
            types.MarkupContent(types.MarkupKind.Markdown, pages_), server.translator(report).range(found[0].place)
        )

    actions = Actions(server)
    kinds = types.CodeActionOptions([types.CodeActionKind.QuickFix, FIX_ALL], resolve_provider=True)

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, kinds)
    async def acted(params: types.CodeActionParams) -> list[types.CodeAction]:
        return await actions.offered(params)

    @server.feature(types.CODE_ACTION_RESOLVE)
    async def action_resolved(params: types.CodeAction) -> types.CodeAction:
        return await actions.resolved(params)

    @server.command("nnlint.openPage")
    def page_opened(code: str) -> None:
        actions.open_page(code)

    @server.command("nnlint.probe")
    async def probed(uri: str, *python: str) -> None:  # the library knows no defaults
        await actions.probe(uri, *python[:1])

    return server


async def _configure(server: Server) -> None:
    """Ask the client for its settings, if it can be asked."""
    workspace = server.client_capabilities.workspace
    if workspace is None or not workspace.configuration:
        return
    try:
        found = await server.workspace_configuration_async(
            types.ConfigurationParams([types.ConfigurationItem(section=SECTION)])
        )
    except Exception as error:  # a client that says it can and can not
        server.window_log_message(types.LogMessageParams(types.MessageType.Warning, f"nnlint: no settings: {error}"))
        return
    if found and found[0]:
        _wish(server, found[0])


def _wish(server: Server, given: Any) -> None:
    try:
        server.wishes = Wishes.read(given)
    except ValueError as error:
        server.fail(error)


def _watch(server: Server) -> None:
    """Hear of files that change outside of the editor, if the client can tell."""
    workspace = server.client_capabilities.workspace
    watched = workspace.did_change_watched_files if workspace is not None else None
    if watched is None or not watched.dynamic_registration:
        return
    options = types.DidChangeWatchedFilesRegistrationOptions([types.FileSystemWatcher(glob) for glob in WATCHED])
    server.client_register_capability(
        types.RegistrationParams(
            [types.Registration("nnlint-files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)]
        )
    )


def _meet(one: types.Range, other: types.Range) -> bool:
    return one.start <= other.end and other.start <= one.end


def _state(items: Iterable[types.Diagnostic]) -> str:
    """The same for the same diagnostics."""
    told = json.dumps([[str(item.range), item.code, item.message, item.data] for item in items], default=str)
    return hashlib.sha256(told.encode()).hexdigest()
