"""Under the guard a script changes nothing, and finds what it wrote; no test here needs torch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nnlint.probe.guard import landlock
from tests.folders import state, things_to_lose

GUARDED = """
import sys, time
from nnlint.probe import guard
from nnlint.probe.guard import landlock
from nnlint.probe.limits import Request
folder, scratch, seen, weak, source = sys.argv[1:]
if weak:
    landlock.version = lambda: 0
with open(seen, "wb", buffering=0) as file:
    started = time.perf_counter()
    guard.install(Request("script.py", folder=folder, root=folder, scratch=scratch), file.write)
    seconds = time.perf_counter() - started
    exec(compile(source, folder + "/script.py", "exec"))
"""
needs_landlock = pytest.mark.skipif(not landlock.version(), reason="this system has no Landlock")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return things_to_lose(tmp_path / "project")


def guarded(project: Path, source: str, *, weak: bool = False) -> tuple[str, list[dict[str, Any]]]:
    """What a script printed, and what was noted. The folder is as before."""
    before = state(project)
    scratch = project.parent / "scratch"
    scratch.mkdir()
    arguments = [str(project), str(scratch), str(project.parent / "seen"), "weak" if weak else "", source]
    done = subprocess.run(
        [sys.executable, "-c", GUARDED, *arguments],
        cwd=project,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert state(project) == before
    return done.stdout, [json.loads(line) for line in (project.parent / "seen").read_text().splitlines()]


class TestWhatIsWritten:
    """…is found again, and is nowhere."""

    @pytest.mark.parametrize(
        ("source", "printed"),
        [
            ("open('best.pt', 'w').write('new'); print(text('best.pt'))", "new"),
            ("open('notes.txt', 'a').write('!'); print(text('notes.txt'))", "the old notes.txt!"),
            ("with open('notes.txt', 'r+') as f: f.write('A')\nprint(text('notes.txt'))", "Ahe old notes.txt"),
            ("os.makedirs('runs/2/x', exist_ok=True); print(sorted(os.listdir('runs')))", "['1', '2']"),
            ("os.remove('best.pt'); print(os.path.exists('best.pt'), os.listdir('data'))", "False ['a.csv', 'deep']"),
            ("os.remove('data/a.csv'); print(os.listdir('data'), glob.glob('data/*.csv'))", "['deep'] []"),
            ("shutil.rmtree('data'); print(os.path.exists('data/deep/b.csv'))", "False"),
            ("shutil.rmtree('data'); os.mkdir('data'); print(os.listdir('data'))", "[]"),
            ("shutil.copytree('data', 'copy'); print(sorted(os.listdir('copy')))", "['a.csv', 'deep']"),
            ("os.rename('data', 'd2'); print(text('d2/a.csv'), os.path.exists('data'))", "the old data/a.csv False"),
            ("open('t', 'w').write('1'); os.replace('t', 'best.pt'); print(text('best.pt'))", "1"),
            ("p = Path('runs/3'); p.mkdir(); (p / 'f').write_text('x'); print([*p.iterdir()][0].read_text())", "x"),
            ("open('latest/log.txt', 'w').write('n'); print(text('runs/1/log.txt'))", "n"),
            ("os.unlink('latest'); os.symlink('runs', 'latest'); print(os.listdir('latest'))", "['1']"),
            ("os.mkdir('out'); os.chdir('out'); open('f', 'w'); print(os.getcwd()[-3:], os.listdir())", "out ['f']"),
            ("os.system('mkdir -p a/b; rm -r data'); print(os.path.exists('a'), os.path.exists('data'))", "False True"),
            ("print(os.system('mkdir -p a/b'), os.system('rm -rf data'), os.listdir('a'))", "0 0 ['b']"),
            ("os.system('cp -r data copy'); os.system('mv copy/*.csv b.csv'); print(os.listdir('copy'))", "['deep']"),
            ("os.chmod('best.pt', 0); os.utime('data', (0, 0)); print('done')", "done"),
            ("f = tempfile.NamedTemporaryFile(dir='.'); f.close(); print(os.path.exists(f.name))", "False"),
            ("open('/tmp/nnlint-safety', 'w').write('x'); print(text('/tmp/nnlint-safety'))", "x"),
            ("sqlite3.connect('a.db').execute('create table t(a)'); print(os.path.exists('a.db'))", "True"),
            ("print(open('runs/9', 'w', opener=os.open).name, os.listdir('runs'))", "runs/9 ['9', '1']"),
        ],
    )  # fmt: skip
    def test_is_read_back(self, project: Path, source: str, printed: str) -> None:
        modules = (
            "import glob, os, shutil, sqlite3, tempfile; from pathlib import Path; text = lambda p: open(p).read()\n"
        )
        assert guarded(project, modules + source)[0].strip() == printed
        assert not os.path.exists("/tmp/nnlint-safety")

    @pytest.mark.parametrize(
        "source",
        [
            "open('none/f', 'w')",
            "open('none')",
            "open('data', 'w')",
            "open('best.pt', 'x')",
            "os.mkdir('data')",
            "os.rmdir('data')",
            "os.remove('data')",
            "os.listdir('best.pt')",
            "os.rename('none', 'x')",
            "os.stat('')",
            "os.remove('best.pt'); os.remove('best.pt')",
        ],
    )
    def test_fails_as_it_would_without_the_guard(self, project: Path, source: str) -> None:
        told = f"import os\ntry:\n    {source}\nexcept OSError as error:\n    print(repr(error), error)"
        with_guard = guarded(project, told)[0]
        without = subprocess.run([sys.executable, "-c", told], cwd=project, capture_output=True, text=True).stdout
        assert with_guard == without

    def test_is_noted_once_and_not_without_end(self, project: Path) -> None:
        notes = guarded(project, "for i in range(200):\n    for _ in range(2): open(f'f{i}', 'w')")[1]
        assert len(notes) == 50
        assert notes[0] == {"kind": "redirected", "path": "f0"}


@needs_landlock
class TestWhatPythonDoesNotSee:
    """…is refused by Linux."""

    def test_other_programs_change_nothing(self, project: Path) -> None:
        source = """
import subprocess, sys
for command in ("rm -rf data best.pt", "echo x > notes.txt", "mv best.pt b", "chmod 0 notes.txt",
                "touch -d 2000-01-01 best.pt", "ln -sf x latest", "truncate -s 0 best.pt", "(setsid rm -rf data &)"):
    subprocess.run(command, shell=True, stderr=subprocess.DEVNULL)
subprocess.run([sys.executable, "-c", "open('best.pt', 'w')"], stderr=subprocess.DEVNULL)
"""
        notes = guarded(project, source)[1]
        assert {"kind": "program", "command": "/bin/sh -c rm -rf data best.pt"} in notes

    def test_c_changes_nothing(self, project: Path) -> None:
        source = """
import ctypes, os
c = ctypes.CDLL(None)
print(c.open(b"best.pt", os.O_WRONLY | os.O_TRUNC), c.unlink(b"best.pt"), c.truncate(b"best.pt", 0))
print(c.rename(b"data", b"d"), c.mkdir(b"new", 0o777), c.symlink(b"a", b"b"), c.link(b"best.pt", b"other"))
"""
        assert set(guarded(project, source)[0].split()) == {"-1"}

    def test_there_is_no_network(self, project: Path) -> None:
        source = """
import socket
def refused(action):
    try:
        action()
    except OSError:
        return True
print(refused(lambda: socket.create_connection(("127.0.0.1", 22), 1)))
print(refused(lambda: socket.socket(type=socket.SOCK_DGRAM)))
print(refused(lambda: socket.socket().bind(("127.0.0.1", 8080))))
print(refused(lambda: socket.getaddrinfo("pytorch.org", 80)))
first, second = socket.socketpair()
first.send(b"unix"); print(second.recv(4))
free = socket.socket(); free.bind(("", 0)); print(free.getsockname()[1] > 0)
"""
        printed, notes = guarded(project, source)
        assert printed.split() == ["True"] * 4 + ["b'unix'", "True"]
        assert {"kind": "refused", "event": "socket.connect", "what": "127.0.0.1:22"} in notes

    def test_processes_share_memory_as_ever(self, project: Path) -> None:
        source = """
import multiprocessing as mp
from multiprocessing import shared_memory
context = mp.get_context("fork")
queue, lock = context.Queue(), context.Lock()
child = context.Process(target=queue.put, args=(7,)); child.start(); print(queue.get()); child.join()
memory = shared_memory.SharedMemory(create=True, size=8); memory.close(); memory.unlink()
"""
        assert guarded(project, source)[0].split() == ["7"]


class TestWithoutLandlock:
    def test_the_weaker_guard_is_named_and_holds_for_python(self, project: Path) -> None:
        source = """
import _io, os, posix, subprocess
for action in (
    lambda: _io.FileIO("best.pt", "w"),
    lambda: posix.remove("best.pt"),
    lambda: posix.rename("best.pt", "b"),
    lambda: posix.mkdir("new"),
    lambda: posix.chmod("best.pt", 0),
    lambda: subprocess.run(["rm", "best.pt"]),
    lambda: posix.open("best.pt", os.O_WRONLY | os.O_TRUNC),
):
    try:
        action()
    except PermissionError:
        continue
    print("done")
print(os.system("/bin/rm best.pt"))
open("best.pt", "w").write("new")
print(open("best.pt").read())
"""
        printed, notes = guarded(project, source, weak=True)
        assert printed.split() == [str(126 << 8), "new"]
        assert any(note["kind"] == "guard" for note in notes)


def test_the_guard_is_set_quickly(tmp_path: Path) -> None:
    seconds = []
    for number in range(3):  # the quickest: the machine may be busy
        project = things_to_lose(tmp_path / str(number) / "project")
        seconds.append(float(guarded(project, "print(seconds)")[0]))
    assert min(seconds) < 0.05
