"""What is measured on a tree: cold, warm, with one file changed, and as a hook before a commit."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import tables, tools
from benchmarks.environments import Environment
from benchmarks.measuring import Contender, Pace, Summary, alternate, run
from benchmarks.tools import Nnlint
from benchmarks.trees import Tree, leaf, three, tree_of, with_imports

SAME = {"nnlint": "nnlint", "ruff": "ruff"}


@dataclass(frozen=True)
class Bench:
    """What every measurement needs."""

    nnlint: Nnlint
    home: Environment  # nnlint's own, whose Python runs the floors
    peers: Mapping[str, Environment]
    cache: Path
    workers: int
    pace: Pace
    tell: Callable[[str], None]

    def measured(self, contenders: list[Contender]) -> dict[str, Summary]:
        return alternate(contenders, self.pace, self.tell)


def cold(bench: Bench, tree: Tree) -> str:
    contenders = tools.cold(bench.nnlint, bench.peers, tree.folder, bench.cache, bench.workers)
    references = {"nnlint": contenders[0].name, "ruff": "ruff"}
    alone = contenders[1 if bench.nnlint.has_workers else 0].name
    contenders += tools.floors(bench.home, ["."], tree.folder)
    bench.tell(f"cold, {tree.title}")
    found = bench.measured(contenders)
    share = tables.ratio(found[alone], found[tools.PARSE], tables.cpu)
    return f"{tables.comparison(found, references)}\n{alone}: {share} times the CPU of libcst's parse.\n"


def warm(bench: Bench, tree: Tree) -> str:
    """Nothing changed since the last run; Python's start is the floor."""
    contenders = tools.warm(bench.nnlint, bench.peers, tree.folder, bench.cache)
    start = tools.floors(bench.home, ["."], tree.folder)[-2]
    bench.tell(f"warm, {tree.title}")
    late = _filled(bench, contenders)
    return tables.comparison({**bench.measured([*(c for c in contenders if c.name not in late), start]), **late}, SAME)


def changed(bench: Bench, tree: Tree) -> str:
    """One file gets another statement before each run; its text comes back afterwards."""
    path = leaf(tree)
    file = tree.folder / path
    text = file.read_bytes()
    lines = text.count(b"\n")
    numbers = itertools.count()

    def change() -> None:
        file.write_bytes(text + b"\nchanged_by_the_benchmark = %d\n" % next(numbers))

    contenders = tools.warm(bench.nnlint, bench.peers, tree.folder, bench.cache)
    changing = [replace(c, prepare=change) for c in contenders]
    bench.tell(f"one file changed, {tree.title}")
    late = _filled(bench, contenders)
    try:
        found = bench.measured([contender for contender in changing if contender.name not in late])
    finally:
        file.write_bytes(text)
    table = tables.comparison({**found, **late}, SAME)
    return f"{tree.title}; changed: `{path}`, {lines:,} lines\n\n{table}"


def hook(bench: Bench, tree: Tree) -> str:
    """Three files of a small repository, as pre-commit gives them to a hook."""
    folder = bench.cache / "hook"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(tree.folder, folder)
    (folder / ".git").mkdir()  # the root of a project, for who looks for it
    repository = tree_of(folder, tree.name)
    paths = three(repository)
    files = [str(path) for path in paths]
    imported = [str(path) for path in with_imports(repository, paths)]
    nnlint = bench.nnlint
    told = subprocess.run(nnlint.hook(files), cwd=folder, capture_output=True, text=True, check=False).stdout
    if f"in {len(files)} files" not in told:
        sys.exit(f"the hook does not look at the files that it is given:\n{told}")
    nnlint.forget()
    contenders = [
        Contender("nnlint, cold", nnlint.hook(files), folder, prepare=nnlint.forget),
        *([Contender("nnlint, warm", nnlint.hook(files), folder)] if nnlint.has_cache else []),
    ]
    if "ruff" in bench.peers:
        ruff = tools.ruff_of(bench.peers["ruff"], bench.cache)
        contenders.append(Contender("ruff, cold", ruff.check("--force-exclude", *files), folder, prepare=ruff.forget))
        contenders.append(Contender("ruff, warm", ruff.check("--force-exclude", *files), folder))
    if "flake8" in bench.peers:
        flake8 = bench.peers["flake8"].command("flake8")
        contenders.append(Contender("flake8", (flake8, "--isolated", *files), folder))
    python = bench.home.command("python")
    script = str(tools.FLOORS)
    start, start_libcst = tools.floors(bench.home, ["."], folder)[-2:]
    floor = Contender(
        f"{tools.MARKED_AS_FLOOR}Python starts, imports libcst, parses these files and what they import",
        (python, script, "libcst", *imported),
        folder,
        good=tools.CLEAN,
    )
    bench.tell(f"hook, {tree.title}")
    table = tables.comparison(
        bench.measured([*contenders, floor, start_libcst, start]),
        {"nnlint": "nnlint, cold", "parse": floor.name, "start": start.name},
    )
    names = ", ".join(f"`{name}`" for name in files)
    return f"{tree.title}; changed: {names}; with what they import, {len(imported)} files\n\n{table}"


def _filled(bench: Bench, contenders: list[Contender]) -> dict[str, Summary]:
    """Fill the caches; who is over the limit has none to show."""
    late = {}
    for contender in contenders:
        taken = run(contender, bench.pace.limit)
        if taken.is_over or taken.complaint:
            late[contender.name] = Summary(taken.wall, taken.cpu, taken.memory, 1, taken.is_over, taken.complaint)
    return late
