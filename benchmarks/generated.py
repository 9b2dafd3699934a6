"""Writes training scripts to measure how time grows: with the depth of calls, loops and branches, and with files."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

START = """\
import torch
from torch import nn
from torch.utils.data import DataLoader


"""

LOOP = """\


def train(data, net, flags):
    loader = DataLoader(data, batch_size=32, shuffle=True)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for epoch in range(10):
        for inputs, targets in loader:
{body}
"""

STEP = """\
outputs = net(inputs)
loss = criterion(outputs, targets)
optimizer.zero_grad()
loss.backward()
optimizer.step()
"""

UNIT = '''\
class Net{number}(nn.Module):
    """Network {number}."""

    def __init__(self, width=64, classes=10):
        super().__init__()
        self.first = nn.Linear(width, width)
        self.second = nn.Linear(width, classes)

    def forward(self, inputs):
        return self.second(torch.relu(self.first(inputs)))


def train_{number}(data):
    loader = DataLoader(data, batch_size=32, shuffle=True)
    net = Net{number}()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for inputs, targets in loader:
        optimizer.zero_grad()
        criterion(net(inputs), targets).backward()
        optimizer.step()


'''


def functions(depth: int) -> str:
    """A chain of functions, the last of which steps."""
    return _chain(depth, calls=1)


def doubling(depth: int) -> str:
    """A chain of functions, each of which calls the next one twice."""
    return _chain(depth, calls=2)


def forwards(depth: int) -> str:
    """A module in a module in a module."""
    innermost = "class Net0(nn.Linear):\n    pass\n\n\n"
    shells = "".join(
        f"class Net{level}(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        f"        self.inner = Net{level - 1}({'64, 64' if level == 1 else ''})\n\n"
        "    def forward(self, inputs):\n"
        "        return torch.relu(self.inner(inputs)) + inputs\n\n\n"
        for level in range(1, depth + 1)
    )
    return START + innermost + shells.rstrip("\n") + "\n" + _loop(STEP) + f"\n\ntrain(load(), Net{depth}(), None)\n"


def loops(depth: int) -> str:
    """Loops in loops, a step in the innermost."""
    body = STEP
    for level in reversed(range(depth)):
        body = f"for i{level} in range(2):\n" + textwrap.indent(body, " ")
    return START.rstrip("\n") + "\n" + _loop(body) + "\n\ntrain(load(), nn.Linear(64, 64), None)\n"


def branches(depth: int) -> str:
    """Branches in sequence, each of which may change the inputs."""
    choices = "".join(
        f"if flags.number_{level}:\n    inputs = inputs + {level}\nelse:\n    net.train()\n" for level in range(depth)
    )
    return START.rstrip("\n") + "\n" + _loop(choices + STEP) + "\n\ntrain(load(), nn.Linear(64, 64), flags())\n"


WAYS: dict[str, Callable[[int], str]] = {
    "functions in a chain": functions,
    "functions in a chain, each called twice": doubling,
    "modules in modules": forwards,
    "loops in loops": loops,
    "branches in sequence": branches,
}


def write_units(folder: Path, units: int, files: int) -> None:
    """So many networks and their training, spread over so many files."""
    folder.mkdir(parents=True)
    for number in range(files):
        text = START + "".join(UNIT.format(number=unit) for unit in range(number, units, files))
        (folder / f"part_{number}.py").write_text(text.rstrip("\n") + "\n", encoding="utf-8")


def _chain(depth: int, calls: int) -> str:
    last = "def step_0(net, criterion, optimizer, inputs, targets):\n" + textwrap.indent(STEP, "    ")
    given = "(net, criterion, optimizer, inputs, targets)"
    links = "".join(
        f"\n\ndef step_{level}{given}:\n" + f"    step_{level - 1}{given}\n" * calls for level in range(1, depth + 1)
    )
    return START + last + links + _loop(f"step_{depth}{given}\n") + "\n\ntrain(load(), nn.Linear(64, 64), None)\n"


def _loop(body: str) -> str:
    return LOOP.format(body=textwrap.indent(body, " " * 12).rstrip("\n"))
