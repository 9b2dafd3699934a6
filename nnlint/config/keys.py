"""The keys of a configuration: what each is for, what it may hold, and how that is checked."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from nnlint.program.torch_version import parse_versions

SEVERITIES = ("error", "warning", "information", "off")
CONFIDENCES = ("likely", "certain")


class Kind(enum.Enum):
    """What a key holds, in the words of a complaint."""

    RULES = "a list of rules"
    STRINGS = "a list of strings"
    STRING = "a string"
    BOOLEAN = "true or false"
    RULES_BY_PATTERN = "a table from patterns to lists of rules"
    SEVERITIES = "a table from rules to severities"
    CONFIDENCE = "a confidence"
    VERSIONS = 'versions of torch, such as "2.4" or ">=1.13,<2"'


@dataclass(frozen=True, slots=True)
class Key:
    name: str
    kind: Kind
    help: str


KEYS = (
    Key("extend", Kind.STRING, "Another configuration file that this one adds to, relative to this one."),
    Key("select", Kind.RULES, "The rules to look for: codes, names, families (NN1), `default`, `recipe` or `all`."),
    Key("extend-select", Kind.RULES, "Rules to look for besides."),
    Key("ignore", Kind.RULES, "Rules not to look for."),
    Key("per-file-ignores", Kind.RULES_BY_PATTERN, "Rules not to look for in the files that a pattern matches."),
    Key("extend-per-file-ignores", Kind.RULES_BY_PATTERN, "The same, beside those that hold already."),
    Key("exclude", Kind.STRINGS, "Files and folders to leave out, as patterns of a .gitignore file."),
    Key("extend-exclude", Kind.STRINGS, "The same, beside those that hold already."),
    Key("respect-gitignore", Kind.BOOLEAN, "Whether to leave out what .gitignore files do."),
    Key("severity", Kind.SEVERITIES, "The severity of rules and families: error, warning, information, or off."),
    Key("min-confidence", Kind.CONFIDENCE, "The findings to show: `likely` for all, `certain` for the sure ones."),
    Key("torch-version", Kind.VERSIONS, "The versions of torch that the project runs with, if it does not say so."),
    Key("training-loaders", Kind.STRINGS, "Names (or patterns of them) of data that is trained on."),
    Key("evaluation-functions", Kind.STRINGS, "Names (or patterns of them) of functions that evaluate."),
    Key("rule-paths", Kind.STRINGS, "Folders with rules of the project's own, relative to this file."),
    Key("output-format", Kind.STRING, "How findings are shown."),
)
NAMES = tuple(key.name for key in KEYS)
BY_NAME = {key.name: key for key in KEYS}


def problem(key: Key, value: object) -> str | None:
    """What is wrong with the shape of a value, behind the name of the key; None when nothing is."""
    match key.kind:
        case Kind.RULES | Kind.STRINGS:
            fits = _is_strings(value)
        case Kind.STRING:
            fits = isinstance(value, str)
        case Kind.BOOLEAN:
            fits = isinstance(value, bool)
        case Kind.RULES_BY_PATTERN:
            fits = isinstance(value, dict) and all(map(_is_strings, value.values()))
        case Kind.SEVERITIES:
            if isinstance(value, dict):
                return next(_wrong_severities(value), None)
            fits = False
        case Kind.VERSIONS:
            fits = isinstance(value, str) and parse_versions(value) is not None
        case Kind.CONFIDENCE:
            if value not in CONFIDENCES:
                return f"must be {_alternatives(CONFIDENCES)}, it is {value!r}"
            fits = True
    return None if fits else f"must be {key.kind.value}, it is {value!r}"


def rules_in(key: Key, value: Any) -> Iterator[str]:
    """The words for rules in a value of the right shape."""
    match key.kind:
        case Kind.RULES:
            yield from value
        case Kind.RULES_BY_PATTERN:
            for words in value.values():
                yield from words
        case Kind.SEVERITIES:
            yield from value


def schema() -> dict[str, Any]:
    """The JSON schema of a configuration: of nnlint.toml, and of `[tool.nnlint]`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The configuration of nnlint",
        "type": "object",
        "properties": {key.name: {"description": key.help, **_schema(key.kind)} for key in KEYS},
        "additionalProperties": False,
    }


def _is_strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _wrong_severities(table: dict[str, object]) -> Iterator[str]:
    for word, severity in table.items():
        if severity not in SEVERITIES:
            yield f"must say {_alternatives(SEVERITIES)} of `{word}`, it says {severity!r}"


def _alternatives(words: tuple[str, ...]) -> str:
    return " or ".join(f"`{word}`" for word in words)


def _schema(kind: Kind) -> dict[str, Any]:
    strings = {"type": "array", "items": {"type": "string"}}
    match kind:
        case Kind.RULES | Kind.STRINGS:
            return strings
        case Kind.STRING | Kind.VERSIONS:
            return {"type": "string"}
        case Kind.BOOLEAN:
            return {"type": "boolean"}
        case Kind.RULES_BY_PATTERN:
            return {"type": "object", "additionalProperties": strings}
        case Kind.SEVERITIES:
            return {"type": "object", "additionalProperties": {"enum": list(SEVERITIES)}}
        case Kind.CONFIDENCE:
            return {"enum": list(CONFIDENCES)}
