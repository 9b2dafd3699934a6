"""The page of a probe: one HTML file, for people, with the verdicts, the recipe's checks and what was measured."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nnlint.engine import Report
from nnlint.finding import Finding
from nnlint.probe.probing import Probed
from nnlint.report import coloured
from nnlint.report.concise import position
from nnlint.report.runs import told
from nnlint.source import Place

STYLES = {
    "confirmed": "bad",
    "failed": "bad",
    "refuted": "good",
    "passed": "good",
    "undecided": "open",
    "not reached": "dim",
}
CONTEXT = 2
_CODE = re.compile(r"`([^`]+)`")


class MissingPlots(Exception):
    """What draws the page is not installed."""


def render(probed: Probed) -> str:
    """The page as text. Raises `MissingPlots`."""
    try:
        import jinja2
        import markupsafe

        from nnlint.report import plots
    except ImportError as error:
        raise MissingPlots(f"the report needs `{error.name}`: install nnlint[probe]") from error
    here = Path(__file__).parent
    template, colours = ((here / name).read_text(encoding="utf-8") for name in ("page.html.j2", "colours.css"))
    environment = jinja2.Environment(autoescape=True, trim_blocks=False)
    environment.filters["code"] = lambda text: markupsafe.Markup(
        _CODE.sub(r"<code>\1</code>", str(markupsafe.escape(text)))
    )
    checks = [check for testimony in probed.testimonies for check in testimony.checks]
    return environment.from_string(template).render(
        title="nnlint: " + ", ".join(os.path.basename(each.request.script) for each in probed.testimonies),
        summary="; ".join(line for each in probed.testimonies for line in list(told(each))[:1]),
        tiles=list(_tiles(probed, checks)),
        findings=[_finding(finding, probed.report) for finding in probed.report.findings],
        checks=[{**check, "style": STYLES.get(check["status"], "")} for check in checks],
        plots=list(_plots(checks, plots)),
        notes=[line for each in probed.testimonies for line in list(told(each))[1:]],
        colours=colours,
        script=plots.script(),
    )


def _tiles(probed: Probed, checks: list[dict[str, Any]]) -> Iterator[dict[str, object]]:
    verdicts = Counter(finding.verdict.status for finding in probed.report.findings if finding.verdict)
    for status in ("confirmed", "refuted", "undecided", "not reached"):
        if verdicts[status] or status == "confirmed":
            yield {"count": verdicts[status], "name": status, "style": STYLES[status] if verdicts[status] else ""}
    outcomes = Counter(check["status"] for check in checks)
    for status in ("passed", "failed"):
        if checks:
            name = f"checks {status}"
            yield {"count": outcomes[status], "name": name, "style": STYLES[status] if outcomes[status] else ""}


def _finding(finding: Finding, report: Report) -> dict[str, object]:
    status = finding.verdict.status if finding.verdict else ""
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.value,
        "message": finding.message,
        "place": position(finding.place),
        "status": status,
        "style": STYLES.get(status, ""),
        "evidence": finding.verdict.evidence if finding.verdict else "",
        "advice": finding.advice,
        "rows": _rows(finding.place, report, CONTEXT),
        "steps": [
            {"place": position(step.place), "message": step.message, "rows": _rows(step.place, report, 0)}
            for step in finding.trail
        ],
    }


def _rows(place: Place, report: Report, context: int) -> list[tuple[int, list[coloured.Piece]]]:
    source = report.source(place)
    return coloured.rows(source, place.span, context) if source and place.span else []


def _plots(checks: list[dict[str, Any]], plots: Any) -> Iterator[dict[str, object]]:
    """A plot for each check that has something to draw."""
    for check in checks:
        data: Mapping[str, Any] = check.get("plot") or {}
        match check["name"]:
            case "numbers finite" if data.get("losses"):
                yield _plot(plots.curves({"loss": data["losses"]}, "The loss in the run"))
            case "overfits one batch" if data.get("curves"):
                floor = check["numbers"].get("floor")
                levels = {"the floor of probabilities": floor} if floor is not None else {}
                series = {f"Adam, lr {lr}": curve for lr, curve in data["curves"].items()}
                yield _plot(plots.curves(series, "One batch, over and over", levels))
            case "input matters" if data.get("curves"):
                yield _plot(plots.curves(data["curves"], "With the input, and with zeros"))
            case "samples independent" if data.get("matrix"):
                title = "Dependence of samples on each other (empty: none)"
                yield _plot(plots.dependency(data["matrix"], data["rows"], title))
            case "activations" if data.get("layers"):
                yield _plot(plots.activations(data["layers"], "What each layer returns"), wide=True)
                yield _plot(plots.spreads(data["layers"], "Mean and spread by layer"))
                norms = {name: sum(each) / len(each) for name, each in data["gradients"].items()}
                if norms:
                    yield _plot(plots.bars(norms, "Size of gradients", "norm, mean over the steps", log=True))
            case "size of updates" if data.get("ratios"):
                title = "Update of a weight in one step, relative to the weight"
                yield _plot(plots.bars(data["ratios"], title, "about 1e-3 is usual", log=True))
            case "dead layers" if data.get("dead"):
                yield _plot(plots.bars(data["dead"], "Units that are never above zero", "share of the layer"))
            case "what goes into the network" if data.get("pictures"):
                yield _plot(plots.pictures(data["pictures"], data["labels"], _input_title(check)), wide=True)
            case "what goes into the network" if data.get("rows"):
                yield _plot(plots.samples(data["rows"], data["labels"], _input_title(check)), wide=True)


def _input_title(check: Mapping[str, Any]) -> str:
    return f"Just before the network: {check['told']}"


def _plot(html: str, wide: bool = False) -> dict[str, object]:
    return {"html": html, "wide": wide}
