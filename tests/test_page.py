"""The page of a probe, looked at in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nnlint.engine import Report
from nnlint.finding import Confidence, Finding, Severity, Step, Verdict
from nnlint.probe import session
from nnlint.probe.limits import Request
from nnlint.probe.probing import Probed
from nnlint.report.page import render
from nnlint.source import Place, Source, Span
from tests.browser import look, needs_browser

SOURCE = "def forward(self, x):\n    return softmax(x)\n\nloss = criterion(model(x), y)  # <b>bold</b>\n"


@pytest.fixture
def probed() -> Probed:
    place, made = Place("train.py", span=Span(4, 8, 4, 30)), Place("train.py", span=Span(2, 12, 2, 22))
    finding = Finding(
        "NN101",
        "softmax-into-cross-entropy",
        Severity.ERROR,
        Confidence.CERTAIN,
        "softmax output reaches `criterion`, which expects <raw> scores",
        place,
        (Step(made, "`softmax(x)` makes probabilities"),),
        verdict=Verdict("confirmed", "rows sum to 1.000", 3),
    )
    testimony = session.Testimony(Request("train.py"), how="finished", steps=8, seconds=3.1)
    layer = {"name": "fc", "kind": "Linear", "mean": 0.1, "std": 1.0, "histogram": [0.2, 0.8], "edges": [-1.0, 1.0]}
    testimony.checks = [
        _check("numbers finite", {"losses": [2.3, 2.1, 1.9]}),
        _check("overfits one batch", {"curves": {"0.001": [2.3, 1.0, 0.6]}}, status="failed", floor=0.55),
        _check("input matters", {"curves": {"with the input": [2.0, 1.0], "with zeros": [2.0, 1.9]}}),
        _check("samples independent", {"matrix": [[1.0, 0.0], [0.0, 1.0]], "rows": [0, 1]}),
        _check("activations", {"layers": [layer], "gradients": {"fc.weight": [0.1, 0.2]}}),
        _check("size of updates", {"ratios": {"fc.weight": 1e-3}}),
        _check("dead layers", {"dead": {"relu": 0.5}}),
        _check("what goes into the network", {"pictures": [[[[0], [255]], [[255], [0]]]], "labels": [7]}),
    ]
    return Probed(Report((finding,), files=1, sources={"train.py": Source("train.py", SOURCE)}), (testimony,))


def test_what_the_user_wrote_is_escaped(probed: Probed) -> None:
    page = render(probed)
    assert "&lt;raw&gt; scores" in page
    assert "<b>bold</b>" not in page


def test_the_page_needs_nothing_from_elsewhere(probed: Probed) -> None:
    page = re.sub(r"<script>.*?</script>", "", render(probed), flags=re.DOTALL)
    assert not re.search(r"""(?:src|href)=["']?https?:""", page)


@needs_browser
@pytest.mark.parametrize("width", [1280, 500])
def test_a_browser_draws_every_plot(probed: Probed, tmp_path: Path, width: int) -> None:
    body = look(render(probed), tmp_path, width=width).body
    assert body.count("main-svg") >= 2 * 9  # nine plots, each of several layers
    assert "softmax output reaches <code>criterion</code>" in body


@needs_browser
def test_the_excerpts_are_coloured_and_marked(probed: Probed, tmp_path: Path) -> None:
    body = look(render(probed), tmp_path).body
    assert '<i>2</i>    <span class="k">return</span> <mark>softmax(x)</mark>' in body


@needs_browser
def test_nothing_is_wider_than_the_window(probed: Probed, tmp_path: Path) -> None:
    then = "return Math.max(...[...document.querySelectorAll('.plot, .card, .js-plotly-plot')].map(each => "
    then += "each.getBoundingClientRect().right))"
    assert float(look(render(probed), tmp_path, then=then, width=1000).title) <= 1000


def _check(name: str, plot: dict[str, object], status: str = "passed", **numbers: float) -> dict[str, object]:
    return {"name": name, "status": status, "told": f"{name}: told", "advice": "", "numbers": numbers, "plot": plot}
