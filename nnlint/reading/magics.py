"""A cell as Python: what only IPython understands gives way to stand-ins, line for line.

Given `%time net = build()`, the line is `if 1: net = build()`, so that the Python in it keeps its columns. Where
nothing is Python the line is `pass`, and `files = !ls` is `files = eval("[]")`, of which nothing is known.

The rules are IPython's (`IPython.core.inputtransformer2`): an escape counts where a statement begins or behind an
assignment, not in a string or in brackets, and a backslash carries it on to the next line.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from nnlint.source import NEW_LINE

PYTHON_CELLS = frozenset(
    {
        "capture",
        "debug",
        "heat",
        "ipytest",
        "lprun",
        "memit",
        "mprun",
        "prun",
        "pyinstrument",
        "scalene",
        "snakeviz",
        "tb",
        "time",
        "timeit",
        "wandb",
    }
)
"""Cell magics whose cell is Python all the same; see https://ipython.readthedocs.io/en/stable/interactive/magics.html."""
OTHER_CELLS = frozenset({"%md", "%r", "%scala", "%sh", "%sql"})
"""Databricks writes them with one sign only."""
COMMANDS = frozenset(
    {
        "cat",
        "cd",
        "conda",
        "config",
        "cp",
        "env",
        "history",
        "load",
        "load_ext",
        "ls",
        "lsmagic",
        "matplotlib",
        "mkdir",
        "mv",
        "notebook",
        "pastebin",
        "pip",
        "pwd",
        "pylab",
        "reload_ext",
        "reset",
        "rm",
        "rmdir",
        "run",
        "who",
        "whos",
    }
)
"""What IPython takes for a magic without a sign where it is all of a cell."""

_TOKEN = re.compile(
    r"""
    (?P<string>\"{3}(?:\\.|[^\\])*?(?:\"{3}|\Z)|'{3}(?:\\.|[^\\])*?(?:'{3}|\Z)
              |"(?:\\(?:\r\n|.)|[^"\\\r\n])*"|'(?:\\(?:\r\n|.)|[^'\\\r\n])*')
    |(?P<comment>\#[^\r\n]*)
    |(?P<open>[(\[{])|(?P<close>[)\]}])
    |(?P<joined>\\(?:\r\n?|\n))
    |(?P<end>\r\n?|\n)
    |(?P<escape>(?<![=<>!+\-*/%@&|^:])=[ \t]*(?P<what>[!%]))
    |(?P<other>[^"'\#()\[\]{}\\\r\n=]+|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"[ \t]*(?=[%!?,;/])")
_TIMED = re.compile(r"(?P<sign>%(?:time|timeit|prun|memit))(?P<rest>[ \t]+(?:-[nr][ \t]*\d+[ \t]+|-[qopc][ \t]+)*)")
_REST_OF_MAGIC = re.compile(r"(?:[^\\\r\n]|\\(?!\r?\n))*(?:\\(?:\r\n?|\n)(?:[^\\\r\n]|\\(?!\r?\n))*)*\\?")
_PROMPT = re.compile(r"[ \t]*(?:>>>|\.\.\.|In \[\d+\]:|\.\.\.:)(?: |$)")
_BLANKS = " " * len(">>> ")
_CELL_MAGIC = re.compile(r"%%(?P<name>\w+)(?!\w*\?)|(?P<single>%\w+)")

SHOWN = ",\t \t"
"""Makes `x.mean()` a tuple of one: of a statement that is a call, the value would be thrown away."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a cell. `plain` is None where it is Python as it is.

    Of a line that is Python behind a magic or a prompt, `prefix` stands in for that; behind a magic it is as long.
    """

    text: str
    end: str
    plain: str | None = None
    prefix: str = ""
    replaced: str = ""  # what the prefix stands in for
    shown: int | None = None  # where an expression ends that the notebook shows

    @property
    def python(self) -> str:
        python = self.text if self.plain is None else self.plain
        return python if self.shown is None else python[: self.shown] + SHOWN + python[self.shown :]


def plain(source: str) -> list[Line]:
    """The lines of a cell, as IPython reads them."""
    starts = _starts(source)
    whole = [source[start:end] for start, end in zip(starts, [*starts[1:], len(source)], strict=True)]
    texts = [line.rstrip("\r\n") for line in whole]
    lines = [Line(text, line[len(text) :]) for text, line in zip(texts, whole, strict=True)]
    first = next((number for number, text in enumerate(texts) if text.strip()), None)
    if first is None:
        return lines
    return [*lines[:first], *_cell(lines[first:])]


def without_python(lines: list[Line]) -> list[Line]:
    """The lines of a cell of which nothing is Python."""
    return [Line(line.text, line.end, "#") if line.text.strip() else line for line in lines]


def is_indented(lines: list[Line]) -> bool:
    """Whether the cell is indented as a whole, which IPython allows."""
    first = next((line.python for line in lines if line.python.strip()[:1] not in ("", "#")), "")
    return first[:1] in (" ", "\t")


def is_command(lines: list[Line]) -> bool:
    """Whether a cell that is no Python is a single line as `pip install torch`."""
    said = [line.text.split() for line in lines if line.text.strip()]
    return len(said) == 1 and said[0][0] in COMMANDS


def _cell(lines: list[Line]) -> list[Line]:
    if _PROMPT.match(lines[0].text):
        return [_without_prompt(line) for line in lines]
    found = _CELL_MAGIC.match(lines[0].text.lstrip())
    if found is None or (found["single"] and found["single"] not in OTHER_CELLS):
        return _statements(lines)
    if found["name"] not in PYTHON_CELLS:
        return without_python(lines)
    rest = plain("".join(line.text + line.end for line in lines[1:])) if len(lines) > 1 else []
    return [Line(lines[0].text, lines[0].end, "if 1:" if is_indented(rest) else "pass"), *rest]


def _without_prompt(line: Line) -> Line:
    """Given `>>> x = 1`, the statement; blanks in the place of the prompt make it an indented cell."""
    found = _PROMPT.match(line.text)
    if found is None:
        return line
    return Line(line.text, line.end, _BLANKS + line.text[found.end() :], _BLANKS, found[0])


def _statements(lines: list[Line]) -> list[Line]:
    text = "".join(line.text + line.end for line in lines)
    starts = _starts(text)
    found = list(lines)
    for start, escape, end in _escapes(text):
        first = max(number for number, begin in enumerate(starts) if begin <= start)
        last = max(number for number, begin in enumerate(starts) if begin <= max(end - 1, start))
        line = found[first]
        before = line.text[: escape - starts[first]]
        found[first] = _stand_in(line, before, is_alone=first == last)
        for number in range(first + 1, last + 1):
            found[number] = Line(found[number].text, found[number].end, "#")
    return found


def _stand_in(line: Line, before: str, is_alone: bool) -> Line:
    """The first line of a magic; `before` is the Python that stands before it."""
    if before.strip():
        value = '"[]"' if line.text[len(before) :].startswith("!") else '"None"'
        return Line(line.text, line.end, f"{before}eval({value})")
    timed = _TIMED.match(line.text, len(before))
    if timed is not None and is_alone:
        prefix = f"{before}if 1{' ' * (timed.end() - timed.start() - 6)}: "
        python = prefix + line.text[timed.end() :]
        if _is_python(python.strip()):
            return Line(line.text, line.end, python, prefix, line.text[: timed.end()])
    return Line(line.text, line.end, f"{before}pass")


def _is_python(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _escapes(text: str) -> Iterator[tuple[int, int, int]]:
    """Where a statement begins that IPython alone understands, where the escape itself does, and where it ends."""
    at = 0
    while at < len(text):
        found = _ESCAPED.match(text, at)
        if found is not None:
            end = _end_of_magic(text, found.end())
            yield at, found.end(), end
            at = _behind_line(text, end)
            continue
        line, depth, code = at, 0, ""
        for token in _TOKEN.finditer(text, at):
            at = token.end()
            kind = token.lastgroup if token.lastgroup != "what" else "escape"
            if kind == "escape" and depth == 0:
                end = _end_of_magic(text, token.start("what"))
                yield token.start("what"), token.start("what"), end
                at = _behind_line(text, end)
                break
            if kind == "end" and depth == 0:
                break
            depth = max(depth + (kind == "open") - (kind == "close"), 0)
            code = code if kind in ("comment", "end") or token[0].isspace() else token[0].rstrip()
        if code.endswith("?") and not re.search(r"[\r\n].", text[line:at]):
            indent = len(text[line:at]) - len(text[line:at].lstrip(" \t"))
            yield line, line + indent, at


def _end_of_magic(text: str, at: int) -> int:
    found = _REST_OF_MAGIC.match(text, at)
    return found.end() if found else at


def _behind_line(text: str, at: int) -> int:
    found = NEW_LINE.match(text, at)
    return found.end() if found else at


def _starts(text: str) -> list[int]:
    """The offsets at which lines begin."""
    return [0, *(found.end() for found in NEW_LINE.finditer(text))]
