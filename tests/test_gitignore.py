"""What .gitignore files leave out; git itself is the oracle."""

import os
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlint.program.gitignore import GitIgnore
from nnlint.program.project import python_files

PATHS = (
    "train.py",
    "a/x.py",
    "a/b/x.py",
    "a/b/c/y.py",
    "ab/x.py",
    "abc.py",
    "a b/x y.py",
    "a/[x].py",
    "build/gen.py",
    "keep/gen.py",
    "é/x.py",
    "a/!x.py",
    "#x.py",
    "a/x.py ",
)


def repository(folder: Path, files: dict[str, str]) -> Path:
    subprocess.run(["git", "init", "-q", folder], check=True)
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    for name in PATHS:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return folder


def ignored_by_git(folder: Path) -> set[str]:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "XDG_CONFIG_HOME": os.devnull}
    done = subprocess.run(
        ["git", "check-ignore", "--no-index", "-z", "--stdin"],
        input="\0".join(PATHS).encode(),
        cwd=folder,
        env=environment,
        capture_output=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return {name for name in os.fsdecode(done.stdout).split("\0") if name}


def ignored_by_us(folder: Path) -> set[str]:
    ignore = GitIgnore()
    return {name for name in PATHS if ignore.within(str(folder / name), False) is not None}


HARD = {
    "a name anywhere": "x.py\n",
    "a folder": "a/\n",
    "a folder's pattern is not for files": "x.py/\n",
    "anchored": "/x.py\n/a\n",
    "anchored by a slash within": "a/x.py\n",
    "a slash within and behind": "a/b/\n",
    "negation": "*.py\n!train.py\n",
    "the last counts": "!train.py\n*.py\n",
    "what is in a folder left out stays out": "a/\n!a/x.py\n",
    "all but one folder": "/*\n!/a/\n",
    "all but one folder deeper": "/*\n!/a\n/a/*\n!/a/b\n",
    "two stars before": "**/x.py\n",
    "two stars behind": "a/**\n",
    "two stars between": "a/**/y.py\n",
    "two stars for no folder": "a/**/x.py\n",
    "two stars in a word": "a**/x.py\n",
    "two stars behind a word": "a/b**/y.py\n",
    "three stars": "a/***/y.py\n",
    "a star does not pass a slash": "a/*.py\n",
    "a question mark": "a?\n?/x.py\n",
    "one byte a question mark": "??/x.py\n",
    "a bracket": "[ab]/x.py\n",
    "a negated bracket": "[!a]*.py\n",
    "a range": "[a-c]bc.py\n",
    "a class": "[[:alpha:]]bc.py\n",
    "an unknown class": "[[:word:]]bc.py\n",
    "an unclosed bracket": "[abc.py\n",
    "a bracket that is escaped": "\\[x].py\n",
    "a bracket in a bracket": "[]a]bc.py\n",
    "a comment": "#x.py\n",
    "a mark that is escaped": "\\#x.py\n\\!x.py\n",
    "spaces at the end": "train.py   \n",
    "a space that is escaped": "x.py\\ \n",
    "lines of Windows": "train.py\r\na/\r\n",
    "only a slash": "/\n",
    "two slashes": "a//\n",
    "a backslash at the end": "train.py\\\n",
    "an empty negation": "!\n*.py\n",
    "a mark at the start": "\ufefftrain.py\n",
    "beyond ASCII": "é/\n",
}


@pytest.mark.parametrize("text", HARD.values(), ids=HARD.keys())
def test_a_hard_pattern_means_what_it_means_to_git(tmp_path: Path, text: str) -> None:
    folder = repository(tmp_path, {".gitignore": text})
    assert ignored_by_us(folder) == ignored_by_git(folder)


NESTED: dict[str, dict[str, str]] = {
    "the nearer file counts": {".gitignore": "*.py\n", "a/.gitignore": "!x.py\n"},
    "a file speaks of what is below it": {"a/.gitignore": "/x.py\n/b\n"},
    "a file in a folder left out is not asked": {".gitignore": "a/\n", "a/.gitignore": "!x.py\n"},
    "a file takes back a folder": {".gitignore": "b/\n", "a/.gitignore": "!b/\n"},
    "what the repository keeps to itself": {".git/info/exclude": "x.py\n", "a/.gitignore": "!x.py\n"},
    "a negation of what the repository keeps to itself": {".git/info/exclude": "a/\n", ".gitignore": "!a/\n"},
}


@pytest.mark.parametrize("files", NESTED.values(), ids=NESTED.keys())
def test_nested_files_mean_what_they_mean_to_git(tmp_path: Path, files: dict[str, str]) -> None:
    folder = repository(tmp_path, files)
    assert ignored_by_us(folder) == ignored_by_git(folder)


_PARTS = st.sampled_from(
    ["a", "b", "c", "x", "y", ".py", "*", "**", "/", "?", "!", "[ab]", "[!a]", "[a-c]", "\\", " ", "build", "é", "***"]
)
_LINES = st.lists(st.lists(_PARTS, min_size=1, max_size=6).map("".join), min_size=1, max_size=5)


@settings(max_examples=60, deadline=None)
@given(top=_LINES, below=_LINES)
def test_any_patterns_mean_what_they_mean_to_git(top: list[str], below: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        files = {".gitignore": "\n".join(top), "a/.gitignore": "\n".join(below)}
        folder = repository(Path(name).resolve(), files)
        assert ignored_by_us(folder) == ignored_by_git(folder)


def walked(folder: Path, start: str = ".") -> set[str]:
    ignore = GitIgnore()
    ignore.enter(os.path.abspath(folder / start))
    found = python_files([folder / start], lambda path, is_folder: ignore.entry(path, is_folder) is not None)
    return {path.relative_to(folder).as_posix() for path in found}


def test_a_folder_that_is_left_out_and_named_is_looked_into(tmp_path: Path) -> None:
    folder = repository(tmp_path, {".gitignore": "a/\n"})
    assert "a/x.py" not in walked(folder)
    assert walked(folder, "a") >= {"a/x.py", "a/b/x.py"}


def test_a_repository_within_does_not_ask_the_one_around(tmp_path: Path) -> None:
    folder = repository(tmp_path, {".gitignore": "x.py\n"})
    subprocess.run(["git", "init", "-q", folder / "a"], check=True)
    assert walked(folder) >= {"a/x.py", "a/b/x.py"}
    assert "ab/x.py" not in walked(folder)


def test_a_linked_work_tree_has_the_patterns_of_its_repository(tmp_path: Path) -> None:
    folder = repository(tmp_path / "main", {".git/info/exclude": "x.py\n"})
    identity = ["-c", "user.name=n", "-c", "user.email=n@example.com"]
    subprocess.run(["git", *identity, "commit", "-q", "--allow-empty", "-m", "first"], cwd=folder, check=True)
    subprocess.run(["git", "worktree", "add", "-q", tmp_path / "tree"], cwd=folder, check=True, capture_output=True)
    (tmp_path / "tree/x.py").touch()
    assert GitIgnore().within(str(tmp_path / "tree/x.py"), False) is not None


def test_without_a_repository_the_files_of_the_project_hold(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / ".gitignore").write_text("gen.py\n")
    (tmp_path / "a").mkdir()
    (tmp_path / "a/gen.py").touch()
    (tmp_path / "train.py").touch()
    assert walked(tmp_path) == {"train.py"}


def test_the_deciding_pattern_is_told(tmp_path: Path) -> None:
    folder = repository(tmp_path, {".gitignore": "# made by hand\n\na/\n"})
    found = GitIgnore().within(str(folder / "a/x.py"), False)
    assert found is not None
    patterns, pattern = found
    assert (patterns.file, pattern.line, pattern.text) == (str(folder / ".gitignore"), 3, "a/")
