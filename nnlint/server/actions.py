"""What can be done about a finding: fix it, fix all, ignore it, read the page, run the script."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types

from nnlint.engine import Report
from nnlint.finding import Edit, Finding, Safety
from nnlint.server import pages
from nnlint.server.judged import Judged
from nnlint.server.translating import line_edits
from nnlint.suppression.adding import additions

if TYPE_CHECKING:
    from nnlint.server.server import Server

FIX_ALL = "source.fixAll.nnlint"


class Actions:
    """Answers for one server."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def offered(self, params: types.CodeActionParams) -> list[types.CodeAction]:
        uri = params.text_document.uri
        path = self._server.documents.path(uri)
        report = await self._server.report_of(path)
        only = params.context.only
        found: list[types.CodeAction] = []
        if _asked(types.CodeActionKind.QuickFix, only):
            for finding in self._server.findings_at(report, uri, params.range):
                found += self._of(finding, report)
        if _asked(FIX_ALL, only):
            found.append(types.CodeAction("Fix all with nnlint", kind=FIX_ALL, data={"fixAll": uri}))
        return found

    async def resolved(self, action: types.CodeAction) -> types.CodeAction:
        data = action.data
        if isinstance(data, dict) and "fixAll" in data:
            action.edit = await self._all_fixed(str(data["fixAll"]))
        return action

    def open_page(self, code: str) -> None:
        uri = pages.uri(code)
        if uri is not None:
            self._server.window_show_document(types.ShowDocumentParams(uri, take_focus=True))

    async def probe(self, uri: str, python: str | None = None) -> None:
        """Run the script of a document for a few steps, and put what it shows into its diagnostics.

        It is run by the server's own Python, or by one that has torch.
        """
        path = Path(self._server.documents.path(uri))
        await self._server.report_of(str(path))
        checks = self._server.checks_of(str(path))
        opened = self._server.documents.contents()
        async with self._server.steps.shown(f"nnlint: running {path.name}"):
            try:
                judge = asyncio.get_running_loop().run_in_executor(None, checks.project.probed, path, python)
                probed = await judge
            except Exception as error:
                self._server.fail(error)
                return
        judged = Judged.by(probed, opened)
        for why in probed.unrun:
            self._server.say(types.MessageType.Warning, why)
        if not probed.unrun:
            self._server.say(types.MessageType.Info, f"{path.name} ran: {judged.told() or 'nothing found'}")
        await self._server.checks_of(str(path)).judge(judged)

    def _of(self, finding: Finding, report: Report) -> Iterable[types.CodeAction]:
        translator = self._server.translator(report)
        diagnostic = translator.diagnostic(finding)
        if finding.fix is not None and (finding.fix.safety is Safety.SAFE or self._server.wishes.unsafe_fixes):
            unsafe = "" if finding.fix.safety is Safety.SAFE else " (unsafe)"
            yield types.CodeAction(
                f"{finding.code}: {finding.fix.title}{unsafe}",
                kind=types.CodeActionKind.QuickFix,
                diagnostics=[diagnostic],
                is_preferred=not unsafe,
                edit=self._edit(translator.edits(finding.fix.edits)),
            )
        silence = _silencing(finding, report)
        if silence:
            yield types.CodeAction(
                f"{finding.code}: ignore on this line",
                kind=types.CodeActionKind.QuickFix,
                diagnostics=[diagnostic],
                edit=self._edit(translator.edits(silence)),
            )
        yield types.CodeAction(
            f"{finding.code}: show the page of {finding.name}",
            kind=types.CodeActionKind.QuickFix,
            diagnostics=[diagnostic],
            command=types.Command("Show the page", "nnlint.openPage", arguments=[finding.code]),
        )

    def _edit(self, edits: dict[str, list[types.TextEdit]]) -> types.WorkspaceEdit:
        """With the versions of the documents where the client wants to compare them."""
        workspace = self._server.client_capabilities.workspace
        if workspace is None or workspace.workspace_edit is None or not workspace.workspace_edit.document_changes:
            return types.WorkspaceEdit(changes=edits)
        return types.WorkspaceEdit(
            document_changes=[
                types.TextDocumentEdit(
                    types.OptionalVersionedTextDocumentIdentifier(uri, self._server.documents.version(uri)), list(each)
                )
                for uri, each in edits.items()
            ]
        )

    async def _all_fixed(self, uri: str) -> types.WorkspaceEdit:
        """All safe fixes that change this document only, proved as `--fix` proves them."""
        path = Path(self._server.documents.path(uri))
        await self._server.report_of(str(path))
        texts = await self._server.checks_of(str(path)).fixed(path)
        return self._edit({uri: list(line_edits(*texts))} if texts is not None else {})


def _silencing(finding: Finding, report: Report) -> tuple[Edit, ...]:
    """What makes a comment on the finding's line silence it; () where none can."""
    source, cell = report.source(finding.place), finding.place.cell
    if source is None:
        return ()
    within = replace(finding, place=replace(finding.place, cell=None))  # of a notebook the source is the cell's
    edits = additions(source, [within]).edits
    return tuple(replace(edit, place=replace(edit.place, path=finding.place.path, cell=cell)) for edit in edits)


def _asked(kind: str, only: Iterable[str] | None) -> bool:
    """Whether a client that asks for some kinds of actions wants this one; `source` means all `source.…`."""
    return only is None or any(kind == wanted or kind.startswith(str.__add__(wanted, ".")) for wanted in only)
