"""What a known finding goes by: its rule, its file, the function it is in and the text it is about, never its line."""

from __future__ import annotations

import ast
import hashlib
import io
import os
import re
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nnlint.engine import Report
from nnlint.finding import Finding
from nnlint.housekeeping import UnreadableFile
from nnlint.source import Source, Span
from nnlint.suppression.comments import normalized

LONGEST = 120  # characters of a text that are written down; what is longer is told apart by a digest
_END = 10**9  # of any line
_COMPOUND = re.compile(r"(?:async|for|while|with|if|def|class|try)\b|@")
_DIGEST = re.compile(r"… [0-9a-f]{12}$")


@dataclass(frozen=True, slots=True, order=True)
class Content:
    """A finding by what it is about. `path` is relative to the baseline's folder, with forward slashes."""

    path: str
    code: str
    scope: str
    text: str

    @property
    def gist(self) -> str:
        """The text as far as it counts: whitespace and the kind of quotes do not."""
        digest = _DIGEST.search(self.text)
        return digest[0] if digest else _gist(self.text)


class Contents:
    """Reads what findings are about; each file is parsed once."""

    def __init__(self, report: Report, folder: Path) -> None:
        self._report = report
        self._folder = os.path.realpath(folder)
        self._scopes: dict[str, list[tuple[int, int, str]] | None] = {}
        self._sources: dict[str, list[Source]] = {}

    def of(self, finding: Finding) -> Content:
        path = self.path(finding.place.path)
        source, span = self._report.source(finding.place), finding.place.span
        if source is None or span is None:
            return Content(path, finding.code, "", finding.message)
        if source not in self._sources.setdefault(path, []):
            self._sources[path].append(source)
        if finding.code == UnreadableFile.code:  # its span is the character at which reading ended
            span = Span(span.line, 1, span.line, _END)
        return Content(path, finding.code, self._scope(source, span), _shortened(_text(source.text, span)))

    def path(self, path: str) -> str:
        """The path of a file as the baseline names it."""
        folder, name = os.path.split(os.path.abspath(path))
        return Path(os.path.relpath(os.path.join(os.path.realpath(folder), name), self._folder)).as_posix()

    def absolute(self, path: str) -> str:
        """The file that the baseline names so, whether it is there or not."""
        return os.path.normpath(os.path.join(self._folder, path))

    def has_scope(self, path: str, scope: str) -> bool:
        """Whether a file, in which something was found, still has that function or class; True when it is unknown."""
        found = [self._scopes_of(source) for source in self._sources.get(path, ())]
        return not found or any(scopes is None or any(name == scope for *_, name in scopes) for scopes in found)

    def _scope(self, source: Source, span: Span) -> str:
        around = [scope for scope in self._scopes_of(source) or () if scope[0] <= span.line <= scope[1]]
        return around[-1][2] if around else ""  # the innermost is found last

    def _scopes_of(self, source: Source) -> list[tuple[int, int, str]] | None:
        if source.path not in self._scopes:
            self._scopes[source.path] = _scopes(source.text)
        return self._scopes[source.path]


def _scopes(text: str) -> list[tuple[int, int, str]] | None:
    """First line, last line and qualified name of each function and class, outer ones first; None of no Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes in other people's strings
            tree = ast.parse(normalized(text))
        return list(_below(tree, ""))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _below(node: ast.AST, prefix: str) -> Iterator[tuple[int, int, str]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            first = min([child.lineno, *(each.lineno for each in child.decorator_list)])
            yield first, child.end_lineno or child.lineno, prefix + child.name
            yield from _below(child, f"{prefix}{child.name}.")
        elif not isinstance(child, ast.expr):
            yield from _below(child, prefix)


def _text(text: str, span: Span) -> str:
    """What the span holds, on one line, without comments; of a statement with a body its head."""
    lines = normalized(text).split("\n")[span.line - 1 : span.end_line]
    if not lines:
        return ""
    lines[-1] = lines[-1][: span.end_column - 1] if len(lines) == span.end_line - span.line + 1 else lines[-1]
    lines[0] = lines[0][span.column - 1 :]
    shown = " ".join("\n".join(_without_comments(lines)).split())
    shown = re.sub(r"(?<=[(\[{]) | (?=[)\]}])", "", shown)
    return re.sub(r",(?=[)\]}])", "", shown) if len(lines) > 1 else shown


def _without_comments(lines: list[str]) -> list[str]:
    """The lines less comments, up to the end of the head that a statement with a body has."""
    has_body = _COMPOUND.match(lines[0]) is not None
    whole = "\n".join(lines)
    kept = list(lines)
    try:
        for token in tokenize.generate_tokens(io.StringIO(whole if has_body else f"({whole}\n)").readline):
            row = token.start[0] - 1
            shift = 1 if row == 0 and not has_body else 0
            if token.type == tokenize.COMMENT:
                kept[row] = kept[row][: token.start[1] - shift]
            elif token.type == tokenize.NEWLINE and has_body:
                return kept[: row + 1]
    except (tokenize.TokenError, SyntaxError):
        pass  # a part of a program need not be one
    return kept


def _gist(text: str) -> str:
    """The text as it is with every formatter: `'a', 1., .5` and `"a", 1.0, 0.5` are the same."""
    bare = re.sub(r"\s", "", text).replace("'", '"')
    bare = re.sub(r"(?<![\w.])\.(?=\d)", "0.", re.sub(r"(?<=\d)\.(?!\d)", ".0", bare))
    return re.sub(r",(?=[)\]}])", "", bare)


def _shortened(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    digest = hashlib.sha256(_gist(text).encode("utf-8", "replace")).hexdigest()[:12]
    return f"{text[: LONGEST - 14].rstrip()}… {digest}"
