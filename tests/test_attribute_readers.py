"""Who may read an attribute, asked again and again while files are edited."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnlint.program.program import Program

NET = "import torch\nclass Net(torch.nn.Module):\n    def __init__(self):\n        self.kept = 1\n"
USER = "import torch\nfrom net import Net\ndef use(net):\n    return {}\n"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    found = {"net": tmp_path / "net.py", "user": tmp_path / "user.py"}
    found["net"].write_text(NET, encoding="utf-8")
    found["user"].write_text(USER.format("net"), encoding="utf-8")
    return found


def asked(files: dict[str, Path]) -> tuple[Program, Path]:
    program = Program(files.values(), root=files["net"].parent)
    assert not program.readers.may_read(files["net"], "Net", "kept")
    return program, files["net"]


@pytest.mark.parametrize("use", ["net.kept", "getattr(net, 'ke' + 'pt')", "net.child.kept", "(net"])
def test_what_an_edit_reads_is_known(files: dict[str, Path], use: str) -> None:
    program, net = asked(files)
    text = USER.format(use) + ("# .kept" if use == "(net" else "")
    assert program.update({files["user"]: text.encode()}) == {files["user"]}
    assert program.readers.may_read(net, "Net", "kept")


def test_what_an_edit_reads_no_more_is_known(files: dict[str, Path]) -> None:
    program, net = asked(files)
    program.update({files["user"]: USER.format("net.kept").encode()})
    assert program.readers.may_read(net, "Net", "kept")
    program.update({files["user"]: USER.format("net.other").encode()})
    assert not program.readers.may_read(net, "Net", "kept")


def test_an_heir_that_an_edit_makes_is_known(files: dict[str, Path]) -> None:
    program, net = asked(files)
    heir = "class Other(Net):\n    def forward(self):\n        return self.kept\n"
    program.update({files["user"]: (USER.format("net") + heir).encode()})
    assert program.readers.may_read(net, "Net", "kept")


def test_an_edit_that_reads_the_same_has_no_other_file_asked_again(
    files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    program, net = asked(files)
    monkeypatch.setattr(program.readers, "_look_at", lambda root: pytest.fail("asked again"))
    assert program.update({files["user"]: (USER.format("net") + "x = 1\n").encode()}) == {files["user"]}
    assert not program.readers.may_read(net, "Net", "kept")
