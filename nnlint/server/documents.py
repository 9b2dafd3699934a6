"""What is open in the editor: the texts that stand for files, and the documents that places are in."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from lsprotocol import types
from pygls.workspace import Workspace

from nnlint.server.translating import path_of, uri_of
from nnlint.source import Place, encoding_of


class Documents:
    """The open documents of a workspace. One that is no file yet stands beside the files of the first folder."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._untitled: dict[str, str] = {}  # paths by uri

    def contents(self) -> dict[Path, bytes]:
        """The texts of all open documents, by the paths of their files."""
        cells = self._cells()
        found = {
            Path(self.path(uri)): encoded(document.source)
            for uri, document in list(self._workspace.text_documents.items())
            if uri not in cells and is_python(document.language_id, uri)
        }
        for uri, notebook in list(self._workspace.notebook_documents.items()):
            found[Path(self.path(uri))] = self._as_file(notebook)
        return found

    def versions(self) -> dict[str, int | None]:
        """What the contents are the contents of."""
        return {uri: document.version for uri, document in self._workspace.text_documents.items()}

    def path(self, uri: str) -> str:
        """The path of a document, or of the notebook that a cell is in."""
        notebook = self._workspace.get_notebook_document(cell_uri=uri)
        known = path_of(notebook.uri if notebook is not None else uri)
        if known is not None:
            return known
        folder = next(iter(self._folders()), os.getcwd())
        suffix = ".ipynb" if notebook is not None or "ipynb" in uri else ".py"
        name = "".join(character if character.isalnum() else "_" for character in unquote(uri).rpartition(":")[2])
        return self._untitled.setdefault(uri, os.path.join(folder, f"{name}{suffix}"))

    def uri(self, place: Place) -> str:
        """The document that a place is in: of a notebook that is open the cell's."""
        path = os.path.abspath(place.path)
        for uri, known in self._untitled.items():
            if known == path:
                return uri
        notebook = self._notebook(path)
        if notebook is not None and place.cell is not None and place.cell <= len(notebook.cells):
            return notebook.cells[place.cell - 1].document
        return uri_of(path)

    def uris(self, path: str) -> list[str]:
        """All documents of a file: itself, or the code cells of a notebook that is open."""
        notebook = self._notebook(path)
        if notebook is None:
            return [self.uri(Place(path))]
        return [cell.document for cell in notebook.cells if cell.kind is types.NotebookCellKind.Code]

    def cell(self, uri: str) -> int | None:
        """The number of a cell in its notebook, from 1."""
        notebook = self._workspace.get_notebook_document(cell_uri=uri)
        if notebook is None:
            return None
        return next((number for number, cell in enumerate(notebook.cells, 1) if cell.document == uri), None)

    def version(self, uri: str) -> int | None:
        document = self._workspace.text_documents.get(unquote(uri))
        return document.version if document is not None else None

    def _folders(self) -> Iterator[str]:
        for uri in self._workspace.folders:
            path = path_of(uri)
            if path is not None:
                yield path

    def _cells(self) -> set[str]:
        notebooks = self._workspace.notebook_documents.values()
        return {unquote(cell.document) for notebook in notebooks for cell in notebook.cells}

    def _notebook(self, path: str) -> types.NotebookDocument | None:
        notebooks: dict[str, types.NotebookDocument] = dict(self._workspace.notebook_documents)
        for notebook in notebooks.values():
            if self.path(notebook.uri) == path:
                return notebook
        return None

    def _as_file(self, notebook: types.NotebookDocument) -> bytes:
        cells: list[dict[str, object]] = []
        for cell in notebook.cells:
            document = self._workspace.get_text_document(cell.document)
            is_code = cell.kind is types.NotebookCellKind.Code and document.language_id in ("python", None)
            cells.append({"cell_type": "code" if is_code else "raw", "source": document.source, "metadata": {}})
        return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def is_python(language: str | None, uri: str) -> bool:
    """By the language or by the name: an editor may have no language for a file, and its disk's text is checked too."""
    return language == "python" or uri.endswith(".py")


def encoded(text: str) -> bytes:
    """The bytes of the file that the text would be saved as, as far as its own coding declaration says."""
    plain = text.encode("utf-8", errors="replace")
    try:
        return text.encode(encoding_of(plain))
    except UnicodeEncodeError:
        return plain
