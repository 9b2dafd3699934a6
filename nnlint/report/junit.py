"""JUnit's XML, which most CI systems read: a suite for each file, a failed case for each finding."""

from __future__ import annotations

import re
from itertools import groupby
from xml.etree import ElementTree

from nnlint.engine import Report
from nnlint.finding import Finding
from nnlint.report.concise import position
from nnlint.report.spots import Spots

_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report) -> str:
    spots = Spots()
    top = ElementTree.Element("testsuites", _counts(len(report.findings), len(report.errors)), name="nnlint")
    for path, group in groupby(report.findings, key=lambda finding: spots.find(finding.place).path):
        findings = list(group)
        suite = ElementTree.SubElement(top, "testsuite", _counts(len(findings), 0), name=_xml(path), package="nnlint")
        for finding in findings:
            _case(suite, finding, path, spots)
    if report.errors:
        suite = ElementTree.SubElement(top, "testsuite", _counts(0, len(report.errors)), name="nnlint")
        for error in report.errors:
            case = ElementTree.SubElement(suite, "testcase", name="internal error", classname="nnlint", time="0")
            ElementTree.SubElement(case, "error", message=_xml(error), type="error").text = _xml(error)
    if not len(top):
        suite = ElementTree.SubElement(top, "testsuite", tests="1", failures="0", errors="0", name="nnlint")
        ElementTree.SubElement(suite, "testcase", name=f"{report.files} files", classname="nnlint", time="0")
        top.set("tests", "1")
    ElementTree.indent(top)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(top, encoding="us-ascii").decode()}\n'


def _case(suite: ElementTree.Element, finding: Finding, path: str, spots: Spots) -> None:
    spot = spots.find(finding.place)
    case = ElementTree.SubElement(
        suite,
        "testcase",
        name=f"{finding.code} {finding.name}",
        classname=_xml(path.removesuffix(".py").removesuffix(".ipynb")),
        file=_xml(path),
        line=str(spot.line),
        time="0",
    )
    told = [f"{position(finding.place)}: {finding.message}"]
    told += [f"{position(step.place)}: {step.message}" for step in finding.trail]
    told += [f"help: {finding.advice}"] if finding.advice else []
    failure = ElementTree.SubElement(case, "failure", message=_xml(finding.message), type=finding.severity.value)
    failure.text = _xml("\n".join(told))


def _counts(failures: int, errors: int) -> dict[str, str]:
    return {"tests": str(failures + errors), "failures": str(failures), "errors": str(errors)}


def _xml(text: str) -> str:
    """The text without the characters that XML can not hold in any form."""
    return _NOT_XML.sub("", text)
