"""Brings the peers, and nnlint built of this tree, each into a virtual environment of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent

# What is brought for whom, and what is brought instead where that can not be installed.
PEERS: dict[str, tuple[tuple[str, ...], ...]] = {
    "ruff": (("ruff",),),
    "flake8": (("flake8",),),
    "torchfix": (("torchfix",),),
    "flake8-torchfix": (("flake8", "torchfix"),),
    "fixit": (("fixit",),),
    "pylint": (("pylint", "dslinter"), ("pylint",)),
    "semgrep": (("semgrep",),),
    "plots": (("matplotlib",),),
}
# dslinter brings pyspark and mypy along; the versions of these are what a reader wants to know.
TOLD = ("nnlint", "libcst", "ruff", "flake8", "torchfix", "fixit", "pylint", "dslinter", "semgrep")

# Each peer must say something of this file: one that says nothing did not run as it should.
CANARY = """\
import os
import torch
from torch import nn

model = nn.Sequential(nn.Linear(2, 2), nn.Softmax(dim=1))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
solution = torch.solve(torch.ones(2, 2), torch.ones(2, 2))
weights = torch.load("weights.pt")
if model == None:
    pass
for inputs, targets in [(torch.ones(4, 2), torch.ones(4).long())]:
    loss = criterion(model(inputs), targets)
    loss.backward()
    optimizer.step()
"""


@dataclass(frozen=True)
class Environment:
    folder: Path
    versions: dict[str, str]

    def command(self, name: str) -> str:
        return str(self.folder / "bin" / name)


@dataclass(frozen=True)
class Missing:
    """A peer that could not be installed, or does not work."""

    why: str


def brought(
    name: str, cache: Path, *, fresh: bool = False, tell: Callable[[str], None] = print
) -> Environment | Missing:
    """The environment of a peer; it is made where the cache has none."""
    folder = cache / "environments" / name
    if not (folder / "ready").exists() or fresh:
        why = ""
        for requirements in PEERS[name]:
            tell(f"installing {' and '.join(requirements)}")
            why = _installed(folder, list(requirements))
            if not why:
                break
        else:
            return Missing(why)
        (folder / "ready").touch()
    return Environment(folder, _versions(folder))


def brought_nnlint(cache: Path, tell: Callable[[str], None] = print) -> Environment:
    """nnlint from a wheel of this tree as it stands, uncommitted changes included."""
    source, wheels, folder = cache / "source", cache / "wheels", cache / "environments" / "nnlint"
    tell("building nnlint")
    for old in (source, wheels):
        shutil.rmtree(old, ignore_errors=True)
    for part in ("nnlint", "rules"):
        shutil.copytree(ROOT / part, source / part, ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / part, source / part)
    _must([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(wheels), str(source)])
    (wheel,) = wheels.glob("*.whl")
    if not (folder / "ready").exists():
        _must([sys.executable, "-m", "venv", "--clear", str(folder)])
    _must([str(folder / "bin" / "pip"), "install", "-q", str(wheel)])
    _must([str(folder / "bin" / "pip"), "install", "-q", "--force-reinstall", "--no-deps", str(wheel)])
    (folder / "ready").touch()
    return Environment(folder, _versions(folder))


def is_awake(command: tuple[str, ...], cache: Path) -> bool:
    """Whether a command says something of a file deep in a package, in which there is something for each to say."""
    folder = cache / "canary"
    package = folder / "package" / "inner"
    shutil.rmtree(folder, ignore_errors=True)
    package.mkdir(parents=True)
    for name, text in {"../__init__.py": "", "__init__.py": "", "canary.py": CANARY}.items():
        (package / name).write_text(text, encoding="utf-8")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    return "canary.py" in done.stdout + done.stderr and "Traceback" not in done.stderr


def _installed(folder: Path, requirements: list[str]) -> str:
    """Why it could not be installed, or nothing."""
    _must([sys.executable, "-m", "venv", "--clear", str(folder)])
    done = subprocess.run(
        [str(folder / "bin" / "pip"), "install", "-q", *requirements], capture_output=True, text=True, check=False
    )
    complaints = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
    return (complaints or [f"pip ended with {done.returncode}"])[-1] if done.returncode else ""


def _versions(folder: Path) -> dict[str, str]:
    """The installed packages that the tables speak of."""
    script = (
        "import importlib.metadata as m, json; "
        "print(json.dumps({d.metadata['Name'].lower(): d.version for d in m.distributions()}))"
    )
    installed = json.loads(_must([str(folder / "bin" / "python"), "-c", script]))
    return {name: installed[name] for name in TOLD if name in installed}


def _must(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout
