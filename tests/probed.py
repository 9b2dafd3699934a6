"""Scripts under the probe, and what the run says of a rule at a line of theirs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from nnlint import catalog
from nnlint.finding import Confidence, Finding, Severity
from nnlint.probe.session import Testimony
from nnlint.probe.verdicts import judge, verdict
from nnlint.source import Place, Span
from tests.nursery import Nursery

HEAD = """
import torch
from torch import nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 3))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
x, y = torch.randn(64, 6), torch.randint(0, 3, (64,))
loader = DataLoader(TensorDataset(x, y), batch_size=16)
"""


@dataclass(frozen=True)
class Probed:
    """A script that was run, with what was heard of it."""

    script: Path
    heard: Testimony

    def says(self, code: str, text: str, ground: str = "") -> str:
        """What becomes of a finding of a rule at the line with a text, judged by an event at that with another one."""
        place = self._place(text)
        finding = Finding(code, "", Severity.WARNING, Confidence.LIKELY, "", place, ground=self._place(ground or text))
        seen = judge(self.heard, [entry.code for entry in catalog.entries()])
        found = verdict(finding, seen, self.heard)
        assert found is not None
        return found.status

    @property
    def standing(self) -> set[str]:
        """The rules that find something in the run alone."""
        seen = judge(self.heard, [entry.code for entry in catalog.entries()])
        return {each.finding.code for each in seen if each.sighting.alone}

    def _place(self, text: str) -> Place:
        lines = self.script.read_text(encoding="utf-8").splitlines()
        (number,) = (number for number, line in enumerate(lines, 1) if text in line)
        return Place(str(self.script), span=Span(number, 1, number, 200))


def probed(folder: Path, text: str) -> Probed:
    """Run a script; it comes to its end, and so do the observers."""
    script = folder / "train.py"
    script.write_text(HEAD + text, encoding="utf-8")
    heard = _nursery().run(folder, script.name)
    assert heard.how == "finished", heard.output
    assert not heard.faults
    return Probed(script, heard)


@cache
def _nursery() -> Nursery:
    return Nursery()
