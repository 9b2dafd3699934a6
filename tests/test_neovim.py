"""The language server in a real Neovim."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.sessions import EDITORS, play, project


@pytest.mark.skipif(shutil.which("nvim") is None, reason="Neovim is not installed")
def test_a_finding_across_files_comes_and_goes_and_is_fixed_and_unfixed_in_neovim(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    script = EDITORS / "session.lua"
    said = play(
        ["nvim", "--headless", "-u", "NONE", "-n", "-i", "NONE", "-c", f"luafile {script}"],
        project(tmp_path / "project"),
    )
    assert "seen: it comes back again" in said
