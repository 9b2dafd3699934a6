"""A rule's page: its docstring, under headings that are the same for every rule."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from dataclasses import dataclass

HEADINGS = (
    "What it does",
    "Why it fails silently",
    "Example",
    "Instead",
    "Fix safety",
    "Quiet when",
    "References",
)


class PageError(Exception):
    """A docstring that is no page."""


@dataclass(frozen=True, slots=True)
class Page:
    """The first line of a docstring and its sections, in the order of `HEADINGS`."""

    summary: str
    sections: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, documentation: str) -> Page:
        """Raises `PageError` when a heading is missing, unknown, empty or out of order."""
        head, *rest = re.split(r"^## +(.+?)\s*$", inspect.cleandoc(documentation), flags=re.MULTILINE)
        sections = tuple(zip(rest[0::2], (text.strip() for text in rest[1::2]), strict=True))
        if not head.strip():
            raise PageError("the summary is missing")
        if tuple(heading for heading, _ in sections) != HEADINGS:
            raise PageError(
                f"its headings are {_listed(heading for heading, _ in sections)}; must be {_listed(HEADINGS)}"
            )
        for heading, text in sections:
            if not text:
                raise PageError(f"the section `{heading}` is empty")
        return cls(head.strip().partition("\n")[0], sections)

    def section(self, heading: str) -> str:
        return dict(self.sections)[heading]

    def code(self, heading: str) -> tuple[str, ...]:
        """The ```python blocks of a section."""
        return tuple(re.findall(r"^```python\n(.*?)^```", self.section(heading), flags=re.MULTILINE | re.DOTALL))

    def markdown(self, title: str, level: int = 1) -> str:
        top = "#" * level
        parts = [f"{top} {title}", self.summary] + [f"{top}# {heading}\n\n{text}" for heading, text in self.sections]
        return "\n\n".join(parts) + "\n"


def _listed(headings: Iterable[str]) -> str:
    return ", ".join(f"`{heading}`" for heading in headings) or "none"
