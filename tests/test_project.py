"""The root of a project, and the Python files that are its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnlint.program.patterns import Patterns
from nnlint.program.project import LeavesOut, find_root, python_files
from tests.trees import tree

# --- the root ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("marker", ["pyproject.toml", "setup.cfg", "setup.py", ".git"])
def test_the_root_is_the_nearest_folder_with_a_project_file(tmp_path: Path, marker: str) -> None:
    tree(tmp_path, "inner/pkg/__init__.py", "inner/pkg/net.py", f"inner/{marker}")
    assert find_root(tmp_path / "inner/pkg/net.py") == tmp_path / "inner"
    assert find_root(tmp_path / "inner/pkg") == tmp_path / "inner"


def test_without_a_project_file_the_root_holds_the_top_package(tmp_path: Path) -> None:
    tree(tmp_path, "a/pkg/__init__.py", "a/pkg/sub/__init__.py", "a/pkg/sub/net.py", "b/train.py")
    (tmp_path / "pyproject.toml").unlink()
    assert find_root(tmp_path / "a/pkg/sub/net.py") == tmp_path / "a"
    assert find_root(tmp_path / "b/train.py") == tmp_path / "b"


# --- the files -----------------------------------------------------------------------------------------------------


def names(root: Path, *exclude: str) -> list[str]:
    return [path.relative_to(root).as_posix() for path in python_files([root], leaving_out(root, *exclude))]


def leaving_out(root: Path, *exclude: str) -> LeavesOut:
    patterns = Patterns(str(root), exclude)
    return lambda path, is_folder: patterns.match(path, is_folder) is not None


def test_python_files_are_found_below_folders_in_order(tmp_path: Path) -> None:
    tree(tmp_path, "b.py", "a/z.py", "a/b/c.py", "a.py", "notes.md", "data.pyc")
    assert names(tmp_path) == ["a/b/c.py", "a/z.py", "a.py", "b.py"]


@pytest.mark.parametrize(
    "folder",
    [".git", "__pycache__", ".venv", "venv", "node_modules", ".tox", ".nox", "build", "dist", "x.egg-info", ".hidden"],
)
def test_folders_of_others_are_skipped(tmp_path: Path, folder: str) -> None:
    tree(tmp_path, "train.py", f"{folder}/x.py", f"deep/{folder}/y.py")
    assert names(tmp_path) == ["train.py"]


def test_a_skipped_folder_that_is_named_is_looked_into(tmp_path: Path) -> None:
    tree(tmp_path, "build/x.py")
    assert python_files([tmp_path / "build"]) == [tmp_path / "build/x.py"]


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("third_party/", ["a/third.py", "train.py"]),
        ("third*", ["train.py"]),
        ("/a", ["third_party/x.py", "train.py"]),
        ("a/*.py", ["third_party/x.py", "train.py"]),
    ],
)
def test_patterns_are_those_of_gitignore_relative_to_the_root(tmp_path: Path, pattern: str, left: list[str]) -> None:
    tree(tmp_path, "train.py", "a/third.py", "third_party/x.py")
    assert names(tmp_path, pattern) == left


def test_patterns_count_from_the_root_when_a_folder_below_is_named(tmp_path: Path) -> None:
    tree(tmp_path, "a/b/x.py", "a/y.py")
    assert python_files([tmp_path / "a"], leaving_out(tmp_path, "a/b/")) == [tmp_path / "a/y.py"]


def test_a_named_file_is_taken_whatever_is_excluded(tmp_path: Path) -> None:
    tree(tmp_path, "a/x.py", "a/script")
    named = [tmp_path / "a/x.py", tmp_path / "a/script", tmp_path / "a/missing.py"]
    assert python_files(named, leaving_out(tmp_path, "a/")) == sorted(named)


def test_a_file_is_taken_once(tmp_path: Path) -> None:
    tree(tmp_path, "a/x.py")
    assert python_files([tmp_path, tmp_path / "a", tmp_path / "a/x.py"]) == [tmp_path / "a/x.py"]


def test_loops_of_links_end(tmp_path: Path) -> None:
    tree(tmp_path, "a/x.py")
    (tmp_path / "a/loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / "gone.py").symlink_to(tmp_path / "nowhere.py")
    assert names(tmp_path) == ["a/x.py"]


def test_the_real_file_comes_before_links_to_it(tmp_path: Path) -> None:
    tree(tmp_path, "real/x.py")
    (tmp_path / "alias").symlink_to(tmp_path / "real", target_is_directory=True)
    (tmp_path / "a.py").symlink_to(tmp_path / "real/x.py")
    assert names(tmp_path) == ["real/x.py"]


def test_links_lead_out_of_the_folder(tmp_path: Path) -> None:
    tree(tmp_path / "one", "train.py")
    tree(tmp_path / "other", "net.py")
    (tmp_path / "one/lib").symlink_to(tmp_path / "other", target_is_directory=True)
    assert names(tmp_path / "one") == ["lib/net.py", "train.py"]
