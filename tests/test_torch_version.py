"""The torch version that a project declares is read from the files in which projects declare it."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnlint.program.program import Program
from nnlint.program.torch_version import declared_torch
from nnlint.values import NEWEST_TORCH, TorchVersion


@pytest.mark.parametrize(
    ("declared", "lowest", "highest"),
    [
        ("torch==1.7.1", (1, 7), (1, 7)),
        ("torch==1.7.1+cu110", (1, 7), (1, 7)),
        ("torch == 1.7.* ; python_version < '3.9'", (1, 7), (1, 7)),
        ("torch>=1.8", (1, 8), NEWEST_TORCH),
        ("torch>=1.8,<2  # tested", (1, 8), (1, 13)),
        ("torch[opt-einsum]~=2.1", (2, 1), NEWEST_TORCH),
        ("torch~=2.1.0", (2, 1), (2, 1)),
        ("torch (>=1.10)", (1, 10), NEWEST_TORCH),
        ("torch<=0.4.1", (0, 0), (0, 4)),
    ],
)
def test_requirements_say_a_range(
    tmp_path: Path, declared: str, lowest: tuple[int, int], highest: tuple[int, int]
) -> None:
    (tmp_path / "requirements.txt").write_text(f"numpy\ntorchvision==0.5\n{declared}\n")
    assert declared_torch(tmp_path) == TorchVersion(lowest, highest)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("pyproject.toml", '[project]\ndependencies = ["numpy", "torch==1.9.0"]'),
        ("pyproject.toml", '[project.optional-dependencies]\ntrain = ["torch ==1.9.*"]'),
        ("pyproject.toml", '[dependency-groups]\ndev = ["torch==1.9.1", {include-group = "x"}]'),
        ("pyproject.toml", '[tool.poetry.dependencies]\ntorch = "~1.9"'),
        ("pyproject.toml", '[tool.poetry.dependencies]\ntorch = {version = "1.9.0", source = "cu"}'),
        ("setup.cfg", "[options]\ninstall_requires =\n    numpy\n    torch==1.9.0\n"),
        ("requirements-train.txt", "torch==1.9.0"),
        ("requirements/gpu.txt", "torch==1.9.0"),
        ("environment.yml", "dependencies:\n  - python=3.8\n  - pytorch=1.9.0=py3.8_cuda\n"),
        ("environment.yaml", "dependencies:\n  - pip:\n    - 'torch==1.9.0'\n"),
        ("uv.lock", '[[package]]\nname = "torch"\nversion = "1.9.0"'),
        ("poetry.lock", '[[package]]\nname = "torch"\nversion = "1.9.0+cu111"'),
        ("Pipfile.lock", '{"default": {"torch": {"version": "==1.9.0"}}}'),
    ],
)
def test_every_kind_of_file_is_understood(tmp_path: Path, file: str, text: str) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(text)
    assert declared_torch(tmp_path) == TorchVersion((1, 9), (1, 9))


@pytest.mark.parametrize(
    "text", ["torch", "torch @ https://example.org/torch.whl", "torchmetrics==1.0", "torch==oops", ""]
)
def test_without_a_version_the_newest_is_assumed(tmp_path: Path, text: str) -> None:
    (tmp_path / "requirements.txt").write_text(text)
    assert declared_torch(tmp_path) == TorchVersion(NEWEST_TORCH, NEWEST_TORCH)


def test_a_lock_file_is_believed_before_a_range(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("torch>=1.4")
    (tmp_path / "uv.lock").write_text('[[package]]\nname = "torch"\nversion = "2.3.1"')
    assert declared_torch(tmp_path) == TorchVersion((2, 3), (2, 3))


@pytest.mark.parametrize("text", ["[[[", "\udcff", '[project]\ndependencies = "torch"', "project = 3"])
def test_a_file_that_can_not_be_read_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    (tmp_path / "requirements.txt").write_text("torch==2.0.1")
    assert declared_torch(tmp_path) == TorchVersion((2, 0), (2, 0))


def test_a_range_is_before_or_since_a_version_only_as_a_whole() -> None:
    declared = TorchVersion((1, 8), (2, 0))
    assert declared.is_since(1, 8)
    assert not declared.is_since(1, 9)
    assert declared.is_before(2, 1)
    assert not declared.is_before(2, 0)


def test_a_program_knows_the_version_of_each_of_its_projects(tmp_path: Path) -> None:
    for name, version in (("old", "1.4"), ("new", "2.6")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "setup.cfg").write_text(f"[options]\ninstall_requires =\n  torch=={version}.0\n")
    program = Program()
    assert program.torch(tmp_path / "old" / "train.py").highest == (1, 4)
    assert program.torch(tmp_path / "new" / "train.py").lowest == (2, 6)
