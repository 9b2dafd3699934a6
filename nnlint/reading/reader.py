"""A `Source` is read into a `Script`, and the nodes that are reported are found in it again.

Everything that can be wrong with a file is said with `Unreadable`; nothing that a file says ends the process. The
parser and the code generator call themselves as deeply as the text nests, so texts that nest deeply are read on a
thread with a stack of the size they need, and those beyond all measure are not read at all.

A Script nests as its text does. One that is hundreds of links deep (`a + a + …`) is read, but `pickle.dumps` and `==`
raise RecursionError for it, since they recurse in their own ways: a cache leaves such a Script out.
"""

from __future__ import annotations

import ast
import gc
import re
import sys
import textwrap
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from nnlint.reading.nesting import TOO_DEEP, Nesting, nesting
from nnlint.source import NEW_LINE, Source, Span, Unreadable

if TYPE_CHECKING:
    import libcst

    from nnlint.reading.script import Script

Result = TypeVar("Result")

MOST_BRACKETS = 100  # half of what Python accepts; the lowering takes three frames for each
SAFE_STACK = 700_000  # less than any platform's stack: of the common ones, 1 MiB is the smallest
LARGEST_STACK = 32 * 2**20  # beyond it libcst, quadratic in the length of a chain, takes minutes
DEEP_RECURSION = 200_000
BYTE_ORDER_MARK = "\ufeff"


def read_script(source: Source) -> Script:
    """The Script of a file. Raises `Unreadable`."""
    from nnlint.reading.lower import lower

    measured = _weigh(source)

    def read() -> Script:
        # the tree dies here, while the garbage collector still rests
        return lower(_parse(source), source.path)[0]

    with _garbage_collector_resting():
        return _on_a_stack_of(measured.stack * 2, read, source.path) if measured.stack > SAFE_STACK else read()


def locate(source: Source, ids: Iterable[int]) -> dict[int, Span]:
    """Where the nodes of `source`'s Script with these ids stand. Raises `Unreadable`.

    Parses again: most files have no finding, and pay nothing for positions (positions.py has the figures).
    """
    wanted = set(ids)
    if not wanted:
        return {}
    from nnlint.reading import positions

    def find(module: libcst.Module, nodes: list[libcst.CSTNode]) -> dict[int, Span]:
        spans = positions.locate(module, nodes, wanted)
        return _with_form_feeds(spans, source.text, module) if "\f" in source.text else spans

    return examine(source, find)


def examine(source: Source, look: Callable[[libcst.Module, list[libcst.CSTNode]], Result]) -> Result:
    """What `look` finds in the tree of a file and the nodes of its Script, by id. Raises `Unreadable`."""
    from nnlint.reading.lower import lower

    measured = _weigh(source)

    def find() -> Result:
        module = _parse(source)
        _, nodes = lower(module, source.path)
        try:
            with _recursion_allowed():
                return look(module, nodes)
        except RecursionError:
            raise Unreadable(source.path, TOO_DEEP) from None

    with _garbage_collector_resting():
        return _on_a_stack_of(measured.stack * 4, find, source.path)


# --- parsing ---------------------------------------------------------------------------------------------------


def _parse(source: Source) -> libcst.Module:
    import libcst

    # libcst takes a mark at the start of a text (a decoded file has none) for nothing, but writes it nowhere either
    text = source.text.removeprefix(BYTE_ORDER_MARK)
    try:
        return libcst.parse_module(text)
    except libcst.ParserSyntaxError as error:
        raise _explained(source.path, text, error) from None
    except UnicodeEncodeError as error:
        line, column = _line_and_column(text, error.start)
        raise Unreadable(source.path, "has half of a surrogate pair in it", line, column) from None
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # of the parser's Rust; not a subclass of Exception
            raise Unreadable(source.path, f"makes the parser fail: {error}") from error
        raise


def _explained(path: str, text: str, error: libcst.ParserSyntaxError) -> Unreadable:
    """Python's own message and place, which are better; libcst's where Python takes the file (or dies of it)."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except SyntaxError as known:
        line, column = known.lineno or 1, max(known.offset or 1, 1)
        return Unreadable(path, f"does not parse as Python 3: {known.msg}", line, column)
    except (ValueError, RecursionError, MemoryError):
        pass
    # "parser error: error at 409:30: expected one of !=, %, &, …"; the line of the exception itself is a later one
    found = re.fullmatch(r"parser error: error at (\d+):(\d+): (.*)", error.message, re.DOTALL)
    line, column, message = (
        (int(found[1]), int(found[2]), found[3]) if found else (error.raw_line, error.raw_column + 1, error.message)
    )
    return Unreadable(path, f"does not parse: {textwrap.shorten(message, 100, placeholder=' …')}", line, column)


def _with_form_feeds(spans: dict[int, Span], text: str, module: libcst.Module) -> dict[int, Span]:
    """libcst forgets a form feed at the start of a line of code, which moves the columns of that line."""
    pairs = zip(NEW_LINE.split(text.removeprefix(BYTE_ORDER_MARK)), NEW_LINE.split(module.code), strict=False)
    shifts = [len(line) - len(kept) for line, kept in pairs]

    def shifted(span: Span) -> Span:
        start, end = shifts[span.line - 1], shifts[span.end_line - 1]
        return Span(span.line, span.column + start, span.end_line, span.end_column + end)

    return {number: shifted(span) for number, span in spans.items()}


# --- not dying of it -------------------------------------------------------------------------------------------


def _weigh(source: Source) -> Nesting:
    null = source.text.find("\0")
    if null >= 0:
        raise Unreadable(source.path, "has a null byte in it", *_line_and_column(source.text, null))
    measured = nesting(source.text)
    if measured.brackets > MOST_BRACKETS or measured.stack > LARGEST_STACK:
        raise Unreadable(source.path, TOO_DEEP, *_line_and_column(source.text, measured.offset))
    return measured


def _on_a_stack_of(size: int, function: Callable[[], Result], path: str) -> Result:
    """The stack of a running thread does not grow; a new thread's is as large as one asks."""
    results: list[Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(function())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, name="nnlint deep read", daemon=True)
    before = threading.stack_size(2**24 + size // 2**16 * 2**16)
    try:
        thread.start()
    except RuntimeError as error:  # no address space for such a stack
        raise Unreadable(path, TOO_DEEP) from error
    finally:
        threading.stack_size(before)
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


@contextmanager
def _recursion_allowed() -> Iterator[None]:
    """The code generator takes more frames a level than the lowering that has already come through."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, DEEP_RECURSION))
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


@contextmanager
def _garbage_collector_resting() -> Iterator[None]:
    """A parse makes hundreds of thousands of objects and no garbage: looking for some costs 5 to 8 per cent."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _line_and_column(text: str, offset: int) -> tuple[int, int]:
    from nnlint.reading.positions import line_starts

    starts = [start for start in line_starts(text) if start <= offset]
    return len(starts), offset - starts[-1] + 1
