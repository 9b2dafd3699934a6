"""Settings: what holds for a file, worked out of layers that each say a part of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nnlint import catalog
from nnlint.config.layer import Layer
from nnlint.finding import Confidence, Finding, Severity
from nnlint.program.conventions import Conventions
from nnlint.program.patterns import Patterns
from nnlint.program.torch_version import parse_versions
from nnlint.values import TorchVersion


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule under some settings: whether it is on, what it counts as, and who said so (by default nobody)."""

    entry: catalog.Entry
    is_on: bool
    severity: Severity | None  # None: what the rule itself says
    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """What to look for and where. Later layers are over earlier ones; `root` is where a configuration was found."""

    select: tuple[str, ...] = ("default",)
    ignore: tuple[str, ...] = ()
    root: Path = Path()
    layers: tuple[Layer, ...] = ()

    def of(self, path: Path) -> Settings:
        """The settings that hold for a file: these for each."""
        return self

    def over(self, layer: Layer) -> Settings:
        """These settings with one more layer over them."""
        return replace(self, layers=(*self.layers, layer)) if layer.values else self

    def value(self, key: str, default: Any = None) -> Any:
        """What the last layer that speaks of a key says."""
        said = self.layer_of(key)
        return default if said is None else said.get(key)

    def layer_of(self, key: str) -> Layer | None:
        return next((layer for layer in reversed(self.layers) if key in layer.values), None)

    def added(self, key: str) -> Iterator[tuple[Layer, str, Any]]:
        """What holds of a key that a later layer replaces, or adds to by `extend-…`: layer, key, value."""
        replaced = self.layer_of(key)
        is_over = replaced is None
        for layer in self.layers:
            if layer is replaced:
                is_over = True
                yield layer, key, layer.get(key)
            if is_over and f"extend-{key}" in layer.values:
                yield layer, f"extend-{key}", layer.get(f"extend-{key}")

    def codes(self) -> frozenset[str]:
        """The codes of the rules that are wanted. An unreadable file is told of unless it is ignored by code."""
        return frozenset(code for code, rule in self.rules().items() if rule.is_on)

    def rules(self) -> dict[str, Rule]:
        """Every rule that these settings know, by code, with what holds for it and why."""
        known = {entry.code: entry for entry in self.entries()}
        on: dict[str, str] = dict.fromkeys(known.keys() & (_codes(self.select) | {"NN000"}), "")
        off: dict[str, str] = dict.fromkeys(_codes(self.ignore), "ignored")
        on = {code: why for code, why in on.items() if code not in off}
        severities: dict[str, tuple[str, str]] = {}
        for layer in self.layers:
            if "select" in layer.values:
                chosen = known.keys() & (_codes(layer.get("select")) | {"NN000"})
                why = f"`select` of {layer.origin('select')}"
                off = dict.fromkeys(known.keys() - chosen, f"not in {why}")
                on = dict.fromkeys(chosen, why)
            for code in _codes(layer.get("extend-select") or ()) & known.keys():
                on[code] = f"`extend-select` of {layer.origin('extend-select')}"
            for code in _codes(layer.get("ignore") or ()):
                on.pop(code, None)
                off[code] = f"`ignore` of {layer.origin('ignore')}"
            for word, severity in sorted((layer.get("severity") or {}).items(), key=_breadth):
                for code in catalog.select(word):
                    severities[code] = (severity, f"`severity` of {layer.origin('severity')}")
        return {code: _rule(entry, on, off, severities.get(code)) for code, entry in known.items()}

    def entries(self) -> tuple[catalog.Entry, ...]:
        """The rules that there are: nnlint's, those of installed packs, and those of the folders named here."""
        folders = set(self.rule_folders())
        for folder in folders:
            catalog.add_folder(folder)
        return tuple(entry for entry in catalog.entries() if entry.folder is None or entry.folder in folders)

    def rule_folders(self) -> tuple[Path, ...]:
        """The folders of rules of the project's own."""
        return tuple(
            Path(os.path.abspath(layer.base / name)) for layer in self.layers for name in layer.get("rule-paths") or ()
        )

    def codes_ignored_in(self, path: Path) -> frozenset[str]:
        """The codes that `per-file-ignores` silences in the file."""
        return frozenset(code for _, _, codes in self.ignores_in(path) for code in codes)

    def ignores_in(self, path: Path) -> Iterator[tuple[str, str, frozenset[str]]]:
        """The entries of `per-file-ignores` that match a file: where they stand, their patterns and codes."""
        for layer, key, table in self.added("per-file-ignores"):
            for pattern, words in table.items():
                patterns = Patterns(str(layer.base.resolve()), [pattern])
                if patterns.match_within(str(path.resolve())) is not None:
                    yield f"`{key}` of {layer.origin(key)}", pattern, _codes(words)

    def shows(self, finding: Finding) -> bool:
        """Whether the finding is sure enough."""
        return finding.confidence is Confidence.CERTAIN or self.value("min-confidence") != "certain"

    def respects_gitignore(self) -> bool:
        return bool(self.value("respect-gitignore", True))

    def torch(self) -> TorchVersion | None:
        """The versions of torch that are named here, if any."""
        named = self.value("torch-version")
        return parse_versions(named) if named is not None else None

    def conventions(self) -> Conventions:
        return Conventions(
            tuple(self.value("training-loaders", ())),
            tuple(self.value("evaluation-functions", ())),
        )


def _rule(entry: catalog.Entry, on: dict[str, str], off: dict[str, str], severity: tuple[str, str] | None) -> Rule:
    code = entry.code
    because = [on.get(code, "") if code in on else off.get(code, "")]
    if severity is None:
        return Rule(entry, code in on, None, tuple(filter(None, because)))
    if severity[0] == "off":
        return Rule(entry, False, None, (severity[1],))
    return Rule(entry, code in on, Severity(severity[0]), tuple(filter(None, (*because, severity[1]))))


def _breadth(item: tuple[str, str]) -> tuple[int, str]:
    """What speaks of more rules comes first, so that what speaks of fewer has the last word."""
    return -len(catalog.select(item[0])), item[0]


def _codes(words: Iterable[str]) -> frozenset[str]:
    return frozenset().union(*(catalog.select(word) for word in words))
