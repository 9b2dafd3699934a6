"""The folders of code to run on: copies of their Python files alone, so that every tool sees the same files."""

from __future__ import annotations

import ast
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from benchmarks.floors import WORD


@dataclass(frozen=True)
class Tree:
    name: str
    folder: Path
    files: tuple[Path, ...]  # relative to the folder, in order of their names
    lines: int
    screened: int  # how many files speak of torch

    @property
    def title(self) -> str:
        return f"{self.name}: {self.lines:,} lines in {len(self.files):,} files, {self.screened:,} of which name torch"


def copied(argument: str, cache: Path) -> Tree:
    """The tree of an argument, `NAME=FOLDER` or a folder, whose own name is taken then."""
    name, _, folder = argument.rpartition("=")
    source = Path(folder).resolve()
    name = name or source.name
    target = cache / "trees" / re.sub(r"\W+", "-", name)
    shutil.rmtree(target, ignore_errors=True)
    # A package stays in a folder of its name: its files import it by that name, and of a package that is called `.`
    # pylint looks at no more than its `__init__.py`.
    top = source.parent if (source / "__init__.py").exists() else source
    for path in source.rglob("*.py"):
        if path.is_file():
            copy = target / path.relative_to(top)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
    tree = tree_of(target, name)
    assert tree.files, f"no Python files in {source}"
    return tree


def tree_of(folder: Path, name: str) -> Tree:
    (folder / ".semgrepignore").touch()  # without it semgrep leaves out tests
    files = tuple(sorted(path.relative_to(folder) for path in folder.rglob("*.py")))
    contents = [(folder / path).read_bytes() for path in files]
    lines = sum(content.count(b"\n") for content in contents)
    return Tree(name, folder, files, lines, sum(WORD in content for content in contents))


def subset(tree: Tree, lines: int, folder: Path) -> Tree:
    """A tree of files of another, spread over it, with about so many lines."""
    shutil.rmtree(folder, ignore_errors=True)
    every = max(1.0, tree.lines / lines)
    count = max(1, round(len(tree.files) / every))
    for number in range(count):
        path = tree.files[int(number * every)]
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(tree.folder / path, folder / path)
    return tree_of(folder, f"{tree.name}, {count} files")


def leaf(tree: Tree) -> Path:
    """A file of middle size that names torch and that no other file names."""
    contents = {path: (tree.folder / path).read_bytes() for path in tree.files}
    words = {path: set(re.findall(rb"\w+", content)) for path, content in contents.items()}
    candidates = sorted((path for path in tree.files if WORD in contents[path]), key=lambda path: len(contents[path]))
    assert candidates, f"no file of {tree.name} names torch"
    middle = len(candidates) // 2
    for path in sorted(candidates, key=lambda path: abs(candidates.index(path) - middle)):
        if not any(path.stem.encode() in words[other] for other in tree.files if other != path):
            return path
    return candidates[middle]


def three(tree: Tree) -> list[Path]:
    """The files of a commit: a small one, a middle one and a large one of those that name torch."""
    files = [path for path in tree.files if WORD in (tree.folder / path).read_bytes()]
    files.sort(key=lambda path: ((tree.folder / path).stat().st_size, path))
    return sorted({files[len(files) * number // 10] for number in (2, 5, 9)})


def with_imports(tree: Tree, files: list[Path]) -> list[Path]:
    """These files and what they import from the tree, and what that imports."""
    names: dict[str, Path] = {}
    for path in tree.files:
        parts = path.with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        for start in range(len(parts)):  # a script's own folder is on its path, too
            names.setdefault(".".join(parts[start:]), path)
    found: list[Path] = []
    waiting = list(files)
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.append(path)
        waiting += [names[name] for name in _imported(tree.folder / path, path) if name in names]
    return sorted(found)


def _imported(file: Path, path: Path) -> list[str]:
    try:
        module = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):
        return []
    names = []
    for node in ast.walk(module):
        match node:
            case ast.Import(names=aliases):
                names += [alias.name for alias in aliases]
            case ast.ImportFrom(module=name, level=level, names=aliases):
                package = path.parts[: len(path.parts) - level] if level else ()
                start = ".".join([*package, *([name] if name else [])])
                names += [start, *(f"{start}.{alias.name}" for alias in aliases)]
    return names
