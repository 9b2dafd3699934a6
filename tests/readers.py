"""Both readers over files: the equal Script, at the same places. `python -m tests.readers PATH...`

Says of which files they do not give it, and counts those that only one of them reads.
"""

from __future__ import annotations

import collections
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from nnlint.reading import parsing
from nnlint.reading.notebook import SUFFIX, Notebook
from nnlint.reading.script import Script
from nnlint.source import Source, Unreadable

ALIKE = "alike"
LEFT_TO_LIBCST = "alike, with expressions in f-strings that this Python misplaces"
DEEP = "alike, too deep for libcst to write"
ONLY_LIBCST = "read by libcst alone"
ONLY_PYTHON = "read by Python alone"
NEITHER = "read by neither"
DIFFERENT = "read in two ways"


def sources(paths: Iterable[Path]) -> Iterator[Source]:
    """The files and notebooks in folders, without those that are no text."""
    for given in paths:
        for path in [given] if given.is_file() else sorted(given.rglob("*")):
            try:
                if path.suffix == ".py" and path.is_file():
                    yield Source.read(path)
                elif path.suffix == SUFFIX and path.is_file():
                    yield Notebook.read(str(path), path.read_bytes()).source()
            except Unreadable:
                continue


def compared(source: Source) -> str:
    """What came of reading a file in both ways. Raises `AssertionError` where the two part."""
    ours = parsing.by_python(source)
    try:
        module, theirs, nodes = parsing.by_libcst(source)
    except Unreadable:
        return NEITHER if ours is None else ONLY_PYTHON
    if ours is None:
        return ONLY_LIBCST
    assert_equal(ours[0], theirs)
    try:
        spans = parsing.located_by_libcst(source, module, nodes, range(len(nodes)))
    except RecursionError:  # 3.12 bounds its own C calls, and lets nobody raise that
        return DEEP
    known = parsing.located_by_python(source, range(len(nodes)))
    for number, span in known.items():
        assert span == spans[number], f"{type(nodes[number]).__name__}: {span}, {spans[number]} with libcst"
    return ALIKE if len(known) == len(spans) else LEFT_TO_LIBCST


def assert_equal(ours: Script, theirs: Script) -> None:
    """`repr` tells `1` from `1.0` and `True`."""
    left, right = repr(ours), repr(theirs)
    if left != right:
        at = next(i for i, (one, other) in enumerate(zip(left, right, strict=False)) if one != other)
        raise AssertionError(f"{left[max(at - 200, 0) : at + 100]}\n{right[max(at - 200, 0) : at + 100]}")


def main(paths: Iterable[Path]) -> None:
    counts: collections.Counter[str] = collections.Counter()
    for source in sources(paths):
        try:
            result = compared(source)
        except AssertionError as error:
            print(f"{source.path}: {error}", flush=True)
            result = DIFFERENT
        if result in (ONLY_LIBCST, ONLY_PYTHON):
            print(f"{source.path}: {result}", flush=True)
        counts[result] += 1
    for result, number in counts.most_common():
        print(f"{number:7} {result}")


def on_a_large_stack(work: Callable[[], None]) -> None:
    """`repr` calls itself as deeply as the text nests, and so do the readers."""
    threading.stack_size(2**29)
    sys.setrecursionlimit(100_000)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


if __name__ == "__main__":
    on_a_large_stack(lambda: main([Path(each) for each in sys.argv[1:]]))
