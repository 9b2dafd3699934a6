"""Every fixture: what is found is what its comments want. That it really runs is seen in test_witnesses."""

import os
import re
from functools import cache
from pathlib import Path

import pytest

from nnlint.config import Settings
from nnlint.config.layer import Layer
from nnlint.engine import Report, check_programs
from tests.expectations import FIXED, Case, cases, complaints, expectations

FIXTURES = Path(__file__).parent.parent / "fixtures"
SETTINGS = Settings(select=("all",)).over(Layer({"exclude": [f"*{FIXED}.*"]}, FIXTURES))
every_case = pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in cases(FIXTURES)])


@every_case
def test_what_is_found_is_what_is_wanted(case: Case) -> None:
    report = report_of(case)
    assert not report.errors
    assert not complaints(expectations(case), report.findings)


@every_case
def test_messages_are_written_as_the_house_writes_them(case: Case) -> None:
    """Lower case start, no full stop, at most 120 characters."""
    odd = [
        finding.message
        for finding in report_of(case).findings
        if not re.fullmatch(r"[^A-Z\n].{0,118}[^.\n]", finding.message)
    ]
    assert not odd


@cache
def report_of(case: Case) -> Report:
    before = Path.cwd()
    os.chdir(case.folder)
    try:
        return check_programs([Path(case.target)], SETTINGS, project=case.folder)
    finally:
        os.chdir(before)
