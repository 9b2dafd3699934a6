"""A witness that tells what a test wrote down, and rules that judge it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from nnlint import catalog
from nnlint.events import Event, LossComputed
from nnlint.finding import Finding, Severity, Step
from nnlint.judging import Witness
from nnlint.rule import Rule
from nnlint.source import Place, Source, Span
from nnlint.values import Loss, Scale, TensorFacts, TorchVersion


class SoftmaxIntoCrossEntropy(Rule):
    """Probabilities reach a loss that expects logits."""

    code, name, severity = "NN101", "softmax-into-cross-entropy", Severity.ERROR
    watches = LossComputed
    words = ("cross_entropy",)
    recipe = True

    def check(self, event: LossComputed) -> Iterator[Finding]:
        if event.input.scale is Scale.PROBABILITIES:
            message = f"softmax output reaches `{event.loss.called}`"
            yield self.finding(event, message, trail=event.input.trail, advice="pass the scores as they are")


class BrokenRule(SoftmaxIntoCrossEntropy):
    """It fails."""

    code, name = "NN102", "broken-rule"
    recipe = False

    def check(self, event: LossComputed) -> Iterator[Finding]:
        raise ZeroDivisionError("of the\nrule")


@dataclass
class FakeWitness(Witness):
    """Files in memory. A node is the number of its line; its span is that line without the indentation."""

    files: dict[str, str]
    told: Callable[[Path], Iterable[Event]]
    told_unreached: Callable[[Path], Iterable[Event]] = lambda path: ()
    extra: dict[str, str] = field(default_factory=dict)  # known, not asked for
    located: list[str] = field(default_factory=list)

    def targets(self) -> Sequence[Path]:
        return [Path(name) for name in self.files]

    def bytes(self, target: Path) -> bytes:
        return self.files[str(target)].encode()

    def torch(self, target: Path) -> TorchVersion:
        return TorchVersion()

    def events(self, target: Path) -> Iterable[Event]:
        return self.told(target)

    def events_unreached(self, target: Path) -> Iterable[Event]:
        return self.told_unreached(target)

    def source(self, path: str) -> Source:
        return Source(path, {**self.files, **self.extra}[path])

    def locate(self, source: Source, nodes: Iterable[int]) -> dict[int, Span]:
        self.located.append(source.path)
        lines = source.text.split("\n")
        spans = {}
        for node in nodes:
            line = lines[node - 1]
            spans[node] = Span(node, len(line) - len(line.lstrip()) + 1, node, len(line.partition("  #")[0]) + 1)
        return spans


def loss_computed(path: str, line: int, made: tuple[str, int] | None = None) -> LossComputed:
    """Probabilities reached a loss at the line; `made` says where they come from."""
    trail = (Step(Place(made[0], made[1]), "made here: `F.softmax(x, dim=1)`"),) if made else ()
    return LossComputed(
        place=Place(path, line),
        loss=Loss("CrossEntropyLoss", "criterion", Scale.LOGITS),
        input=TensorFacts(Scale.PROBABILITIES, "F.softmax(x, dim=1)", trail),
        target=TensorFacts(),
    )


def entry(rule: type[Rule]) -> catalog.Entry:
    return catalog.Entry(
        rule.code, rule.name, rule.severity, rule.enabled, rule.recipe, rule.fix, rule.__doc__ or "", rule
    )


@pytest.fixture
def two_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalogue of NN101, which is on, and NN102, which breaks, besides the housekeeping."""
    known = (*catalog.housekeeping(), entry(SoftmaxIntoCrossEntropy), entry(BrokenRule))
    monkeypatch.setattr(catalog, "entries", lambda: known)
