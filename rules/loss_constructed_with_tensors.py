"""NN107: ."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, LossConstructed, Rule, Severity


class LossConstructedWithTensors(Rule):
    """PAGE"""

    code, name, severity = "NN107", "loss-constructed-with-tensors", Severity.ERROR
    watches = LossConstructed
    words = ("Loss",)

    def check(self, event: LossConstructed) -> Iterator[Finding]:
        yield self.finding(
            event,
            f"`{event.kind}` is constructed with `{event.outputs}`, which it should be called with",
            advice=f"construct the loss once, `criterion = nn.{event.kind}()`, and call it with the tensors",
        )
