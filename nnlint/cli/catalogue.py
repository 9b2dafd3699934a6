"""The commands that show the rules."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nnlint.cli.problems import clear_errors

if TYPE_CHECKING:
    from nnlint.catalog import Entry


@click.command()
@click.argument("rule", metavar="CODE|NAME")
def explain(rule: str) -> None:
    """Show the page of a rule."""
    from nnlint import catalog

    with clear_errors():
        _take_in_own_rules()
        entry = catalog.find(rule)
        text = entry.page.markdown(f"{entry.code} {entry.name}")
    if not (sys.stdout.isatty() or os.environ.get("FORCE_COLOR")):
        print(text, end="")
        return
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console()
    console.print(Markdown(text), width=min(console.width, 100))


@click.command()
@click.option("--output-format", type=click.Choice(["full", "json"]), default="full", show_default=True)
def rules(output_format: str) -> None:
    """List the rules."""
    from nnlint import catalog

    with clear_errors():
        _take_in_own_rules()
        rows = [_described(entry) for entry in catalog.entries()]
    if output_format == "json":
        import json

        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    shown = [
        (row["code"], row["name"], row["severity"], "" if row["default"] else "on request", row["summary"])
        for row in rows
    ]
    widths = [max(len(row[column]) for row in shown) for column in range(4)]
    for row in shown:
        print("  ".join([*(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False) if width), row[4]]))


def _take_in_own_rules() -> None:
    """The configuration here may bring rules along."""
    from nnlint.config import load

    load(Path.cwd())


def _described(entry: Entry) -> dict[str, Any]:
    return {
        "code": entry.code,
        "name": entry.name,
        "severity": entry.severity.value,
        "default": entry.enabled,
        "recipe": entry.recipe,
        "fix": entry.fix.value if entry.fix else None,
        "summary": entry.page.summary,
    }
