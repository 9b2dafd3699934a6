"""nnlint beside its peers: `python -m benchmarks.peers NAME=FOLDER…`; `--help` says what can be chosen.

Every tool runs in turn, round after round, on copies of the folders' Python files. Prints the tables; with `--write`
they go into `benchmarks/README.md`, and the plots into `benchmarks/plots/`.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import scaling, scenarios, tables, tools
from benchmarks.environments import PEERS, Environment, brought, brought_nnlint, is_awake
from benchmarks.measuring import Pace
from benchmarks.scenarios import Bench
from benchmarks.tools import Nnlint
from benchmarks.trees import Tree, copied

README = Path(__file__).parent / "README.md"
PLOTS = Path(__file__).parent / "plots"
PARTS = ("cold", "warm", "changed", "hook", "scaling")
QUICK = Pace(rounds=3, limit=60, once=10)
FULL = Pace(rounds=5, limit=900, once=60)


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    cache = options.cache.expanduser().resolve()
    cache.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()

    def tell(line: str) -> None:
        print(f"{time.monotonic() - start:6.0f} s  {line}", file=sys.stderr, flush=True)

    home = brought_nnlint(cache, tell)
    environments, missing = _environments(options, cache, tell)
    bench = Bench(Nnlint.of(home, cache), home, environments, cache, os.cpu_count() or 1, _pace(options), tell)
    missing |= _silent(bench)
    trees = sorted((copied(folder, cache) for folder in options.folders), key=lambda tree: tree.lines)
    sections = {"machine": _machine(bench, missing)}
    for part in options.parts:
        match part:
            case "cold":
                sections[part] = _each(trees, bench, scenarios.cold)
            case "warm":
                sections[part] = _each(trees, bench, scenarios.warm)
            case "changed":
                sections[part] = scenarios.changed(bench, trees[-1])
            case "hook":
                sections[part] = scenarios.hook(bench, trees[0])
            case "scaling":
                sizes = scaling.QUICK if options.quick else scaling.Sizes()
                sections[part], figures = scaling.measured(bench, trees[-1], sizes)
                plots = brought("plots", cache, fresh=options.fresh, tell=tell)
                if options.write and isinstance(plots, Environment):
                    scaling.draw(figures, PLOTS, plots, cache)
    for name, section in sections.items():
        print(f"\n--- {name} ---\n\n{section}")
    if options.write:
        if options.parts != list(PARTS):  # the others were measured at another time, perhaps on another machine
            machine = sections.pop("machine")
            sections = {name: f"{machine}\n\n{section}" for name, section in sections.items()}
        tables.write_into(README, sections)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", nargs="+", metavar="NAME=FOLDER", help="code to run on, and what the tables call it")
    parser.add_argument(
        "--quick", action="store_true", help="fewer rounds, and a low limit: about a quarter of an hour"
    )
    parser.add_argument("--rounds", type=int, help="how often each runs (5; quick: 3)")
    parser.add_argument(
        "--limit", type=float, metavar="SECONDS", help="a run that takes longer is stopped (900; quick: 60)"
    )
    parser.add_argument("--once", type=float, metavar="SECONDS", help="who takes longer runs once only (60; quick: 10)")
    parser.add_argument("--peers", type=_list_of(["ruff", *tools.NAMES]), help="some of the peers, by comma")
    parser.add_argument("--parts", type=_list_of(PARTS), default=list(PARTS), help=f"some of {','.join(PARTS)}")
    parser.add_argument(
        "--write", action="store_true", help="put the tables into benchmarks/README.md, the plots beside"
    )
    parser.add_argument("--fresh", action="store_true", help="make the peers' environments anew")
    parser.add_argument("--cache", type=Path, default=Path("~/.cache/nnlint-benchmarks"), help="where they stand")
    options = parser.parse_args(arguments)
    if options.peers is None:
        options.peers = [name for name in PEERS if name != "plots"]
    return options


def _list_of(known: Sequence[str]) -> Callable[[str], list[str]]:
    def read(text: str) -> list[str]:
        names = [name for name in text.split(",") if name]
        if unknown := set(names) - set(known):
            raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: none of {', '.join(known)}")
        return names

    return read


def _pace(options: argparse.Namespace) -> Pace:
    usual = QUICK if options.quick else FULL
    return Pace(options.rounds or usual.rounds, options.limit or usual.limit, options.once or usual.once)


def _environments(
    options: argparse.Namespace, cache: Path, tell: Callable[[str], None]
) -> tuple[dict[str, Environment], dict[str, str]]:
    """The environments, and why some are missing."""
    environments: dict[str, Environment] = {}
    missing: dict[str, str] = {}
    for name in options.peers:
        here = brought(name, cache, fresh=options.fresh, tell=tell)
        if isinstance(here, Environment):
            environments[name] = here
        else:
            missing[name] = here.why
    return environments, missing


def _silent(bench: Bench) -> dict[str, str]:
    """Who says nothing of a file with something for everyone, and so can not be compared."""
    commands = {"nnlint": bench.nnlint.check("."), **tools.peers(bench.peers, bench.workers)}
    if "ruff" in bench.peers:
        commands["ruff"] = tools.ruff_of(bench.peers["ruff"], bench.cache).check(".")
    return {
        name: "says nothing of a file in which there is something for it to say"
        for name, command in commands.items()
        if not is_awake(command, bench.cache)
    }


def _each(trees: Sequence[Tree], bench: Bench, measure: Callable[[Bench, Tree], str]) -> str:
    return "\n".join(f"{tree.title}\n\n{measure(bench, tree)}" for tree in trees)


def _machine(bench: Bench, missing: dict[str, str]) -> str:
    """When, where, and what."""
    versions = dict(bench.home.versions)
    for here in bench.peers.values():
        versions |= {name: version for name, version in here.versions.items() if name != "libcst"}
    lines = [
        f"{datetime.date.today():%d %B %Y}, {bench.workers} cores, {_processor()}, load {os.getloadavg()[0]:.1f} at "
        f"the start, Python {platform.python_version()}; "
        f"{', '.join(f'{name} {version}' for name, version in versions.items())}. "
        f"Medians of up to {bench.pace.rounds} runs each; a run is stopped after {bench.pace.limit:.0f} s, and who "
        f"takes more than {bench.pace.once:.0f} s runs once."
    ]
    if not bench.nnlint.has_cache:
        lines.append("This nnlint has no cache: its warm runs are cold ones.")
    if not bench.nnlint.has_workers:
        lines.append("This nnlint has no workers: it runs in one process.")
    lines += [f"Not measured: {name} ({why})." for name, why in missing.items()]
    return " ".join(lines)


def _processor() -> str:
    try:
        found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        found = None
    return found.group(1) if found else platform.machine()


if __name__ == "__main__":
    main()
