"""Where in the user's files the script is: the place of the innermost frame that is the user's own."""

from __future__ import annotations

import ast
import linecache
import os
import re
import sys
from functools import lru_cache
from itertools import islice
from types import CodeType, FrameType

from nnlint.source import Place, Span

_BLOCK = re.compile(r"(?:async\s+)?(?:for|with|while|class|def|if|try|match)\b")
"""How a statement with a body begins: to take the next item of a loop, or to leave a `with`, is done by its header."""
_FOREIGN = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_NNLINT = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "")


class Places:
    """Tells the places of frames in the user's tree, the files below `root`."""

    def __init__(self, root: str) -> None:
        self._root = os.path.join(os.path.realpath(root), "")
        self._files: dict[str, str | None] = {}

    def here(self) -> Place | None:
        """The place of the call that the user's innermost frame is at."""
        frame = self.frame()
        return self.of(frame) if frame is not None else None

    def stack(self) -> list[Place]:
        """The places of all of the user's frames, innermost first."""
        found, frame = [], self.frame()
        while frame is not None:
            found.append(self.of(frame))
            frame = self.frame(frame.f_back)
        return found

    def frame(self, start: FrameType | None = None) -> FrameType | None:
        """The innermost frame of the user's own, from `start` outwards."""
        files = self._files
        frame: FrameType | None = start or sys._getframe(1)
        while frame is not None:
            name = frame.f_code.co_filename
            if (files[name] if name in files else self.file(name)) is not None:
                return frame
            frame = frame.f_back
        return None

    def of(self, frame: FrameType) -> Place:
        """The place in a frame of the user's own."""
        code = frame.f_code
        path = self.file(code.co_filename) or code.co_filename
        return Place(path, span=_span(code, frame.f_lasti, frame.f_lineno, path))

    def file(self, name: str) -> str | None:
        """The real path of a file of the user's, None for any other."""
        if not name:
            return None
        if name not in self._files:
            path = os.path.realpath(name)
            own = path.startswith(self._root) and not path.startswith(_NNLINT) and os.path.isfile(path)
            self._files[name] = path if own and not any(part in path for part in _FOREIGN) else None
        return self._files[name]


def words(place: Place | None, limit: int = 60) -> str:
    """The user's text at a place, on one line."""
    if place is None or place.span is None:
        return ""
    span, lines = place.span, linecache.getlines(place.path)[place.span.line - 1 : place.span.end_line]
    if not lines:
        return ""
    lines[-1] = lines[-1][: span.end_column - 1] if span.end_column > 1 else lines[-1]
    lines[0] = lines[0][span.column - 1 :]
    text = " ".join("".join(lines).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def called(place: Place | None) -> str:
    """What is called at a place, in the user's words: `criterion` of `criterion(scores, labels)`."""
    try:
        tree = ast.parse(words(place, 10_000).strip(), mode="eval").body
    except (SyntaxError, ValueError):
        return ""
    return ast.unparse(tree.func) if isinstance(tree, ast.Call) else ""


def assigned_to(place: Place | None) -> str:
    """The name that what stands at a place is assigned to: `optimizer` of `optimizer = Adam(…)`, else ""."""
    if place is None or place.span is None:
        return ""
    line, best = place.span.line, ""
    for first, last, target in _assignments(place.path):
        if first <= line <= last:
            best = target  # the innermost comes last
    return best


@lru_cache(maxsize=256)
def _assignments(path: str) -> list[tuple[int, int, str]]:
    """The lines of each assignment in a file and the first of its targets, outer ones first."""
    try:
        tree = ast.parse("".join(linecache.getlines(path)))
    except (SyntaxError, ValueError):
        return []
    found = []
    for node in ast.walk(tree):
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            found.append((node.lineno, node.end_lineno or node.lineno, ast.unparse(target)))
    return found


def conditions(place: Place | None) -> list[str]:
    """The tests that what stands at a place hangs on within its function, outermost first."""
    if place is None or place.span is None:
        return []
    found: list[str] = []
    for first, last, test in _tests(place.path):
        if first <= place.span.line <= last:
            found = [] if test is None else [*found, test]
    return found


@lru_cache(maxsize=256)
def _tests(path: str) -> list[tuple[int, int, str | None]]:
    """The lines that hang on a test, with the test; those of a function with None. Outer ones come first."""
    try:
        tree = ast.parse("".join(linecache.getlines(path)))
    except (SyntaxError, ValueError):
        return []
    found: list[tuple[int, int, str | None]] = []
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                found.append((node.lineno, node.end_lineno or node.lineno, None))
            case ast.If() | ast.IfExp() if ast.unparse(node.test) != "__name__ == '__main__'":
                found.append((node.lineno, node.end_lineno or node.lineno, ast.unparse(node.test)))
            case ast.With():
                calls = [each.context_expr for each in node.items if isinstance(each.context_expr, ast.Call)]
                options = [each for call in calls for each in call.args if not isinstance(each, ast.Constant)]
                if any("grad" in ast.unparse(call.func) for call in calls) and options:
                    found.append((node.lineno, node.end_lineno or node.lineno, ast.unparse(options[0])))
    return found


def receiver(place: Place | None) -> str:
    """The object whose method is called at a place: `optimizer` of `optimizer.step()`."""
    return called(place).rpartition(".")[0]


@lru_cache(maxsize=4096)
def _span(code: CodeType, instruction: int, line: int, path: str) -> Span:
    """What the instruction stands for. Before Python 3.11 only its line is known."""
    positions = getattr(code, "co_positions", None)
    if positions is not None:
        start, end, first, last = next(islice(positions(), instruction // 2, None), (None,) * 4)
        if start is not None and end is not None and first is not None and last is not None:
            if end > start and _BLOCK.match(linecache.getline(path, start), _characters(path, start, first)):
                end, last = start, len(linecache.getline(path, start).rstrip("\n").encode())
            return Span(start, _characters(path, start, first) + 1, end, _characters(path, end, last) + 1)
    text = linecache.getline(path, line).rstrip("\n")
    return Span(line, len(text) - len(text.lstrip()) + 1, line, max(len(text), 1) + 1)


def _characters(path: str, line: int, column: int) -> int:
    """A column in characters of one in bytes of UTF-8."""
    text = linecache.getline(path, line)
    return column if text.isascii() else len(text.encode()[:column].decode(errors="replace"))
