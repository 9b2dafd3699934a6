"""Configuration: `[tool.nnlint]` of the nearest pyproject.toml, and what the command line says over it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nnlint import catalog, toml

KEYS = ("select", "ignore", "exclude", "per-file-ignores")


class ConfigurationError(Exception):
    """A configuration that can not be followed; one line that says where and what."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What to look for and where. Patterns are those of .gitignore files, relative to `root`."""

    select: tuple[str, ...] = ("default",)
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    root: Path = Path()

    def codes(self) -> frozenset[str]:
        """The codes of the rules that are wanted. An unreadable file is told of unless it is ignored by code."""
        return frozenset(_codes(self.select) | {"NN000"}) - _codes(self.ignore)

    def codes_ignored_in(self, path: Path) -> frozenset[str]:
        """The codes that `per-file-ignores` silences in the file."""
        if not self.per_file_ignores:
            return frozenset()
        from pathspec import GitIgnoreSpec

        relative = os.path.relpath(path.resolve(), self.root.resolve())
        return frozenset().union(
            *(
                _codes(words)
                for pattern, words in self.per_file_ignores
                if GitIgnoreSpec.from_lines([pattern]).match_file(relative)
            )
        )


def load(start: Path) -> Settings:
    """The settings of the nearest pyproject.toml, upwards of `start`, that has a table for nnlint; else the defaults.

    Raises `ConfigurationError`.
    """
    start = start.resolve()
    for folder in (start, *start.parents):
        file = folder / "pyproject.toml"
        if file.is_file():
            table = _table(file)
            if table is not None:
                return replace(_settings(table, _shown(file)), root=folder)
    return Settings(root=start if start.is_dir() else start.parent)


def override(settings: Settings, select: Sequence[str], ignore: Sequence[str]) -> Settings:
    """The settings with the command line over them.

    `--select` replaces what the file selects and ignores, `--ignore` adds.

    Raises `ConfigurationError`.
    """
    _check_rules(select, "--select")
    _check_rules(ignore, "--ignore")
    if select:
        settings = replace(settings, select=tuple(select), ignore=())
    return replace(settings, ignore=(*settings.ignore, *ignore))


def _table(file: Path) -> dict[str, Any] | None:
    try:
        data = toml.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, toml.TOMLDecodeError) as error:
        raise ConfigurationError(f"{_shown(file)}: can not be read: {error}") from error
    tool = data.get("tool", {})
    table = tool.get("nnlint") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise ConfigurationError(f"{_shown(file)}: `tool.nnlint` must be a table")
    return table


def _settings(table: dict[str, Any], file: str) -> Settings:
    for key in table:
        if key not in KEYS:
            meant = catalog.did_you_mean(catalog.nearest(key.replace("_", "-"), list(KEYS)))
            raise ConfigurationError(f"{file}: unknown key `{key}` in [tool.nnlint]{meant}")
    settings = Settings()
    if "select" in table:
        settings = replace(settings, select=_rules(table["select"], file, "select"))
    if "ignore" in table:
        settings = replace(settings, ignore=_rules(table["ignore"], file, "ignore"))
    if "exclude" in table:
        settings = replace(settings, exclude=_strings(table["exclude"], file, "exclude"))
    if "per-file-ignores" in table:
        settings = replace(settings, per_file_ignores=_per_file(table["per-file-ignores"], file))
    return settings


def _per_file(value: object, file: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if not isinstance(value, dict):
        raise ConfigurationError(f"{file}: `per-file-ignores` must be a table from patterns to lists of rules")
    return tuple((pattern, _rules(words, file, f'per-file-ignores."{pattern}"')) for pattern, words in value.items())


def _rules(value: object, file: str, key: str) -> tuple[str, ...]:
    words = _strings(value, file, key)
    _check_rules(words, f"{file}: `{key}`")
    return words


def _strings(value: object, file: str, key: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ConfigurationError(f"{file}: `{key}` must be a list of strings, it is {value!r}")
    return tuple(value)


def _check_rules(words: Iterable[str], where: str) -> None:
    for word in words:
        try:
            catalog.select(word)
        except catalog.UnknownRule as error:
            raise ConfigurationError(f"{where}: {error}") from error


def _codes(words: Iterable[str]) -> frozenset[str]:
    return frozenset().union(*(catalog.select(word) for word in words))


def _shown(file: Path) -> str:
    """The path as the user would write it."""
    relative = os.path.relpath(file)
    return str(file) if relative.startswith("..") else relative
