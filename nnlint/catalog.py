"""The catalogue: every rule there is, discovered, never listed; and the words by which users name them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from nnlint.discovery import CatalogError, Entry, discover, from_folder, housekeeping, installed, joined

__all__ = [
    "PRESETS",
    "CatalogError",
    "Entry",
    "UnknownRule",
    "add_folder",
    "did_you_mean",
    "discover",
    "entries",
    "find",
    "housekeeping",
    "nearest",
    "resolve",
    "select",
]


class UnknownRule(Exception):
    """A word that names no rule; `suggestion` is the nearest one that does."""

    def __init__(self, word: str, suggestion: str | None) -> None:
        super().__init__(f"unknown rule `{word}`" + did_you_mean(suggestion))
        self.word = word
        self.suggestion = suggestion


_folders: dict[Path, list[Entry]] = {}  # of projects' own rules, as configurations name them


def entries() -> tuple[Entry, ...]:
    """All rules, sorted by code: nnlint's own, those of installed packs, and those of folders that were added."""
    return joined(_installed(), [each for found in _folders.values() for each in found]) if _folders else _installed()


def add_folder(folder: Path) -> None:
    """Take the rules in a folder of a project's own into the catalogue. Raises `CatalogError`."""
    if folder not in _folders:
        found = from_folder(folder)
        joined(entries(), found)  # or it says what is there already
        _folders[folder] = found


@cache
def _installed() -> tuple[Entry, ...]:
    return installed(discover("nnlint.rules"))


def find(word: str) -> Entry:
    """The rule of that code or name. Raises `UnknownRule`."""
    for entry in entries():
        if word.upper() == entry.code or word.lower() == entry.name:
            return entry
    raise UnknownRule(word, _nearest(word))


def resolve(word: str) -> frozenset[str]:
    """The codes that `word` stands for: a code, a name, or the beginning of codes (`NN1`). Raises `UnknownRule`."""
    if re.fullmatch(r"[A-Z]{1,4}\d{0,2}", word.upper()):
        family = frozenset(
            entry.code for entry in entries() if re.fullmatch(rf"{word.upper()}\d+", entry.code) is not None
        )
        if family:
            return family
    return frozenset({find(word).code})


PRESETS: dict[str, Callable[[Entry], bool]] = {
    "all": lambda entry: True,
    "default": lambda entry: entry.enabled,
    "recipe": lambda entry: entry.recipe,
}
"""Words that stand for many rules. `recipe` is what Andrej Karpathy names in "A Recipe for Training Neural Networks"
(https://karpathy.github.io/2019/04/25/recipe/) and in his list of the most common mistakes
(https://twitter.com/karpathy/status/1013244313327681536)."""


def select(word: str) -> frozenset[str]:
    """As `resolve`, with the presets besides. Raises `UnknownRule`."""
    chosen = PRESETS.get(word)
    return resolve(word) if chosen is None else frozenset(entry.code for entry in entries() if chosen(entry))


def did_you_mean(suggestion: str | None) -> str:
    return f": did you mean `{suggestion}`?" if suggestion else ""


def nearest(word: str, candidates: list[str]) -> str | None:
    """The candidate that a reader would say was meant, if any."""
    matches = difflib.get_close_matches(word, candidates, n=1, cutoff=0.6)
    return matches[0] if matches else None


def _nearest(word: str) -> str | None:
    return nearest(word.lower(), [entry.name for entry in entries()]) or nearest(
        word.upper(), [entry.code for entry in entries()]
    )
