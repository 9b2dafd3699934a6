"""A `Source` is read into a `Script`, and the nodes that are reported are found in it again.

Python's own parser reads a file where it can, ten times as fast as libcst. libcst reads the others, those in newer
syntax than this Python's among them, says what is wrong with what can not be read, and is asked for fixes (parsing.py).

Everything that can be wrong with a file is said with `Unreadable`; nothing that a file says ends the process. The
parsers and the code generator call themselves as deeply as the text nests, so texts that nest deeply are read on a
thread with a stack of the size they need, and those beyond all measure are not read at all.

A Script nests as its text does. One that is hundreds of links deep (`a + a + …`) is read, but `pickle.dumps` and `==`
raise RecursionError for it, since they recurse in their own ways: a cache leaves such a Script out.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from nnlint.reading.nesting import TOO_DEEP, Nesting, nesting
from nnlint.source import Source, Span, Unreadable, line_and_column

if TYPE_CHECKING:
    import libcst

    from nnlint.reading.script import Script

Result = TypeVar("Result")

MOST_BRACKETS = 100  # half of what Python accepts; the lowering takes three frames for each
SAFE_STACK = 700_000  # less than any platform's stack: of the common ones, 1 MiB is the smallest
LARGEST_STACK = 32 * 2**20  # beyond it libcst, quadratic in the length of a chain, takes minutes
DEEP_RECURSION = 200_000


def read_script(source: Source) -> Script:
    """The Script of a file. Raises `Unreadable`."""
    from nnlint.reading import parsing

    def read() -> Script:
        known = parsing.by_python(source)
        return known[0] if known is not None else parsing.by_libcst(source)[1]

    measured = _weigh(source)
    with _garbage_collector_resting():
        return _on_a_stack_of(measured.stack * 2, read, source.path) if measured.stack > SAFE_STACK else read()


def locate(source: Source, ids: Iterable[int]) -> dict[int, Span]:
    """Where the nodes of `source`'s Script with these ids stand. Raises `Unreadable`.

    Parses again: most files have no finding, and pay nothing for places (positions.py has the figures).
    """
    from nnlint.reading import parsing

    wanted = set(ids)
    if not wanted:
        return {}

    def known() -> dict[int, Span]:
        return parsing.located_by_python(source, wanted)

    measured = _weigh(source)
    with _garbage_collector_resting():
        spans = _on_a_stack_of(measured.stack * 2, known, source.path) if measured.stack > SAFE_STACK else known()
    rest = wanted - spans.keys()
    if rest:
        spans |= examine(source, lambda module, nodes: parsing.located_by_libcst(source, module, nodes, rest))
    return spans


def examine(source: Source, look: Callable[[libcst.Module, list[libcst.CSTNode]], Result]) -> Result:
    """What `look` finds in libcst's tree of a file and the nodes of its Script, by id. Raises `Unreadable`."""
    from nnlint.reading import parsing

    def find() -> Result:
        module, _, nodes = parsing.by_libcst(source)
        try:
            with _recursion_allowed():
                return look(module, nodes)
        except RecursionError:
            raise Unreadable(source.path, TOO_DEEP) from None

    measured = _weigh(source)
    with _garbage_collector_resting():
        return _on_a_stack_of(measured.stack * 4, find, source.path)


# --- not dying of it -------------------------------------------------------------------------------------------


def _weigh(source: Source) -> Nesting:
    null = source.text.find("\0")
    if null >= 0:
        raise Unreadable(source.path, "has a null byte in it", *line_and_column(source.text, null))
    measured = nesting(source.text)
    if measured.brackets > MOST_BRACKETS or measured.stack > LARGEST_STACK:
        raise Unreadable(source.path, TOO_DEEP, *line_and_column(source.text, measured.offset))
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
