"""One JSON object a line and finding, with the keys of `json`: for logs and `jq`."""

from __future__ import annotations

import json

from nnlint.engine import Report
from nnlint.report.as_json import finding_as_data


def render(report: Report) -> str:
    return "".join(json.dumps(finding_as_data(finding), ensure_ascii=False) + "\n" for finding in report.findings)
