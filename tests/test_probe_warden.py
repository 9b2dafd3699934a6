"""Nothing that a script starts outlives its run, and nothing is used up without end; no test here needs torch."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

WARDED = """
import os, sys
from nnlint.probe import warden
from nnlint.probe.limits import Limits
scratch, source = sys.argv[1:]
script = os.fork()
if not script:
    os.setsid()
    exec(source)
    os._exit(0)
limits = Limits(memory=300 << 20, disk=8 << 20)
status = warden.watch(script, 0, scratch, limits, lambda line: print(line.decode(), flush=True))
print(status, list(warden.descendants(os.getpid())), flush=True)
"""
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives orphans to a warden")


def warded(tmp_path: Path, source: str, *, closed: bool = False) -> str:
    with subprocess.Popen(
        [sys.executable, "-c", WARDED, str(tmp_path), source],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        if closed:
            time.sleep(0.3)
            process.stdin.close()
        printed = process.stdout.read()
        process.wait(10)
    return printed


def test_gives_the_status(tmp_path: Path) -> None:
    printed = warded(tmp_path, "os._exit(3)")
    assert os.WEXITSTATUS(int(printed.split()[0])) == 3


def test_ends_daemons_that_ignore_signals(tmp_path: Path) -> None:
    source = """
import signal, time
if not os.fork():
    os.setsid()
    for _ in range(3):
        if os.fork():
            os._exit(0)
    for number in range(1, 32):
        try: signal.signal(number, signal.SIG_IGN)
        except OSError: pass
    os.closerange(3, 100)
    open(scratch + "/daemon", "w").write(str(os.getpid()))
    while True: time.sleep(1)
while not os.path.exists(scratch + "/daemon"): time.sleep(0.01)
time.sleep(0.05)
"""
    assert warded(tmp_path, source).split() == ["0", "[]"]
    daemon = int((tmp_path / "daemon").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(daemon, 0)


def test_ends_all_when_its_standard_input_is_closed(tmp_path: Path) -> None:
    source = "import time\nfor _ in range(5): os.fork()\nwhile True: time.sleep(1)"
    assert warded(tmp_path, source, closed=True).split() == [str(int(signal.SIGKILL)), "[]"]


def test_ends_what_takes_all_memory(tmp_path: Path) -> None:
    printed = warded(tmp_path, "import time\nx = b'1' * (400 << 20)\ntime.sleep(60)")
    assert "took more than 0.293 GiB of memory" in printed


def test_ends_what_fills_the_disk(tmp_path: Path) -> None:
    printed = warded(tmp_path, "import time\nopen(scratch + '/x', 'wb').write(bytes(9 << 20))\ntime.sleep(60)")
    assert "wrote more than" in printed


def test_ends_what_forks_without_end(tmp_path: Path) -> None:
    printed = warded(tmp_path, "import time\nfor _ in range(9): os.fork()\nwhile True: time.sleep(1)")
    assert "started more than 256 processes" in printed
