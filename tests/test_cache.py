"""What is kept between runs: a run that finds it prints what a run without it prints, and does less."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sessions import MODEL, TRAIN

NAMED = ("LC_ALL", "PATH", "HOME", "PYTHONPATH", "TMPDIR", "SYSTEMROOT")
ENVIRONMENT = {name: os.environ[name] for name in NAMED if name in os.environ}
WATCHED = """\
import sys
from nnlint import engine
from nnlint.cli import main
from nnlint.judging import Judge
done = []
judge = Judge.judge
def watched(self, witness, piece):
    done.append(f"{piece.target} {piece.is_rest}")
    return judge(self, witness, piece)
Judge.judge = watched
try:
    main()
finally:
    print(*done, sep="\\n", file=sys.stderr)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    for name, text in {
        "pyproject.toml": "[tool.nnlint]\n",
        "model.py": MODEL,
        "train.py": TRAIN,
        "other.py": "import torch\n\nprint(torch.zeros(3))\n",
    }.items():
        (project / name).write_text(text, encoding="utf-8")
    for path in project.iterdir():  # a file that was changed just now is looked into, whatever its time says
        os.utime(path, (1_000_000_000, 1_000_000_000))
    return project


def nnlint(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return _python(["-m", "nnlint", *arguments], cwd, environment)


def pieces(*arguments: str, cwd: Path, **environment: str) -> list[str]:
    """The pieces of work that are done, as `train.py False`."""
    return _python(["-c", WATCHED, "--workers", "1", *arguments], cwd, environment).stderr.split("\n")[:-1]


def _python(command: list[str], cwd: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    environment = {**ENVIRONMENT, **environment}
    return subprocess.run(
        [sys.executable, *command], cwd=cwd, capture_output=True, text=True, env=environment, check=False
    )


def answers(folder: Path) -> list[Path]:
    return list((folder / ".nnlint_cache" / "answers").glob("*"))


def test_the_same_question_gets_the_same_answer_without_any_work(folder: Path) -> None:
    first = nnlint(cwd=folder)
    again = _python(["-X", "importtime", "-m", "nnlint"], folder, {})
    assert (again.returncode, again.stdout) == (1, first.stdout)
    assert "NN101" in first.stdout
    imported = {line.rpartition("|")[2].strip() for line in again.stderr.split("\n")}
    assert "nnlint.cache.answers" in imported
    assert not imported & {"libcst", "rich", "click", "nnlint.engine", "nnlint.catalog", "nnlint.events"}


def test_a_copy_keeps_the_cache_out_of_version_control_and_backups(folder: Path) -> None:
    nnlint(cwd=folder)
    cache = folder / ".nnlint_cache"
    assert (cache / ".gitignore").read_text() == "*\n"
    assert (cache / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55\n")


def _edited(name: str, old: str, new: str) -> Callable[[Path], object]:
    def edit(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new))

    return edit


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


CHANGES: dict[str, Callable[[Path], object]] = {
    "the file": _edited("model.py", "F.softmax(self.head(x), dim=1)", "self.head(x)"),
    "a comment in the file": _edited(
        "model.py", "import torch.nn.functional as F", "# more\nimport torch.nn.functional as F"
    ),
    "a new file": lambda folder: (folder / "new.py").write_text("import torch\nprint 'old'\n"),
    "a file less": lambda folder: (folder / "model.py").unlink(),
    "the configuration": lambda folder: (folder / "pyproject.toml").write_text("[tool.nnlint]\nignore = ['NN101']\n"),
    "another configuration": lambda folder: (folder / "nnlint.toml").write_text("ignore = ['NN101']\n"),
    "a .gitignore": lambda folder: (folder / ".gitignore").write_text("model.py\ntrain.py\n"),
    "a package in the place of a module": lambda folder: (folder / "model.py").rename(
        _made(folder / "model") / "__init__.py"
    ),
    "a file that is unreadable": _edited("train.py", "import torch\n", "import torch\nprint 'old'\n"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_what_changes_is_seen(folder: Path, change: Callable[[Path], object]) -> None:
    before = nnlint("--output-format", "json", cwd=folder)
    change(folder)
    after = nnlint("--output-format", "json", cwd=folder)
    anew = nnlint("--output-format", "json", "--no-cache", cwd=folder)
    assert (after.stdout, after.stderr, after.returncode) == (anew.stdout, anew.stderr, anew.returncode)
    assert after.stdout != before.stdout


def test_a_quick_edit_of_the_same_length_is_seen(folder: Path) -> None:
    (folder / "model.py").write_text(MODEL)
    nnlint(cwd=folder)
    stamp = (folder / "model.py").stat()
    (folder / "model.py").write_text(MODEL.replace("softmax", "dropout"))
    os.utime(folder / "model.py", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # within what a clock tells apart
    assert "NN101" not in nnlint(cwd=folder).stdout


def test_where_times_say_nothing_contents_do(folder: Path) -> None:
    nnlint(cwd=folder)
    stamp = (folder / "model.py").stat()
    (folder / "model.py").write_text(MODEL.replace("softmax", "dropout"))
    os.utime(folder / "model.py", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert "NN101" not in nnlint(cwd=folder, CI="true").stdout


def test_only_what_rests_on_a_change_is_done_again(folder: Path) -> None:
    assert pieces(cwd=folder) == [f"{name}.py {rest}" for rest in (False, True) for name in ("model", "other", "train")]
    (folder / "other.py").write_text("import torch\n\nprint(torch.ones(3))\n")
    assert pieces(cwd=folder) == ["other.py False", "other.py True"]
    (folder / "model.py").write_text(MODEL.replace("dim=1", "dim=-1"))
    assert "train.py False" in pieces(cwd=folder)


def test_a_name_that_a_package_has_from_another_module_now_is_looked_at_again(folder: Path) -> None:
    stars = "if TYPE_CHECKING:\n    from .one import *\n    from .two import *\n"
    good = MODEL.replace("return F.softmax(self.head(x), dim=1)", "F.softmax(x, dim=1)\n        return self.head(x)")
    made = {
        "net/__init__.py": "from typing import TYPE_CHECKING\n" + stars,
        "net/one.py": MODEL,
        "net/two.py": good.replace("Net", "Other"),
        "train.py": TRAIN.replace("from model import", "from net import"),
    }
    (folder / "net").mkdir()
    for name, text in made.items():
        (folder / name).write_text(text)
    assert "NN101" in nnlint(cwd=folder).stdout
    (folder / "net" / "two.py").write_text(good)
    assert "NN101" not in nnlint(cwd=folder).stdout


def test_a_copied_folder_is_another_one(folder: Path) -> None:
    nnlint(cwd=folder)
    copy = folder.parent / "copy"
    shutil.copytree(folder, copy)
    (copy / "model.py").write_text(MODEL.replace("F.softmax(self.head(x), dim=1)", "self.head(x)"))
    assert "NN101" in nnlint(cwd=folder).stdout
    assert "NN101" not in nnlint(cwd=copy).stdout


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"{}\n1 []", b"\xff\xfe", b'{"looks": [0, {}, {}, {}, {}]}'])
def test_a_cache_that_is_damaged_is_as_none(folder: Path, damage: bytes) -> None:
    first = nnlint(cwd=folder)
    for file in (folder / ".nnlint_cache").glob("*/*"):
        file.write_bytes(damage)
    again = nnlint(cwd=folder)
    assert (again.returncode, again.stdout, again.stderr) == (first.returncode, first.stdout, "")


def test_what_is_cut_off_is_as_none(folder: Path) -> None:
    first = nnlint(cwd=folder)
    for file in (folder / ".nnlint_cache").glob("*/*"):
        file.write_bytes(file.read_bytes()[:-40])
    again = nnlint(cwd=folder)
    assert (again.returncode, again.stdout, again.stderr) == (first.returncode, first.stdout, "")


def test_files_are_written_again(folder: Path) -> None:
    asked = ("--output-format", "concise,json:found.json")
    first = nnlint(*asked, cwd=folder)
    written = (folder / "found.json").read_text()
    (folder / "found.json").unlink()
    assert nnlint(*asked, cwd=folder).stdout == first.stdout
    assert (folder / "found.json").read_text() == written
    assert json.loads(written)[0]["code"] == "NN101"


@pytest.mark.parametrize("environment", [{"NNLINT_NO_CACHE": "1"}, {}])
def test_without_a_cache_nothing_is_written(folder: Path, environment: dict[str, str]) -> None:
    nnlint(*([] if environment else ["--no-cache"]), cwd=folder, **environment)
    assert not (folder / ".nnlint_cache").exists()


@pytest.mark.parametrize("environment", [{"NNLINT_CACHE_DIR": "../elsewhere"}, {}])
def test_the_cache_can_be_elsewhere(folder: Path, environment: dict[str, str]) -> None:
    nnlint(*([] if environment else ["--cache-dir", "../elsewhere"]), cwd=folder, **environment)
    assert not (folder / ".nnlint_cache").exists()
    assert (folder.parent / "elsewhere" / "answers").is_dir()


def test_a_cache_that_can_not_be_written_costs_nothing(folder: Path) -> None:
    (folder / ".nnlint_cache").write_text("a file")
    done = nnlint(cwd=folder)
    assert (done.returncode, done.stderr) == (1, "")


def test_the_cache_lies_at_the_root_of_the_project(folder: Path) -> None:
    (folder / "below").mkdir()
    nnlint("../train.py", cwd=folder / "below")
    assert (folder / ".nnlint_cache").is_dir()


def test_other_words_and_other_terminals_are_other_questions(folder: Path) -> None:
    plain = nnlint(cwd=folder)
    coloured = nnlint(cwd=folder, FORCE_COLOR="1")
    assert "\x1b[" in coloured.stdout
    assert nnlint(cwd=folder).stdout == plain.stdout
    assert nnlint("--select", "NN2", cwd=folder).stdout != plain.stdout


def test_what_is_said_on_standard_error_is_said_again(folder: Path) -> None:
    (folder / "train.py").unlink()
    first = nnlint("--verbose", cwd=folder)
    assert first.stderr
    assert nnlint("--verbose", cwd=folder).stderr
    assert not answers(folder)


def test_clean_deletes_the_cache(folder: Path) -> None:
    nnlint(cwd=folder)
    done = nnlint("clean", cwd=folder)
    assert (done.returncode, done.stdout) == (0, ".nnlint_cache: deleted\n")
    assert not (folder / ".nnlint_cache").exists()
    assert nnlint("clean", cwd=folder).stdout == "there is no cache\n"


def test_clean_leaves_alone_what_is_no_cache(folder: Path) -> None:
    (folder / "data").mkdir()
    done = nnlint("clean", "--cache-dir", "data", cwd=folder)
    told = "nnlint: `data` is no cache of nnlint: it is left alone\n"
    assert (done.returncode, done.stderr) == (2, told)
    assert (folder / "data").is_dir()


def test_two_runs_at_once_do_each_other_no_harm(folder: Path) -> None:
    command = [sys.executable, "-m", "nnlint"]
    running = [
        subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT)
        for _ in range(3)
    ]
    told = {run.communicate() for run in running}
    assert len(told) == 1
    assert nnlint(cwd=folder).stdout.encode() == told.pop()[0]
