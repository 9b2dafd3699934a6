"""What a finding is known by from one run to the next."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nnlint.engine import Report, cell_name
from nnlint.finding import Confidence, Finding, Severity
from nnlint.fingerprint import fingerprints, project_path
from nnlint.source import Place, Source, Span

TRAIN = """\
class Trainer:
    def fit(self):
        for x, y in loader:
            loss.backward()
            loss.backward()

def evaluate():
    loss.backward()
"""
FIRST, SECOND, OTHER = (4, 13), (5, 13), (8, 5)


def finding(line: int, column: int, end: tuple[int, int] | None = None, **changes: object) -> Finding:
    end_line, end_column = end or (line, column + len("loss.backward()"))
    place = Place("train.py", span=Span(line, column, end_line, end_column))
    fields = {"code": "NN201", "name": "n", "message": "m", "place": place, **changes}
    return Finding(severity=Severity.ERROR, confidence=Confidence.LIKELY, **fields)  # type: ignore[arg-type]


def known(text: str, *findings: Finding) -> list[str]:
    return fingerprints(Report(findings, sources={"train.py": Source("train.py", text)}))


def test_edits_above_leave_it_as_it_is() -> None:
    above = "import torch\n\n\n"
    (line, column) = FIRST
    assert known(TRAIN, finding(line, column)) == known(above + TRAIN, finding(line + 3, column))


def test_whitespace_leaves_it_as_it_is() -> None:
    assert known("f(a,\n  b)\n", finding(1, 1, (2, 5))) == known("f(a, b)\n", finding(1, 1, (1, 8)))


def test_equal_findings_are_told_apart() -> None:
    first, second = known(TRAIN, finding(*FIRST), finding(*SECOND))
    assert first != second


def test_of_equal_findings_the_rest_is_known_when_one_is_mended() -> None:
    before = known(TRAIN, finding(*FIRST), finding(*SECOND))
    assert known(TRAIN, finding(*SECOND)) == before[:1]


def test_the_function_is_part_of_it() -> None:
    assert known(TRAIN, finding(*FIRST)) != known(TRAIN, finding(*OTHER))


@pytest.mark.parametrize("changed", [{"code": "NN202"}, {"place": Place("test.py", span=Span(4, 13, 4, 28))}])
def test_rule_and_path_are_part_of_it(changed: dict[str, Any]) -> None:
    assert known(TRAIN, finding(*FIRST)) != known(TRAIN, finding(*FIRST, **changed))


def test_the_message_is_no_part_of_it() -> None:
    assert known(TRAIN, finding(*FIRST)) == known(TRAIN, finding(*FIRST, message="other words"))


def test_text_that_changed_is_another_finding() -> None:
    assert known(TRAIN, finding(*FIRST)) != known(TRAIN.replace("loss.", "cost."), finding(*FIRST))


@pytest.mark.parametrize("suffix", ["", "\n%matplotlib inline\n"], ids=["parsed", "by indentation"])
def test_what_changes_in_the_body_of_a_loop_leaves_the_loop_as_it_is(suffix: str) -> None:
    loop = "for x, y in loader:\n    {}\n    loss.backward()\n" + suffix
    spanned = finding(1, 1, (3, 20))
    assert known(loop.format("pass"), spanned) == known(loop.format("print(x)"), spanned)
    assert known(loop.format("pass"), spanned) != known(loop.replace("loader", "data"), spanned)


@pytest.mark.parametrize("place", [FIRST, SECOND, OTHER])
def test_the_scope_of_what_does_not_parse_is_the_same(place: tuple[int, int]) -> None:
    assert known(TRAIN + "\n!pip install torch\n", finding(*place)) == known(TRAIN, finding(*place))


def test_a_cell_that_moved_leaves_it_as_it_is() -> None:
    def in_cell(number: int) -> list[str]:
        place = Place("a.ipynb", span=Span(4, 13, 4, 28), cell=number)
        source = Source(cell_name("a.ipynb", number), TRAIN)
        return fingerprints(Report((finding(*FIRST, place=place),), sources={source.path: source}))

    assert in_cell(2) == in_cell(7)


def test_a_finding_without_its_source_has_one() -> None:
    (found,) = fingerprints(Report((finding(*FIRST),)))
    assert len(found) == 64


def test_a_place_behind_the_end_of_the_text_has_one() -> None:
    assert len(known("", finding(9, 9))) == 1


def test_the_folder_that_nnlint_is_run_from_is_no_part_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "src").mkdir()
    monkeypatch.chdir(tmp_path)
    assert project_path("src/train.py") == "src/train.py"
    monkeypatch.chdir(tmp_path / "src")
    assert project_path("train.py") == project_path(str(tmp_path / "src" / "train.py")) == "src/train.py"
