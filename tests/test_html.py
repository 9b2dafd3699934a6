"""The page of findings, looked at in a real browser."""

from __future__ import annotations

import html
import re
import sys
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest

from nnlint import catalog
from nnlint.engine import Report, cell_name
from nnlint.finding import Confidence, Edit, Finding, Fix, Safety, Severity, Step, Verdict
from nnlint.report import html as page_of_findings
from nnlint.report.html import render
from nnlint.source import Place, Source, Span
from tests.browser import Look, look, needs_browser

EVIL = "</script><img src=x onerror=document.title='pwned'>"
OVERRIDE = "\N{RIGHT-TO-LEFT OVERRIDE}"
MODEL = "def forward(self, x):\n    return softmax(x)\n"
TRAIN = f"# {EVIL}\n\nloss = criterion(model(x), y)  # {OVERRIDE}\n"


def finding(path: str, line: int, **changes: object) -> Finding:
    made = Place("src/model.py", span=Span(2, 12, 2, 22))
    place = Place(path, span=Span(line, 8, line, 30))
    found = Finding(
        "NN101",
        "softmax-into-cross-entropy",
        Severity.ERROR,
        Confidence.CERTAIN,
        f"softmax output reaches `criterion` {EVIL}",
        place,
        (Step(made, f"`softmax(x)` makes probabilities {EVIL}"), Step(place, "fed here")),
        advice=f"feed `x` {EVIL}",
        fix=Fix(f"take the softmax out {EVIL}", Safety.UNSAFE, edits=(Edit(made, "x"),)),
        verdict=Verdict("confirmed", f"rows sum to 1.000 {EVIL}", 3),
    )
    return replace(found, **changes)  # type: ignore[arg-type]


@pytest.fixture
def report() -> Report:
    name = f"src/{EVIL}.py"
    findings = (
        finding(name, 3),
        finding("src/train.py", 3),
        finding(
            "src/train.py", 3, code="NN201", name="missing-zero-grad", severity=Severity.WARNING, trail=(), fix=None
        ),
    )
    sources = {path: Source(path, TRAIN) for path in ("src/train.py", name)}
    sources["src/model.py"] = Source("src/model.py", MODEL)
    return Report(findings, (f"internal error {EVIL}",), 3, sources, notes=(f"by the way {EVIL}",))


def seen(report: Report, folder: Path, *, at: str = "", then: str = "", dark: bool = False) -> Look:
    """The page in a browser; its console must be empty."""
    found = look(render(report), folder, at=at, then=then, dark=dark)
    assert not found.complaints
    return found


def press(*keys: str) -> str:
    events = "".join(
        f"document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {{ key: '{key}', bubbles: true }}));"
        for key in keys
    )
    return events + "await new Promise((done) => setTimeout(done, 100));"


# --- what is in it


def test_nothing_that_the_user_wrote_is_markup(report: Report) -> None:
    page = render(report)
    assert "<img" not in page
    assert page.count("</script>") == 2


def test_html_in_the_page_of_a_rule_is_text(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = catalog.find("NN101")
    documentation = entry.documentation.replace("Softmax or sigmoid", f"{EVIL} [a](javascript:alert(1))")
    documentation = documentation.replace("import torch\n", f"import torch  # {EVIL}\n")
    documentation = documentation.replace("## References", f"```text\n    {EVIL}\n    ```\n\n    ## References")
    monkeypatch.setattr(catalog, "find", lambda _: replace(entry, documentation=documentation))
    page = page_of_findings._page.__wrapped__("NN101")
    assert "pwned" in page
    assert "<img" not in page
    assert "</script" not in page
    assert 'href="javascript' not in page


def test_the_page_needs_nothing_from_elsewhere(report: Report) -> None:
    page = render(report)
    assert not re.search(r'(?:src|href)="(?!#)', page)
    assert "default-src 'none'" in page


def test_the_page_needs_no_extra(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("jinja2", "markupsafe", "plotly"):
        monkeypatch.setitem(sys.modules, name, None)
    assert "3 problems" in render(report)


def test_what_would_turn_text_around_is_shown_by_a_stand_in() -> None:
    path = f"src/{OVERRIDE}.py"
    edit = Edit(Place(path, span=Span(3, 8, 3, 9)), OVERRIDE)
    turned = finding(path, 3, message=OVERRIDE, advice=OVERRIDE, fix=Fix(OVERRIDE, Safety.SAFE, edits=(edit,)))
    report = Report((turned,), (OVERRIDE,), 1, {path: Source(path, TRAIN)}, {path: frozenset()}, notes=(OVERRIDE,))
    assert OVERRIDE not in render(report)


def test_a_name_that_is_no_text_is_no_obstacle() -> None:
    path = "src/\udcff.py"
    report = Report((finding(path, 3),), (f"internal error in {path}",), 1, {path: Source(path, TRAIN)})
    assert render(report).encode("utf-8")


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["src/a/one.py", "src/b/two.py"], "in 2 files under src/"),
        (["one.py", "src/two.py"], "in 2 files"),
        (["/one.py", "two.py"], "in 2 files"),
    ],
)
def test_it_says_what_was_checked(names: list[str], told: str) -> None:
    page = render(Report(files=2, checked=dict.fromkeys(names, frozenset())))
    assert f"<p>{told}</p>" in page


# --- what one sees


@needs_browser
def test_nothing_that_the_user_wrote_becomes_an_element(report: Report, tmp_path: Path) -> None:
    look = seen(
        report,
        tmp_path,
        at=f"#text={EVIL}",
        then="return document.images.length + document.querySelector('h3').textContent",
    )
    assert look.title == html.escape(f"0softmax output reaches criterion {EVIL}", quote=False)


@needs_browser
def test_the_trail_goes_from_file_to_file(report: Report, tmp_path: Path) -> None:
    body = seen(report, tmp_path).body
    card = body[body.index('id="finding-2"') : body.index('id="finding-3"')]
    lanes = re.findall(r'class="lane(.*?)">.*?<b>(.*?)</b>', card)
    assert lanes == [(" elsewhere", "model.py"), ("", "train.py")]


@needs_browser
def test_the_stop_that_the_finding_stands_at_is_numbered_in_its_excerpt(report: Report, tmp_path: Path) -> None:
    body = seen(report, tmp_path).body
    assert re.search(r'<i><b class="stop"[^>]*>2</b>3</i>loss = <mark>criterion', body)


@needs_browser
def test_a_fix_is_shown_as_a_difference(report: Report, tmp_path: Path) -> None:
    body = seen(report, tmp_path).body
    assert 'class="row minus">  -    return softmax(x)' in body
    assert 'class="row plus">  +    return x' in body


@needs_browser
def test_it_tells_the_verdict_of_a_run_and_what_went_wrong(report: Report, tmp_path: Path) -> None:
    body = seen(report, tmp_path).body
    assert "run: <b>confirmed</b> at step 3: rows sum to 1.000" in body
    assert '<p class="problems">internal error &lt;/script&gt;' in body
    assert '<p class="notes">by the way &lt;/script&gt;' in body


@needs_browser
def test_a_place_in_a_notebook_has_a_cell(tmp_path: Path) -> None:
    place = Place("n.ipynb", span=Span(1, 1, 1, 5), cell=4)
    report = Report(
        (finding("n.ipynb", 1, place=place, trail=()),),
        (),
        1,
        {cell_name("n.ipynb", 4): Source("n.ipynb", "loss = 1\n")},
    )
    body = seen(report, tmp_path).body
    assert "cell 4:1:1" in body
    assert "<mark>loss</mark> = " in body


@needs_browser
def test_without_findings_it_says_so(tmp_path: Path) -> None:
    body = seen(Report(files=4), tmp_path).body
    assert "Nothing was found." in body
    assert "4 files were checked." in body


@needs_browser
def test_the_end_of_a_long_span_is_named(tmp_path: Path) -> None:
    text = "x = [\n" + "1,\n" * 30 + "]\n"
    place = Place("train.py", span=Span(1, 5, 32, 2))
    report = Report((finding("train.py", 1, place=place, trail=()),), (), 1, {"train.py": Source("train.py", text)})
    assert "to line 32" in seen(report, tmp_path).body


# --- finding one's way


@needs_browser
@pytest.mark.parametrize(
    ("wish", "left"),
    [
        ("#severity=warning", 1),
        ("#severity=warning,error", 3),
        ("#rule=NN101", 2),
        ("#file=src/train.py", 2),
        ("#text=zero-grad", 1),
        ("#text=MODEL.py", 2),  # which is in the trail
        ("#confidence=likely", 0),
        ("#group=rule", 3),
        ("#rule=NN101&file=src/train.py", 1),
    ],
)
def test_filters_stand_in_the_address(report: Report, tmp_path: Path, wish: str, left: int) -> None:
    body = seen(report, tmp_path, at=wish).body
    assert body.count("<article") == left
    assert ("Nothing matches" in body) is (left == 0)


@needs_browser
@pytest.mark.parametrize(
    "wish", ["#%E0%A4%A", "#constructor", "#finding-99", "#finding=x&page=__proto__&severity=toString"]
)
def test_an_address_that_means_nothing_shows_everything(report: Report, tmp_path: Path, wish: str) -> None:
    body = seen(report, tmp_path, at=wish).body
    assert body.count("<article") == 3
    assert '<dialog class="panel" id="panel" aria-label="The rule\'s page">' in body  # closed


@needs_browser
def test_a_filter_goes_into_the_address_and_counts_what_is_left(report: Report, tmp_path: Path) -> None:
    click = "document.getElementById('choice-warning').click();"
    told = "document.getElementById('choice-error').textContent, document.getElementById('count').textContent"
    look = seen(
        report,
        tmp_path,
        then=f"{click} return [location.hash, document.getElementById('rule').textContent, {told}].join('|')",
    )
    rules = "any ruleNN101 softmax-into-cross-entropy (0)NN201 missing-zero-grad (1)"
    assert look.title == f"#severity=warning|{rules}|2 errors|1 of 3 shown"


@needs_browser
def test_findings_can_be_grouped_by_rule(report: Report, tmp_path: Path) -> None:
    body = seen(report, tmp_path, at="#group=rule").body
    assert re.findall(r"<h2>(.*?)<small>(.)", body) == [
        ("NN101 softmax-into-cross-entropy", "2"),
        ("NN201 missing-zero-grad", "1"),
    ]


@needs_browser
@pytest.mark.parametrize("address", ["#NN101", "#page=NN101"])
def test_the_page_of_a_rule_opens_beside_the_findings(report: Report, tmp_path: Path, address: str) -> None:
    body = seen(report, tmp_path, at=address).body
    panel = body[body.index("<dialog") :]
    assert 'open=""' in panel[: panel.index(">")]
    assert "<h1>NN101 softmax-into-cross-entropy</h1>" in panel
    assert "<h2>Why it fails silently</h2>" in panel
    assert '<span class="k">import</span> torch' in panel


@needs_browser
def test_the_code_of_a_finding_opens_its_page(report: Report, tmp_path: Path) -> None:
    then = "document.querySelector('#finding-3 .rule').click();"
    then += "return location.hash + document.querySelector('#text h1').textContent"
    assert seen(report, tmp_path, then=then).title == "#finding=3&amp;page=NN201NN201 missing-zero-grad"


@needs_browser
def test_a_link_leads_to_its_finding(report: Report, tmp_path: Path) -> None:
    body = seen(report, tmp_path, at="#finding-2").body
    assert re.search(r'<article class="error current" id="finding-2"', body)


@needs_browser
@pytest.mark.parametrize(
    ("keys", "then"),
    [
        (("j", "j"), "finding-2"),
        (("j", "j", "k"), "finding-1"),
        (("j", "k"), "finding-1"),  # the first stays
        (("/",), "search"),
    ],
)
def test_keys_go_through_the_findings(report: Report, tmp_path: Path, keys: tuple[str, ...], then: str) -> None:
    assert seen(report, tmp_path, then=f"{press(*keys)} return document.activeElement.id").title == then


@needs_browser
@pytest.mark.parametrize(
    ("keys", "is_open"), [(("j", "r"), True), (("j", "r", "r"), False), (("j", "r", "Escape"), False)]
)
def test_a_key_opens_and_closes_the_page_of_the_rule(
    report: Report, tmp_path: Path, keys: tuple[str, ...], is_open: bool
) -> None:
    page = look(
        render(report), tmp_path, then=f"{press(*keys)} return document.getElementById('panel').open", width=1400
    )
    assert page.title == str(is_open).lower()


@needs_browser
def test_thousands_of_findings_are_drawn_as_they_come_into_sight(tmp_path: Path) -> None:
    sources = {f"f{number}.py": Source(f"f{number}.py", TRAIN) for number in range(20)}
    findings = tuple(finding(path, 3, trail=(), fix=None) for path in sources for _ in range(100))
    body = seen(Report(findings, files=500, sources=sources), tmp_path).body
    assert 0 < body.count("<article") < 500
    assert "2000 problems" in body


@needs_browser
def test_a_finding_that_is_not_drawn_yet_can_be_gone_to(tmp_path: Path) -> None:
    findings = tuple(finding("f.py", 3, trail=(), fix=None) for _ in range(2000))
    report = Report(findings, files=1, sources={"f.py": Source("f.py", TRAIN)})
    assert 'class="error current" id="finding-1990"' in seen(report, tmp_path, at="#finding-1990").body


@needs_browser
def test_all_of_it_is_printed(tmp_path: Path) -> None:
    findings = tuple(finding("src/train.py", 3) for _ in range(200))
    sources = {"src/train.py": Source("src/train.py", TRAIN), "src/model.py": Source("src/model.py", MODEL)}
    then = "dispatchEvent(new Event('beforeprint')); return document.querySelectorAll('article details[open]').length"
    assert seen(Report(findings, files=1, sources=sources), tmp_path, then=then).title == "200"


# --- how it looks


GROUND = "getComputedStyle(document.body).backgroundColor"


@needs_browser
def test_it_is_as_light_or_dark_as_the_system(report: Report, tmp_path: Path) -> None:
    looks = [seen(report, tmp_path, then=f"return {GROUND}", dark=dark).title for dark in (False, True)]
    assert looks == ["rgb(244, 245, 248)", "rgb(17, 20, 26)"]


@needs_browser
def test_a_switch_changes_between_light_and_dark(report: Report, tmp_path: Path) -> None:
    switch = "document.getElementById('theme').click();"
    then = f"{switch} const first = {GROUND}; {switch} return [first, {GROUND}].join(' ')"
    assert seen(report, tmp_path, then=then, dark=True).title == "rgb(244, 245, 248) rgb(17, 20, 26)"


@needs_browser
def test_it_fits_into_400_pixels(report: Report, tmp_path: Path) -> None:
    frame = (
        f'<!doctype html><body><iframe width="400" height="900" srcdoc="{html.escape(render(report))}"></iframe></body>'
    )
    then = "const page = frames[0].document; const { scrollWidth, clientWidth } = page.documentElement;"
    then += "return `${page.querySelectorAll('article').length} articles, ${scrollWidth - clientWidth} too wide`"
    assert look(frame, tmp_path, then=then).title == "3 articles, 0 too wide"


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["paper", "ground", "code", "tint"])
def test_text_is_readable(scheme: int, ground: str) -> None:
    css = (files("nnlint.report") / "colours.css").read_text(encoding="utf-8")
    colours = {name: pair[scheme] for name, *pair in re.findall(r"--(\w+): light-dark\((#\w+), (#\w+)\)", css)}
    texts = ["ink", "soft", "accent", "error", "warning", "information", "good"]
    texts += ["keyword", "string", "comment", "number", "function"] if ground == "code" else []
    assert {text for text in texts if contrast(colours[text], colours[ground]) < 4.5} == set()  # as WCAG AA asks
    assert contrast(colours["ink"], colours["mark"]) > 4.5


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
