"""A long session in an editor, at random: `python -m tests.soaking FOLDER... [--seconds 300] [--seed 1]`.

Typing, pasting, breaking and mending, opening and closing, files that come and go, another configuration. Whenever the
typing pauses, what the server says of the whole folder must be what a check says that knows nothing of before.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from lsprotocol import types
from pygls.workspace import PositionCodec

from nnlint.config import Hierarchy, command_line
from nnlint.engine import check
from nnlint.server import pages
from nnlint.server.translating import Translator, uri_of
from tests.editor import Editor, editor

PULLS = types.ClientCapabilities(
    text_document=types.TextDocumentClientCapabilities(diagnostic=types.DiagnosticClientCapabilities())
)
CONFIGURATIONS = (
    "",
    "[tool.nnlint]\n",
    '[tool.nnlint]\nselect = ["all"]\n',
    '[tool.nnlint]\nignore = ["NN3", "NN101"]\n',
    '[tool.nnlint]\nextend-exclude = ["model*"]\n',
)
SNIPPETS = (
    "x = F.softmax(x, dim=1)\n",
    "optimizer.zero_grad()\n",
    "def (\n",
    "é = '𝄞 \f ü'\n",
    '"""',
    "import os\n",
    "\t",
    "(",
)


@dataclass
class Soaked:
    """What happened: how often each thing was done, how often it was compared, the memory of the server in KiB."""

    done: dict[str, int] = field(default_factory=dict)
    compared: int = 0
    findings: int = 0
    memory: list[int] = field(default_factory=list)


class Hand:
    """Does something at random to a folder that is open in an editor."""

    def __init__(self, desk: Editor, seed: int) -> None:
        self.desk = desk
        self.chance = random.Random(seed)
        self.original = {path: path.read_text(encoding="utf-8", errors="replace") for path in desk.folder.rglob("*.py")}
        self.open: dict[Path, str] = {}
        self.deeds: tuple[tuple[int, Callable[[], None]], ...] = (
            (30, self.type),
            (15, self.delete),
            (10, self.move_line),
            (8, self.paste),
            (10, self.restore),
            (8, self.open_file),
            (5, self.close),
            (3, self.create),
            (3, self.remove),
            (3, self.save),
            (2, self.configure),
        )

    def act(self) -> str:
        (deed,) = self.chance.choices([deed for _, deed in self.deeds], [weight for weight, _ in self.deeds])
        deed()
        return deed.__name__

    def type(self) -> None:
        """A few characters, one after the other."""
        path, text = self._some()
        at = self.chance.randrange(len(text) + 1)
        for character in self.chance.choice(SNIPPETS)[: self.chance.randrange(1, 6)]:
            self._replace(path, at, at, character)
            at += 1

    def delete(self) -> None:
        path, text = self._some()
        at = self.chance.randrange(len(text) + 1)
        for _ in range(self.chance.randrange(1, 5)):
            self._replace(path, at, min(at + 1, len(self.open[path])), "")

    def move_line(self) -> None:
        path, text = self._some()
        lines = text.splitlines(keepends=True)
        if len(lines) > 1:
            line = lines.pop(self.chance.randrange(len(lines)))
            lines.insert(self.chance.randrange(len(lines) + 1), line)
        self._replace(path, 0, len(text), "".join(lines))

    def paste(self) -> None:
        path, text = self._some()
        at = self._line(text)
        lines = self.chance.choice(list(self.original.values())).splitlines(keepends=True)
        first = self.chance.randrange(len(lines) + 1)
        self._replace(path, at, at, "".join(lines[first : first + self.chance.randrange(1, 12)]))

    def restore(self) -> None:
        path, text = self._some()
        self._replace(path, 0, len(text), self.original.get(path, ""))

    def open_file(self) -> None:
        closed = [path for path in sorted(self.desk.folder.rglob("*.py")) if path not in self.open]
        if closed:
            self._open(self.chance.choice(closed))

    def close(self) -> None:
        if len(self.open) > 1:
            path = self.chance.choice(sorted(self.open))
            del self.open[path]
            self.desk.close(self._name(path))

    def create(self) -> None:
        like = self.chance.choice(sorted(self.original))
        path = like.with_name(f"{self.chance.choice(['model', 'new', like.stem])}{self.chance.randrange(3)}.py")
        is_new = not path.exists()
        path.write_text(self.original[like], encoding="utf-8")
        self._tell(path, types.FileChangeType.Created if is_new else types.FileChangeType.Changed)

    def remove(self) -> None:
        """One that is open stays open."""
        path = self.chance.choice(sorted(self.original))
        if path.exists():
            path.unlink()
            self._tell(path, types.FileChangeType.Deleted)
        else:
            path.write_text(self.original[path], encoding="utf-8")
            self._tell(path, types.FileChangeType.Created)

    def save(self) -> None:
        path, text = self._some()
        is_new = not path.exists()
        path.write_text(text, encoding="utf-8", newline="")
        self.desk.client.text_document_did_save(
            types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(path.as_uri()))
        )
        self._tell(path, types.FileChangeType.Created if is_new else types.FileChangeType.Changed)

    def configure(self) -> None:
        path = self.desk.folder / "pyproject.toml"
        path.write_text(self.chance.choice(CONFIGURATIONS), encoding="utf-8")
        self._tell(path, types.FileChangeType.Changed)

    def _some(self) -> tuple[Path, str]:
        if not self.open:
            self._open(self.chance.choice(sorted(self.desk.folder.rglob("*.py"))))
        return self.chance.choice(sorted(self.open.items()))

    def _open(self, path: Path) -> None:
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            self.open[path] = file.read()
        self.desk.open(self._name(path), self.open[path])

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self.desk.folder))

    def _line(self, text: str) -> int:
        """Where some line begins."""
        lines = text.split("\n")
        return len("\n".join(lines[: self.chance.randrange(len(lines))]))

    def _replace(self, path: Path, start: int, end: int, new: str) -> None:
        text = self.open[path]
        self.open[path] = text[:start] + new + text[end:]
        self.desk.change(self._name(path), types.Range(_position(text, start), _position(text, end)), new)

    def _tell(self, path: Path, how: types.FileChangeType) -> None:
        self.desk.client.workspace_did_change_watched_files(
            types.DidChangeWatchedFilesParams([types.FileEvent(path.as_uri(), how)])
        )


async def soak(folder: Path, seed: int, goes_on: Callable[[int], bool]) -> Soaked:
    """Edit at random for as long as it goes on. What differs is an AssertionError that says after what."""
    soaked = Soaked()
    async with editor(folder, capabilities=PULLS) as desk:
        hand = Hand(desk, seed)
        past: list[str] = []
        await asyncio.wait_for(_until_all_is_known(desk, folder), 300)
        while goes_on(len(past)):
            past.append(hand.act())
            soaked.done[past[-1]] = soaked.done.get(past[-1], 0) + 1
            if hand.chance.random() < 0.3:
                await asyncio.sleep(hand.chance.random() * 0.2)
            if hand.chance.random() < 0.4:
                continue  # typing goes on
            found, wanted = await _told(desk), _fresh(folder, hand.open)
            if found != wanted:
                told = "\n".join(sorted(map(str, set(wanted) ^ set(found))))
                raise AssertionError(
                    f"seed {seed}, after {len(past)} edits, at last {past[-5:]}:\n{told}\n{desk.messages}"
                )
            soaked.compared += 1
            soaked.findings += len(found)
            soaked.memory.append(_memory(desk))
    return soaked


async def _until_all_is_known(desk: Editor, folder: Path) -> None:
    """Wait for the first check of all files: while that takes its time, the server tells of what is open only."""
    wanted = _fresh(folder, {})
    while await _told(desk) != wanted:
        await asyncio.sleep(0.1)


Told = tuple[str, str, str, str, str]


async def _told(desk: Editor) -> list[Told]:
    report = await asyncio.wait_for(desk.client.workspace_diagnostic_async(types.WorkspaceDiagnosticParams([])), 120)
    return sorted(
        _said(each.uri, diagnostic)
        for each in report.items
        if isinstance(each, types.WorkspaceFullDocumentDiagnosticReport)
        for diagnostic in each.items
    )


def _fresh(folder: Path, texts: dict[Path, str]) -> list[Told]:
    unsaved = {path: text.encode() for path, text in texts.items()}
    paths = [folder, *sorted(path for path in unsaved if not path.exists())]
    report = check(paths, Hierarchy(command_line(select=(), ignore=()), start=folder), unsaved=unsaved)
    assert not report.errors, report.errors
    codec = PositionCodec(types.PositionEncodingKind.Utf16)
    translator = Translator(codec, report.source, lambda place: uri_of(place.path), pages.uri)
    return sorted(_said(uri_of(found.place.path), translator.diagnostic(found)) for found in report.findings)


def _said(uri: str, diagnostic: types.Diagnostic) -> Told:
    trail = [
        (each.location.uri, str(each.location.range), each.message) for each in diagnostic.related_information or []
    ]
    return uri, str(diagnostic.range), str(diagnostic.code), diagnostic.message, str(trail)


def _position(text: str, offset: int) -> types.Position:
    """As the protocol counts: lines end with a line feed, a carriage return or both, columns are UTF-16 units."""
    before = text[:offset].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return types.Position(len(before) - 1, len(before[-1].encode("utf-16-le")) // 2)


def _memory(desk: Editor) -> int:
    status = Path(f"/proc/{desk.process}/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS")), 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for number, folder in enumerate(options.folders):
        with tempfile.TemporaryDirectory() as copy:
            shutil.copytree(folder, copy, dirs_exist_ok=True, ignore_dangling_symlinks=True)
            goes_on = _until(time.monotonic() + options.seconds / len(options.folders))
            soaked = asyncio.run(soak(Path(copy).resolve(), options.seed + number, goes_on))
            memory = soaked.memory or [0]
            print(
                f"{folder.name}: {sum(soaked.done.values())} edits, compared {soaked.compared} times, "
                f"{soaked.findings} findings; memory {memory[0] // 1024} to {memory[-1] // 1024} MiB; {soaked.done}",
                flush=True,
            )


def _until(end: float) -> Callable[[int], bool]:
    return lambda edits: time.monotonic() < end


if __name__ == "__main__":
    main()
