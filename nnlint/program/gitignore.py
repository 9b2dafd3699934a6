"""What the .gitignore files of a repository leave out, as git sees it: nested ones, and `.git/info/exclude`.

Outside of a repository (an unpacked archive, a container) those from the project's root, or from where a walk begins,
downwards hold, so that a check finds there what it finds in the repository. Whether git tracks a file all the same is
not asked.
"""

from __future__ import annotations

import os
from pathlib import Path

from nnlint import looks
from nnlint.program.patterns import Pattern, Patterns
from nnlint.program.project import find_root

FILE = ".gitignore"


class GitIgnore:
    """Each file is read once. Paths are absolute."""

    def __init__(self) -> None:
        self._chains: dict[str, tuple[Patterns, ...]] = {}
        self._tops: dict[str, str] = {}

    def entry(self, path: str, is_folder: bool) -> tuple[Patterns, Pattern] | None:
        """The pattern that leaves out what lies in a folder that is not left out itself."""
        for patterns in self._chain(os.path.dirname(path)):
            found = patterns.match(path, is_folder)
            if found is not None:
                return None if found.is_negated else (patterns, found)
        return None

    def within(self, path: str, is_folder: bool) -> tuple[Patterns, Pattern] | None:
        """The pattern that leaves out a path, or a folder around it."""
        top = self._top(os.path.dirname(path))
        around = []
        while len(path) > len(top):
            around.append(path)
            path = os.path.dirname(path)
        for number, each in enumerate(reversed(around), 1):
            found = self.entry(each, is_folder or number < len(around))
            if found is not None:
                return found
        return None

    def enter(self, folder: str) -> None:
        """Begin to walk at a folder: what left it out says nothing of what is in it, for it was named."""
        self._top(folder)
        if folder not in self._chains and self.within(folder, True) is not None:
            self._chains[folder] = self._own(folder)

    def _chain(self, folder: str) -> tuple[Patterns, ...]:
        """The patterns that speak of what lies in a folder, the nearest first."""
        if folder not in self._chains:
            chain = self._own(folder)
            if _is_repository(folder):
                chain += _read(_info_exclude(folder), folder)
            elif folder != self._top(folder):
                chain += self._chain(os.path.dirname(folder))
            self._chains[folder] = chain
        return self._chains[folder]

    def _own(self, folder: str) -> tuple[Patterns, ...]:
        return _read(os.path.join(folder, FILE), folder)

    def _top(self, folder: str) -> str:
        """The root of the repository, or else of the project."""
        if folder not in self._tops:
            around = [str(each) for each in Path(folder).parents]
            if _is_repository(folder):
                top = folder
            elif any(map(_is_repository, around)):
                top = self._top(around[0])
            else:
                known = (self._tops[each] for each in around if each in self._tops)
                top = next(known, None) or str(find_root(Path(folder)))
            self._tops[folder] = top
        return self._tops[folder]


def _is_repository(folder: str) -> bool:
    return looks.exists(os.path.join(folder, ".git"))


def _info_exclude(folder: str) -> str:
    """The file of patterns that a repository keeps to itself; a linked work tree has that of its repository."""
    git = os.path.join(folder, ".git")
    try:
        if looks.is_file(git):
            git = os.path.join(folder, looks.read(git).decode("utf-8").removeprefix("gitdir:").strip())
        common = Path(git, "commondir")
        if looks.is_file(common):
            git = os.path.join(git, looks.read(common).decode("utf-8").strip())
    except (OSError, UnicodeDecodeError):
        pass
    return os.path.join(git, "info", "exclude")


def _read(file: str, base: str) -> tuple[Patterns, ...]:
    """The patterns in a file, if there is one: git passes over what can not be read."""
    try:
        text = os.fsdecode(looks.read(file).removeprefix(b"\xef\xbb\xbf"))
    except OSError:
        return ()
    patterns = Patterns(base, text.split("\n"), file)
    return (patterns,) if patterns else ()
