"""What holds for a path, and where each part of it was said."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnlint.config.exclusions import Exclusion, Exclusions
from nnlint.config.hierarchy import Hierarchy
from nnlint.config.keys import KEYS
from nnlint.config.settings import Rule, Settings

DEFAULT = "default"
_DEFAULTS: dict[str, Any] = {
    "select": ["default"],
    "respect-gitignore": True,
    "severity": {},
    "per-file-ignores": {},
    "extend-per-file-ignores": {},
    "min-confidence": "likely",
    "torch-version": None,
    "extend": None,
    "output-format": "full",
}


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of a key, and where."""

    key: str
    value: Any
    origin: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that holds for a path."""

    path: Path
    files: tuple[str, ...]  # of the configuration, those that were extended first
    said: tuple[Said, ...]
    rules: tuple[Rule, ...]
    silenced: dict[str, str]  # the rules that `per-file-ignores` silences, and why
    exclusion: Exclusion | None

    def is_on(self, rule: Rule) -> bool:
        return rule.is_on and rule.entry.code not in self.silenced

    def because(self, rule: Rule) -> tuple[str, ...]:
        """Who said so, if the rule is not as it is by default."""
        code = rule.entry.code
        return (self.silenced[code],) if rule.is_on and code in self.silenced else rule.because

    def is_as_usual(self, rule: Rule) -> bool:
        return self.is_on(rule) == rule.entry.enabled and rule.severity in (None, rule.entry.severity)


def explain(path: Path, hierarchy: Hierarchy) -> Explanation:
    """Raises `nnlint.config.ConfigurationError`."""
    settings = hierarchy.around(path)
    exclusions = Exclusions(hierarchy)
    exclusions.enter(Path.cwd())
    return Explanation(
        path,
        tuple(layer.file for layer in settings.layers if layer.file),
        tuple(_said(settings)),
        tuple(settings.rules().values()),
        {} if path.is_dir() else _silenced(settings, path),
        exclusions.why(path),
    )


def as_json(explanation: Explanation) -> dict[str, Any]:
    """The explanation as plain data; its keys are a contract."""
    exclusion = explanation.exclusion
    return {
        "path": os.fspath(explanation.path),
        "files": list(explanation.files),
        "settings": [{"key": each.key, "value": each.value, "origin": each.origin} for each in explanation.said],
        "excluded": None if exclusion is None else {"pattern": exclusion.pattern, "origin": exclusion.origin},
        "rules": [
            {
                "code": rule.entry.code,
                "name": rule.entry.name,
                "on": explanation.is_on(rule),
                "severity": (rule.severity or rule.entry.severity).value,
                "because": list(explanation.because(rule)),
            }
            for rule in explanation.rules
        ],
    }


def _said(settings: Settings) -> Iterator[Said]:
    for key in KEYS:
        layers = [layer for layer in settings.layers if key.name in layer.values]
        if not layers:
            yield Said(key.name, _DEFAULTS.get(key.name, []), DEFAULT)
        for layer in layers:
            yield Said(key.name, layer.get(key.name), layer.origin(key.name))


def _silenced(settings: Settings, path: Path) -> dict[str, str]:
    found = {}
    for where, pattern, codes in settings.ignores_in(path):
        found.update(dict.fromkeys(codes, f'"{pattern}" in {where}'))
    return found
