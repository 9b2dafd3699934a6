"""The page of findings, looked at in a real browser."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from nnlint.engine import Report
from nnlint.finding import Confidence, Edit, Finding, Fix, Safety, Severity, Step
from nnlint.report.html import render
from nnlint.source import Place, Source, Span

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium on the path")

EVIL = "</script><img src=x onerror=document.title='pwned'>"
MODEL = "def forward(self, x):\n    return softmax(x)\n"
TRAIN = f"# {EVIL}\n\nloss = criterion(model(x), y)  # \N{RIGHT-TO-LEFT OVERRIDE}\n"


def finding(path: str, line: int, **changes: object) -> Finding:
    made = Place("model.py", span=Span(2, 12, 2, 22))
    found = Finding(
        "NN101",
        "softmax-into-cross-entropy",
        Severity.ERROR,
        Confidence.CERTAIN,
        f"softmax output reaches `criterion` {EVIL}",
        Place(path, span=Span(line, 8, line, 30)),
        (Step(made, "`softmax(x)` makes probabilities"), Step(Place(path, span=Span(line, 8, line, 30)), "fed here")),
        advice="feed `x`",
        fix=Fix("take the softmax out", Safety.UNSAFE, edits=(Edit(made, "x"),)),
    )
    return replace(found, **changes)  # type: ignore[arg-type]


@pytest.fixture
def report() -> Report:
    name = f"{EVIL}.py"
    findings = (
        finding(name, 3),
        finding("train.py", 3),
        finding("train.py", 3, code="NN201", name="missing-zero-grad", severity=Severity.WARNING, trail=(), fix=None),
    )
    sources = {"model.py": Source("model.py", MODEL), "train.py": Source("train.py", TRAIN), name: Source(name, TRAIN)}
    return Report(findings, (f"internal error {EVIL}",), 3, sources)


def looked_at(report: Report, folder: Path, hash_: str = "") -> tuple[str, str]:
    """The page as the browser has it, and what the browser complains of."""
    assert BROWSER is not None
    page = folder / "report.html"
    page.write_text(render(report), encoding="utf-8")
    command = [BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--log-level=0"]
    window = ["--window-size=1200,9000", f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=5000"]
    address = f"{page.as_uri()}{hash_}"
    done = subprocess.run(
        [*command, *window, "--dump-dom", address], capture_output=True, text=True, check=True, timeout=120
    )
    complaints = re.findall(r'CONSOLE.*?"(.*?)", source', done.stderr)
    body = re.sub(r"<script.*?</script>", "", done.stdout, flags=re.DOTALL)
    return body, "\n".join(complaints)


def test_nothing_that_the_user_wrote_is_markup(report: Report) -> None:
    page = render(report)
    assert "<img" not in page
    assert page.count("</script>") == 2


def test_the_page_needs_nothing_from_elsewhere(report: Report) -> None:
    page = render(report)
    assert not re.search(r'(?:src|href)="(?!#)', page)
    assert "default-src 'none'" in page


def test_what_would_turn_text_around_is_shown_by_a_stand_in(report: Report) -> None:
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in render(report)


@needs_browser
def test_it_shows_findings_with_their_trail_across_files(report: Report, tmp_path: Path) -> None:
    body, complaints = looked_at(report, tmp_path)
    assert not complaints
    assert body.count("<article") == 3
    assert '<span class="enters">in model.py</span>' in body
    assert body.count('<li class="leaves">') == 2  # from model.py back to the loss
    assert re.search(r"<mark>.*?criterion", body)
    assert "internal error &lt;/script&gt;" in body
    assert 'class="row minus">  -    return softmax(x)' in body
    assert 'class="row plus">  +    return x' in body


@needs_browser
@pytest.mark.parametrize(
    ("wish", "left"),
    [
        ("#severity=warning", 1),
        ("#rule=NN101", 2),
        ("#file=train.py", 2),
        ("#text=zero-grad", 1),
        ("#confidence=likely", 0),
        ("#group=rule", 3),
    ],
)
def test_filters_stand_in_the_address(report: Report, tmp_path: Path, wish: str, left: int) -> None:
    body, complaints = looked_at(report, tmp_path, wish)
    assert not complaints
    assert body.count("<article") == left
    assert ("Nothing matches" in body) is (left == 0)


@needs_browser
def test_the_page_of_a_rule_opens_beside_the_findings(report: Report, tmp_path: Path) -> None:
    body, complaints = looked_at(report, tmp_path, "#NN101")
    assert not complaints
    panel = body[body.index("<dialog") :]
    assert 'open=""' in panel[: panel.index(">")]
    assert "<h1>NN101 softmax-into-cross-entropy</h1>" in panel
    assert "<h2>Why it fails silently</h2>" in panel


@needs_browser
def test_a_link_leads_to_its_finding(report: Report, tmp_path: Path) -> None:
    body, _ = looked_at(report, tmp_path, "#finding-2")
    assert re.search(r'<article class="error current" id="finding-2"', body)


@needs_browser
def test_without_findings_it_says_so(tmp_path: Path) -> None:
    body, complaints = looked_at(Report(files=4), tmp_path)
    assert not complaints
    assert "Nothing was found." in body


@needs_browser
def test_thousands_of_findings_are_drawn_as_they_come_into_sight(tmp_path: Path) -> None:
    sources = {f"f{number}.py": Source(f"f{number}.py", TRAIN) for number in range(500)}
    findings = tuple(finding(path, 3, trail=(), fix=None) for path in sources for _ in range(4))
    body, complaints = looked_at(Report(findings, files=500, sources=sources), tmp_path)
    assert not complaints
    assert 0 < body.count("<article") < 2000
    assert "2000 problems in 500 files" in body
