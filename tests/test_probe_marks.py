"""The marks in the user's code change nothing but when a loop ends, and a short run stays a run."""

from __future__ import annotations

import builtins
import itertools
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nnlint.probe import instrument
from nnlint.probe.budget import Budget
from nnlint.probe.places import assigned_to, called, receiver, words
from nnlint.source import Place, Span

SCRIPT = '''
"""A module."""
from __future__ import annotations
found = []
for number in range(6):
    if number == 1:
        continue
    found.append(number)
    if number == 4:
        break
else:
    found.append("never")
left = 3
while left:
    left -= 1
    found.append(-left)
else:
    found.append("else")
for x, (y, z) in [(1, (2, 3))]:
    found.append(x + y + z)
def generate():
    for item in "ab":
        yield item
found.extend(generate())
found.append([letter for letter in generate() if letter])
iterator = iter(range(5))
for first in iterator:
    break
found.append(next(iterator))
async def later():
    async for _ in None: pass
found.append(__doc__)
found.append(later.__code__.co_firstlineno)
found.count(1); found.append(generate.__annotations__)
'''


@pytest.fixture
def budget(monkeypatch: pytest.MonkeyPatch) -> Budget:
    budget = Budget(3)
    marks = SimpleNamespace(
        loop=budget.loop,
        goes_on=lambda test, site: budget.goes_on(test, (0, site)),
        thrown=lambda value, site: value,
        collected=lambda put, *values: put(*values),
    )
    monkeypatch.setattr(builtins, instrument.MARKS, marks, raising=False)
    return budget


def test_marked_code_does_what_it_did(budget: Budget) -> None:
    plain: dict[str, Any] = {"__name__": "plain"}
    marked: dict[str, Any] = {"__name__": "plain"}
    exec(compile(SCRIPT, "script.py", "exec"), plain)
    exec(instrument.compiled(SCRIPT, "script.py"), marked)
    assert marked["found"] == plain["found"]


def test_positions_stay_what_they_are() -> None:
    plain, marked = (
        compile("x = f(1)\nf(x).g(2)\n", "s.py", "exec"),
        instrument.compiled("x = f(1)\nf(x).g(2)\n", "s.py"),
    )
    assert set(plain.co_lines())
    assert {line for *_, line in plain.co_lines()} == {line for *_, line in marked.co_lines()}


def test_a_loop_that_trains_ends_after_the_steps(budget: Budget) -> None:
    assert len(list(training(budget, range(1000)))) == budget.steps + 1  # a loader's last batch is one more


def test_a_loop_that_does_not_train_runs_on(budget: Budget) -> None:
    assert len(list(budget.loop(range(1000), 1))) == 1000


def test_accumulated_batches_are_seen_until_the_steps_are_made(budget: Budget) -> None:
    count = 0
    for count in budget.loop(itertools.count(1), 1):
        budget.work.steps += count % 8 == 0
    assert count == 8 * (budget.steps + 1)


def test_epochs_are_two(budget: Budget) -> None:
    epochs = [sum(1 for _ in training(budget, range(100))) for _ in budget.loop(range(50), 1)]
    assert len(epochs) == 2


def test_a_while_loop_that_trains_ends(budget: Budget) -> None:
    passes = 0
    while budget.goes_on(passes < 1000, (0, 1)):
        budget.work.steps += 1
        passes += 1
    assert passes == budget.steps + 1


def test_a_loader_gives_its_last_batch(budget: Budget) -> None:
    assert list(budget.batches(iter(range(100)))) == [0, 1, 2, 99]


def test_a_loader_without_an_end_gives_none(budget: Budget) -> None:
    assert list(budget.batches(itertools.count(), ends=False)) == [0, 1, 2]


def test_a_loader_whose_batches_are_accumulated_goes_on(budget: Budget) -> None:
    seen = []
    for batch in budget.batches(iter(range(1000))):
        budget.work.backwards += 1
        budget.work.steps += batch % 8 == 7
        seen.append(batch)
    assert seen == [*range(24), 999]


def test_the_user_s_words_at_a_place(tmp_path: Path) -> None:
    file = tmp_path / "train.py"
    file.write_text("optimizer = build(\n    'é', lr=1)\nself.opt.step(closure)\n", encoding="utf-8")
    call, step = Place(str(file), span=Span(1, 13, 2, 15)), Place(str(file), span=Span(3, 1, 3, 23))
    assert words(call) == "build( 'é', lr=1)"
    assert (called(call), assigned_to(call)) == ("build", "optimizer")
    assert (called(step), receiver(step), assigned_to(step)) == ("self.opt.step", "self.opt", "")


def test_no_words_where_no_file_is() -> None:
    nowhere = Place("/nowhere/train.py", span=Span(7, 1, 7, 5))
    assert (words(nowhere), called(nowhere), assigned_to(nowhere), words(None)) == ("", "", "", "")


def training(budget: Budget, passes: Any) -> Iterator[int]:
    """A loop each of whose passes takes a step."""
    for number in budget.loop(passes, 1):
        budget.work.steps += 1
        yield number
