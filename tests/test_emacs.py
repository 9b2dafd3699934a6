"""The language server in a real Emacs, with eglot."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.sessions import EDITORS, play, project

SCRIPT = EDITORS / "session.el"


def _has_eglot() -> bool:
    if shutil.which("emacs") is None:
        return False
    command = ["emacs", "-Q", "--batch", "-l", str(SCRIPT)]  # which does nothing without a folder
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not _has_eglot(), reason="Emacs with eglot is not installed")
def test_a_finding_across_files_comes_and_goes_and_is_fixed_and_unfixed_in_emacs(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    said = play(["emacs", "-Q", "--batch", "-l", str(SCRIPT)], project(tmp_path / "project"))
    assert "seen: it comes back again" in said
