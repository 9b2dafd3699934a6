"""The baseline as users meet it: its file and its commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnlint.baseline import file
from nnlint.baseline.content import Content
from tests.test_cli import nnlint

IMPORTS = "import torch\nimport torch.nn.functional as F\n\n\n"
BUG = "F.cross_entropy(F.softmax(x, dim=1), y)"
TRAIN = f"def train(x, y):\n    loss = {BUG}\n    return loss\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text('[tool.nnlint]\nselect = ["NN101"]\n', encoding="utf-8")
    (tmp_path / "train.py").write_text(IMPORTS + TRAIN, encoding="utf-8")
    return tmp_path


# the file


ENTRIES = st.dictionaries(st.builds(Content, *[st.text(max_size=12)] * 4), st.integers(1, 9), max_size=6)


@given(entries=ENTRIES)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, entries: dict[Content, int]) -> None:
    path = tmp_path_factory.mktemp("baseline") / "known.json"
    file.write(path, entries)
    assert file.read(path) == entries


@given(entries=ENTRIES)
def test_the_file_does_not_depend_on_the_order_of_entries(entries: dict[Content, int]) -> None:
    assert file.render(entries) == file.render(dict(reversed(entries.items())))


def test_an_entry_is_one_line() -> None:
    rendered = file.render({Content("a.py", "NN101", "f", "g(x)"): 2, Content("b.py", "NN101", "", "é"): 1})
    assert rendered.splitlines()[3:5] == [
        '    {"path": "a.py", "code": "NN101", "scope": "f", "text": "g(x)", "count": 2},',
        '    {"path": "b.py", "code": "NN101", "scope": "", "text": "é", "count": 1}',
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "is not JSON (line 1)"),
        ("", "is not JSON (line 1)"),
        ("[]", "it has no version"),
        ('{"version": "1"}', "it has no version"),
        ('{"version": 2, "findings": []}', "update nnlint"),
        ('{"version": 1}', "`findings` must be a list"),
        ('{"version": 1, "findings": [3]}', "entry 1 must have path, code, scope, text"),
        (
            '{"version": 1, "findings": [{"path": "a", "code": "b", "scope": "", "text": "", "count": "x"}]}',
            "the count of",
        ),
        ("<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> theirs\n", "holds a merge conflict (line 1)"),
        ("\udcff", "it is not UTF-8"),
    ],
)
@pytest.mark.parametrize("arguments", [["check", "."], ["baseline", "."]])
def test_a_broken_baseline_is_one_clear_line(folder: Path, text: str, told: str, arguments: list[str]) -> None:
    content = text.encode("utf-8", "surrogateescape")
    (folder / "known.json").write_bytes(content)
    done = nnlint(*arguments, "--baseline", "known.json", cwd=folder)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("nnlint: `known.json`")
    assert told in done.stderr
    assert (folder / "known.json").read_bytes() == content


def test_the_same_entry_twice_is_known_once(folder: Path) -> None:
    rendered = file.render({Content("a.py", "NN101", "f", "g(x)"): 2})
    row = rendered.splitlines()[3]
    (folder / "known.json").write_text(rendered.replace(row, f"{row},\n{row}"))
    assert list(file.read(folder / "known.json").values()) == [2]


# the commands


def test_known_findings_are_held_back_and_counted(folder: Path) -> None:
    written = nnlint("baseline", cwd=folder)
    assert (written.returncode, written.stderr) == (0, "")
    assert written.stdout == "nnlint-baseline.json holds 1 known finding in 1 file (1 added)\n"
    done = nnlint("check", "--baseline", "nnlint-baseline.json", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "Found no new problems in 1 file; 1 known finding held back\n"


def test_only_what_is_new_counts(folder: Path) -> None:
    nnlint("baseline", cwd=folder)
    (folder / "new.py").write_text(IMPORTS + TRAIN)
    done = nnlint("check", "--baseline", "nnlint-baseline.json", "--output-format", "concise", cwd=folder)
    assert (done.returncode, done.stdout.count("\n")) == (1, 1)
    assert done.stdout.startswith("new.py:6:12: NN101 ")


def test_what_is_fixed_is_told_and_dropped(folder: Path) -> None:
    nnlint("baseline", cwd=folder)
    (folder / "train.py").write_text(IMPORTS)
    done = nnlint("check", "--baseline", "nnlint-baseline.json", cwd=folder)
    assert done.returncode == 0
    assert done.stderr == "nnlint: 1 known finding is fixed: `nnlint baseline --prune` drops it\n"
    assert "(1 dropped)" in nnlint("baseline", "--prune", cwd=folder).stdout
    assert json.loads((folder / "nnlint-baseline.json").read_text()) == {"version": 1, "findings": []}


def test_pruning_adds_nothing(folder: Path) -> None:
    nnlint("baseline", cwd=folder)
    before = (folder / "nnlint-baseline.json").read_text()
    (folder / "new.py").write_text(IMPORTS + TRAIN)
    assert nnlint("baseline", "--prune", cwd=folder).returncode == 0
    assert (folder / "nnlint-baseline.json").read_text() == before


def test_writing_again_changes_nothing(folder: Path) -> None:
    nnlint("baseline", cwd=folder)
    before = (folder / "nnlint-baseline.json").read_text()
    nnlint("baseline", cwd=folder)
    assert (folder / "nnlint-baseline.json").read_text() == before


def test_writing_for_one_file_keeps_what_is_known_of_others(folder: Path) -> None:
    (folder / "more.py").write_text(IMPORTS + TRAIN)
    nnlint("baseline", cwd=folder)
    before = (folder / "nnlint-baseline.json").read_text()
    nnlint("baseline", "more.py", cwd=folder)
    assert (folder / "nnlint-baseline.json").read_text() == before


def test_a_baseline_that_is_not_there_is_one_clear_line(folder: Path) -> None:
    done = nnlint("check", "--baseline", "known.json", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "nnlint: `known.json` does not exist: `nnlint baseline --baseline known.json` writes it\n"


def test_a_baseline_that_can_not_be_written_is_one_clear_line(folder: Path) -> None:
    done = nnlint("baseline", "--baseline", "nowhere/known.json", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("nnlint: `nowhere/known.json` can not be written: ")


def test_only_new_findings_are_silenced_by_comments(folder: Path) -> None:
    nnlint("baseline", cwd=folder)
    (folder / "new.py").write_text(IMPORTS + TRAIN)
    done = nnlint("check", "--add-ignores", "--baseline", "nnlint-baseline.json", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "nnlint: silenced 1 problem in 1 file\n")
    assert (folder / "train.py").read_text() == IMPORTS + TRAIN
    assert "# nnlint: ignore[NN101]" in (folder / "new.py").read_text()


@pytest.mark.torch
def test_known_findings_are_held_back_from_probes(folder: Path) -> None:
    script = "import torch\nimport torch.nn.functional as F\nx, y = torch.rand(4, 3), torch.tensor([0, 1, 2, 0])\n"
    (folder / "train.py").write_text(f"{script}loss = {BUG}\n")
    nnlint("baseline", cwd=folder)
    for arguments in (["check", "--probe", "."], ["probe", "train.py"]):
        assert nnlint(*arguments, cwd=folder).returncode == 1
        done = nnlint(*arguments, "--baseline", "nnlint-baseline.json", cwd=folder)
        assert done.returncode == 0, done.stderr
        assert "1 known finding held back" in done.stdout
