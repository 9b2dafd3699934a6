"""The flow of a check, over events that the tests write down."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from nnlint.config import Layer, Settings
from nnlint.engine import Report, check
from nnlint.events import Event
from nnlint.finding import Confidence
from nnlint.source import Span, Unreadable
from tests.fakes import FakeWitness, loss_computed

pytestmark = pytest.mark.usefixtures("two_rules")

ONLY = Settings(select=("NN101", "NN001"))
TRAIN = "import torch\n\nloss = criterion(net(x), y)\n"
MODEL = "import torch\ndef forward(x):\n    return F.softmax(x, dim=1)\n"


def run(
    files: dict[str, str], *events: Event, settings: Settings = ONLY, extra: dict[str, str] | None = None
) -> Report:
    """The report when each event is told by the file that it is in."""

    def told(path: Path) -> list[Event]:
        return [event for event in events if event.place.path == str(path)]

    return check([], settings, witness=FakeWitness(files, told, extra=extra or {}))


def test_a_finding_is_located() -> None:
    (finding,) = run({"train.py": TRAIN}, loss_computed("train.py", 3)).findings
    assert (finding.place.path, finding.place.span) == ("train.py", Span(3, 1, 3, 28))


def test_the_trail_is_located_in_other_files() -> None:
    event = loss_computed("train.py", 3, made=("model.py", 3))
    report = run({"train.py": TRAIN}, event, extra={"model.py": MODEL})
    assert report.findings[0].trail[0].place.span == Span(3, 5, 3, 31)
    assert report.sources["model.py"].text == MODEL


def test_rules_that_are_not_selected_do_not_run() -> None:
    assert not run({"train.py": TRAIN}, loss_computed("train.py", 3), settings=Settings(select=("NN0",))).findings


def test_equal_findings_are_told_once_by_the_most_confident() -> None:
    sure = loss_computed("train.py", 3)
    report = run({"train.py": TRAIN}, replace(sure, confidence=Confidence.LIKELY), sure, sure)
    assert [finding.confidence for finding in report.findings] == [Confidence.CERTAIN]


def test_what_is_found_in_a_file_that_was_not_asked_for_is_not_told() -> None:
    told = loss_computed("model.py", 3)
    witness = FakeWitness({"train.py": TRAIN}, lambda path: [told], extra={"model.py": MODEL})
    assert not check([], ONLY, witness=witness).findings


def test_what_one_target_tells_of_another_is_told() -> None:
    told = loss_computed("model.py", 3)
    witness = FakeWitness({"train.py": TRAIN, "model.py": MODEL}, lambda path: [told])
    assert [finding.place.path for finding in check([], ONLY, witness=witness).findings] == ["model.py"]


def test_a_file_without_a_word_of_training_is_not_interpreted() -> None:
    def told(path: Path) -> Iterator[Event]:
        raise AssertionError(path)

    report = check([], ONLY, witness=FakeWitness({"setup.py": "print(1\n"}, told))
    assert (report.findings, report.errors, report.files) == ((), (), 1)


def test_an_unused_suppression_in_a_file_without_a_word_of_training_is_told() -> None:
    (finding,) = run({"setup.py": "a = 1  # nnlint: ignore[NN101]\n"}).findings
    assert finding.code == "NN001"


def test_a_file_that_does_not_parse_is_a_finding_and_the_others_go_on() -> None:
    def told(path: Path) -> list[Event]:
        if path.name == "broken.py":
            raise Unreadable("broken.py", "is not Python: invalid syntax", 2, 7)
        return [loss_computed("train.py", 3)]

    files = {"broken.py": "import torch\nprint 'loss'\n", "train.py": TRAIN}
    report = check([], Settings(ignore=("NN102",)), witness=FakeWitness(files, told))
    assert [(finding.code, finding.place.span) for finding in report.findings] == [
        ("NN000", Span(2, 7, 2, 8)),
        ("NN101", Span(3, 1, 3, 28)),
    ]
    assert not report.errors


def test_an_internal_error_names_the_file_and_the_others_go_on() -> None:
    def told(path: Path) -> list[Event]:
        if path.name == "odd.py":
            raise KeyError("scale")
        return [loss_computed("train.py", 3)]

    report = check([], ONLY, witness=FakeWitness({"odd.py": TRAIN, "train.py": TRAIN}, told))
    assert report.errors == ("internal error in odd.py: KeyError: 'scale'; please report",)
    assert [finding.place.path for finding in report.findings] == ["train.py"]


def test_a_rule_that_fails_is_named_and_the_others_go_on() -> None:
    report = run({"train.py": TRAIN}, loss_computed("train.py", 3), settings=Settings())
    assert report.errors == ("internal error in train.py: rule NN102: ZeroDivisionError: of the rule; please report",)
    assert [finding.code for finding in report.findings] == ["NN101"]


def test_the_traceback_of_an_internal_error_is_shown_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNLINT_DEBUG", "1")
    report = run({"train.py": TRAIN}, loss_computed("train.py", 3), settings=Settings())
    assert "Traceback (most recent call last)" in report.errors[0]


def test_nothing_is_said_of_suppressions_in_a_file_that_was_not_finished() -> None:
    text = TRAIN + "a = 1  # nnlint: ignore[NN101]\n"
    report = run({"train.py": text}, loss_computed("train.py", 3), settings=Settings())
    assert [finding.code for finding in report.findings] == ["NN101"]


def test_suppression_is_the_last_step() -> None:
    text = TRAIN.replace("y)", "y)  # nnlint: ignore[NN101]")
    assert not run({"train.py": text}, loss_computed("train.py", 3)).findings


def test_per_file_ignores_silence_the_rule_and_its_unused_suppressions() -> None:
    text = TRAIN + "a = 1  # nnlint: ignore[NN101]\n"
    settings = ONLY.over(Layer({"per-file-ignores": {"train.py": ["NN101"]}}, Path.cwd()))
    assert not run({"train.py": text}, loss_computed("train.py", 3), settings=settings).findings


def test_findings_are_the_same_in_any_order_of_files() -> None:
    files = {"a.py": TRAIN, "b.py": TRAIN, "c.py": TRAIN}
    events = [loss_computed(name, 3, made=("a.py", 1)) for name in files]
    reports = [run({name: files[name] for name in order}, *events) for order in itertools.permutations(files)]
    assert all(report.findings == reports[0].findings for report in reports)
    assert [finding.place.path for finding in reports[0].findings] == ["a.py", "b.py", "c.py"]


def test_progress_is_told_after_each_file() -> None:
    steps: list[tuple[int, int]] = []
    witness = FakeWitness({"a.py": TRAIN, "b.py": TRAIN}, lambda path: [])
    check([], ONLY, witness=witness, progress=lambda done, total: steps.append((done, total)))
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_what_no_target_reached_is_told_after_every_target_has_run() -> None:
    order: list[str] = []

    def told(path: Path) -> list[Event]:
        order.append(f"run {path}")
        return []

    def told_unreached(path: Path) -> list[Event]:
        order.append(f"rest {path}")
        return [loss_computed(str(path), 3)]

    report = check([], ONLY, witness=FakeWitness({"a.py": TRAIN, "b.py": TRAIN}, told, told_unreached))
    assert order == ["run a.py", "run b.py", "rest a.py", "rest b.py"]
    assert len(report.findings) == 2


def test_a_place_that_is_not_found_again_costs_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def locate(*_: object) -> dict[int, Span]:
        raise Unreadable("train.py", "is nested too deeply to be analyzed")

    monkeypatch.setattr(FakeWitness, "locate", locate)
    report = run({"train.py": TRAIN}, loss_computed("train.py", 3))
    assert ([finding.place.span for finding in report.findings], report.errors) == ([Span(1, 1, 1, 1)], ())
