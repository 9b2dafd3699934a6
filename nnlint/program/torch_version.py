"""Which versions of torch a project declares that it runs with.

Read from the files at the project's root: a lock file says it exactly; else pyproject.toml, setup.cfg, requirements
files and conda environments say a range. The first that speaks of torch counts. Without any the newest is assumed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from nnlint import looks
from nnlint.toml import TOMLDecodeError, loads
from nnlint.values import KNOWN_TORCH, NEWEST_TORCH, TorchVersion

NAMES = ("torch", "pytorch")
LARGEST_FILE = 5_000_000  # lock files of large projects have a few MB
_PATCHES = range(4)  # no minor version of torch has had more

_REQUIREMENT = re.compile(r"^\s*(?:torch|pytorch)\s*(?:\[[^\]]*\])?\s*(?P<versions>[<>=!~^\d(][^;#@]*)?\s*(?:[;#].*)?$")
_LOCAL = re.compile(r"\+[\w.]+")  # `1.7.1+cu110`


def declared_torch(root: Path) -> TorchVersion:
    """The versions of torch that the project at `root` declares. What can not be read says nothing."""
    for pattern, read in READERS:
        for file in looks.matching(root, pattern):
            try:
                if file.stat().st_size > LARGEST_FILE:
                    continue
                declared = next(read(looks.read(file).decode("utf-8")), None)
            except (OSError, ValueError, RecursionError, AttributeError, TOMLDecodeError):
                continue
            found = parse_versions(declared) if declared is not None else None
            if found is not None:
                return found
    return TorchVersion(NEWEST_TORCH, NEWEST_TORCH)


def parse_versions(declared: str) -> TorchVersion | None:
    """The versions that a specifier (`>=1.8,<2`, `^2.0`, `=1.7.*`) allows; None when it allows none or all."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        allowed = SpecifierSet(",".join(_specifiers(declared)))
    except InvalidSpecifier:
        return None
    if not str(allowed):
        return None
    versions = [
        (major, minor)
        for major, minor in KNOWN_TORCH
        if any(allowed.contains(f"{major}.{minor}.{patch}") for patch in _PATCHES)
    ]
    return TorchVersion(versions[0], versions[-1]) if versions else None


def _specifiers(declared: str) -> Iterator[str]:
    """The parts of a specifier as PEP 440 writes them; poetry's `^` and `~` and conda's `=` are translated."""
    for part in _LOCAL.sub("", declared.strip().strip("()")).split(","):
        part = part.strip()
        numbers = re.findall(r"\d+", part)
        if part.startswith("^") and numbers:
            yield f">={part[1:]}"
            yield f"<{int(numbers[0]) + 1}" if numbers[0] != "0" else f"=={'.'.join(numbers[:2])}.*"
        elif re.match(r"~\d", part) and numbers:
            yield f"=={'.'.join(numbers[:2])}.*"
        elif re.match(r"=\d", part):
            version = part[1:].partition("=")[0]  # conda: name=version=build
            yield f"=={version}" if "*" in version else f"=={version}.*"
        elif re.match(r"\d", part):
            yield f"=={part}"
        elif part and part != "*":
            yield part.replace("===", "==")


# --- the files -----------------------------------------------------------------------------------------------------


def _requirements(text: str) -> Iterator[str]:
    for line in text.splitlines():
        found = _REQUIREMENT.match(line.split(" #")[0])
        if found:
            yield found["versions"] or ""


def _environment(text: str) -> Iterator[str]:
    yield from _requirements("\n".join(line.strip().removeprefix("-").strip("'\" ") for line in text.splitlines()))


def _toml_lock(text: str) -> Iterator[str]:
    for package in loads(text).get("package", ()):
        if package.get("name") == "torch" and "version" in package:
            yield f"=={package['version']}"


def _pipfile_lock(text: str) -> Iterator[str]:
    for section in ("default", "develop"):
        package = json.loads(text).get(section, {}).get("torch")
        if isinstance(package, dict) and isinstance(package.get("version"), str):
            yield package["version"]


def _pyproject(text: str) -> Iterator[str]:
    data = loads(text)
    project = data.get("project", {})
    groups = [project.get("dependencies", ()), *project.get("optional-dependencies", {}).values()]
    groups += data.get("dependency-groups", {}).values()
    for group in groups:
        yield from _requirements("\n".join(each for each in group if isinstance(each, str)))
    poetry = data.get("tool", {}).get("poetry", {})
    tables = [poetry.get("dependencies", {}), poetry.get("dev-dependencies", {})]
    tables += [group.get("dependencies", {}) for group in poetry.get("group", {}).values()]
    for table in tables:
        yield from _from_table(table)


def _from_table(table: dict[str, Any]) -> Iterator[str]:
    declared = table.get("torch")
    if isinstance(declared, dict):
        declared = declared.get("version")
    if isinstance(declared, str):
        yield declared


READERS: Iterable[tuple[str, Callable[[str], Iterator[str]]]] = (
    ("*.lock", _toml_lock),
    ("Pipfile.lock", _pipfile_lock),
    ("pyproject.toml", _pyproject),
    ("setup.cfg", _requirements),
    ("requirements*.txt", _requirements),
    ("requirements/*.txt", _requirements),
    ("environment*.y*ml", _environment),
    ("conda*.y*ml", _environment),
)
"""Where torch can be declared, in the order in which the files are believed."""
