"""The two witnesses agree: what the interpreter foretells of a fixture is what a run of it shows, and nothing else."""

from __future__ import annotations

from functools import cache

import pytest

from tests.agreement import disagreements
from tests.expectations import Case
from tests.nursery import Nursery
from tests.test_fixtures import every_case, report_of


@pytest.mark.torch
@every_case
def test_the_witnesses_agree(case: Case) -> None:
    """The script runs to its end, each finding is confirmed at its place, and nothing more is seen."""
    assert not disagreements(case, report_of(case).findings, nursery().run(case.folder, case.entry))


@cache
def nursery() -> Nursery:
    return Nursery()
