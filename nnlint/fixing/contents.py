"""The content of a file that is edited: its text, and the bytes that another text makes of it."""

from __future__ import annotations

from dataclasses import dataclass

from nnlint.reading.notebook import SUFFIX, Notebook
from nnlint.source import Source, encoding_of


class CanNotEdit(Exception):
    """The file can not be written as it was read; a sentence says why."""


@dataclass(frozen=True, slots=True)
class Content:
    """A file as it is. Line ends stay in `text` as they are; that of a notebook is the program of its cells."""

    path: str
    data: bytes
    text: str

    @classmethod
    def of(cls, path: str, data: bytes) -> Content:
        """Raises `Unreadable`, or `CanNotEdit` where the bytes do not come back from the text."""
        text = Notebook.read(path, data).text if path.endswith(SUFFIX) else Source.decode(path, data).text
        content = cls(path, data, text)
        if content.with_text(text) != data:
            raise CanNotEdit(f"{path}: its bytes do not come back from its text")
        return content

    def with_text(self, text: str) -> bytes:
        """Raises `CanNotEdit` where the file's encoding has no such character, or a magic of a notebook was changed."""
        try:
            if self.path.endswith(SUFFIX):
                return Notebook.read(self.path, self.data).written(text)
            return text.encode(encoding_of(self.data))
        except UnicodeEncodeError as error:
            raise CanNotEdit(f"{self.path}: its encoding lacks a character of the fix: {error.reason}") from error
        except ValueError as error:
            raise CanNotEdit(f"{self.path}: {error}") from error
