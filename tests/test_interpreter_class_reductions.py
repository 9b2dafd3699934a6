"""Reductions of class scores over the samples, and what shows that the classes were meant."""

from __future__ import annotations

import pytest

from nnlint.events import SamplesReduced
from nnlint.finding import Confidence
from tests.interpreting import PRELUDE, events

SCORES = PRELUDE + "scores, labels = nn.Linear(20, 10)(torch.randn(32, 20)), torch.randint(10, (32,))\n"
TERMS = PRELUDE + "logs, targets = F.log_softmax(torch.randn(32, 10), dim=1), torch.rand(32, 10)\n"


def told(source: str) -> list[SamplesReduced]:
    return [event for event in events(source) if isinstance(event, SamplesReduced)]


@pytest.mark.parametrize(
    "use",
    [
        "scores.argmax(0) == labels",
        "labels != torch.max(scores, 0)[1]",
        "scores.max(dim=-2).indices.eq(labels)",
        "labels.eq(F.softmax(scores, 1).argmax(axis=0).cpu())",
        "list(zip(scores.argmax(0).tolist(), labels.tolist()))",
        "labels.view_as(scores.argmax(0))",
    ],
)
def test_guesses_over_the_samples_that_meet_one_label_a_sample_are_told(use: str) -> None:
    (event,) = told(SCORES + use)
    assert event.labels.startswith("labels")
    assert event.sizes == ("32", "10")
    assert event.confidence is Confidence.CERTAIN


@pytest.mark.parametrize(
    "use",
    [
        "scores.argmax(1) == labels",
        "labels[scores.argmax(0)] == torch.arange(10)",
        "scores.argmax(0) == torch.arange(10)",
        "scores.max(0)[0] == 1",
        "scores[0].argmax(0) == labels[0]",
        "scores.t().argmax(0) == labels",
        "scores.argmax(0)",
    ],
)
def test_other_guesses_are_not(use: str) -> None:
    assert not told(SCORES + use)


def test_as_many_samples_as_classes_prove_nothing() -> None:
    assert not told(SCORES.replace("32", "10") + "scores.argmax(0) == labels")


@pytest.mark.parametrize(
    "loss",
    [
        "-(targets * logs).sum(0).mean()",
        "torch.mean(torch.sum(-targets * logs, dim=0))",
        "(logs.exp() * logs).sum(0).mean()",
    ],
)
def test_a_mean_of_sums_over_the_samples_is_told(loss: str) -> None:
    (event,) = told(TERMS + loss)
    assert event.labels == ""


@pytest.mark.parametrize(
    "loss",
    [
        "-(targets * logs).sum(1).mean()",
        "-(targets * logs).mean(0).sum()",
        "-(targets * logs).sum(0)",
        "-(targets * logs.t()).sum(0).mean()",
    ],
)
def test_a_sum_over_the_classes_and_a_total_of_each_class_are_not(loss: str) -> None:
    assert not told(TERMS + loss)
