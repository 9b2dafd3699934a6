"""The shell commands that scripts use on files: done on the overlay, which the shell itself does not see.

Given `os.system("mkdir -p runs")`, a file can be written into `runs` afterwards.
"""

from __future__ import annotations

import contextlib
import glob
import os
import shlex
import shutil
from collections.abc import Callable
from typing import Any

from nnlint.probe.guard.files import Replaced

BEYOND_WORDS = frozenset("|;&<>$`(){}\n\\!~")  # what only a shell understands
REFUSED = 126 << 8  # the status of a command that may not be run
Do = Callable[[list[str], str], None]


def install() -> None:
    original = os.system

    def system(command: Any) -> int:
        done = _run(command) if isinstance(command, str) else None
        try:
            return original(command) if done is None else done
        except PermissionError:
            return REFUSED

    os.system = Replaced(original, system)


def _run(command: str) -> int | None:
    """The status of a command, None if it is for the shell."""
    if BEYOND_WORDS & set(command):
        return None
    with contextlib.suppress(ValueError):
        name, *words = shlex.split(command) or [""]
        options = "".join(word[1:] for word in words if word.startswith("-"))
        paths = [path for word in words if not word.startswith("-") for path in sorted(glob.glob(word)) or [word]]
        if name in _COMMANDS and not set(options) - set("rRfpav") and paths:
            try:
                _COMMANDS[name](paths, options)
            except OSError as error:
                print(f"{name}: {error}")
                return 256
            return 0
    return None


def _make_folders(paths: list[str], options: str) -> None:
    for path in paths:
        if "p" in options:
            os.makedirs(path, exist_ok=True)
        else:
            os.mkdir(path)


def _remove(paths: list[str], options: str) -> None:
    for path in paths:
        with contextlib.suppress(*([FileNotFoundError] if "f" in options else [])):
            if {"r", "R"} & set(options) and os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            else:
                os.remove(path)


def _copy(paths: list[str], options: str) -> None:
    *sources, target = paths
    for source in sources:
        end = os.path.join(target, os.path.basename(source)) if os.path.isdir(target) else target
        if {"r", "R", "a"} & set(options) and os.path.isdir(source):
            shutil.copytree(source, end, dirs_exist_ok=True)
        else:
            shutil.copyfile(source, end)


def _move(paths: list[str], options: str) -> None:
    *sources, target = paths
    for source in sources:
        shutil.move(source, target)


def _touch(paths: list[str], options: str) -> None:
    for path in paths:
        with open(path, "ab"):
            pass


_COMMANDS: dict[str, Do] = {"mkdir": _make_folders, "rm": _remove, "cp": _copy, "mv": _move, "touch": _touch}
