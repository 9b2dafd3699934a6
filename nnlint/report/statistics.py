"""How often each rule was found, the most frequent first."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nnlint.engine import Report

FORMATS = ("full", "concise", "json")


def render(report: Report, name: str) -> str:
    """As lines, or as an array where the format is `json`."""
    counts = Counter((finding.code, finding.name) for finding in report.findings)
    fixable = Counter(finding.code for finding in report.findings if finding.fix)
    rows = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    if name == "json":
        data = [{"code": code, "name": rule, "count": count, "fixable": fixable[code]} for (code, rule), count in rows]
        return json.dumps(data, indent=2) + "\n"
    width = max((len(str(count)) for count in counts.values()), default=0)
    return "".join(
        f"{count:>{width}}  {code}  {rule}{f'  ({fixable[code]} fixable)' if fixable[code] else ''}\n"
        for (code, rule), count in rows
    )
