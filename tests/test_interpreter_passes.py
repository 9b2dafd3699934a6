"""How often loops are run: the passes that show something new, and no others."""

from __future__ import annotations

import pytest

from nnlint.events import ModuleCalled
from nnlint.interpreter.loops import MOST_BACKWARDS, MOST_EPOCHS
from tests.interpreting import events, pick, seen

NETWORK = """
loader, flag, texts = torch.load("things")
net = nn.Linear(2, 1)
optimizer = torch.optim.Adam(net.parameters())
"""
TRAIN = """
def train():
    for x, y in loader:
        optimizer.zero_grad()
        F.mse_loss(net(x), y).backward()
        optimizer.step()
"""


def calls(source: str) -> list[ModuleCalled]:
    definitions = NETWORK + (TRAIN if "train()" in source else "")
    found = [each for each in pick(ModuleCalled, events(definitions + source)) if each.module == "net"]
    assert found
    return found


def repeated(body: str, times: str) -> int:
    return len(calls(f"for epoch in {times}:\n    {body}\n"))


EPOCHS = [
    "train()",
    "F.mse_loss(net(texts), flag).backward()",
    "[net(x) for x in loader]; train()",
]


@pytest.mark.parametrize("body", EPOCHS)
def test_many_epochs_are_run_as_often_as_any_number_of_them(body: str) -> None:
    assert repeated(body, f"range({MOST_EPOCHS + 1})") == repeated(body, "range(10)") == repeated(body, "range(100)")


@pytest.mark.parametrize("body", EPOCHS)
def test_few_epochs_are_run_one_by_one(body: str) -> None:
    assert repeated(body, f"range({MOST_EPOCHS})") == MOST_EPOCHS * repeated(body, "range(1)")


def test_what_is_no_epoch_is_run_one_by_one() -> None:
    assert repeated("net(texts)", "range(10)") == 10


def test_each_of_several_named_phases_is_run() -> None:
    phases = ["one", "two", "three", "four", "five"]
    assert len(phases) > MOST_EPOCHS
    assert repeated("train()", str(phases)) == len(phases) * repeated("train()", "range(1)")


def test_a_count_of_many_epochs_is_not_known() -> None:
    source = NETWORK + TRAIN + "n = 0\nfor epoch in range(5):\n    {}\n    n += 1\nsee(n)"
    assert seen(source.format("train()")) == [None]
    assert seen(source.format("train")) == [5]


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
@pytest.mark.parametrize("head", ["for x{} in loader:", "while flag:", "for x{} in range(len(texts)):"])
def test_a_loop_within_loops_is_run_once_more_for_each_of_them(head: str, depth: int) -> None:
    lines = [f"{'    ' * level}{head.format(level)}\n" for level in range(depth)]
    assert len(calls(f"{''.join(lines)}{'    ' * depth}net(texts)\n")) == depth + 1


def test_training_in_many_nested_loops_of_few_passes_is_not_counted_out() -> None:
    depth = 12  # 4096 steps, of which each is compared with others
    lines = [f"{'    ' * level}for i{level} in range(2):\n" for level in range(depth)]
    step = "F.mse_loss(net(texts), flag).backward()\n"
    assert MOST_BACKWARDS < len(calls(f"{''.join(lines)}{'    ' * depth}{step}")) < 2 * MOST_BACKWARDS


def test_a_loop_over_different_things_is_run_whole_each_time() -> None:
    source = """
def validate():
    for parameter in net.parameters():
        parameter.requires_grad = False
    net.eval()
    for i in range(len(loader)):
        print(net(texts).argmax())

for epoch in range(100):
    for parameter in net.parameters():
        parameter.requires_grad = True
    train()
    if flag:
        validate()
"""
    assert {each.gradients_enabled for each in calls(source) if each.training is False} == {None}


# --- what an imported script does -----------------------------------------------------------------------------------

HARD = "".join(f"{'    ' * level}for i{level} in range(12):\n" for level in range(5)) + "    " * 5 + "pass\n"


@pytest.mark.parametrize("work", [HARD, "if 2 > 1:\n    k = 3\n    " + HARD.replace("\n", "\n    ")])
def test_hard_work_in_an_imported_file_hides_nothing_that_is_defined_behind_it(work: str) -> None:
    assert seen("from helper import m, n\nsee(m)\nsee(n)", helper=f"m = 2\n{work}\nn = 3\n") == [2, 3]


def test_work_that_was_not_ended_leaves_nothing_behind() -> None:
    helper = "with torch.no_grad():\n    " + HARD.replace("\n", "\n    ")
    told = events("import helper\nnet = nn.Linear(2, 1)\nnet(torch.load('x')).sum().backward()\n", helper=helper)
    assert [each.gradients_enabled for each in pick(ModuleCalled, told)] == [True]
