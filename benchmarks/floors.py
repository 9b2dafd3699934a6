"""What no analyzer of these files can do without: `python floors.py read|screen|ast|libcst|libcst-WORKERS PATH…`.

Each is a process of its own, as the contenders are. The screen looks for the word torch in a file's bytes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

WORD = b"torch"


def main() -> None:
    way, *paths = sys.argv[1:]
    files = sorted(files_of(paths))
    match way:
        case "read":
            for path in files:
                path.read_bytes()
        case "screen":
            list(screened(files))
        case "ast":
            import ast
            import warnings

            warnings.simplefilter("ignore")
            for _, content in screened(files):
                _tried(ast.parse, content)
        case "libcst":
            import libcst

            for _, content in screened(files):
                _tried(libcst.parse_module, content)
        case _ if way.startswith("libcst-"):
            _in_processes([path for path, _ in screened(files)], int(way.removeprefix("libcst-")))
        case _:
            sys.exit(f"no such floor: {way}")


def files_of(paths: list[str]) -> Iterator[Path]:
    for path in map(Path, paths):
        if path.is_dir():
            for folder, _, names in os.walk(path):
                yield from (Path(folder, name) for name in names if name.endswith(".py"))
        else:
            yield path


def screened(files: list[Path]) -> Iterator[tuple[Path, bytes]]:
    for path in files:
        content = path.read_bytes()
        if WORD in content:
            yield path, content


def _in_processes(files: list[Path], workers: int) -> None:
    from concurrent.futures import ProcessPoolExecutor

    files.sort(key=lambda path: path.stat().st_size, reverse=True)
    with ProcessPoolExecutor(workers) as pool:
        list(pool.map(_parsed, files, chunksize=4))


def _parsed(path: Path) -> None:
    import libcst

    _tried(libcst.parse_module, path.read_bytes())


def _tried(parse: object, content: bytes) -> None:
    """Parse; a file of the corpus that is no Python is left out."""
    assert callable(parse)
    try:
        parse(content)
    except Exception as error:
        if "Syntax" not in type(error).__name__ and not isinstance(error, ValueError):
            raise


if __name__ == "__main__":
    main()
