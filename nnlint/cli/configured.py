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


def format_for(named: str | None, settings: Hierarchy, path: Path) -> str:
    """The format that an option names, else the settings of a path. Raises `Problem` when there is no such format."""
    if named is not None:
        return named
    from nnlint.catalog import did_you_mean, nearest

    own = settings.around(path)
    layer = own.layer_of("output-format")
    if layer is None:
        return "full"
    said = str(layer.get("output-format"))
    known = _formats()
    if said not in known:
        raise Problem(
            f"{layer.origin('output-format')}: `output-format`: unknown format `{said}`"
            + (did_you_mean(nearest(said, known)) or f", there are {', '.join(known)}")
        )
    return said


def _formats() -> list[str]:
    """Those that `nnlint check --output-format` takes."""
    for option in click.get_current_context().command.params:
        if option.name == "output_format" and isinstance(option.type, click.Choice):
            return [str(choice) for choice in option.type.choices]
    return ["full"]


def _by_pattern(mappings: Iterable[str]) -> dict[str, list[str]]:
    """Given `tests/*:NN101` and `tests/*:NN2`, the two rules under the pattern."""
    found: dict[str, list[str]] = {}
    for mapping in mappings:
        pattern, separator, rule = mapping.rpartition(":")
        if not separator or not pattern or not rule:
            raise click.UsageError(f"--per-file-ignores takes PATTERN:RULE, not `{mapping}`")
        found.setdefault(pattern.strip(), []).append(rule.strip())
    return found
