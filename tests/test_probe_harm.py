"""Whole runs of scripts that do harm, and of one that does none: it does not notice."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from nnlint.probe import session
from nnlint.probe.limits import Limits, Request
from nnlint.probe.session import Testimony as Outcome
from tests.folders import state, things_to_lose

pytestmark = pytest.mark.torch


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return things_to_lose(tmp_path / "project")


def run(project: Path, source: str, **limits: Any) -> Outcome:
    """A whole run. The folder is as before, no process is left."""
    (project / "script.py").write_text(source)
    before = state(project)
    mark = f"{os.getpid()}-{time.monotonic_ns()}"
    os.environ["NNLINT_TEST"] = mark
    request = Request(
        "script.py", folder=str(project), root=str(project), limits=Limits(**{"time_limit": 60, **limits})
    )
    testimony = session.run(request)
    assert state(project) == before
    assert marked(mark) == []
    return testimony


def marked(mark: str) -> list[str]:
    """The processes, other than this one, with the mark in their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in path.read_bytes() and path.parent.name != str(os.getpid()):
                found.append((path.parent / "cmdline").read_text())
        except OSError:
            continue
    return found


class TestARun:
    def test_of_a_script_that_does_all_the_harm_it_can(self, project: Path) -> None:
        testimony = run(project, HARM)
        assert testimony.how == "finished", testimony.output
        assert "came to its end" in testimony.output.splitlines()
        assert len(testimony.decides) > 0

    def test_prints_the_same_with_and_without(self, project: Path) -> None:
        (project / "script.py").write_text(TRAINING)
        testimony = run(project, TRAINING, steps=10_000)
        assert testimony.how == "finished", testimony.output
        alone = subprocess.run(
            [sys.executable, "-u", "script.py"],
            cwd=project,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert testimony.output == alone.stdout

    def test_that_swallows_every_exception_ends(self, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        source = "while True:\n    try:\n        while True: pass\n    except BaseException: pass"
        assert run(project, source, time_limit=4.0).how == "stopped"

    def test_that_ignores_its_alarm_is_killed(self, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(session, "PATIENCE", 1.0)
        source = "import signal, time\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True: time.sleep(1)"
        testimony = run(project, source, time_limit=4.0)
        assert (testimony.how, testimony.error) == ("killed", "the run took longer than 4 s and was ended")

    def test_that_prints_without_measure_is_heard(self, project: Path) -> None:
        source = "for _ in range(100): print('x' * (1 << 20))\nprint('the last words')"
        testimony = run(project, source)
        assert testimony.how == "finished"
        assert testimony.output.endswith("the last words\n")

    def test_that_allocates_without_end_says_so(self, project: Path) -> None:
        source = "import torch\nkept = []\nwhile True: kept.append(torch.ones(1 << 24))"
        testimony = run(project, source, memory=3 << 30)
        assert testimony.how in ("crashed", "killed")
        assert "memory" in testimony.error

    def test_of_several_processes_is_one_of_rank_0(self, project: Path) -> None:
        testimony = run(project, RANKS)
        assert testimony.how == "finished", testimony.output
        assert testimony.output.splitlines() == ["rank 0 of 1: 3.0", "rank 0 of 1: 3.0", "False 0"]


HARM = """
import os, shutil, signal, sqlite3, subprocess, sys, time
import torch

def attempt(action):
    try:
        action()
    except BaseException as error:
        print(type(error).__name__)

torch.save({"a": torch.ones(2)}, "best.pt")
assert torch.load("best.pt", mmap=True)["a"].sum() == 2
torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), "best.pt")
assert torch.jit.load("best.pt").weight.shape == (2, 2)
torch.from_file("notes.txt", shared=True, size=4, dtype=torch.uint8).fill_(7)
torch.UntypedStorage.from_file("notes.txt", True, 4).fill_(7)
attempt(lambda: torch._C.PyTorchFileWriter("best.pt"))
base = sqlite3.connect("best.pt.db")
base.execute("create table t(a)")
base.commit()
attempt(lambda: shutil.rmtree("data"))
attempt(lambda: os.system("rm -rf runs best.pt notes.txt"))
attempt(lambda: os.kill(os.getppid(), 9))
attempt(lambda: os.killpg(os.getpgid(os.getppid()), 9))
attempt(input)
for _ in range(2):
    if not os.fork():
        os.setsid()
        if os.fork():
            os._exit(0)
        for number in range(1, 32):
            attempt(lambda: signal.signal(number, signal.SIG_IGN))
        while True:
            time.sleep(1)
garbage = b'{"kind": "ended", "steps": "many"}\\n[]\\n"x"\\n{"kind": 5}\\n\\xff{"kind": "sighting", "event"}\\n{"kind"'
for descriptor in range(3, 1024):
    try:
        os.write(descriptor, garbage)
    except OSError:
        pass
os.closerange(3, 4096)
print("came to its end")
"""

TRAINING = """
import csv, json, logging, os
from pathlib import Path
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
folder = Path("runs/exp1")
os.makedirs(folder, exist_ok=True)
logging.basicConfig(handlers=[logging.FileHandler(folder / "train.log"), logging.StreamHandler()], level=logging.INFO)
loader = DataLoader(TensorDataset(torch.randn(64, 4), torch.randint(0, 3, (64,))), 16, shuffle=True)
model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 3))
optimizer = torch.optim.Adam(model.parameters())
best = float("inf")
with open(folder / "log.csv", "w", newline="") as file:
    writer = csv.writer(file)
    for epoch in range(2):
        total = 0.0
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(inputs), targets)
            loss.backward()
            optimizer.step()
            total += loss.item()
        writer.writerow([epoch, total])
        logging.info("epoch %d: %.6f", epoch, total)
        if total < best:
            best = total
            torch.save(model.state_dict(), folder / "best.pt.tmp")
            os.replace(folder / "best.pt.tmp", folder / "best.pt")
(folder / "result.json").write_text(json.dumps({"best": best}))
np.save(folder / "weights.npy", model[0].weight.detach().numpy())
model.load_state_dict(torch.load(folder / "best.pt"))
print(sorted(os.listdir(folder)), sorted(str(path) for path in Path(".").rglob("*.csv")))
print(open(folder / "log.csv").read(), json.loads((folder / "result.json").read_text()))
print(np.load(folder / "weights.npy").sum())
print((folder / "train.log").read_text(), open("best.pt").read(), os.getcwd(), folder.resolve())
"""

RANKS = """
import os
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch.nn.parallel import DistributedDataParallel

def train(rank, world_size):
    os.environ["MASTER_ADDR"], os.environ["MASTER_PORT"] = "localhost", "12355"
    dist.init_process_group("nccl", rank=rank, world_size=world_size)
    model = torch.nn.SyncBatchNorm.convert_sync_batchnorm(torch.nn.Sequential(torch.nn.Linear(2, 1)))
    model = DistributedDataParallel(model, device_ids=[rank])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(torch.ones(4, 2)).mean().backward()
    optimizer.step()
    value = torch.tensor(3.0)
    dist.all_reduce(value)
    dist.barrier(device_ids=[rank])
    print(f"rank {dist.get_rank()} of {dist.get_world_size()}: {value.item()}")
    dist.destroy_process_group()

if __name__ == "__main__":
    mp.spawn(train, args=(2,), nprocs=2)
    processes = [mp.Process(target=train, args=(rank, 2)) for rank in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    print("RANK" in os.environ, int(os.environ["LOCAL_RANK"]))
"""
