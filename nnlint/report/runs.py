"""What is told of the runs of a probe: how far they came, what was left out or put in the place of something."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TextIO

from rich.console import Console
from rich.text import Text

from nnlint.probe.probing import Probed
from nnlint.probe.session import Testimony

ENDS = {
    "finished": "ran to its end",
    "stopped": "was stopped at its time limit",
    "crashed": "raised an error",
    "unrunnable": "could not be run",
    "killed": "was ended",
}
LAST_LINES = 8  # of what a script printed that raised an error
STYLES = {"passed": "green", "failed": "bold red", "undecided": "yellow"}


def write(probed: Probed, stream: TextIO) -> None:
    """Print a paragraph for each run and a line that counts the verdicts."""
    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    for testimony in probed.testimonies:
        style = "" if testimony.how in ("finished", "stopped") else "yellow"
        first, *others = told(testimony)
        console.print(Text(first, style=style), soft_wrap=True)
        for line in others:
            console.print(Text(f"  {line}", style="dim"), soft_wrap=True)
        if testimony.how == "crashed":
            for line in testimony.output.splitlines()[-LAST_LINES:]:
                console.print(Text(f"  | {line}", style="dim"), soft_wrap=True)
        for check in _checks(testimony):
            console.print(check, soft_wrap=True)
    counts = Counter(finding.verdict.status for finding in probed.report.findings if finding.verdict)
    if counts:
        console.print(Text("Verdicts: " + ", ".join(f"{count} {status}" for status, count in counts.items())))


def told(testimony: Testimony) -> Iterator[str]:
    """How the run went, line by line; the first line stands for all."""
    how = ENDS.get(testimony.how, testimony.how)
    steps = f"{testimony.steps} step" + ("" if testimony.steps == 1 else "s")
    yield f"{testimony.request.script} {how} after {steps} in {testimony.seconds:.1f} s"
    if testimony.error:
        yield testimony.error
    if testimony.cut:
        cut = " and ".join(f"{count} {what}" + ("" if count == 1 else "s") for what, count in testimony.cut.items())
        yield f"cut short: {cut}"
    for note in testimony.notes:
        words = " ".join(str(value) for key, value in note.items() if key != "kind")
        yield f"{note['kind']}: {words}"
    for fault in testimony.faults:
        yield f"nnlint's observer {fault.get('observer')} failed: {fault.get('reason')}"


def _checks(testimony: Testimony) -> Iterator[Text]:
    for check in testimony.checks:
        status = str(check.get("status"))
        yield Text.assemble(
            "  ", (f"{status:<10}", STYLES.get(status, "")), f"{check.get('name')}: {check.get('told')}"
        )
        if check.get("advice"):
            yield Text.assemble("            ", ("help: ", "bold green"), str(check["advice"]))
