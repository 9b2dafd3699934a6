"""`--whole-project`: all of a project is checked, and what is told is about a few of its files.

Given `train.py`, which feeds a network to a class of `trainer.py`, the bug stands in `trainer.py` and only shows when
`train.py` runs: a hook that is passed `trainer.py` alone would not see it, and would take a comment that suppresses it
for one without use.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nnlint.engine import Report
from nnlint.program.project import find_root


def within_project(targets: Sequence[Path]) -> list[Path]:
    """The targets, and the projects that they belong to."""
    roots = {Path(os.path.relpath(find_root(target))): None for target in targets}
    return [*targets, *roots]


def narrowed(report: Report, files: Sequence[Path]) -> Report:
    """The report with the findings about these files only."""
    wanted = {os.path.realpath(file) for file in files}
    findings = [finding for finding in report.findings if os.path.realpath(finding.place.path) in wanted]
    return replace(report, findings=tuple(findings), files=len(wanted))
