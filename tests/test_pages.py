"""The examples on the rules' pages show what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnlint import catalog
from nnlint.catalog import Entry
from nnlint.config import Settings
from nnlint.engine import check

RULES = [entry for entry in catalog.entries() if entry.rule is not None]


def codes_in(code: str, folder: Path) -> set[str]:
    """The codes of what is found in a file of `code`; imports that an example takes for granted are added."""
    path = folder / "example.py"
    path.write_text(f"import torch\n{code}", encoding="utf-8")
    return {finding.code for finding in check([path], Settings(select=("all",), root=folder), project=folder).findings}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_the_example_has_the_bug_and_no_other(rule: Entry, tmp_path: Path) -> None:
    assert [codes_in(code, tmp_path) for code in rule.page.code("Example")] == [{rule.code}]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_what_to_write_instead_has_no_bug(rule: Entry, tmp_path: Path) -> None:
    assert [codes_in(code, tmp_path) for code in rule.page.code("Instead")] == [set()]
