"""How time grows: with lines, with files, with workers, and with the depth of calls; a table and a plot of each."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import generated, tools
from benchmarks.environments import Environment
from benchmarks.measuring import Contender, Summary
from benchmarks.scenarios import Bench
from benchmarks.tables import cpu, markdown, ratio, seconds, significant
from benchmarks.trees import Tree, subset

DRAWER = Path(__file__).parent / "plots.py"
PARSE = "libcst's parse"


@dataclass(frozen=True)
class Sizes:
    """What is measured; the quick ones are for a machine that others use."""

    lines: tuple[int, ...] = (5_000, 10_000, 20_000, 40_000, 80_000, 160_000)
    units: int = 400
    files: tuple[int, ...] = (4, 20, 100, 400)
    depths: tuple[int, ...] = (1, 2, 4, 8, 16)  # Python nests 20 blocks and no more
    worked: int = 160_000


QUICK = Sizes(lines=(2_500, 5_000, 10_000, 20_000), units=100, files=(1, 5, 25, 100), worked=20_000)


@dataclass
class Figure:
    """A plot to draw, point by point."""

    name: str
    title: str
    across: str
    up: str = "seconds"
    is_logarithmic: bool = True
    lines: dict[str, list[tuple[int, float]]] = field(default_factory=dict)

    def add(self, line: str, at: int, summary: Summary, value: float) -> None:
        if not summary.is_over and not summary.failure:
            self.lines.setdefault(line, []).append((at, round(value, 4)))


def measured(bench: Bench, tree: Tree, sizes: Sizes) -> tuple[str, list[Figure]]:
    """The section of the tables, and the plots to draw."""
    sections = [
        by_lines(bench, tree, sizes),
        by_files(bench, sizes),
        by_workers(bench, tree, sizes),
        by_depth(bench, sizes),
    ]
    text = "\n".join(
        f"#### {figure.title}\n\n{table}\n![{figure.title}](plots/{figure.name}.svg)\n" for table, figure in sections
    )
    return text, [figure for _, figure in sections]


def by_lines(bench: Bench, tree: Tree, sizes: Sizes) -> tuple[str, Figure]:
    figure = Figure("lines", f"By lines, of {tree.name}", "lines")
    rows = []
    for lines in (lines for lines in sizes.lines if lines <= tree.lines):
        part = subset(tree, lines, bench.cache / "scaling" / "lines")
        bench.tell(f"by lines: {part.title}")
        found = bench.measured(_contenders(bench, part.folder))
        rows.append([f"{part.lines:,}", f"{len(part.files):,}", *_cells(found)])
        for name, summary in found.items():
            figure.add(name, part.lines, summary, summary.wall)
    return markdown(["lines", "files", *_head(bench)], rows), figure


def by_files(bench: Bench, sizes: Sizes) -> tuple[str, Figure]:
    figure = Figure("files", "By files, the same code in each", "files")
    rows = []
    for files in sizes.files:
        folder = bench.cache / "scaling" / "files"
        shutil.rmtree(folder, ignore_errors=True)
        generated.write_units(folder, sizes.units, files)
        bench.tell(f"by files: {files}")
        found = bench.measured(_contenders(bench, folder))
        rows.append([f"{files:,}", *_cells(found)])
        for name, summary in found.items():
            figure.add(name, files, summary, summary.wall)
    return markdown(["files", *_head(bench)], rows), figure


def by_workers(bench: Bench, tree: Tree, sizes: Sizes) -> tuple[str, Figure]:
    """How many times faster than one worker."""
    part = subset(tree, sizes.worked, bench.cache / "scaling" / "workers")
    figure = Figure("workers", f"By workers, {part.lines:,} lines of {tree.name}", "workers", "times faster", False)
    counts = [2**power for power in range(bench.workers.bit_length())]
    bench.tell(f"by workers: {part.title}")
    ways = {count: _with_workers(bench, part.folder, count) for count in counts}
    found = bench.measured([contender for contenders in ways.values() for contender in contenders.values()])
    names = list(ways[1])
    rows = []
    for count in counts:
        row = [str(count)]
        for name in names:
            alone, together = (found[ways[number][name].name] for number in (1, count))
            figure.add(name, count, together, alone.wall / together.wall)
            row += [_wall(together), significant(alone.wall / together.wall)]
        rows.append(row)
    for count in counts:
        figure.add("as many times as workers", count, Summary(1, 1, 1, 1), count)
    head = [cell for name in names for cell in (name, "faster")]
    return markdown(["workers", *head], rows), figure


def by_depth(bench: Bench, sizes: Sizes) -> tuple[str, Figure]:
    figure = Figure("depth", "By depth, in one script", "depth")
    rows = []
    for way, write in generated.WAYS.items():
        row = [way]
        for depth in sizes.depths:
            folder = bench.cache / "scaling" / "depth"
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            (folder / "script.py").write_text(write(depth), encoding="utf-8")
            bench.tell(f"by depth: {way}, {depth}")
            name, contender = _nnlint(bench, folder)
            summary = bench.measured([contender])[name]
            figure.add(way, depth, summary, summary.wall)
            row.append(_wall(summary))
        rows.append(row)
    return markdown(["nnlint's wall time at depth", *map(str, sizes.depths)], rows), figure


def draw(figures: Sequence[Figure], folder: Path, plots: Environment, cache: Path) -> None:
    data = cache / "figures.json"
    plain: list[dict[str, Any]] = [vars(figure) for figure in figures]
    data.write_text(json.dumps(plain), encoding="utf-8")
    subprocess.run([plots.command("python"), str(DRAWER), str(data), str(folder)], check=True)


def _contenders(bench: Bench, folder: Path) -> list[Contender]:
    contenders = [_nnlint(bench, folder)[1]]
    if "ruff" in bench.peers:
        ruff = tools.ruff_of(bench.peers["ruff"], bench.cache)
        contenders.append(Contender("ruff", ruff.check(".", caches=False), folder))
    others = tools.peers(bench.peers, bench.workers)
    contenders += [
        Contender(tools.NAMES[name], others[name], folder) for name in ("flake8", "semgrep") if name in others
    ]
    parse = (bench.home.command("python"), str(tools.FLOORS), "libcst", ".")
    return [*contenders, Contender(PARSE, parse, folder, good=tools.CLEAN)]


def _nnlint(bench: Bench, folder: Path) -> tuple[str, Contender]:
    """Cold and with one worker, so that the time is comparable with one core's parse."""
    name = "nnlint, one worker"
    return name, Contender(
        name, bench.nnlint.check(".", workers=1), folder, prepare=bench.nnlint.forget, good=tools.CLEAN
    )


def _with_workers(bench: Bench, folder: Path, count: int) -> dict[str, Contender]:
    ways: dict[str, Contender] = {}
    if bench.nnlint.has_workers:
        command = bench.nnlint.check(".", workers=count)
        ways["nnlint"] = Contender(f"nnlint {count}", command, folder, prepare=bench.nnlint.forget, good=tools.CLEAN)
    if "ruff" in bench.peers:
        command = tools.ruff_of(bench.peers["ruff"], bench.cache).check(".", caches=False)
        ways["ruff"] = Contender(f"ruff {count}", command, folder, {"RAYON_NUM_THREADS": str(count)})
    if "flake8" in bench.peers:
        command = (bench.peers["flake8"].command("flake8"), "--isolated", "--jobs", str(count), ".")
        ways["flake8"] = Contender(f"flake8 {count}", command, folder)
    parse = (bench.home.command("python"), str(tools.FLOORS), f"libcst-{count}", ".")
    return {**ways, PARSE: Contender(f"{PARSE} {count}", parse, folder, good=tools.CLEAN)}


def _head(bench: Bench) -> list[str]:
    return [*(contender.name for contender in _contenders(bench, bench.cache)), "nnlint's CPU / the parse's"]


def _cells(found: Mapping[str, Summary]) -> list[str]:
    nnlint, parse = next(iter(found.values())), found[PARSE]
    share = "?" if nnlint.failure else ratio(nnlint, parse, cpu)
    return [*(_wall(summary) for summary in found.values()), share]


def _wall(summary: Summary) -> str:
    return "failed" if summary.failure else ("> " if summary.is_over else "") + seconds(summary.wall)
