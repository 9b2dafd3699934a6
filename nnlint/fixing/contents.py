"""The content of a file that is edited: its text, and the bytes that another text makes of it."""

from __future__ import annotations

from dataclasses import dataclass

from nnlint.source import Source, encoding_of


class CanNotEdit(Exception):
    """The file can not be written as it was read; a sentence says why."""


@dataclass(frozen=True, slots=True)
class Content:
    """A file as it is. Line ends stay in `text` as they are."""

    path: str
    data: bytes
    text: str

    @classmethod
    def of(cls, path: str, data: bytes) -> Content:
        """Raises `Unreadable`, or `CanNotEdit` where the bytes do not come back from the text."""
        content = cls(path, data, Source.decode(path, data).text)
        if content.with_text(content.text) != data:
            raise CanNotEdit(f"{path}: its bytes do not come back from its text")
        return content

    def with_text(self, text: str) -> bytes:
        """Raises `CanNotEdit` where the file's encoding has no such character."""
        try:
            return text.encode(encoding_of(self.data))
        except UnicodeEncodeError as error:
            raise CanNotEdit(f"{self.path}: its encoding lacks a character of the fix: {error.reason}") from error
