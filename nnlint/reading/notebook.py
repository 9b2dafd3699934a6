"""A notebook as one program: its code cells in order, line for line, with what only IPython understands taken out.

Given the cells `%matplotlib inline` and `x = load()`, the program is

    # cell 1
    pass  # ipython 0
    # cell 2
    x = load()

The comments tell cells and stand-ins apart when the program has been edited and is to be a notebook again.
"""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass, replace

from nnlint.reading import magics
from nnlint.reading.magics import SHOWN, Line
from nnlint.reading.notebook_text import Content, content, rewritten
from nnlint.source import Cells, Place, Source, Unreadable

SUFFIX = ".ipynb"
_OTHER_KERNELS = re.compile(r"ir$|ir\d|julia|javascript|bash|xcpp|scala|dotnet|\.net|octave|sos", re.IGNORECASE)
_DEEDS = frozenset({"append", "backward", "eval", "extend", "step", "train", "zero_grad"})
"""What is not called for the sake of its value."""
_FUTURE = re.compile(r"from __future__ import [\w, ]+(?:#.*)?$")


class NotPython(Unreadable):
    """A notebook of another language."""


@dataclass(frozen=True, slots=True)
class Notebook:
    """The program, and how it comes of the notebook."""

    path: str
    text: str
    cells: Cells
    data: bytes
    markers: tuple[str, ...]  # the line before each cell
    stand_ins: tuple[Line, ...]  # by the numbers in their comments

    @classmethod
    def read(cls, path: str, data: bytes) -> Notebook:
        """Raises `Unreadable`, and of it `NotPython`."""
        found = content(path, data)
        language = _language(found)
        if language:
            raise NotPython(path, f"is a notebook of {language}, which nnlint does not read")
        return _Writer(path, data, found).notebook()

    def source(self) -> Source:
        return Source(self.path, self.text, self.cells)

    def place(self, place: Place) -> Place:
        """A place in the program as one in its cell."""
        return self.cells.place(place)

    def written(self, text: str) -> bytes:
        """The notebook's file with its cells as in `text`, which is the program with edits; magics as they were.

        Raises `ValueError` when a magic, or the border of a cell, was changed or removed.
        """
        if text == self.text:
            return self.data
        sources = _parts(self._with_magics(text), self.markers)
        pairs = zip(self.cells.numbers, sources, self.cells.texts, strict=True)
        return rewritten(self.data, {number: source for number, source, before in pairs if source != before})

    def _with_magics(self, text: str) -> str:
        """The program with the lines of the notebook in the place of their stand-ins."""
        tag = re.compile(rf"(?P<code>[^\r\n]*){re.escape(self._tag)}(?P<number>\d+)(?=\r|\n|\Z)")
        seen: list[int] = []

        def original(found: re.Match[str]) -> str:
            number = int(found["number"])
            seen.append(number)
            line = self.stand_ins[number] if number < len(self.stand_ins) else None
            code = found["code"]
            if line is not None and line.prefix and code.startswith(line.prefix):
                return line.replaced + code[len(line.prefix) :]
            if line is None or code != line.python:
                raise ValueError(f"a line is changed that IPython alone understands: {code}")
            return line.text

        written = tag.sub(original, text)
        if not any(SHOWN in each for each in self.cells.texts):
            written = written.replace(SHOWN, "")
        if seen != list(range(len(self.stand_ins))):
            raise ValueError("a line is moved or removed that IPython alone understands")
        return written

    @property
    def _tag(self) -> str:
        return _tag(self.cells.texts)


class _Writer:
    """Writes the program of a notebook."""

    def __init__(self, path: str, data: bytes, found: Content) -> None:
        self.path = path
        self.data = data
        self.found = found
        self.parts: list[str] = []
        self.line = 1
        self.starts: list[int] = []
        self.markers: list[str] = []
        self.stand_ins: list[Line] = []
        self.unfinished: list[Unreadable] = []
        self.has_code = False
        self.has_shown = any(SHOWN in cell.source for cell in found.cells)

    def notebook(self) -> Notebook:
        texts = tuple(cell.source for cell in self.found.cells)
        tag = _tag(texts)
        border = _unused("# cell ", texts)
        for cell in self.found.cells:
            self._add(cell.source, f"{border}{cell.number}", tag)
        numbers = tuple(cell.number for cell in self.found.cells)
        cells = Cells(numbers, tuple(self.starts), texts, tuple(self.unfinished))
        text = "".join(self.parts)
        return Notebook(self.path, text, cells, self.data, tuple(self.markers), tuple(self.stand_ins))

    def _add(self, source: str, border: str, tag: str) -> None:
        self.line += 1
        self.starts.append(self.line)
        lines = magics.plain(source)
        lines = self._without_late_future(lines)
        marker = f"if 1:  {border}\n" if magics.is_indented(lines) else f"{border}\n"
        problem, tree = _parsed(marker + _text(lines))
        if tree is not None and not self.has_shown:
            lines = _with_shown(lines, tree)
        if problem is not None:
            if not magics.is_command(lines):
                message, row, column = problem
                self.unfinished.append(Unreadable(self.path, message, self.line + max(row - 2, 0), column))
            lines = magics.without_python(lines)
            marker = f"{border}\n"
        self.markers.append(marker)
        self.parts.append(marker)
        for line in lines:
            if line.plain is None:
                self.parts.append(line.python + line.end)
            else:
                self.parts.append(f"{line.python}{tag}{len(self.stand_ins)}{line.end}")
                self.stand_ins.append(line)
        self.parts.append("\n")
        self.line += len(lines)

    def _without_late_future(self, lines: list[Line]) -> list[Line]:
        """In a cell of its own `from __future__ import …` may come late; in a program it comes first or not at all."""
        found = []
        for line in lines:
            if line.plain is None and self.has_code and _FUTURE.match(line.text):
                line = Line(line.text, line.end, "pass")
            said = line.python.strip()
            self.has_code = self.has_code or not (not said or said.startswith("#") or _FUTURE.match(said))
            found.append(line)
        return found


def _language(found: Content) -> str:
    """The language of a notebook that is not Python's; "" of one that is, or does not say."""
    kernel, info = (found.metadata.get(name) for name in ("kernelspec", "language_info"))
    kernel = kernel if isinstance(kernel, dict) else {}
    info = info if isinstance(info, dict) else {}
    older = next((cell.language for cell in found.cells if cell.language), None)
    for language in (info.get("name"), kernel.get("language"), older):
        if isinstance(language, str) and language:
            return "" if re.match(r"i?python|sage", language, re.IGNORECASE) else language
    name = kernel.get("name")
    return name if isinstance(name, str) and _OTHER_KERNELS.match(name) else ""


def _parsed(text: str) -> tuple[tuple[str, int, int] | None, ast.Module | None]:
    """What of a cell does not parse (the message, the line and the column), or its tree."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return None, ast.parse(text)
    except SyntaxError as error:
        if type(error) is SyntaxError and _is_newer_python(text):
            return None, None
        return (f"does not parse as Python 3: {error.msg}", error.lineno or 1, max(error.offset or 1, 1)), None
    except UnicodeEncodeError:
        return ("has half of a surrogate pair in it", 1, 1), None
    except (ValueError, RecursionError, MemoryError) as error:
        return (f"does not parse: {error or 'it is nested too deeply'}", 1, 1), None


def _with_shown(lines: list[Line], tree: ast.Module) -> list[Line]:
    """The lines of a cell, with `SHOWN` behind the expressions that a notebook shows: nobody has thrown them away.

    These are the last of the cell, what is behind `%time`, and all below `%%timeit`. `tree` has the border of the cell
    as its first line.
    """
    shown = [_last(tree.body[-1])] if tree.body else []
    if any(line.text.lstrip().startswith("%%timeit") for line in lines):
        shown = [node for node in ast.walk(tree) if isinstance(node, ast.Expr)]
    elif any(line.prefix for line in lines):
        shown += [_last(node) for node in ast.walk(tree) if isinstance(node, ast.If) and lines[node.lineno - 2].prefix]
    found = list(lines)
    for statement in shown:
        if isinstance(statement, ast.Expr) and _may_be_discarded(statement.value):
            number = (statement.end_lineno or 2) - 2
            before = lines[number].python.encode("utf-8")[: statement.end_col_offset]
            found[number] = replace(lines[number], shown=len(before.decode("utf-8")))
    return found


def _last(statement: ast.stmt) -> ast.stmt:
    """The last statement below the `if 1:` that stand for something of IPython."""
    while isinstance(statement, ast.If) and ast.unparse(statement.test) == "1":
        statement = statement.body[-1]
    return statement


def _may_be_discarded(value: ast.expr) -> bool:
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
        return not value.func.attr.endswith("_") and value.func.attr not in _DEEDS
    return isinstance(value, ast.Call | ast.BinOp)


def _is_newer_python(text: str) -> bool:
    """Whether it is Python of a later version than the one that runs."""
    import libcst

    try:
        libcst.parse_module(text)
    except Exception:
        return False
    return True


def _parts(text: str, markers: tuple[str, ...]) -> list[str]:
    """The text of each cell."""
    borders = []
    at = 0
    for marker in markers:
        found = re.compile(rf"^{re.escape(marker)}", re.MULTILINE).search(text, at)
        if found is None:
            raise ValueError(f"the border of a cell is changed or removed: {marker.strip()}")
        borders.append(found.span())
        at = found.end()
    if not borders:
        if text.strip():
            raise ValueError("the notebook has no cell to write in")
        return []
    ends = [start for start, _ in borders[1:]] + [len(text)]
    sources = [text[start:end].removesuffix("\n") for (_, start), end in zip(borders, ends, strict=True)]
    sources[0] = text[: borders[0][0]] + sources[0]
    return sources


def _text(lines: list[Line]) -> str:
    return "".join(line.python + line.end for line in lines)


def _tag(texts: tuple[str, ...]) -> str:
    return _unused("  # ipython ", texts)


def _unused(mark: str, texts: tuple[str, ...]) -> str:
    while any(mark.strip() in text for text in texts):
        mark = f"{mark.rstrip()}_ "
    return mark
