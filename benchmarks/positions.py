"""What reading and positions cost, as a share of libcst's parse: `python benchmarks/positions.py [folder]`.

Every way is timed on the same files, the garbage collector off, and the shares are of `libcst.parse_module`'s time.
"""

from __future__ import annotations

import ast
import gc
import os
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import libcst
from libcst.metadata import MetadataWrapper, PositionProvider

from nnlint.reading import parsing, places, positions
from nnlint.reading.lower import lower
from nnlint.reading.nesting import nesting
from nnlint.reading.translation import translated
from nnlint.source import Source

FILES = 150

Given = TypeVar("Given")
Made = TypeVar("Made")


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(os.__file__).parent
    warnings.simplefilter("ignore")
    sources = []
    for path in sorted(folder.rglob("*.py"))[::7]:
        try:
            text = path.read_text(encoding="utf-8")
            ast.parse(text)
            libcst.parse_module(text)
        except (ValueError, SyntaxError, libcst.ParserSyntaxError):
            continue
        sources.append(Source(str(path), text))
        if len(sources) == FILES:
            break
    texts = [source.text for source in sources]
    gc.disable()
    parse, modules = _timed(libcst.parse_module, texts)
    translation, trees = _timed(lambda module: translated(module, "")[0], modules)
    lowering, _ = _timed(lambda tree: lower(tree, ""), trees)
    read_by_python, scripts = _timed(parsing.by_python, sources)
    read_by_libcst, read = _timed(parsing.by_libcst, sources)
    by_python = [(source.text, known[1]) for source, known in zip(sources, scripts, strict=True) if known is not None]
    by_libcst = [(module, nodes) for module, _, nodes in read]

    def some(nodes: Sequence[object]) -> range:
        return range(0, len(nodes), max(1, len(nodes) // 5))

    ways: dict[str, float] = {
        "weighing of the nesting": _timed(nesting, texts)[0],
        "Python: parse": _timed(ast.parse, texts)[0],
        "Python: parse and lowering": read_by_python,
        "Python: five nodes located in its tree": _timed(lambda g: places.locate(*g, some(g[1])), by_python)[0],
        "Python: every node located": _timed(lambda g: places.locate(*g, range(len(g[1]))), by_python)[0],
        "libcst: parse, translation and lowering": read_by_libcst,
        "libcst: translation": translation,
        "libcst: lowering": lowering,
        "libcst: code generation, five nodes recorded": _timed(lambda g: positions.locate(*g, some(g[1])), by_libcst)[
            0
        ],
        "libcst: code generation, every node recorded": _timed(
            lambda g: positions.locate(*g, range(len(g[1]))), by_libcst
        )[0],
        "libcst: plain code generation": _timed(lambda module: module.code, modules)[0],
        "libcst: PositionProvider with its deep copy": _timed(
            lambda module: MetadataWrapper(module).resolve(PositionProvider), modules
        )[0],
    }
    lines = sum(text.count("\n") for text in texts)
    print(f"{len(texts)} files, {lines} lines; libcst.parse_module: {lines / parse / 1000:.0f} thousand lines a second")
    for name, seconds in ways.items():
        print(f"{seconds / parse:7.3f}  {name}")


def _timed(function: Callable[[Given], Made], inputs: Sequence[Given]) -> tuple[float, list[Made]]:
    start = time.process_time()
    results = [function(each) for each in inputs]
    return time.process_time() - start, results


if __name__ == "__main__":
    main()
