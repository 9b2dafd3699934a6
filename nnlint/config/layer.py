"""One layer of a configuration: what one file, or the command line, says."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nnlint import catalog, looks, toml
from nnlint.config.keys import BY_NAME, NAMES, problem, rules_in

PYPROJECT = "pyproject.toml"
OWN = (".nnlint.toml", "nnlint.toml")
FILES = (*OWN, PYPROJECT)
"""Where a configuration may stand, in the order in which the files of one folder are believed."""


class ConfigurationError(Exception):
    """A configuration that can not be followed; a line for each thing that is wrong, with where it stands."""


@dataclass(frozen=True, slots=True)
class Layer:
    """Values by key, checked. Paths and patterns are relative to `base`; `file` is empty for the command line."""

    values: Mapping[str, Any]
    base: Path
    file: str = ""
    lines: Mapping[str, int] = field(default_factory=dict)

    def get(self, key: str) -> Any:
        return self.values.get(key)

    def origin(self, key: str) -> str:
        """Where the layer says something of a key, for the reader."""
        if not self.file:
            return f"--{key}"
        return f"{self.file}:{self.lines[key]}" if key in self.lines else self.file


def read(file: Path) -> Layer | None:
    """What a file says; None for a pyproject.toml that has no table for nnlint. Raises `ConfigurationError`.

    Rules are not looked up yet: the file may say where there are more of them.
    """
    is_shared = file.name == PYPROJECT
    try:
        data = looks.read(file)
        if is_shared and b"nnlint" not in data:
            return None
        text = data.decode("utf-8-sig")
        table = toml.loads(text)
    except (OSError, UnicodeDecodeError, toml.TOMLDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigurationError(f"{shown(file)}: can not be read: {reason}") from error
    if is_shared:
        tool = table.get("tool", {})
        own = tool.get("nnlint") if isinstance(tool, dict) else None
        if own is None:
            return None
        if not isinstance(own, dict):
            raise ConfigurationError(f"{shown(file)}: `tool.nnlint` must be a table")
        table = own
    layer = Layer(table, file.parent, shown(file), _lines(text, "tool.nnlint" if is_shared else ""))
    problems = list(_wrong_keys(layer, " in [tool.nnlint]" if is_shared else ""))
    if problems:
        # what the rest says of rules is told at once, as far as they are known
        known = {key: value for key, value in table.items() if key in BY_NAME and not problem(BY_NAME[key], value)}
        if "rule-paths" not in known and "extend" not in known:
            problems += wrong_rules(Layer(known, layer.base, layer.file, layer.lines))
        raise ConfigurationError("\n".join(problems))
    return layer


def wrong_rules(layer: Layer) -> Iterator[str]:
    """A line for each word that names no rule."""
    for key, value in layer.values.items():
        for word in rules_in(BY_NAME[key], value):
            try:
                catalog.select(word)
            except catalog.UnknownRule as error:
                yield f"{_where(layer, key)}: {error}"


def shown(file: Path) -> str:
    """The path as the user would write it."""
    relative = os.path.relpath(file)
    return str(file) if relative.startswith("..") else relative


def _wrong_keys(layer: Layer, where: str) -> Iterator[str]:
    for key, value in layer.values.items():
        if key not in BY_NAME:
            meant = catalog.did_you_mean(catalog.nearest(key.replace("_", "-"), list(NAMES)))
            yield f"{layer.file}: unknown key `{key}`{where}{meant}"
        elif (wrong := problem(BY_NAME[key], value)) is not None:
            yield f"{_where(layer, key)} {wrong}"


def _where(layer: Layer, key: str) -> str:
    return f"{layer.file}: `{key}`" if layer.file else f"--{key}"


def _lines(text: str, table: str) -> dict[str, int]:
    """The line on which each key of a table stands, where it is written plainly."""
    found: dict[str, int] = {}
    current = ""
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[\s*([^\[\]]+?)\s*\]", line)
        if header:
            current = header[1]
            inner = current.removeprefix(f"{table}." if table else "").split(".")[0]
            if current != table and inner in BY_NAME:
                found.setdefault(inner, number)
        elif current == table and (key := re.match(r"\s*\"?([\w-]+)\"?\s*[.=]", line)) and key[1] in BY_NAME:
            found.setdefault(key[1], number)
    return found
