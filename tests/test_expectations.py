"""The reading of fixtures: a check that can not fail would be worse than none."""

from pathlib import Path

import pytest

from nnlint.finding import Confidence, Finding, Severity
from nnlint.source import Place, Span
from tests.expectations import Case, Expectation, cases, complaints, expectations


def written(folder: Path, text: str, name: str = "bad_case") -> list[Expectation]:
    (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return expectations(Case(f"a_rule/{name}", folder, f"{name}.py", f"{name}.py"))


def found(line: int, code: str = "NN101", message: str = "of `criterion`") -> Finding:
    place = Place("bad_case.py", span=Span(line, 1, line, 2))
    return Finding(code, "a-rule", Severity.ERROR, Confidence.CERTAIN, message, place)


@pytest.mark.parametrize(
    ("comment", "kinds"),
    [
        ("# want: NN101", [("want", "NN101", ())]),
        ('# want: NN101 "criterion" "softmax"', [("want", "NN101", ("criterion", "softmax"))]),
        ('# want: NN101 "a", NN301', [("want", "NN101", ("a",)), ("want", "NN301", ())]),
        ("# want: NN101 # ok: NN201", [("want", "NN101", ()), ("ok", "NN201", ())]),
        ("# noqa  # todo: NN101", [("missed", "NN101", ())]),
        ("# todo: not NN101", [("alarm", "NN101", ())]),
        ("# a comment", []),
    ],
)
def test_comments_are_read(tmp_path: Path, comment: str, kinds: list[tuple[str, str, tuple[str, ...]]]) -> None:
    read = written(tmp_path, f"x = 1  {comment}\n")
    assert [(expectation.kind, expectation.code, expectation.words) for expectation in read] == kinds


def test_a_gap_of_a_good_fixture_is_an_alarm(tmp_path: Path) -> None:
    assert [expectation.kind for expectation in written(tmp_path, "x = 1  # todo: NN101\n", "good_case")] == ["alarm"]


def test_a_comment_without_a_code_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="names no code"):
        written(tmp_path, "x = 1  # want: softmax\n")


@pytest.mark.parametrize(
    ("comment", "findings", "complaint"),
    [
        ('# want: NN101 "criterion"', [found(1)], None),
        ("# want: NN101", [], "bad_case.py:1: NN101: wanted once, found 0 times"),
        ("# want: NN101", [found(1), found(1)], "bad_case.py:1: NN101: wanted once, found 2 times"),
        ('# want: NN101 "net"', [found(1)], "bad_case.py:1: NN101: the message lacks net: of `criterion`"),
        ("# want: NN101", [found(1), found(2)], "bad_case.py:2: NN101: not wanted: of `criterion`"),
        ("# ok: NN101", [], None),
        ("# ok: NN101", [found(1)], "bad_case.py:1: NN101: said to be ok, found: of `criterion`"),
        ("# todo: NN101", [], None),
        ("# todo: not NN101", [found(1)], None),
        ("# todo: not NN101", [], "bad_case.py:1: NN101: no longer found: take the `todo` out"),
    ],
)
def test_expectations_are_strict_both_ways(
    tmp_path: Path, comment: str, findings: list[Finding], complaint: str | None
) -> None:
    assert complaints(written(tmp_path, f"x = 1  {comment}\n"), findings) == ([complaint] if complaint else [])


def test_a_gap_that_is_closed_asks_for_a_want(tmp_path: Path) -> None:
    assert any(
        "make the `todo` a `want`" in line
        for line in complaints(written(tmp_path, "x = 1  # todo: NN101\n"), [found(1)])
    )


def test_scripts_and_folders_are_cases(tmp_path: Path) -> None:
    for name in (
        "a_rule/bad.py",
        "a_rule/bad.fixed.py",
        "a_rule/good_case/main.py",
        "a_rule/good_case/net.py",
        "project/train.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert [(case.name, case.target, case.entry) for case in cases(tmp_path)] == [
        ("a_rule/bad", "bad.py", "bad.py"),
        ("a_rule/good_case", ".", "main.py"),
        ("project", ".", "train.py"),
    ]
