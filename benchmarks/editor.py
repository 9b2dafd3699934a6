"""From the keystroke to the diagnostics, as an editor sees it: `python benchmarks/editor.py [folder file]`.

The server runs as it does for editors. Without a folder a project of 100 files is written that is like training code:
networks in modules, data sets, loops in another module, and one script of 1,000 lines, with one loop of its own and one
bug, which is edited. Each keystroke is a change of one line that is sent alone; measured is the time until the
diagnostics of that very text are there, the server's pause for further keystrokes among it. The first keystrokes are
not counted, and each comes a moment after the diagnostics of the last. A file that is named has to have a finding: a
server that fails finds nothing, and is fast.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from lsprotocol import types

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.editor import Editor, editor

FILES = 100
LINES = 1000
WARM_UP = 3
KEYSTROKES = 40
REST = 0.1  # seconds from the diagnostics to the next keystroke: ten a second would be fast typing
PULLS = types.ClientCapabilities(
    text_document=types.TextDocumentClientCapabilities(diagnostic=types.DiagnosticClientCapabilities())
)


def main() -> None:
    if len(sys.argv) > 2:
        asyncio.run(_measured(Path(sys.argv[1]).absolute(), sys.argv[2]))
        return
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_measured(*_written(Path(folder))))


async def _measured(folder: Path, name: str) -> None:
    text = (folder / name).read_text(encoding="utf-8")
    files = list(folder.rglob("*.py"))
    lines = sum(path.read_text(encoding="utf-8", errors="replace").count("\n") for path in files)
    print(f"{len(files)} files, {lines} lines; edited: {name}, {text.count(chr(10))} lines")
    for way, capabilities in (("push", None), ("pull", PULLS)):
        async with editor(folder, capabilities=capabilities) as desk:
            start = time.perf_counter()
            desk.open(name, text)
            if not await _told(desk, name, pulls=capabilities is not None):
                sys.exit(f"nothing is found in {name}, or the server fails: {desk.messages}")
            first = time.perf_counter() - start
            for where in ("a comment", "the code"):
                taken = []
                for number in range(WARM_UP + KEYSTROKES):
                    changed = _typed(text, number, in_code=where == "the code")
                    await asyncio.sleep(REST)
                    start = time.perf_counter()
                    desk.edit(name, changed)
                    await _told(desk, name, pulls=capabilities is not None)
                    taken.append(time.perf_counter() - start)
                _tell(way, where, first, taken[WARM_UP:])


async def _told(desk: Editor, name: str, *, pulls: bool) -> Sequence[types.Diagnostic]:
    """The diagnostics of the text that was sent last, once they are there."""
    if pulls:
        found: Sequence[types.Diagnostic] = (await desk.pull(name)).items
        return found
    uri = desk.uri(name)

    def is_told() -> bool:
        found = desk.published.get(uri)
        return found is not None and found.version == desk.versions[uri]

    await desk.until(is_told)
    return desk.published[uri].diagnostics


def _typed(text: str, number: int, *, in_code: bool) -> str:
    """The text after another keystroke, in the middle of the file."""
    lines = text.splitlines(keepends=True)
    at = next(at for at in range(len(lines) // 2, len(lines)) if lines[at].startswith("    for "))
    indent = "    "
    lines.insert(
        at, f"{indent}rate_{'i' * (number + 1)} = {number}\n" if in_code else f"{indent}# {'a' * (number + 1)}\n"
    )
    return "".join(lines)


def _tell(way: str, where: str, first: float, taken: list[float]) -> None:
    ordered = sorted(taken)
    ninetieth = ordered[int(0.9 * len(ordered))]
    print(
        f"{way}, typing in {where}: median {1000 * statistics.median(taken):.0f} ms, "
        f"p90 {1000 * ninetieth:.0f} ms; the first time {first:.1f} s"
    )


# --- a project ---

NETWORK = '''\
"""Network {number}: a convolutional net with residual blocks."""

import torch
import torch.nn as nn
import torch.nn.functional as F

from common.layers{shared} import Block{shared}, make_head


class Net{number}(nn.Module):
    def __init__(self, channels=3, width=32, classes=10, dropout=0.1):
        super().__init__()
        self.stem = nn.Conv2d(channels, width, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(width)
        self.blocks = nn.ModuleList([Block{shared}(width) for _ in range(4)])
        self.dropout = nn.Dropout(dropout)
        self.head = make_head(width, classes)

    def features(self, x):
        x = F.relu(self.norm(self.stem(x)))
        for block in self.blocks:
            x = block(x)
        return x.mean(dim=(2, 3))

    def forward(self, x):
        return {result}


def build(config):
    return Net{number}(config["channels"], config["width"], config["classes"])
'''
LAYERS = '''\
"""Layers {number}."""

import torch.nn as nn
import torch.nn.functional as F


class Block{number}(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(width)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(width)

    def forward(self, x):
        y = F.relu(self.first_norm(self.first(x)))
        return F.relu(x + self.second_norm(self.second(y)))


def make_head(width, classes):
    return nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, classes))
'''
DATA = '''\
"""Data {number}."""

import torch
from torch.utils.data import DataLoader, Dataset


class Images{number}(Dataset):
    def __init__(self, size=1000, train=True):
        self.size = size
        self.train = train

    def __len__(self):
        return self.size

    def __getitem__(self, index):
        image = torch.randn(3, 32, 32)
        if self.train and torch.rand(()) < 0.5:
            image = image.flip(-1)
        return image, index % 10


def loaders(batch_size=64, workers=2):
    train = DataLoader(Images{number}(train=True), batch_size=batch_size, shuffle=True, num_workers=workers)
    test = DataLoader(Images{number}(train=False), batch_size=batch_size, num_workers=workers)
    return train, test
'''
SCRIPT = '''\
"""Train network {number}."""

import argparse

import torch
import torch.nn as nn

from common.data{data} import loaders
from common.engine import evaluate, train_one_epoch
from networks.net{number} import build


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--lr", type=float, default=0.1)
    arguments = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = build(dict(channels=3, width=32, classes=10)).to(device)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=arguments.lr, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, arguments.epochs)
    train, test = loaders()
    for epoch in range(arguments.epochs):
        loss = train_one_epoch(model, criterion, optimizer, train, device)
        accuracy = evaluate(model, test, device)
        scheduler.step()
        print(epoch, loss, accuracy)
    torch.save(model.state_dict(), "net{number}.pt")


if __name__ == "__main__":
    main()
'''
ENGINE = '''\
"""What all loops share."""

import torch


def train_one_epoch(model, criterion, optimizer, loader, device):
    model.train()
    total = 0.0
    for images, labels in loader:
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total / len(loader)


@torch.no_grad()
def evaluate(model, loader, device):
    model.eval()
    correct = count = 0
    for images, labels in loader:
        images, labels = images.to(device), labels.to(device)
        correct += (model(images).argmax(dim=1) == labels).sum().item()
        count += labels.numel()
    return correct / count
'''
HEADER = '''\
"""Train one of the networks."""

import argparse
import json
import math
import time
from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as F

from common.engine import evaluate
'''
OPTION = """\
    parser.add_argument("--option-{number}", type=float, default={number} / 100, help="option {number}")
"""
METRIC = '''\
class Metric{number}:
    """A running average, and the best of it."""

    def __init__(self, name="metric{number}", window=100):
        self.name = name
        self.window = window
        self.values = []
        self.best = -math.inf

    def update(self, scores, labels):
        hits = (scores.argmax(dim=1) == labels).float()
        self.values.append(hits.mean().item())
        if len(self.values) > self.window:
            self.values.pop(0)
        self.best = max(self.best, self.average())

    def average(self):
        return sum(self.values) / max(1, len(self.values))

    def __str__(self):
        return f"{{self.name}} {{self.average():.3f}} (best {{self.best:.3f}})"


def smooth_{number}(scores, labels, amount=0.{number}1):
    log_probabilities = F.log_softmax(scores, dim=1)
    picked = log_probabilities.gather(1, labels.unsqueeze(1)).squeeze(1)
    return -((1 - amount) * picked + amount * log_probabilities.mean(dim=1)).mean()


def describe_{number}(folder, history):
    lines = []
    for epoch, entry in enumerate(history):
        kept = {{key: value for key, value in entry.items() if value is not None}}
        lines.append(json.dumps({{"epoch": epoch, **kept}}, sort_keys=True))
    path = Path(folder) / "history_{number}.jsonl"
    path.write_text("\\n".join(lines))
    return path


'''
MAIN = """\
def main():
    arguments = parse()
    torch.manual_seed(0)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    builders = [{builders}]
    model = builders[0](dict(channels=3, width=32, classes=10)).to(device)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)
    train, test = loaders0()
    metric, history = Metric0(), []
    for epoch in range(10):
        model.train()
        start = time.time()
        for images, labels in train:
            images, labels = images.to(device), labels.to(device)
            optimizer.zero_grad()
            scores = model(images)
            loss = criterion(scores, labels)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            metric.update(scores, labels)
        scheduler.step()
        accuracy = evaluate(model, test, device)
        history.append(dict(loss=loss.item(), accuracy=accuracy, seconds=time.time() - start))
        print(epoch, metric, accuracy, arguments)
    describe_0(".", history)
    torch.save(model.state_dict(), "model.pt")


if __name__ == "__main__":
    main()
"""


def _written(folder: Path) -> tuple[Path, str]:
    """The project, and the name of its script of 1,000 lines."""
    networks = FILES * 2 // 5
    layers, data = 10, 8
    for name in ("common", "networks"):
        (folder / name).mkdir()
        _write(folder, f"{name}/__init__.py", "")
    _write(folder, "common/engine.py", ENGINE)
    for number in range(layers):
        _write(folder, f"common/layers{number}.py", LAYERS.format(number=number))
    for number in range(data):
        _write(folder, f"common/data{number}.py", DATA.format(number=number))
    for number in range(networks):
        result = "self.head(self.dropout(self.features(x)))"
        result = f"torch.softmax({result}, dim=1)" if number % 8 == 0 else result
        _write(folder, f"networks/net{number}.py", NETWORK.format(number=number, shared=number % layers, result=result))
    for number in range(FILES - networks - layers - data - 4):
        _write(folder, f"train{number}.py", SCRIPT.format(number=number, data=number % data))
    text = HEADER + "".join(f"from networks import net{number}\n" for number in range(networks))
    text += "".join(f"from common.data{number} import loaders as loaders{number}\n" for number in range(data)) + "\n\n"
    text += "def parse():\n    parser = argparse.ArgumentParser()\n"
    text += "".join(OPTION.format(number=number) for number in range(100)) + "    return parser.parse_args()\n\n\n"
    main = MAIN.format(builders=", ".join(f"net{number}.build" for number in range(4)))
    number = 0
    while text.count("\n") + main.count("\n") < LINES:
        text += METRIC.format(number=number)
        number += 1
    text += main
    _write(folder, "main.py", text)
    return folder, "main.py"


def _write(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
