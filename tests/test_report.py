"""Reports."""

import io
import json
from dataclasses import replace

import pytest

from nnlint.engine import Report
from nnlint.finding import Confidence, Edit, Finding, Fix, Safety, Severity, Step, Verdict
from nnlint.report import as_json, concise, full
from nnlint.report.excerpt import Row, excerpt
from nnlint.source import Place, Source, Span

TRAIN = "net.train()\nfor x, y in loader:\n    scores = net(x)\n    loss = criterion(scores, y)\n    loss.backward()\n"
MODEL = "def forward(x):\n    return F.softmax(x, dim=1)\n"
FINDING = Finding(
    code="NN101",
    name="softmax-into-cross-entropy",
    severity=Severity.ERROR,
    confidence=Confidence.LIKELY,
    message="softmax output reaches `criterion` [bold]",
    place=Place("src/train.py", 4, Span(4, 12, 4, 32)),
    trail=(Step(Place("src/model.py", 2, Span(2, 12, 2, 31)), "made here: `F.softmax(x, dim=1)`"),),
    advice="return the scores as they are",
)
REPORT = Report(
    (FINDING,), (), 12, {"src/train.py": Source("src/train.py", TRAIN), "src/model.py": Source("src/model.py", MODEL)}
)

FULL = """\
error[NN101]: softmax output reaches `criterion` [bold]
 --> src/train.py:4:12  softmax-into-cross-entropy, likely
  |
2 | for x, y in loader:
3 |     scores = net(x)
4 |     loss = criterion(scores, y)
  |            ^^^^^^^^^^^^^^^^^^^^
5 |     loss.backward()
  |
  ::: src/model.py:2:12: made here: `F.softmax(x, dim=1)`
2 |     return F.softmax(x, dim=1)
  |            ^^^^^^^^^^^^^^^^^^^
  = help: return the scores as they are

Found 1 problem (1 error) in 12 files
"""


SAFE = Fix("return the scores", Safety.SAFE)
UNSAFE = Fix("take the softmax out", Safety.UNSAFE)


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def written(report: Report) -> str:
    stream = io.StringIO()
    full.write(report, stream)
    return stream.getvalue()


def test_the_full_report_shows_excerpt_trail_and_advice() -> None:
    assert written(REPORT) == FULL


def test_the_full_report_counts_by_severity() -> None:
    kinds = [Severity.ERROR, Severity.ERROR, Severity.WARNING, Severity.INFORMATION]
    findings = tuple(
        Finding("NN1", "a", kind, Confidence.CERTAIN, "m", Place("a.py", span=Span(1, 1, 1, 2))) for kind in kinds
    )
    assert written(Report(findings, (), 1)).endswith("\nFound 4 problems (2 errors, 1 warning, 1 note) in 1 file\n")


def test_the_full_report_says_when_there_is_nothing() -> None:
    assert written(Report(files=3)) == "Found no problems in 3 files\n"


def test_the_full_report_never_wraps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    assert written(REPORT) == FULL


def test_the_full_report_is_coloured_where_that_is_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in written(REPORT)


def test_the_full_report_has_no_colour_where_that_is_forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[1;31m" not in written(REPORT)
    assert "\x1b[34m" not in written(REPORT)


def test_the_concise_report_has_one_line_a_finding() -> None:
    assert concise.render(REPORT) == "src/train.py:4:12: NN101 softmax output reaches `criterion` [bold]\n"


def test_the_json_report_keeps_its_contract() -> None:
    (data,) = json.loads(as_json.render(REPORT))
    assert data == {
        "code": "NN101",
        "name": "softmax-into-cross-entropy",
        "severity": "error",
        "confidence": "likely",
        "message": "softmax output reaches `criterion` [bold]",
        "path": "src/train.py",
        "line": 4,
        "column": 12,
        "end_line": 4,
        "end_column": 32,
        "cell": None,
        "related": [
            {
                "path": "src/model.py",
                "line": 2,
                "column": 12,
                "end_line": 2,
                "end_column": 31,
                "message": "made here: `F.softmax(x, dim=1)`",
            }
        ],
        "fix": None,
        "verdict": None,
    }


def test_the_json_report_of_a_fix_and_a_verdict_keeps_its_contract() -> None:
    place = Place("a.py", span=Span(1, 1, 1, 2))
    fix = Fix("insert `zero_grad`", Safety.SAFE, edits=(Edit(place, "x"),))
    verdict = Verdict("confirmed", "rows sum to 1", 3)
    finding = Finding("NN1", "a", Severity.ERROR, Confidence.CERTAIN, "m", place, fix=fix, verdict=verdict)
    data = as_json.finding_as_data(finding)
    span = {"path": "a.py", "line": 1, "column": 1, "end_line": 1, "end_column": 2}
    assert data["fix"] == {"title": "insert `zero_grad`", "safety": "safe", "edits": [{**span, "text": "x"}]}
    assert data["verdict"] == {"status": "confirmed", "evidence": "rows sum to 1", "step": 3}


def test_the_json_report_of_nothing_is_an_empty_array() -> None:
    assert as_json.render(Report()) == "[]\n"


@pytest.mark.parametrize(
    ("line", "start", "end", "row"),
    [
        ("a = f(x)", 5, 9, Row(1, "a = f(x)", "    ^^^^")),
        ("\tf(x)", 2, 6, Row(1, "    f(x)", "    ^^^^")),
        ("a\tf(x)", 3, 7, Row(1, "a   f(x)", "    ^^^^")),
        ("损失 = f(x)", 6, 10, Row(1, "损失 = f(x)", "       ^^^^")),
        ("f(损失)", 1, 6, Row(1, "f(损失)", "^" * 7)),
        ("e\u0301 = f(x)", 6, 10, Row(1, "e\u0301 = f(x)", "    ^^^^")),
        ("f(x)  # \x1b[31m", 1, 5, Row(1, "f(x)  # \ufffd[31m", "^^^^")),
        ("f(", 3, 3, Row(1, "f(", "  ^")),
        ("f(", 3, 4, Row(1, "f(", "  ^")),
    ],
)
def test_carets_stand_under_what_they_mark(line: str, start: int, end: int, row: Row) -> None:
    assert excerpt(line, Span(1, start, 1, end), 2) == [row]


def test_every_line_of_a_long_span_is_marked() -> None:
    assert excerpt("a = f(\n    x,\n\n)  # y\n", Span(1, 5, 4, 2), 0) == [
        Row(1, "a = f(", "    ^^"),
        Row(2, "    x,", "    ^^"),
        Row(3, "", ""),
        Row(4, ")  # y", "^"),
    ]


def test_a_very_long_span_is_cut() -> None:
    assert len(excerpt("x\n" * 50, Span(1, 1, 50, 2), 0)) == 8


def test_a_form_feed_ends_no_line() -> None:
    assert excerpt("a\x0c\nb\n", Span(2, 1, 2, 2), 0) == [Row(2, "b", "^")]


def test_a_place_behind_the_end_of_the_file_has_no_excerpt() -> None:
    assert excerpt("a", Span(9, 1, 9, 2), 0) == []


def test_a_finding_says_how_it_can_be_fixed() -> None:
    assert "  = fix: return the scores (--fix)\n" in written(Report((replace(FINDING, fix=SAFE),), files=1))
    assert "  = fix: take the softmax out (--fix --unsafe-fixes)\n" in written(
        Report((replace(FINDING, fix=UNSAFE),), files=1)
    )


@pytest.mark.parametrize(
    ("fixes", "said"),
    [
        ((SAFE, SAFE, UNSAFE), "2 can be fixed with --fix, 1 more with --fix --unsafe-fixes\n"),
        ((SAFE, None), "1 can be fixed with --fix\n"),
        ((UNSAFE,), "1 can be fixed with --fix --unsafe-fixes\n"),
        ((None,), "in 1 file\n"),
    ],
)
def test_the_end_says_how_many_can_be_fixed(fixes: tuple[Fix | None, ...], said: str) -> None:
    assert written(Report(tuple(replace(FINDING, fix=fix) for fix in fixes), files=1)).endswith(said)
