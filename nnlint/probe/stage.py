"""Runs a script as `python script.py`, `python -m module` or a notebook would, with marks in the user's code."""

from __future__ import annotations

import ast
import asyncio
import builtins
import inspect
import io
import linecache
import os
import runpy
import sys
import types
from pathlib import Path
from typing import Any

from nnlint.probe import instrument
from nnlint.probe.limits import Request
from nnlint.reading.notebook import Notebook
from nnlint.source import Unreadable


class Unrunnable(Exception):
    """The script can not be run; the message names it and says why."""


def perform(request: Request, marks: object, is_own: Any) -> None:
    """Run the script to its end. What it raises comes through; `Unrunnable` is about the script itself."""
    setattr(builtins, instrument.MARKS, marks)
    instrument.install(is_own)
    os.chdir(request.folder)
    _pretend_terminal()
    if request.is_module:
        _as_module(request)
    else:
        _as_script(request)


def _pretend_terminal() -> None:
    """Progress bars ask `stty` for the width of the terminal, and many fail where there is none."""
    original = os.popen

    def popen(command: str, *args: Any, **kwargs: Any) -> Any:
        return io.StringIO("24 80\n") if command.split() == ["stty", "size"] else original(command, *args, **kwargs)

    os.popen = popen  # type: ignore[assignment]


def _as_script(request: Request) -> None:
    path = os.path.abspath(request.script)
    try:
        source = _source(path)
        is_notebook = isinstance(source, str)
        code = instrument.compiled(source, path, flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT if is_notebook else 0)
    except OSError as error:
        raise Unrunnable(f"{request.script}: cannot be read: {error.strerror}") from error
    except Unreadable as error:
        raise Unrunnable(f"{request.script}: {error.message}") from error
    except (SyntaxError, ValueError) as error:
        raise Unrunnable(f"{request.script}: is no Python of this version: {error}") from error
    sys.argv = [request.script, *request.arguments]
    sys.path.insert(0, os.path.dirname(path))
    namespace = _main(path).__dict__
    if code.co_flags & inspect.CO_COROUTINE:
        asyncio.run(eval(code, namespace))
    else:
        exec(code, namespace)


def _as_module(request: Request) -> None:
    sys.path.insert(0, os.getcwd())
    sys.argv = ["-m", *request.arguments]
    try:
        _name, spec, _ = runpy._get_module_details(request.script)  # type: ignore[attr-defined]
    except ImportError as error:
        raise Unrunnable(f"{request.script}: {error}") from error
    path = os.path.abspath(spec.origin)
    sys.argv[0] = path
    main = _main(path)
    main.__spec__, main.__package__, main.__loader__ = spec, spec.parent, spec.loader
    exec(instrument.compiled(Path(path).read_bytes(), path), main.__dict__)


def _source(path: str) -> bytes | str:
    """The program in a file; of a notebook its cells, which stand for the file's lines from now on."""
    data = Path(path).read_bytes()
    if not path.endswith(".ipynb"):
        return data
    text = Notebook.read(path, data).text
    linecache.cache[os.path.realpath(path)] = (len(text), None, text.splitlines(keepends=True), path)
    builtins.display = print  # type: ignore[attr-defined]
    builtins.get_ipython = lambda: None  # type: ignore[attr-defined]
    return text


def _main(path: str) -> types.ModuleType:
    main = types.ModuleType("__main__")
    main.__file__ = path
    main.__dict__["__builtins__"] = builtins
    sys.modules["__main__"] = main
    sys.stdin = io.StringIO()
    return main
