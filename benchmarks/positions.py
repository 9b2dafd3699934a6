"""What positions cost, as a share of the parse: `python benchmarks/positions.py [folder]`.

Every way is timed on the same files, the garbage collector off, and the shares are of `libcst.parse_module`'s time.
"""

from __future__ import annotations

import ast
import gc
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import libcst
from libcst.metadata import MetadataWrapper, PositionProvider

from nnlint.reading import positions
from nnlint.reading.lower import lower
from nnlint.reading.nesting import nesting
from nnlint.reading.script import Script

FILES = 150

Given = TypeVar("Given")
Made = TypeVar("Made")
Lowered = tuple[libcst.Module, tuple[Script, list[libcst.CSTNode]]]


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(os.__file__).parent
    warnings.simplefilter("ignore")
    texts = []
    for path in sorted(folder.rglob("*.py"))[::7]:
        try:
            text = path.read_text(encoding="utf-8")
            ast.parse(text)
            libcst.parse_module(text)
        except (ValueError, SyntaxError, libcst.ParserSyntaxError):
            continue
        texts.append(text)
        if len(texts) == FILES:
            break
    gc.disable()
    parse, modules = _timed(libcst.parse_module, texts)
    lowering, lowered = _timed(lambda module: lower(module, ""), modules)
    pairs = list(zip(modules, lowered, strict=True))

    def recorded(every: bool) -> float:
        def locate(pair: Lowered) -> object:
            module, (_, nodes) = pair
            wanted: Iterable[int] = range(0, len(nodes), 1 if every else max(1, len(nodes) // 5))
            return positions.locate(module, nodes, wanted)

        return _timed(locate, pairs)[0]

    ways: dict[str, float] = {
        "weighing of the nesting": _timed(nesting, texts)[0],
        "lowering": lowering,
        "code generation, five nodes recorded": recorded(every=False),
        "code generation, every node recorded": recorded(every=True),
        "plain code generation": _timed(lambda module: module.code, modules)[0],
        "ast.parse and a walk over it (to match in order)": _timed(lambda text: list(ast.walk(ast.parse(text))), texts)[
            0
        ],
        "PositionProvider with its deep copy": _timed(lambda m: MetadataWrapper(m).resolve(PositionProvider), modules)[
            0
        ],
    }
    lines = sum(text.count("\n") for text in texts)
    print(f"{len(texts)} files, {lines} lines; libcst.parse_module: {lines / parse / 1000:.0f} thousand lines a second")
    for name, seconds in ways.items():
        print(f"{seconds / parse:6.2f}  {name}")
    lazy = 1 + (lowering + ways["code generation, five nodes recorded"]) / parse
    print(f"{lazy:6.2f}  lazily, for a file with findings: parse, lower and generate again; 0 for any other")


def _timed(function: Callable[[Given], Made], inputs: Sequence[Given]) -> tuple[float, list[Made]]:
    start = time.perf_counter()
    results = [function(each) for each in inputs]
    return time.perf_counter() - start, results


if __name__ == "__main__":
    main()
