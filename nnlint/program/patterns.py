"""Patterns as they stand in .gitignore files, each matched against one path as git's wildmatch does.

That a folder is left out with all that is in it is for those who walk: here a pattern speaks of the path alone. Not by
pathspec, which takes the pattern of a folder for all that is below it, so that a folder that is left out could not be
looked into when it is named, and differs from git (1.1.1) in `a**b`, `[[:alpha:]]`, `*/**/` and `?` beyond ASCII.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

_SPECIAL = re.compile(rb"[*?\[\\]")


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line of a file of patterns."""

    text: str
    line: int
    expression: re.Pattern[bytes]
    is_negated: bool
    is_for_folders: bool
    is_for_names: bool  # matched against the last part of a path


class Patterns:
    """The patterns of one file; of those that match, the last counts.

    They are relative to the folder `base`; a path that is not below it is matched as a whole.
    """

    def __init__(self, base: str, lines: Iterable[str], file: str = "") -> None:
        self._prefix = os.path.join(base, "")
        self.file = file
        found = [pattern(line, number) for number, line in enumerate(lines, 1)]
        self._last_first = [each for each in reversed(found) if each is not None]
        self._names = _any_of(each for each in self._last_first if each.is_for_names)
        self._paths = _any_of(each for each in self._last_first if not each.is_for_names)

    def __bool__(self) -> bool:
        return bool(self._last_first)

    def match(self, path: str, is_folder: bool) -> Pattern | None:
        """The pattern that decides about a path, absolute and written as `base` is; it may be a negated one."""
        relative = os.fsencode(path.removeprefix(self._prefix).lstrip(os.sep).replace(os.sep, "/"))
        name = relative.rpartition(b"/")[2]
        if not self._names.fullmatch(name) and not self._paths.fullmatch(relative):
            return None
        for each in self._last_first:
            if each.is_for_folders and not is_folder:
                continue
            if each.expression.fullmatch(name if each.is_for_names else relative):
                return each
        return None

    def match_within(self, path: str) -> Pattern | None:
        """The pattern that leaves out a file, or the first folder around it that is left out."""
        folders = []
        folder = os.path.dirname(path)
        while folder + os.sep != self._prefix and folder != os.path.dirname(folder):
            folders.append(folder)
            folder = os.path.dirname(folder)
        for candidate, is_folder in (*((each, True) for each in reversed(folders)), (path, False)):
            found = self.match(candidate, is_folder)
            if found is not None and not found.is_negated:
                return found
        return None


def pattern(line: str, number: int = 1) -> Pattern | None:
    """The pattern in a line; None of an empty one, of a comment, and of what can match nothing."""
    text = _without_trailing_spaces(line.removesuffix("\n").removesuffix("\r"))
    if not text or text.startswith("#"):
        return None
    body = text.removeprefix("!")
    is_for_folders = body.endswith("/")
    body = body.removesuffix("/")
    is_for_names = "/" not in body
    expression = _translate(os.fsencode(body.removeprefix("/")))
    if expression is None:
        return None
    return Pattern(text, number, expression, text.startswith("!"), is_for_folders, is_for_names)


def _any_of(patterns: Iterable[Pattern]) -> re.Pattern[bytes]:
    """One expression that matches whatever any pattern does: most paths are asked only this."""
    return re.compile(b"|".join(b"(?:%b)" % each.expression.pattern for each in patterns) or b"(?!)", re.DOTALL)


def _without_trailing_spaces(text: str) -> str:
    kept = text.rstrip(" ")
    backslashes = len(kept) - len(kept.rstrip("\\"))
    return kept + " " if backslashes % 2 and len(kept) < len(text) else kept


def _translate(glob: bytes) -> re.Pattern[bytes] | None:
    """The expression for a pattern; None when it matches nothing, as an unclosed bracket does."""
    if not glob:
        return None
    special = _SPECIAL.search(glob)
    literal = special.start() if special else len(glob)  # git cuts this off and matches the rest by itself
    parts = [re.escape(glob[:literal])]
    position = literal
    while position < len(glob):
        char = glob[position : position + 1]
        if char == b"*":
            end = position
            while glob[end : end + 1] == b"*":
                end += 1
            is_alone = position == literal or glob[position - 1 : position] == b"/"
            if end - position > 1 and is_alone and glob[end : end + 1] == b"/":
                parts.append(b"(?:.*/)?")
                end += 1
            elif end - position > 1 and is_alone and (end == len(glob) or glob[end : end + 2] == b"\\/"):
                parts.append(b".*")
            else:
                parts.append(b"[^/]*")
            position = end
        elif char == b"?":
            parts.append(b"[^/]")
            position += 1
        elif char == b"[":
            bracket = _bracket(glob, position)
            if bracket is None:
                return None
            expression, position = bracket
            parts.append(expression)
        elif char == b"\\":
            if position + 1 == len(glob):
                return None
            parts.append(re.escape(glob[position + 1 : position + 2]))
            position += 2
        else:
            parts.append(re.escape(char))
            position += 1
    return re.compile(b"".join(parts), re.DOTALL)


_CLASSES: dict[bytes, Callable[[str], bool]] = {
    b"alnum": str.isalnum,
    b"alpha": str.isalpha,
    b"blank": lambda char: char in " \t",
    b"cntrl": lambda char: not char.isprintable(),
    b"digit": str.isdigit,
    b"graph": lambda char: char.isprintable() and char != " ",
    b"lower": str.islower,
    b"print": str.isprintable,
    b"punct": lambda char: char.isprintable() and not char.isalnum() and char != " ",
    b"space": str.isspace,
    b"upper": str.isupper,
    b"xdigit": lambda char: char in "0123456789abcdefABCDEF",
}


def _bracket(glob: bytes, start: int) -> tuple[bytes, int] | None:
    """The expression for `[...]`, and where it ends; None when it is not closed or names an unknown class."""
    position = start + 1
    is_negated = glob[position : position + 1] in (b"!", b"^")
    position += is_negated
    chars: set[int] = set()
    before: int | None = None  # what a range may begin with
    first = True
    while first or glob[position : position + 1] != b"]":
        first = False
        if position >= len(glob):
            return None
        char = glob[position]
        following = glob[position + 1 : position + 2]
        if char == ord("\\"):
            if not following:
                return None
            chars.add(following[0])
            before, position = following[0], position + 2
        elif char == ord("-") and before is not None and following and following != b"]":
            position += 1
            if following == b"\\":
                position += 1
                if position >= len(glob):
                    return None
            chars |= set(range(before, glob[position] + 1))
            before, position = None, position + 1
        elif char == ord("[") and following == b":":
            end = glob.find(b"]", position + 2)
            if end < 0:
                return None
            if end > position + 2 and glob[end - 1 : end] == b":":
                is_in = _CLASSES.get(glob[position + 2 : end - 1])
                if is_in is None:
                    return None
                chars |= {code for code in range(128) if is_in(chr(code))}
                before, position = None, end + 1
            else:
                chars.add(char)
                before, position = char, position + 1
        else:
            chars.add(char)
            before, position = char, position + 1
    wanted = (set(range(256)) - chars if is_negated else chars) - {ord("/")}
    expression = b"[" + b"".join(b"\\x%02x" % code for code in sorted(wanted)) + b"]" if wanted else b"(?!)"
    return expression, position + 1
