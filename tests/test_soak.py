"""The language server in a long session."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from tests.soaking import soak

EXAMPLE = Path(__file__).parent.parent / "fixtures" / "example_project"


def test_whatever_is_done_in_the_editor_the_findings_are_those_of_a_fresh_check(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    shutil.copytree(EXAMPLE, folder)
    soaked = asyncio.run(soak(folder, seed=6, goes_on=lambda edits: edits < 60))
    assert soaked.compared > 20
    assert soaked.findings > 100
