"""The two parsers, Python's own and libcst. Of a file that both can parse they give the equal Script.

Python's is ten times as fast, and knows places; libcst reads syntax that is newer than the running Python's, and keeps
comments and spaces, of which fixes are made. Where Python's refuses a file, or dies of it, libcst's decides whether and
why it is unreadable; the few files that Python takes and libcst does not (`(x): int = 1`) are read, but not mended.
"""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from collections.abc import Collection
from functools import lru_cache
from typing import TYPE_CHECKING

from nnlint.reading.lower import lower
from nnlint.reading.script import Script
from nnlint.source import NEW_LINE, Source, Span, Unreadable, line_and_column

if TYPE_CHECKING:
    import libcst

BYTE_ORDER_MARK = "\ufeff"


def by_python(source: Source) -> tuple[Script, list[ast.AST]] | None:
    """The Script of a file and the node of each id; None where this Python can not parse it."""
    return _read_last(_without_mark(source), source.path)


@lru_cache(maxsize=1)  # a file that is read for an editor is asked at once where its findings stand
def _read_last(text: str, path: str) -> tuple[Script, list[ast.AST]] | None:
    try:
        return lower(_parsed_by_python(text), path)
    except Exception:
        return None


def by_libcst(source: Source) -> tuple[libcst.Module, Script, list[libcst.CSTNode]]:
    """The tree of a file, its Script, and the libcst node of each id. Raises `Unreadable`."""
    from nnlint.reading.translation import translated

    module = _parsed_by_libcst(source)
    tree, origins = translated(module, source.path)
    script, nodes = lower(tree, source.path)
    return module, script, [origins[node] for node in nodes]


def located_by_python(source: Source, wanted: Collection[int]) -> dict[int, Span]:
    """Where the nodes with these ids stand, as far as this Python knows it."""
    from nnlint.reading import places

    known = by_python(source)
    return {} if known is None else places.locate(_without_mark(source), known[1], wanted)


def located_by_libcst(
    source: Source, module: libcst.Module, nodes: list[libcst.CSTNode], wanted: Collection[int]
) -> dict[int, Span]:
    """Where the nodes with these ids stand."""
    from nnlint.reading import positions

    spans = positions.locate(module, nodes, wanted)
    return _with_form_feeds(spans, _without_mark(source), module) if "\f" in source.text else spans


def _without_mark(source: Source) -> str:
    """libcst takes a mark at the start of a text (a decoded file has none) for nothing, Python for an error."""
    return source.text.removeprefix(BYTE_ORDER_MARK)


def _parsed_by_python(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def _parsed_by_libcst(source: Source) -> libcst.Module:
    import libcst

    text = _without_mark(source)
    try:
        return libcst.parse_module(text)
    except (libcst.ParserSyntaxError, SyntaxError) as error:
        raise _explained(source.path, text, error) from None
    except UnicodeEncodeError as error:
        line, column = line_and_column(text, error.start)
        raise Unreadable(source.path, "has half of a surrogate pair in it", line, column) from None
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # of the parser's Rust; not a subclass of Exception
            raise Unreadable(source.path, f"makes the parser fail: {error}") from error
        raise


def _explained(path: str, text: str, error: libcst.ParserSyntaxError | SyntaxError) -> Unreadable:
    """Python's own message and place, which are better; libcst's where Python takes the file (or dies of it).

    A SyntaxError of libcst, given `"a" b"b"`, knows no place.
    """
    try:
        _parsed_by_python(text)
    except SyntaxError as known:
        line, column = known.lineno or 1, max(known.offset or 1, 1)
        return Unreadable(path, f"does not parse as Python 3: {known.msg}", line, column)
    except (ValueError, RecursionError, MemoryError):
        pass
    if isinstance(error, SyntaxError):
        return Unreadable(path, f"does not parse: {error.msg}")
    # "parser error: error at 409:30: expected one of !=, %, &, …"; the line of the exception itself is a later one
    found = re.fullmatch(r"parser error: error at (\d+):(\d+): (.*)", error.message, re.DOTALL)
    line, column, message = (
        (int(found[1]), int(found[2]), found[3]) if found else (error.raw_line, error.raw_column + 1, error.message)
    )
    return Unreadable(path, f"does not parse: {textwrap.shorten(message, 100, placeholder=' …')}", line, column)


def _with_form_feeds(spans: dict[int, Span], text: str, module: libcst.Module) -> dict[int, Span]:
    """libcst forgets a form feed at the start of a line of code, which moves the columns of that line."""
    pairs = zip(NEW_LINE.split(text), NEW_LINE.split(module.code), strict=False)
    shifts = [len(line) - len(kept) for line, kept in pairs]

    def shifted(span: Span) -> Span:
        start, end = shifts[span.line - 1], shifts[span.end_line - 1]
        return Span(span.line, span.column + start, span.end_line, span.end_column + end)

    return {number: shifted(span) for number, span in spans.items()}
