"""What the interpreter foretells of a few lines of Python, seen through its events."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent
from typing import TypeVar

import pytest

from nnlint.events import Event, GraphKept, LayerRan, LossComputed, ModuleCalled, OptimizerStepped, Reshaped
from nnlint.interpreter.roots import Interpretation
from nnlint.program.program import Program
from nnlint.values import Gradients, Role, Scale

PRELUDE = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n"

UNKNOWNS = 'unknown, other, loader = torch.load("things")\n'
# What the scripts of the tests work with: `x` and `y` of unknown content, `scores` are logits, `probs` probabilities.
TENSORS = f"""
{UNKNOWNS}
x, y = torch.load("x.pt"), torch.load("y.pt")
scores = nn.Linear(8, 4)(x)
probs = F.softmax(scores, dim=-1)
"""
# `see(n)` shows a number, as the size of a tensor that is viewed.
SEE = f"{UNKNOWNS}see = lambda number: torch.zeros(number, 7).view(-1)\n"


def wrong(reason: str) -> pytest.MarkDecorator:
    """What the interpreter is known to get wrong; the test fails once it gets it right."""
    return pytest.mark.xfail(strict=True, reason=reason)


AnyEvent = TypeVar("AnyEvent", bound=Event)


def events(source: str, **other_files: str) -> list[Event]:
    """Everything foretold of running `source`, and of what nothing in it calls.

    Other files of the project are given by name (`models="…"`) or path (`**{"net/unet.py": "…"}`). torch, nn and F are
    imported in all of them.
    """
    with TemporaryDirectory() as folder:
        for name, text in {"script": source, **other_files}.items():
            path = Path(folder, name if name.endswith(".py") else f"{name}.py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(PRELUDE + dedent(text), encoding="utf-8")
        script = Path(folder, "script.py")
        interpretation: Interpretation[None] = Interpretation(Program([script], root=Path(folder)))
        return [*interpretation.run_script(script), *interpretation.run_rest(script)]


def pick(kind: type[AnyEvent], told: Sequence[Event]) -> list[AnyEvent]:
    """The events of one kind, in the order in which they were told."""
    return [event for event in told if isinstance(event, kind)]


def losses(source: str, **other_files: str) -> list[LossComputed]:
    """The losses of a script that may use TENSORS."""
    return pick(LossComputed, events(TENSORS + dedent(source), **other_files))


def scales(source: str, **other_files: str) -> list[Scale]:
    """What each loss gets as its input, in a script that may use TENSORS."""
    return [loss.input.scale for loss in losses(source, **other_files)]


def scale_of(expression: str, setup: str = "") -> Scale:
    """What the numbers of an expression mean: it is given to a loss."""
    (scale,) = scales(f"{dedent(setup)}\nF.cross_entropy({expression}, y)")
    return scale


def seen(source: str, **other_files: str) -> list[int | None]:
    """The numbers that `see` was shown, None for one that is not known."""
    told = pick(Reshaped, events(SEE + dedent(source), **other_files))
    return [int(event.before[0]) if event.before[0].isdigit() else None for event in told]


def views(source: str, **other_files: str) -> list[Reshaped]:
    return pick(Reshaped, events(source, **other_files))


def shape_of(expression: str, setup: str = "") -> tuple[str, ...] | None:
    """The sizes of a tensor, in words; None when they are not known."""
    told = views(f"{dedent(setup)}\n({expression}).reshape(-1)")
    return told[-1].before if told else None


def forwards(source: str, **other_files: str) -> list[ModuleCalled]:
    return pick(ModuleCalled, events(source, **other_files))


def modes(source: str, **other_files: str) -> list[bool | None]:
    """The mode in which each forward pass runs: training or not, None when it is not known."""
    return [forward.training for forward in forwards(source, **other_files)]


def roles(source: str, **other_files: str) -> list[Role]:
    return [forward.role for forward in forwards(source, **other_files)]


def steps(source: str, **other_files: str) -> list[OptimizerStepped]:
    return pick(OptimizerStepped, events(source, **other_files))


def gradients(source: str, **other_files: str) -> list[Gradients]:
    """The condition in which each step finds its gradients."""
    return [step.gradients for step in steps(source, **other_files)]


def layers(source: str, **other_files: str) -> list[LayerRan]:
    return pick(LayerRan, events(source, **other_files))


def kept(source: str) -> list[str]:
    """The totals and lists of a loop that keep the graphs of all its passes, as "sum total"."""
    return sorted({f"{event.kind} {event.target}" for event in pick(GraphKept, events(source))})
