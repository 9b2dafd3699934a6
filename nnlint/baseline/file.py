"""The file that holds a baseline: JSON, sorted, one line for each entry, so that it reads and merges well."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nnlint import looks, writing
from nnlint.baseline.content import Content
from nnlint.baseline.matching import Entries

NAME = "nnlint-baseline.json"
VERSION = 1
_KEYS = ("path", "code", "scope", "text")


class BaselineError(Exception):
    """A baseline that can not be used; one line that names the file and says what to do."""


def read(path: Path) -> dict[Content, int]:
    """Raises `BaselineError`."""
    try:
        text = looks.read(path).decode("utf-8-sig")
    except FileNotFoundError as error:
        raise BaselineError(f"`{path}` does not exist: `nnlint baseline --baseline {path}` writes it") from error
    except OSError as error:
        raise BaselineError(f"`{path}` can not be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BaselineError(f"`{path}` is no baseline: it is not UTF-8; {_anew(path)}") from error
    _reject_conflict(path, text)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise BaselineError(f"`{path}` is no baseline: it is not JSON{line}; {_anew(path)}") from error
    return dict(_entries(path, data))


def write(path: Path, entries: Entries) -> None:
    """Raises `BaselineError`."""
    try:
        writing.write(path, render(entries).encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise BaselineError(f"`{path}` can not be written: {error.strerror}") from error


def render(entries: Entries) -> str:
    rows = [
        json.dumps({**{key: getattr(entry, key) for key in _KEYS}, "count": count}, ensure_ascii=False)
        for entry, count in sorted(entries.items())
        if count > 0
    ]
    listed = ",\n".join(f"    {row}" for row in rows)
    return (
        f'{{\n  "version": {VERSION},\n  "findings": [\n{listed}\n  ]\n}}\n'
        if rows
        else (f'{{\n  "version": {VERSION},\n  "findings": []\n}}\n')
    )


def _reject_conflict(path: Path, text: str) -> None:
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(("<<<<<<< ", ">>>>>>> ")):
            raise BaselineError(
                f"`{path}` holds a merge conflict (line {number}): keep the entries of both sides, then "
                f"`nnlint baseline --prune --baseline {path}` drops those that are fixed"
            )


def _entries(path: Path, data: Any) -> Iterator[tuple[Content, int]]:
    if not isinstance(data, dict) or not isinstance(data.get("version"), int):
        raise BaselineError(f"`{path}` is no baseline: it has no version; {_anew(path)}")
    if data["version"] != VERSION:
        raise BaselineError(
            f"`{path}` is a baseline of version {data['version']}, this nnlint knows version {VERSION}: update nnlint"
        )
    rows = data.get("findings")
    if not isinstance(rows, list):
        raise BaselineError(f"`{path}` is no baseline: `findings` must be a list; {_anew(path)}")
    known: dict[Content, int] = {}
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict) or not all(isinstance(row.get(key), str) for key in _KEYS):
            raise BaselineError(f"`{path}`: entry {number} must have {', '.join(_KEYS)} as strings; {_anew(path)}")
        count = row.get("count", 1)
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise BaselineError(f"`{path}`: the count of entry {number} must be a whole number; {_anew(path)}")
        entry = Content(**{key: row[key] for key in _KEYS})
        known[entry] = max(count, known.get(entry, 0))  # a merge of two branches that know the same
    yield from known.items()


def _anew(path: Path) -> str:
    return f"mend it, or delete it and run `nnlint baseline --baseline {path}`"
