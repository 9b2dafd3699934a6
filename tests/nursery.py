"""Runs scripts under the probe, each in a process of its own that finds torch imported, which takes longer than most.

`python -m tests.nursery` is the parent of those processes. It reads what the probe is to run, as a line of JSON, and
answers with the folder that holds what was seen and what the script printed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import weakref
from pathlib import Path

from nnlint.probe.limits import Request
from nnlint.probe.session import Testimony, environment

ROOT = Path(__file__).parent.parent


class Nursery:
    """The parent of the scripts' processes; it ends when this object does."""

    def __init__(self) -> None:
        self._parent = subprocess.Popen(
            [sys.executable, "-m", "tests.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**environment(Request("")), "OMP_NUM_THREADS": "1"},
        )
        weakref.finalize(self, _end, self._parent)  # at the end of the tests, if not before

    def run(self, folder: Path, script: str) -> Testimony:
        """What the probe saw of the script, run in its folder."""
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        with tempfile.TemporaryDirectory(prefix="nnlint-") as scratch:
            request = Request(script, folder=str(folder), root=str(folder), scratch=scratch)
            print(request.to_json(), file=self._parent.stdin, flush=True)
            self._parent.stdout.readline()
            testimony = Testimony(request)
            for line in (Path(scratch) / "seen.jsonl").read_bytes().splitlines():
                testimony.hear(line)
            testimony.output = (Path(scratch) / "output.txt").read_text(encoding="utf-8", errors="replace")
            return testimony


def _end(parent: subprocess.Popen[str]) -> None:
    for stream in (parent.stdin, parent.stdout):
        if stream is not None:
            stream.close()
    parent.wait()


def serve() -> None:
    import torch  # noqa: F401 (for the scripts)

    from nnlint.probe import hooks, observers

    observers.observers()  # imported once
    assert hooks
    for line in sys.stdin:
        request = Request.from_json(line)
        child = os.fork()
        if child == 0:
            os._exit(_run(request))
        os.waitpid(child, 0)
        print(request.scratch, flush=True)


def _run(request: Request) -> int:
    """In the child: be the script."""
    from nnlint.probe.child import serve

    signal.alarm(int(request.limits.time_limit) + 5)
    output = os.open(f"{request.scratch}/output.txt", os.O_WRONLY | os.O_CREAT)
    seen = os.open(f"{request.scratch}/seen.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream, descriptor in enumerate((os.open(os.devnull, os.O_RDONLY), output, output)):
        os.dup2(descriptor, stream)
    return serve(request, seen)


if __name__ == "__main__":
    serve()
