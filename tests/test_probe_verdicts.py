"""What a run says of a finding."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nnlint.events import BackwardRan, Event, OptimizerStepped
from nnlint.finding import Confidence, Finding, Severity
from nnlint.probe.limits import Request
from nnlint.probe.session import Testimony as Heard
from nnlint.probe.verdicts import judge, same, verdict
from nnlint.probe.wire import Sighting
from nnlint.source import Place, Span
from nnlint.values import Gradients

STEP, BACKWARD, ELSEWHERE = (Place("train.py", span=Span(line, 9, line, 25)) for line in (12, 11, 40))
FINDING = Finding(
    "NN201",
    "missing-zero-grad",
    Severity.ERROR,
    Confidence.CERTAIN,
    "gradients pile up",
    BACKWARD,
    ground=STEP,
)
PILED_UP = OptimizerStepped(place=STEP, optimizer="opt", gradients=Gradients.REUSED, backward=BACKWARD)
CLEARED = replace(PILED_UP, gradients=Gradients.FRESH)


def test_the_same_finding_at_the_same_place_confirms() -> None:
    assert said([Sighting(PILED_UP, 2, "norm 3.1")]) == ("confirmed", "norm 3.1", 2)


def test_an_event_on_which_the_rule_is_silent_refutes() -> None:
    assert said([Sighting(CLEARED, 2, "all zero before backward")])[0] == "refuted"


def test_one_event_that_shows_it_outweighs_others_that_do_not() -> None:
    assert said([Sighting(CLEARED, 1), Sighting(PILED_UP, 2)])[0] == "confirmed"


@pytest.mark.parametrize("event", [replace(PILED_UP, place=ELSEWHERE, backward=ELSEWHERE), None])
def test_what_took_place_elsewhere_says_nothing(event: Event | None) -> None:
    assert said([Sighting(event, 2)] if event else [])[0] == "not reached"


def test_another_kind_of_event_at_the_place_says_nothing() -> None:
    assert said([Sighting(BackwardRan(place=STEP, call="loss.backward()", optimizer="opt"), 1)])[0] == "not reached"


def test_what_could_not_be_measured_leaves_it_undecided() -> None:
    assert said([Sighting(PILED_UP, 2, undecided="sparse gradients")]) == ("undecided", "sparse gradients", 2)


def test_what_is_measured_for_other_rules_says_nothing() -> None:
    assert said([Sighting(CLEARED, 2, codes=("NN202",))])[0] == "not reached"


def test_a_rule_that_no_observer_decides_stays_undecided() -> None:
    assert said([], decides=())[0] == "undecided"


def test_an_observer_that_failed_is_blamed_on_nnlint() -> None:
    heard = Heard(Request("train.py"), how="finished")
    heard.faults.append({"observer": "Steps", "reason": "TypeError: x", "codes": ["NN201"]})
    found = verdict(FINDING, [], heard)
    assert found is not None
    assert found.status == "undecided"
    assert "nnlint" in found.evidence


def test_a_run_that_ended_early_says_why() -> None:
    heard = Heard(Request("train.py"), how="crashed", error="KeyError: 'x'", decides=frozenset({"NN201"}))
    found = verdict(FINDING, [], heard)
    assert found is not None
    assert (found.status, "KeyError" in found.evidence) == ("not reached", True)


def test_findings_about_the_files_themselves_have_no_verdict() -> None:
    unreadable = replace(FINDING, code="NN000", name="unreadable-file")
    assert verdict(unreadable, [], Heard(Request("train.py"))) is None


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (Span(3, 5, 3, 20), Span(3, 5, 3, 20), True),
        (Span(3, 5, 3, 20), Span(3, 10, 3, 12), True),
        (Span(3, 5, 3, 20), Span(3, 20, 3, 25), False),
        (Span(3, 5, 6, 2), Span(4, 1, 4, 9), True),
        (Span(3, 5, 3, 20), Span(4, 5, 4, 20), False),
    ],
)
def test_places_that_overlap_are_the_same(first: Span, second: Span, expected: bool) -> None:
    assert same(Place("a.py", span=first), Place("a.py", span=second)) is expected
    assert not same(Place("a.py", span=first), Place("b.py", span=second))


def said(sightings: list[Sighting], decides: tuple[str, ...] = ("NN201",)) -> tuple[str, str, int | None]:
    heard = Heard(Request("train.py"), how="finished", decides=frozenset(decides), sightings=sightings)
    found = verdict(FINDING, judge(heard, ["NN201", "NN202"]), heard)
    assert found is not None
    return found.status, found.evidence, found.step
