"""What a finding is known by from one run to the next, however the lines around it move.

A fingerprint stands for the rule, the file, the function that the finding is in and the text that it is about; of
several that are equal in all of that it counts which one it is. It knows no line numbers, so that edits elsewhere in
the file leave it as it is, and no numbers of cells, so that cells may be moved and others put between them.
"""

from __future__ import annotations

import ast
import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from nnlint.engine import Report
from nnlint.finding import Finding
from nnlint.program.project import find_root
from nnlint.source import Source, Span

_DEFINITION = re.compile(r"(?:async\s+)?(?:def|class)\s+(?P<name>\w+)")
_COMPOUND = re.compile(r"(?:async\s|for\b|while\b|with\b|if\b|def\b|class\b|try\b|match\b|@)")


def fingerprints(report: Report) -> list[str]:
    """One for each finding, in their order: 64 hexadecimal digits, no two alike."""
    seen: Counter[tuple[str, ...]] = Counter()
    found: list[str] = []
    reader = _Reader(report)
    for finding in report.findings:
        parts = reader.parts(finding)
        found.append(hashlib.sha256("\0".join((*parts, str(seen[parts]))).encode("utf-8", "replace")).hexdigest())
        seen[parts] += 1
    return found


def project_path(path: str) -> str:
    """The path of a file within its project, with forward slashes: the same from whichever folder nnlint is run."""
    return Path(os.path.relpath(os.path.abspath(path), _root(os.path.dirname(os.path.abspath(path))))).as_posix()


@cache
def _root(folder: str) -> Path:
    return find_root(Path(folder))


class _Reader:
    """Reads what stands at findings; each file is parsed once."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._trees: dict[str, ast.Module | None] = {}

    def parts(self, finding: Finding) -> tuple[str, ...]:
        """What makes the finding what it is."""
        source, span = self._report.source(finding.place), finding.place.span
        path = project_path(finding.place.path)
        if source is None or span is None:
            return finding.code, path, "", finding.message
        tree = self._tree(source)
        lines = physical_lines(source.text)
        scope = _scope_by_indentation(lines, span) if tree is None else _scope(tree, span)
        return finding.code, path, ".".join(scope), " ".join(_text(lines, _header(tree, lines, span)).split())

    def _tree(self, source: Source) -> ast.Module | None:
        if source.path not in self._trees:
            self._trees[source.path] = _parsed(source.text)
        return self._trees[source.path]


def physical_lines(text: str) -> list[str]:
    """The lines as Python counts them: a form feed or a line separator ends none."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _parsed(text: str) -> ast.Module | None:
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes in the strings of other people's code
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _scope(tree: ast.AST, span: Span) -> Iterator[str]:
    """The names of the classes and functions around the span, from the outermost."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.stmt) and node.lineno <= span.line <= (node.end_lineno or node.lineno):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                yield node.name
            yield from _scope(node, span)
        elif isinstance(node, (ast.ExceptHandler, ast.match_case)):
            yield from _scope(node, span)


def _scope_by_indentation(lines: list[str], span: Span) -> list[str]:
    """The same for what does not parse, as a cell with magics."""
    names: list[str] = []
    depth: int | None = None
    for line in reversed(lines[: span.line]):
        text = line.lstrip()
        indent = len(line) - len(text)
        if not text or text.startswith("#") or (depth is not None and indent >= depth):
            continue
        if match := _DEFINITION.match(text):
            names.insert(0, match["name"])
        depth = indent
    return names


def _header(tree: ast.Module | None, lines: list[str], span: Span) -> Span:
    """The span; of a statement with a body, as a loop, what stands before the body, which may change."""
    if tree is not None:
        for node in ast.walk(tree):
            body = getattr(node, "body", None)
            if isinstance(node, ast.stmt) and isinstance(body, list) and _starts(node, lines, span):
                first = body[0]
                start = min([first, *getattr(first, "decorator_list", [])], key=lambda each: int(each.lineno))
                if start.lineno <= span.end_line:
                    column = len(lines[start.lineno - 1].encode()[: start.col_offset].decode("utf-8", "replace"))
                    return Span(span.line, span.column, start.lineno, column + 1)
    elif _COMPOUND.match(lines[span.line - 1][span.column - 1 :] if span.line <= len(lines) else ""):
        return Span(span.line, span.column, span.line, len(lines[span.line - 1]) + 1)
    return span


def _starts(node: ast.stmt, lines: list[str], span: Span) -> bool:
    decorators = getattr(node, "decorator_list", [])
    line = min([node.lineno, *(decorator.lineno for decorator in decorators)])
    return line == span.line and not lines[line - 1][: span.column - 1].strip() and span.end_line > line


def _text(lines: list[str], span: Span) -> str:
    rows = lines[span.line - 1 : span.end_line]
    if not rows:
        return ""
    if len(rows) == span.end_line - span.line + 1:
        rows[-1] = rows[-1][: span.end_column - 1]
    rows[0] = rows[0][span.column - 1 :]
    return "\n".join(rows)
