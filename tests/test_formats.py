"""The formats for other programs, as their schema or reader takes them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import junitparser
import pytest

from nnlint.engine import Report, cell_name
from nnlint.finding import Confidence, Edit, Finding, Fix, Safety, Severity, Step, Verdict
from nnlint.report import github, gitlab, jsonl, junit, rdjson, sarif, spots
from nnlint.source import Place, Source, Span

SCHEMA = json.loads((Path(__file__).parent / "schemas" / "sarif-2.1.0.json").read_text(encoding="utf-8"))
TRAIN = "for x, y in loader:\n    scores = net(x)\n    损失 = criterion(scores, y)\n"
MODEL = "def forward(x):\n    return F.softmax(x, dim=1)\n"
PLACE = Place("src/train 1.py", span=Span(3, 10, 3, 30))
MADE = Place("src/model.py", span=Span(2, 12, 2, 31))
FINDING = Finding(
    code="NN101",
    name="softmax-into-cross-entropy",
    severity=Severity.ERROR,
    confidence=Confidence.LIKELY,
    message="softmax reaches `criterion`: 100%",
    place=PLACE,
    trail=(Step(MADE, "made here: `F.softmax(x, dim=1)`"),),
    advice="return the scores",
)
SOURCES = {"src/train 1.py": Source("src/train 1.py", TRAIN), "src/model.py": Source("src/model.py", MODEL)}
REPORT = Report((FINDING,), (), 2, SOURCES)


@pytest.fixture(autouse=True)
def outside_of_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in spots.ROOTS:
        monkeypatch.delenv(name, raising=False)


def with_fix(*edits: Edit) -> Report:
    return replace(REPORT, findings=(replace(FINDING, fix=Fix("take it out", Safety.SAFE, edits=edits)),))


def many(*counts: tuple[Severity, int]) -> Report:
    return Report(tuple(replace(FINDING, severity=severity) for severity, count in counts for _ in range(count)))


@pytest.fixture
def in_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    monkeypatch.chdir(tmp_path)
    cells = [
        {"cell_type": "markdown", "source": ["# a"]},
        {"cell_type": "code", "source": ["x = 1\n", "损失 = criterion(scores, y)"], "outputs": []},
    ]
    Path("a.ipynb").write_text(json.dumps({"cells": cells, "nbformat": 4, "metadata": {}}, indent=1), encoding="utf-8")
    place = Place("a.ipynb", span=Span(2, 6, 2, 26), cell=2)
    name = cell_name("a.ipynb", 2)
    text = "x = 1\n损失 = criterion(scores, y)"
    fix = Fix("t", Safety.SAFE, edits=(Edit(place, "x"),))
    return Report((replace(FINDING, place=place, trail=(), fix=fix),), (), 1, {name: Source(name, text)})


def line_in_file(report: Report) -> int:
    lines = Path(report.findings[0].place.path).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if "criterion" in line)


def result(report: Report = REPORT) -> dict[str, Any]:
    log = sarif.log(report)
    jsonschema.Draft202012Validator(SCHEMA).validate(log)
    return dict(log["runs"][0]["results"][0])


# --- SARIF -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "report",
    [
        Report(),
        REPORT,
        with_fix(Edit(PLACE, "x"), Edit(MADE, "")),
        replace(REPORT, errors=("internal error",)),
        replace(REPORT, findings=(replace(FINDING, verdict=Verdict("confirmed", "rows sum to 1", 3)),)),
    ],
    ids=["nothing", "trail", "fix", "error", "verdict"],
)
def test_sarif_is_valid_by_its_official_schema(report: Report) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(sarif.render(report)))


def test_the_schema_rejects_what_is_no_sarif() -> None:
    log = sarif.log(REPORT)
    log["runs"][0]["results"][0]["level"] = "grave"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(log)


def test_sarif_of_a_notebook_is_valid_and_has_the_line_of_the_file(in_notebook: Report) -> None:
    found = result(in_notebook)
    line = line_in_file(in_notebook)
    assert found["locations"][0]["physicalLocation"]["region"] == {"startLine": line, "endLine": line}
    assert "fixes" not in found


def test_sarif_paths_are_percent_encoded_and_relative() -> None:
    artifact = result()["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact == {"uri": "src/train%201.py", "uriBaseId": "%SRCROOT%"}


def test_sarif_paths_are_relative_to_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "part").mkdir()
    monkeypatch.chdir(tmp_path / "part")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    artifact = result()["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact["uri"] == "part/src/train%201.py"


def test_sarif_paths_outside_are_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outside = tmp_path.parent / "model.py"
    report = Report((replace(FINDING, place=Place(str(outside), span=Span(1, 1, 1, 2))),))
    assert result(report)["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": outside.as_uri()}


def test_the_trail_is_a_code_flow_that_ends_at_the_finding() -> None:
    (flow,) = result()["codeFlows"][0]["threadFlows"]
    uris = [each["location"]["physicalLocation"]["artifactLocation"]["uri"] for each in flow["locations"]]
    assert uris == ["src/model.py", "src/train%201.py"]


def test_the_trail_is_told_as_related_locations() -> None:
    (related,) = result()["relatedLocations"]
    assert related["message"]["text"] == "made here: `F.softmax(x, dim=1)`"


def test_a_fix_changes_each_of_its_files() -> None:
    (fix,) = result(with_fix(Edit(PLACE, "x"), Edit(MADE, "")))["fixes"]
    assert [change["artifactLocation"]["uri"] for change in fix["artifactChanges"]] == [
        "src/train%201.py",
        "src/model.py",
    ]


def test_the_page_of_a_rule_is_its_help() -> None:
    (rule,) = sarif.log(REPORT)["runs"][0]["tool"]["driver"]["rules"]
    assert "## Why it fails silently" in rule["help"]["markdown"]
    assert rule["id"] == "NN101"


def test_partial_fingerprints_survive_lines_above() -> None:
    moved = replace(FINDING, place=replace(PLACE, span=Span(4, 10, 4, 30)))
    source = {"src/train 1.py": Source("src/train 1.py", "\n" + TRAIN)}
    assert result(Report((moved,), sources=source))["partialFingerprints"] == result()["partialFingerprints"]


def test_internal_errors_are_notifications() -> None:
    (invocation,) = sarif.log(replace(REPORT, errors=("internal error in a.py",)))["runs"][0]["invocations"]
    assert not invocation["executionSuccessful"]
    assert invocation["toolExecutionNotifications"][0]["message"]["text"] == "internal error in a.py"


# --- GitHub ----------------------------------------------------------------------------------------------------


def test_workflow_commands_are_what_the_actions_toolkit_prints() -> None:
    # by @actions/core 3.0.1: core.error('50% done\r\nnext: a,b\nhelp: return the scores', {title: 'NN101 a:b, c%', …})
    expected = (
        "::error title=NN101 a%3Ab%2C c%25,file=src/a%2Cb%3Ac.py,line=4,endLine=4,col=12,endColumn=32"
        "::50%25 done%0D%0Anext: a,b%0Ahelp: return the scores\n"
    )
    place = Place("src/a,b:c.py", span=Span(4, 12, 4, 32))
    finding = replace(FINDING, name="a:b, c%", message="50% done\r\nnext: a,b", place=place)
    assert github.render(Report((finding,))) == expected


def test_a_workflow_command_of_several_lines_has_no_columns() -> None:
    report = Report((replace(FINDING, place=Place("a.py", span=Span(4, 12, 6, 2))),))
    assert ",line=4,endLine=6::" in github.render(report)


def test_a_workflow_command_of_a_notebook_has_the_line_of_the_file(in_notebook: Report) -> None:
    assert f"file=a.ipynb,line={line_in_file(in_notebook)}::" in github.render(in_notebook)


def test_the_gravest_and_surest_come_first() -> None:
    warning = replace(FINDING, severity=Severity.WARNING, message="third")
    likely, certain = replace(FINDING, message="second"), replace(FINDING, message="x", confidence=Confidence.CERTAIN)
    lines = github.render(Report((warning, likely, certain))).splitlines()
    assert [line.partition("::x")[1] or line.split("::")[2].split("%0A")[0] for line in lines] == [
        "::x",
        "second",
        "third",
    ]


def test_ten_of_each_need_no_notice() -> None:
    assert "title=nnlint" not in github.render(many((Severity.ERROR, 10), (Severity.WARNING, 10)))


def test_what_github_does_not_show_is_counted_before_the_tenth_notice() -> None:
    lines = github.render(many((Severity.ERROR, 11), (Severity.WARNING, 13), (Severity.INFORMATION, 10))).splitlines()
    assert lines[24].startswith("::notice title=nnlint::1 error, 3 warnings, 1 notice more than GitHub shows")


# --- GitLab ----------------------------------------------------------------------------------------------------


def test_gitlab_gets_fingerprint_severity_and_positions() -> None:
    (entry,) = json.loads(gitlab.render(REPORT))
    assert len(entry.pop("fingerprint")) == 64
    assert entry == {
        "description": "NN101: softmax reaches `criterion`: 100%",
        "check_name": "softmax-into-cross-entropy",
        "severity": "critical",
        "location": {
            "path": "src/train 1.py",
            "positions": {"begin": {"line": 3, "column": 10}, "end": {"line": 3, "column": 30}},
        },
    }


def test_gitlab_gets_the_lines_of_a_notebooks_file(in_notebook: Report) -> None:
    (entry,) = json.loads(gitlab.render(in_notebook))
    line = line_in_file(in_notebook)
    assert entry["location"] == {"path": "a.ipynb", "lines": {"begin": line, "end": line}}


def test_gitlab_gets_an_empty_array_when_there_is_nothing() -> None:
    assert json.loads(gitlab.render(Report())) == []


# --- JUnit -----------------------------------------------------------------------------------------------------


def test_junit_is_read_by_its_reader() -> None:
    (suite,) = list(junitparser.JUnitXml.fromstring(junit.render(REPORT).encode()))
    (case,) = list(suite)
    (failure,) = case.result
    assert (suite.name, suite.failures, case.name) == ("src/train 1.py", 1, "NN101 softmax-into-cross-entropy")
    assert failure.message == "softmax reaches `criterion`: 100%"


def test_junit_escapes_and_leaves_out_what_xml_can_not_hold() -> None:
    report = replace(REPORT, findings=(replace(FINDING, message='a\x00\x1b<b> & "c" \ud800 损失'),))
    (suite,) = list(junitparser.JUnitXml.fromstring(junit.render(report).encode()))
    assert next(iter(suite)).result[0].message == 'a<b> & "c"  损失'


def test_junit_of_nothing_is_one_case_that_passed() -> None:
    (suite,) = list(junitparser.JUnitXml.fromstring(junit.render(Report(files=3)).encode()))
    (case,) = list(suite)
    assert case.is_passed


def test_junit_tells_of_internal_errors() -> None:
    xml = junitparser.JUnitXml.fromstring(junit.render(Report(errors=("internal error",))).encode())
    assert xml.errors == 1


# --- rdjson and jsonl ------------------------------------------------------------------------------------------


def test_rdjson_counts_columns_in_bytes() -> None:
    (diagnostic,) = json.loads(rdjson.render(REPORT))["diagnostics"]
    assert diagnostic["location"]["range"] == {"start": {"line": 3, "column": 14}, "end": {"line": 3, "column": 34}}


def test_rdjson_tells_severity_code_and_related_locations() -> None:
    data = json.loads(rdjson.render(REPORT))
    (diagnostic,) = data["diagnostics"]
    assert data["source"] == {"name": "nnlint"}
    assert (diagnostic["severity"], diagnostic["code"]) == ("ERROR", {"value": "NN101"})
    assert diagnostic["related_locations"][0]["location"]["path"] == "src/model.py"


def test_rdjson_suggests_a_fix_of_one_edit() -> None:
    (diagnostic,) = json.loads(rdjson.render(with_fix(Edit(PLACE, "x"))))["diagnostics"]
    assert diagnostic["suggestions"] == [{"range": diagnostic["location"]["range"], "text": "x"}]


@pytest.mark.parametrize("edits", [(Edit(PLACE, "x"), Edit(PLACE, "y")), (Edit(MADE, "x"),)])
def test_rdjson_suggests_no_part_of_a_fix(edits: tuple[Edit, ...]) -> None:
    (diagnostic,) = json.loads(rdjson.render(with_fix(*edits)))["diagnostics"]
    assert "suggestions" not in diagnostic


def test_rdjson_of_a_notebook_has_lines_of_the_file_and_no_suggestion(in_notebook: Report) -> None:
    (diagnostic,) = json.loads(rdjson.render(in_notebook))["diagnostics"]
    line = line_in_file(in_notebook)
    assert diagnostic["location"]["range"] == {"start": {"line": line}, "end": {"line": line}}
    assert "suggestions" not in diagnostic


def test_jsonl_has_one_object_a_line() -> None:
    lines = jsonl.render(Report((FINDING, FINDING))).splitlines()
    assert [json.loads(line)["code"] for line in lines] == ["NN101", "NN101"]
