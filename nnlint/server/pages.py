"""The rules' pages, as text for a hover and as files that an editor can open."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path

from nnlint import __version__, catalog
from nnlint.server.translating import uri_of


def text(code: str, level: int = 1) -> str:
    """The page, with a heading of that level."""
    entry = catalog.find(code)
    return entry.page.markdown(f"{entry.code} {entry.name}", level)


@cache
def uri(code: str) -> str | None:
    """Where the page of a rule lies as a file; None where none can be written."""
    file = _folder() / f"{code}.md"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        content = text(code)
        if not file.is_file() or file.read_text(encoding="utf-8") != content:
            file.write_text(content, encoding="utf-8")
    except (OSError, catalog.UnknownRule):
        return None
    return uri_of(str(file))


def _folder() -> Path:
    """The user's folder for what can be made again."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "nnlint" / "pages" / __version__
