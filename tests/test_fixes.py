"""Every fix, on the fixtures: what becomes of them stands beside them, `bad.fixed.py` beside `bad.py`.

`pytest tests/test_fixes.py --bless` writes those files; they are read by eyes before they are committed.
"""

from __future__ import annotations

import ast
import os
import shutil
from functools import cache
from pathlib import Path

import pytest

from nnlint import catalog
from nnlint.engine import Report, check_programs
from nnlint.finding import Safety
from nnlint.fixing.rounds import Fixed, fix
from tests.agreement import disagreements
from tests.expectations import FIXED, Case, cases
from tests.test_fixtures import FIXTURES, SETTINGS, every_case, report_of
from tests.test_witnesses import nursery


def golden(path: Path) -> Path:
    return path.with_name(f"{path.stem}{FIXED}{path.suffix}")


GOLDENS = sorted(FIXTURES.rglob(f"*{FIXED}.*"))
fixable = [entry for entry in catalog.entries() if entry.fix is not None and entry.rule]
changing = [case for case in cases(FIXTURES) if any(golden(path).exists() for path in case.files)]


@every_case
def test_the_fixes_make_of_it_what_stands_beside_it(case: Case, request: pytest.FixtureRequest) -> None:
    done = fixed(case)
    made = {golden(path): data.decode() for path, data in done.after.items()}
    if request.config.getoption("--bless"):
        for path in case.files:
            golden(path).unlink(missing_ok=True)
        for path, text in made.items():
            path.write_text(text, encoding="utf-8", newline="")
    known = {golden(path): golden(path).read_bytes().decode() for path in case.files if golden(path).exists()}
    assert made == known


@pytest.mark.parametrize("case", changing, ids=lambda case: case.name)
def test_what_is_fixed_parses_its_finding_is_gone_and_a_second_time_there_is_nothing_to_fix(case: Case) -> None:
    done = fixed(case)
    for data in done.after.values():
        ast.parse(data)
    assert len(done.report.findings) == len(report_of(case).findings) - len(done.made)
    refused = [(taken.finding.code, taken.finding.message) for taken in done.taken_back]
    again = [finding for finding in done.report.findings if finding.fix is not None]
    assert [finding.code for finding in again if (finding.code, finding.message) not in refused] == []


@pytest.mark.torch
@pytest.mark.parametrize("case", changing, ids=lambda case: case.name)
def test_a_run_of_what_is_fixed_shows_the_bug_no_more(case: Case, tmp_path: Path) -> None:
    done = fixed(case)
    folder = tmp_path / "fixed"
    shutil.copytree(case.folder, folder, ignore=shutil.ignore_patterns("__pycache__", f"*{FIXED}.*"))
    for path, data in done.after.items():
        (folder / path.relative_to(case.folder)).write_bytes(data)
    copy = Case(case.name, folder, case.target, case.entry)
    assert not disagreements(copy, report_of(copy).findings, nursery().run(folder, copy.entry))


@pytest.mark.parametrize("entry", fixable, ids=lambda entry: entry.code)
def test_a_fixture_shows_the_fix_of_each_rule_that_says_it_has_one(entry: catalog.Entry) -> None:
    folder = entry.name.replace("-", "_")
    own_first = sorted(changing, key=lambda case: not case.name.startswith(folder))
    assert any(finding.code == entry.code for case in own_first for finding in fixed(case).made)


@every_case
def test_a_fix_is_as_safe_as_its_rule_says_at_best(case: Case) -> None:
    """A rule that says its fix is unsafe has no safe one, one without a fix has none."""
    for finding in report_of(case).findings:
        if finding.fix is not None:
            promised = catalog.find(finding.code).fix
            assert promised is Safety.SAFE or finding.fix.safety is promised


def test_no_golden_is_left_over() -> None:
    of = {golden(path) for case in cases(FIXTURES) for path in case.files}
    assert [str(path) for path in GOLDENS if path not in of] == []


@cache
def fixed(case: Case) -> Fixed:
    """All fixes of a case, unsafe ones too."""
    if not any(finding.fix for finding in report_of(case).findings):
        return Fixed(report_of(case))
    before = Path.cwd()
    os.chdir(case.folder)

    def checked(texts: dict[Path, bytes]) -> Report:
        return check_programs([Path(case.target)], SETTINGS, project=case.folder, unsaved=texts)

    try:
        return fix(checked, unsafe=True)
    finally:
        os.chdir(before)
