"""The base of all rules: a rule watches one kind of event and says what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from nnlint.events import Event
from nnlint.finding import Confidence, Finding, Fix, Safety, Severity, Step
from nnlint.source import Place
from nnlint.values import TorchVersion


class Rule:
    """One bug. The docstring of a rule is its page (see `catalog.Page`).

    A rule has no state: `check` sees one event and the values it carries, and yields findings. `torch` is what the
    project declares of its version.
    """

    code: ClassVar[str]
    name: ClassVar[str]
    severity: ClassVar[Severity]
    watches: ClassVar[type[Event]]
    words: ClassVar[tuple[str, ...]]  # one of them occurs in every program that can have the bug
    enabled: ClassVar[bool] = True  # by default
    recipe: ClassVar[bool] = False  # named by Karpathy's recipe, see `catalog.PRESETS`
    fix: ClassVar[Safety | None] = None  # of the fix that it offers

    def __init__(self, torch: TorchVersion | None = None) -> None:
        self.torch = torch or TorchVersion()

    def check(self, event: Any) -> Iterator[Finding]:
        raise NotImplementedError

    def finding(
        self,
        event: Event,
        message: str,
        *,
        place: Place | None = None,
        trail: tuple[Step, ...] = (),
        advice: str = "",
        fix: Fix | None = None,
        severity: Severity | None = None,
        confidence: Confidence | None = None,
    ) -> Finding:
        """A finding of this rule, at the event's place and with the event's confidence unless said otherwise."""
        return Finding(
            code=self.code,
            name=self.name,
            severity=severity or self.severity,
            confidence=confidence or event.confidence,
            message=message,
            place=place or event.place,
            trail=trail,
            advice=advice,
            fix=fix,
            ground=event.place,
        )
