"""The settings that a command runs with: those of files, and over them those of its options."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nnlint.cli.options import words
from nnlint.cli.problems import Problem, existing

if TYPE_CHECKING:
    from nnlint.config import Hierarchy

OPTIONS = (
    "select",
    "extend_select",
    "ignore",
    "exclude",
    "extend_exclude",
    "per_file_ignores",
    "min_confidence",
    "config",
    "isolated",
)
"""The options of `rule_options`, which `configured` takes."""


def configured(options: dict[str, Any], start: Path) -> Hierarchy:
    """The settings by file; the options that are about them are taken out of `options`.

    Options may name the rules that the configuration around `start` brings along.
    """
    from nnlint.config import Hierarchy, command_line

    own = {name: options.pop(name, None) for name in OPTIONS}
    config, isolated = own.pop("config"), own.pop("isolated")
    if config and isolated:
        raise click.UsageError("--config names a file, and --isolated says that none is read")
    confidence, by_file = own.pop("min_confidence"), own.pop("per_file_ignores") or ()
    over = command_line(
        **{name: words(values or ()) for name, values in own.items()},
        per_file_ignores=_by_pattern(words(by_file)),
        min_confidence=confidence,
    )
    return Hierarchy(over, existing(config) if config else None, isolated=bool(isolated), start=start)


def format_for(settings: Hierarchy, path: Path) -> str:
    """The format that the settings of a path name, by default `full`. Raises `Problem` when there is no such format."""
    from nnlint.catalog import did_you_mean, nearest
    from nnlint.report.formats import FORMATS

    own = settings.around(path)
    layer = own.layer_of("output-format")
    if layer is None:
        return "full"
    said = str(layer.get("output-format"))
    if said not in FORMATS:
        raise Problem(
            f"{layer.origin('output-format')}: `output-format`: unknown format `{said}`"
            + (did_you_mean(nearest(said, list(FORMATS))) or f", there are {', '.join(FORMATS)}")
        )
    return said


def _by_pattern(mappings: Iterable[str]) -> dict[str, list[str]]:
    """Given `tests/*:NN101` and `tests/*:NN2`, the two rules under the pattern."""
    found: dict[str, list[str]] = {}
    for mapping in mappings:
        pattern, separator, rule = mapping.rpartition(":")
        if not separator or not pattern or not rule:
            raise click.UsageError(f"--per-file-ignores takes PATTERN:RULE, not `{mapping}`")
        found.setdefault(pattern.strip(), []).append(rule.strip())
    return found
