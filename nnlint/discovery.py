"""How rules are discovered: nnlint's own, those of installed packs, and those in a project's own folders."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

from nnlint import looks
from nnlint.events import Event
from nnlint.finding import Safety, Severity
from nnlint.housekeeping import UnreadableFile, UnusedSuppression
from nnlint.page import Page, PageError
from nnlint.rule import Rule

GROUP = "nnlint.rules"
"""The entry points by which an installed distribution brings rules: each names a module or a package."""
Named = type[Rule] | type[UnreadableFile] | type[UnusedSuppression]
_OURS = re.compile(r"NN\d{3}")
_THEIRS = re.compile(r"(?!NN\d)[A-Z]{1,4}\d{3}")


class CatalogError(Exception):
    """A rule file that can not be used; the message begins with the file."""


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
    pack: str = ""  # the distribution or folder that it comes from, when it is none of nnlint's
    folder: Path | None = None  # of a project's own rules

    @property
    def page(self) -> Page:
        try:
            return Page.parse(self.documentation)
        except PageError as error:
            if self.pack and "\n## " not in inspect.cleandoc(self.documentation):
                summary, _, text = inspect.cleandoc(self.documentation).partition("\n")
                return Page(summary, (("What it does", text.strip()),) if text.strip() else ())
            raise CatalogError(f"the page of {self.code} ({self.name}): {error}") from error


def discover(package: str) -> tuple[Entry, ...]:
    """The rules in the files of `package` and the housekeeping ones, by code. Raises `CatalogError` on wrong use."""
    found = [*housekeeping(), *_in_package(importlib.import_module(package), _OURS)]
    return joined((), found)


def housekeeping() -> list[Entry]:
    """What nnlint says of the files themselves."""
    return [_entry(UnreadableFile, None), _entry(UnusedSuppression, None)]


def installed(known: Sequence[Entry]) -> tuple[Entry, ...]:
    """The rules known, and those of every installed pack. Raises `CatalogError`, which names the distribution."""
    from importlib.metadata import entry_points

    everything = tuple(known)
    for point in sorted(entry_points(group=GROUP), key=lambda each: (each.name, each.value)):
        distribution = point.dist.name if point.dist is not None else point.name
        try:
            module = point.load()
            if not isinstance(module, ModuleType):
                raise CatalogError(f"`{point.value}` is no module or package")
            found = _in_package(module, _THEIRS) if hasattr(module, "__path__") else [_in_module(module, _THEIRS)]
            everything = joined(everything, [replace(each, pack=distribution) for each in found])
        except Exception as error:
            reason = error if isinstance(error, CatalogError) else f"{type(error).__name__}: {error}"
            raise CatalogError(
                f"the rules of the installed package `{distribution}` can not be used: {reason}"
            ) from error
    return everything


def from_folder(folder: Path) -> list[Entry]:
    """The rules in the files of a project's own folder. Raises `CatalogError`."""
    if not looks.is_folder(folder):
        raise CatalogError(f"`rule-paths` names {folder}, which is no folder")
    files = [file for file in looks.matching(folder, "*.py") if not file.name.startswith("_")]
    found = [_in_module(_executed(file), _THEIRS) for file in files]
    return [replace(each, pack=str(folder), folder=folder) for each in found]


def joined(known: Sequence[Entry], more: Sequence[Entry]) -> tuple[Entry, ...]:
    """All of them by code. Raises `CatalogError` when two have the same code or name."""
    everything = sorted((*known, *more), key=lambda entry: entry.code)
    for what in ("code", "name"):
        seen: dict[str, Entry] = {}
        for entry in everything:
            word = getattr(entry, what)
            if word in seen:
                sources = sorted({_file(each) for each in (seen[word], entry)} - {""})
                where = f"{sources[-1]}: " if entry.pack or seen[word].pack else ""
                raise CatalogError(f"{where}two rules have the {what} `{word}`")
            seen[word] = entry
    return tuple(everything)


def _in_package(package: ModuleType, codes: re.Pattern[str]) -> list[Entry]:
    names = [information.name for information in pkgutil.iter_modules(package.__path__)]
    return [_in_module(_imported(f"{package.__name__}.{name}", package), codes) for name in names]


def _in_module(module: ModuleType, codes: re.Pattern[str]) -> Entry:
    rule = _only_rule(module, codes)
    return _entry(rule, rule)


def _executed(file: Path) -> ModuleType:
    """The module in a file that is in no package."""
    name = f"nnlint_rules_of_project.{file.parent.as_posix().replace('.', '_')}.{file.stem}"
    specification = importlib.util.spec_from_file_location(name, file)
    if specification is None or specification.loader is None:
        raise CatalogError(f"{file}: can not be imported")
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module  # dataclasses look their module up
    try:
        looks.read(file)
        specification.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise CatalogError(f"{file}: can not be imported: {type(error).__name__}: {error}") from error
    return module


def _file(entry: Entry) -> str:
    return (inspect.getsourcefile(entry.rule) or "") if entry.rule and entry.pack else ""


def _imported(name: str, package: ModuleType) -> ModuleType:
    try:
        return importlib.import_module(name)
    except Exception as error:
        file = f"{next(iter(package.__path__))}/{name.rpartition('.')[2]}.py"
        raise CatalogError(f"{file}: can not be imported: {type(error).__name__}: {error}") from error


def _only_rule(module: ModuleType, codes: re.Pattern[str]) -> type[Rule]:
    """The one rule of a file, checked."""
    rules = [
        value
        for value in vars(module).values()
        if inspect.isclass(value) and issubclass(value, Rule) and value.__module__ == module.__name__
    ]
    if len(rules) != 1:
        names = ", ".join(sorted(rule.__name__ for rule in rules)) or "none"
        raise CatalogError(f"{module.__file__}: a rule file holds exactly one Rule class, this one: {names}")
    for problem in _problems(rules[0], module.__name__.rpartition(".")[2], codes):
        raise CatalogError(f"{module.__file__}: {rules[0].__name__}{problem}")
    return rules[0]


def _problems(rule: type[Rule], file_name: str, codes: re.Pattern[str]) -> Iterator[str]:
    """What is wrong with the declaration of a rule."""
    code, name, severity, watches, words = (
        getattr(rule, attribute, None) for attribute in ("code", "name", "severity", "watches", "words")
    )
    if not isinstance(code, str) or not codes.fullmatch(code):
        wanted = "`NN`" if codes is _OURS else "one to four capital letters other than `NN`"
        yield f".code is {code!r}, it must be {wanted} and three digits"
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
    recipe, fix = (rule.recipe, rule.fix) if rule else (False, None)
    return Entry(named.code, named.name, named.severity, named.enabled, recipe, fix, named.__doc__ or "", rule)
