"""Runs contenders in alternation, and says what each took: medians of wall time, CPU and peak memory."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

LAUNCHER = Path(__file__).parent / "launch.py"


def _nothing() -> None:
    """Most contenders need nothing before a run."""


@dataclass(frozen=True)
class Contender:
    """A command to time; `prepare` is called before each run, and not timed."""

    name: str
    command: tuple[str, ...]
    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[], None] = _nothing
    good: frozenset[int] = frozenset({0, 1})  # the exit codes of a run that came to its end


@dataclass(frozen=True)
class Taken:
    """One run: seconds, and megabytes of its largest process."""

    wall: float
    cpu: float
    memory: float
    code: int
    is_over: bool
    complaint: str = ""


@dataclass(frozen=True)
class Summary:
    """The medians of a contender's runs. Of one that ran out of time, `wall` is the limit."""

    wall: float
    cpu: float
    memory: float
    rounds: int
    is_over: bool = False
    failure: str = ""


@dataclass(frozen=True)
class Pace:
    """How often and how long: one that takes more than `once` seconds is not run again."""

    rounds: int = 5
    limit: float = 600
    once: float = 60


def alternate(
    contenders: Sequence[Contender], pace: Pace, tell: Callable[[str], None] = lambda line: None
) -> dict[str, Summary]:
    """The summary of each contender; in each round every one has its turn."""
    runs: dict[str, list[Taken]] = {contender.name: [] for contender in contenders}
    assert len(runs) == len(contenders), "two contenders have one name"
    for number in range(pace.rounds):
        for contender in contenders:
            earlier = runs[contender.name]
            if any(run.is_over or run.complaint or run.wall > pace.once for run in earlier):
                continue
            contender.prepare()
            taken = run(contender, pace.limit)
            earlier.append(taken)
            tell(f"{number + 1}/{pace.rounds} {contender.name}: {taken.wall:.2f} s{_remark(taken)}")
    return {name: summarized(taken) for name, taken in runs.items()}


def run(contender: Contender, limit: float) -> Taken:
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "taken.json"
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(LAUNCHER), str(result), str(limit), *contender.command],
            cwd=contender.folder,
            env={**os.environ, **contender.variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
        )
        if done.returncode:
            raise KeyboardInterrupt
        taken = Taken(**json.loads(result.read_text(encoding="utf-8")))
    if taken.is_over or taken.code in contender.good:
        return taken
    last = (done.stderr.decode(errors="replace").strip().splitlines() or [""])[-1]
    return Taken(taken.wall, taken.cpu, taken.memory, taken.code, False, f"exit code {taken.code}: {last[:200]}")


def summarized(runs: Sequence[Taken]) -> Summary:
    for taken in runs:
        if taken.complaint or taken.is_over:
            return Summary(taken.wall, taken.cpu, taken.memory, len(runs), taken.is_over, taken.complaint)
    return Summary(
        statistics.median(taken.wall for taken in runs),
        statistics.median(taken.cpu for taken in runs),
        statistics.median(taken.memory for taken in runs),
        len(runs),
    )


def _remark(taken: Taken) -> str:
    return " (over the limit)" if taken.is_over else f" ({taken.complaint})" if taken.complaint else ""
