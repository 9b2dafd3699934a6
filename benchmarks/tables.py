"""The tables of the results, and where they stand in `README.md`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.measuring import Summary

HEAD = ("wall", "CPU", "memory")


def comparison(summaries: Mapping[str, Summary], references: Mapping[str, str]) -> str:
    """A table with a line for each contender: wall, CPU and memory, and how many times those of the references.

    The references are names of contenders by what the head of the table calls them.
    """
    known = {label: name for label, name in references.items() if name in summaries and not summaries[name].failure}
    rows: list[list[str]] = []
    for name, summary in summaries.items():
        if summary.failure:
            rows.append([name, summary.failure.replace("|", "\\|"), *[""] * (2 + 3 * len(known)), str(summary.rounds)])
            continue
        row = [name]
        for figure, measure in zip(_figures(summary), (_wall, cpu, _memory), strict=True):
            row += [figure, *(ratio(summary, summaries[other], measure) for other in known.values())]
        rows.append([*row, str(summary.rounds)])
    head = [column for measure in HEAD for column in (measure, *(f"/ {label}" for label in known))]
    return markdown(["", *head, "runs"], rows)


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [list(head), ["---"] + ["--:"] * (len(head) - 1), *map(list, rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def ratio(summary: Summary, other: Summary, measure: Callable[[Summary], float]) -> str:
    """How many times the other's; of a run that was stopped only a bound is known, and nothing of its CPU."""
    if (summary.is_over and other.is_over) or (measure is cpu and (summary.is_over or other.is_over)):
        return "?"
    bound = ">" if summary.is_over else "<" if other.is_over else ""
    times = measure(summary) / max(measure(other), 1e-9)
    return bound + significant(times)


def cpu(summary: Summary) -> float:
    return summary.cpu


def significant(number: float) -> str:
    """Two digits that say something: 0.043, 1.7, 230."""
    if number >= 100:
        return f"{number:,.0f}"
    if number >= 10:
        return f"{number:.0f}"
    return f"{number:.2g}" if number >= 0.001 else f"{number:.4f}"


def seconds(number: float) -> str:
    return f"{number:.3f} s" if number < 1 else f"{number:.2f} s" if number < 10 else f"{number:.0f} s"


def inserted(text: str, name: str, generated: str) -> str:
    """The text with what was generated between the markers of that name."""
    begin, end = f"<!-- generated: {name} -->", f"<!-- end: {name} -->"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    assert pattern.search(text), f"no place for {name}: {begin} … {end}"
    return pattern.sub(lambda _: f"{begin}\n\n{generated.strip()}\n\n{end}", text)


def write_into(path: Path, sections: Mapping[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for name, generated in sections.items():
        text = inserted(text, name, generated)
    path.write_text(text, encoding="utf-8")


def _figures(summary: Summary) -> list[str]:
    if summary.is_over:
        return [f"> {seconds(summary.wall)}", "", f"> {summary.memory:.0f} MB"]
    return [seconds(summary.wall), seconds(summary.cpu), f"{summary.memory:.0f} MB"]


def _wall(summary: Summary) -> float:
    return summary.wall


def _memory(summary: Summary) -> float:
    return summary.memory
