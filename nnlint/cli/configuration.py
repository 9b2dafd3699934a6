"""`nnlint config`: what holds for a path, and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nnlint.cli.options import rule_options
from nnlint.cli.problems import CLEAN, clear_errors, existing

if TYPE_CHECKING:
    from nnlint.config.explaining import Explanation


@click.command()
@click.argument("path", default=".", metavar="[PATH]")
@rule_options
@click.option("--output-format", type=click.Choice(["full", "json"]), default="full", show_default=True)
@click.option("--schema", is_flag=True, help="Print the JSON schema of a configuration instead.")
def config(path: str, output_format: str, schema: bool, **options: Any) -> int:
    """Show what holds for a file or folder, and where that was said."""
    from nnlint.cli.configured import configured
    from nnlint.config import explaining, keys

    if schema:
        print(json.dumps(keys.schema(), indent=2))
        return CLEAN
    with clear_errors():
        explanation = explaining.explain(existing(path), configured(options, Path(path)))
    if output_format == "json":
        print(json.dumps(explaining.as_json(explanation), indent=2, ensure_ascii=False))
    else:
        _show(explanation)
    return CLEAN


def _show(explanation: Explanation) -> None:
    exclusion = explanation.exclusion
    print(f"{explanation.path}")
    print(f"  configuration: {', '.join(explanation.files) or 'none, the defaults hold'}")
    left_out = f"no: left out by `{exclusion.pattern}` ({exclusion.origin})" if exclusion is not None else "yes"
    print(f"  checked: {left_out}")
    print("\nsettings")
    width = max(len(each.key) for each in explanation.said)
    for each in explanation.said:
        print(f"  {each.key:<{width}}  {json.dumps(each.value, ensure_ascii=False)}  ({each.origin})")
    on = [rule for rule in explanation.rules if explanation.is_on(rule)]
    print(f"\nrules: {len(on)} of {len(explanation.rules)} are on")
    changed = [rule for rule in explanation.rules if not explanation.is_as_usual(rule)]
    print("  all as by default" if not changed else "  other than by default:")
    for rule in changed:
        state = (rule.severity or rule.entry.severity).value if explanation.is_on(rule) else "off"
        print(f"  {rule.entry.code}  {rule.entry.name}  {state}  ({'; '.join(explanation.because(rule))})")
