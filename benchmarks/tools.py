"""How each tool is called: cold, with one worker, and warm; in the tree itself, on `.`, without its configuration."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.environments import ROOT, Environment
from benchmarks.measuring import Contender

SEMGREP_RULES = Path(__file__).parent / "semgrep.yml"
FLOORS = Path(__file__).parent / "floors.py"
MARKED_AS_FLOOR = "floor: "
PARSE = MARKED_AS_FLOOR + "libcst's parse of what passes the screen"
CLEAN = frozenset({0})  # the exit code of who has no findings to tell of by it


@dataclass(frozen=True)
class Nnlint:
    """nnlint with the options that it has; those of the cache and of the workers came later than the benchmark."""

    command: str
    options: frozenset[str]
    cache: Path

    @classmethod
    def of(cls, environment: Environment, cache: Path) -> Nnlint:
        command = environment.command("nnlint")
        told = subprocess.run([command, "check", "--help"], capture_output=True, text=True, check=True).stdout
        return cls(command, frozenset(re.findall(r"--[\w-]+", told)), cache / "nnlint-cache")

    @property
    def has_cache(self) -> bool:
        return "--cache-dir" in self.options

    @property
    def has_workers(self) -> bool:
        return "--workers" in self.options

    def check(self, *paths: str, workers: int | None = None, caches: bool = True) -> tuple[str, ...]:
        return (
            *(self.command, "check", "--isolated", "--exit-zero", "--output-format", "concise"),
            *(("--cache-dir", str(self.cache)) if caches and self.has_cache else ()),
            *(("--no-cache",) if not caches and "--no-cache" in self.options else ()),
            *(("--workers", str(workers)) if workers and self.has_workers else ()),
            *paths,
        )

    def hook(self, files: Sequence[str]) -> tuple[str, ...]:
        """As pre-commit calls it."""
        hooks = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
        entry = re.findall(r"^ *entry: nnlint (.*)$", hooks, re.MULTILINE)[0]
        return (self.command, *entry.split(), *(("--cache-dir", str(self.cache)) if self.has_cache else ()), *files)

    def forget(self) -> None:
        shutil.rmtree(self.cache, ignore_errors=True)


@dataclass(frozen=True)
class Ruff:
    command: str
    cache: Path

    def check(self, *paths: str, caches: bool = True) -> tuple[str, ...]:
        where = ("--cache-dir", str(self.cache)) if caches else ("--no-cache",)
        return (self.command, "check", "--isolated", "--output-format", "concise", *where, *paths)

    def forget(self) -> None:
        shutil.rmtree(self.cache, ignore_errors=True)


def ruff_of(environment: Environment, cache: Path) -> Ruff:
    return Ruff(environment.command("ruff"), cache / "ruff-cache")


def peers(environments: Mapping[str, Environment], workers: int) -> dict[str, tuple[str, ...]]:
    """The commands of the peers that have no cache, by name."""
    commands: dict[str, Callable[[Environment], tuple[str, ...]]] = {
        "flake8": lambda here: (here.command("flake8"), "--isolated", "."),
        "semgrep": lambda here: (
            *(here.command("semgrep"), "scan", "--metrics", "off", "--disable-version-check", "--config"),
            *(str(SEMGREP_RULES), "--quiet", "--no-git-ignore", "--jobs", str(workers), "."),
        ),
        "torchfix": lambda here: (here.command("torchfix"), "."),
        "flake8-torchfix": lambda here: (here.command("flake8"), "--isolated", "--select", "TOR", "."),
        "fixit": lambda here: (here.command("fixit"), "--quiet", "lint", "."),
        "pylint": lambda here: (
            *(here.command("pylint"), "--rcfile", "/dev/null", "--recursive", "y", "--jobs", str(workers)),
            *(("--load-plugins", "dslinter") if "dslinter" in here.versions else ()),
            ".",
        ),
    }
    return {name: make(environments[name]) for name, make in commands.items() if name in environments}


NAMES = {
    "flake8": "flake8",
    "semgrep": "semgrep, five rules",
    "torchfix": "TorchFix",
    "flake8-torchfix": "TorchFix in flake8",
    "fixit": "Fixit",
    "pylint": "pylint and dslinter",
}
# Bits of pylint's exit code say what it found; 32 is wrong use.
GOOD = {"pylint": frozenset(range(32)), "fixit": frozenset({0, 1, 2, 3}), "torchfix": frozenset({0, 1})}


def cold(
    nnlint: Nnlint, environments: Mapping[str, Environment], tree: Path, cache: Path, workers: int
) -> list[Contender]:
    """Every tool as it runs for the first time, nnlint with all workers and with one."""
    names = {"all workers": None, "one worker": 1} if nnlint.has_workers else {"": None}
    contenders = [
        Contender(_named("nnlint", name), nnlint.check(".", workers=count), tree, prepare=nnlint.forget, good=CLEAN)
        for name, count in names.items()
    ]
    if "ruff" in environments:
        ruff = ruff_of(environments["ruff"], cache)
        contenders.append(Contender("ruff", ruff.check(".", caches=False), tree))
        contenders.append(Contender("ruff, that fills its cache", ruff.check("."), tree, prepare=ruff.forget))
    for name, command in peers(environments, workers).items():
        good = GOOD.get(name, frozenset({0, 1}))
        contenders.append(Contender(NAMES[name], command, tree, good=good))
    return contenders


def warm(nnlint: Nnlint, environments: Mapping[str, Environment], tree: Path, cache: Path) -> list[Contender]:
    """The tools that have a cache, when nothing changed; they are run once before."""
    contenders = [Contender("nnlint", nnlint.check("."), tree, good=CLEAN)]
    if "ruff" in environments:
        contenders.append(Contender("ruff", ruff_of(environments["ruff"], cache).check("."), tree))
    return contenders


def floors(environment: Environment, paths: Sequence[str], tree: Path) -> list[Contender]:
    """What nobody can do without, as processes of nnlint's own Python; one core but where it says all."""
    python = environment.command("python")
    ways = {
        "read the files": (str(FLOORS), "read", *paths),
        "screen: read, and look for `torch`": (str(FLOORS), "screen", *paths),
        "`ast.parse` of what passes the screen": (str(FLOORS), "ast", *paths),
        PARSE.removeprefix(MARKED_AS_FLOOR): (str(FLOORS), "libcst", *paths),
        "the same, all cores": (str(FLOORS), f"libcst-{os.cpu_count()}", *paths),
        "Python starts": ("-c", ""),
        "Python starts and imports libcst": ("-c", "import libcst"),
    }
    return [Contender(MARKED_AS_FLOOR + name, (python, *command), tree, good=CLEAN) for name, command in ways.items()]


def _named(name: str, more: str) -> str:
    return f"{name}, {more}" if more else name
