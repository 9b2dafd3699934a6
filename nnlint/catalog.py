"""The catalogue: every rule there is, discovered, never listed; and the words by which users name them."""

from __future__ import annotations

import difflib
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from types import ModuleType

from nnlint.events import Event
from nnlint.finding import Safety, Severity
from nnlint.housekeeping import UnreadableFile, UnusedSuppression
from nnlint.page import Page, PageError
from nnlint.rule import Rule

Named = type[Rule] | type[UnreadableFile] | type[UnusedSuppression]


class CatalogError(Exception):
    """A rule file that can not be used; the message begins with the file."""


class UnknownRule(Exception):
    """A word that names no rule; `suggestion` is the nearest one that does."""

    def __init__(self, word: str, suggestion: str | None) -> None:
        super().__init__(f"unknown rule `{word}`" + did_you_mean(suggestion))
        self.word = word
        self.suggestion = suggestion


@dataclass(frozen=True, slots=True)
class Entry:
    """A rule as users see it. `rule` is None for what nnlint says of the files themselves (NN000, NN001)."""

    code: str
    name: str
    severity: Severity
    enabled: bool
    recipe: bool
    fix: Safety | None
    documentation: str
    rule: type[Rule] | None

    @property
    def page(self) -> Page:
        try:
            return Page.parse(self.documentation)
        except PageError as error:
            raise CatalogError(f"the page of {self.code} ({self.name}): {error}") from error


@cache
def entries() -> tuple[Entry, ...]:
    """All rules, sorted by code."""
    return discover("nnlint.rules")


def discover(package: str) -> tuple[Entry, ...]:
    """The rules in the files of `package` and the housekeeping ones, by code. Raises `CatalogError` on wrong use."""
    found = housekeeping()
    folder = importlib.import_module(package)
    for information in pkgutil.iter_modules(folder.__path__):
        rule = _only_rule(_imported(f"{package}.{information.name}", folder))
        found.append(_entry(rule, rule))
    found.sort(key=lambda entry: entry.code)
    _reject_repeated([entry.code for entry in found], "code")
    _reject_repeated([entry.name for entry in found], "name")
    return tuple(found)


def housekeeping() -> list[Entry]:
    """What nnlint says of the files themselves."""
    return [_entry(UnreadableFile, None), _entry(UnusedSuppression, None)]


def find(word: str) -> Entry:
    """The rule of that code or name. Raises `UnknownRule`."""
    for entry in entries():
        if word.upper() == entry.code or word.lower() == entry.name:
            return entry
    raise UnknownRule(word, _nearest(word))


def resolve(word: str) -> frozenset[str]:
    """The codes that `word` stands for: a code, a name, or the beginning of codes (`NN1`). Raises `UnknownRule`."""
    if re.fullmatch(r"NN\d{0,2}", word.upper()):
        family = frozenset(entry.code for entry in entries() if entry.code.startswith(word.upper()))
        if family:
            return family
    return frozenset({find(word).code})


PRESETS: dict[str, Callable[[Entry], bool]] = {
    "all": lambda entry: True,
    "default": lambda entry: entry.enabled,
    "recipe": lambda entry: entry.recipe,
}
"""Words that stand for many rules. `recipe` is what Andrej Karpathy names in "A Recipe for Training Neural Networks"
(https://karpathy.github.io/2019/04/25/recipe/) and in his list of the most common mistakes
(https://twitter.com/karpathy/status/1013244313327681536)."""


def select(word: str) -> frozenset[str]:
    """As `resolve`, with the presets besides. Raises `UnknownRule`."""
    chosen = PRESETS.get(word)
    return resolve(word) if chosen is None else frozenset(entry.code for entry in entries() if chosen(entry))


def did_you_mean(suggestion: str | None) -> str:
    return f": did you mean `{suggestion}`?" if suggestion else ""


def nearest(word: str, candidates: list[str]) -> str | None:
    """The candidate that a reader would say was meant, if any."""
    matches = difflib.get_close_matches(word, candidates, n=1, cutoff=0.6)
    return matches[0] if matches else None


def _nearest(word: str) -> str | None:
    return nearest(word.lower(), [entry.name for entry in entries()]) or nearest(
        word.upper(), [entry.code for entry in entries()]
    )


def _imported(name: str, package: ModuleType) -> ModuleType:
    try:
        return importlib.import_module(name)
    except Exception as error:
        file = f"{next(iter(package.__path__))}/{name.rpartition('.')[2]}.py"
        raise CatalogError(f"{file}: can not be imported: {type(error).__name__}: {error}") from error


def _only_rule(module: ModuleType) -> type[Rule]:
    """The one rule of a file, checked."""
    rules = [
        value
        for value in vars(module).values()
        if inspect.isclass(value) and issubclass(value, Rule) and value.__module__ == module.__name__
    ]
    if len(rules) != 1:
        names = ", ".join(sorted(rule.__name__ for rule in rules)) or "none"
        raise CatalogError(f"{module.__file__}: a rule file holds exactly one Rule class, this one: {names}")
    for problem in _problems(rules[0], module.__name__.rpartition(".")[2]):
        raise CatalogError(f"{module.__file__}: {rules[0].__name__}{problem}")
    return rules[0]


def _problems(rule: type[Rule], file_name: str) -> Iterator[str]:
    """What is wrong with the declaration of a rule."""
    code, name, severity, watches, words = (
        getattr(rule, attribute, None) for attribute in ("code", "name", "severity", "watches", "words")
    )
    if not isinstance(code, str) or not re.fullmatch(r"NN\d{3}", code):
        yield f".code is {code!r}, it must be `NN` and three digits"
    if not isinstance(name, str) or name.replace("-", "_") != file_name:
        yield f".name is {name!r}, it must be the file's name with dashes, `{file_name.replace('_', '-')}`"
    if not isinstance(severity, Severity):
        yield f".severity is {severity!r}, it must be a Severity"
    if not inspect.isclass(watches) or not issubclass(watches, Event):
        yield f".watches is {watches!r}, it must be a class of nnlint.events"
    if not isinstance(words, tuple) or not words or not all(isinstance(word, str) for word in words):
        yield f".words is {words!r}, it must be a tuple of words that occur in every program with the bug"
    if not rule.__doc__:
        yield " has no docstring, which is its page"


def _entry(named: Named, rule: type[Rule] | None) -> Entry:
    recipe = rule.recipe if rule else False
    return Entry(named.code, named.name, named.severity, named.enabled, recipe, named.fix, named.__doc__ or "", rule)


def _reject_repeated(words: list[str], what: str) -> None:
    for word in words:
        if words.count(word) > 1:
            raise CatalogError(f"two rules have the {what} `{word}`")
