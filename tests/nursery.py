"""Runs scripts, each in a process of its own that finds torch imported: importing it takes longer than most fixtures.

`python -m tests.nursery` is the parent of those processes. It reads a folder and the name of a script in it, a line
each, and answers with the exit status and the file that holds what the script printed.
"""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

SECONDS = 120
ROOT = Path(__file__).parent.parent


class Nursery:
    """The parent of the scripts' processes; it ends when this object does."""

    def __init__(self) -> None:
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
        self._parent = subprocess.Popen(
            [sys.executable, "-m", "tests.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment,
        )

    def run(self, folder: Path, script: str) -> tuple[int, str]:
        """The exit status of the script, run in its folder, and all that it printed."""
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        print(folder, script, sep="\n", file=self._parent.stdin, flush=True)
        status, printed = self._parent.stdout.readline().split(maxsplit=1)
        output = Path(printed.strip())
        try:
            return int(status), output.read_text(encoding="utf-8", errors="replace")
        finally:
            output.unlink()


def serve() -> None:
    import torch  # noqa: F401 (for the scripts)

    while folder := sys.stdin.readline().strip():
        script = sys.stdin.readline().strip()
        descriptor, name = tempfile.mkstemp(prefix="nnlint-", suffix=".txt")
        child = os.fork()
        if child == 0:
            os._exit(_run(folder, script, descriptor))
        os.close(descriptor)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), name, flush=True)


def _run(folder: str, script: str, output: int) -> int:
    """In the child: be the script."""
    import signal

    signal.alarm(SECONDS)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.chdir(folder)
    sys.argv = [script]
    sys.path[0] = folder
    try:
        runpy.run_path(script, run_name="__main__")
        return 0
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


if __name__ == "__main__":
    serve()
