"""`Code` as text: with the parentheses that it needs where it goes, and the names that the file has for things."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from nnlint.changes import Code, Named
from nnlint.editing.tree import CanNot, Splice, Tree
from nnlint.source import Place

_ATOMS = (
    cst.Attribute,
    cst.Call,
    cst.Dict,
    cst.DictComp,
    cst.Ellipsis,
    cst.FormattedString,
    cst.List,
    cst.ListComp,
    cst.Name,
    cst.Set,
    cst.SetComp,
    cst.SimpleString,
    cst.Subscript,
)
_NUMBERS = (cst.Float, cst.Integer, cst.Imaginary)
_LOOSE = (cst.GeneratorExp, cst.NamedExpr, cst.Tuple, cst.Yield)
"""What needs parentheses in an argument, though commas and brackets stand around it."""
_BRACKETED = (cst.Arg, cst.DictElement, cst.Element, cst.FormattedStringExpression, cst.Index)
_WHOLE = (cst.AnnAssign, cst.Assign, cst.AugAssign, cst.Expr, cst.Return)


class Writer:
    """Writes code for one file, and gathers the imports that it comes to need."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._names = dict(_imported(tree.module))
        self._missing: dict[str, None] = {}

    def write(self, code: Code) -> str:
        """Raises `CanNot`."""
        parts = [self._part(part) for part in code]
        return "".join(
            _in_parentheses(text) if _joins(parts, number) and not is_atom(text) else text
            for number, text in enumerate(parts)
            if not isinstance(code[number], str) or text
        )

    def fitting(self, code: Code, node: cst.CSTNode) -> str:
        """The code as an expression that stands where `node` does."""
        text = self.write(code)
        if getattr(node, "lpar", ()):
            return text  # within the parentheses that are there
        parent = self._tree.parent(node)
        expression = parsed(text)
        if is_atom(text) or (isinstance(expression, _NUMBERS) and not isinstance(parent, cst.Attribute)):
            return text
        if isinstance(parent, _BRACKETED):
            return _in_parentheses(text) if isinstance(expression, _LOOSE) else text
        if isinstance(parent, _WHOLE) and "\n" not in text:
            return text
        return _in_parentheses(text)

    def name(self, dotted: str) -> str:
        """What the file calls `torch.nn.functional.relu`: `F.relu`; an import is added where it has no name for it."""
        for length in range(dotted.count(".") + 1, 0, -1):
            head, tail = _cut(dotted, length)
            known = next((alias for alias, target in self._names.items() if target == head), None)
            if known is not None:
                return known + tail
        root = dotted.partition(".")[0]
        if root in self._names:
            raise CanNot(f"`{root}` is something else here")
        self._names[root] = root
        self._missing[root] = None
        return dotted

    def target(self, name: str) -> str | None:
        """What a name of the file was imported as."""
        return self._names.get(name)

    def imports(self) -> Iterator[Splice]:
        """What brings the imports that were missing."""
        if self._missing:
            offset = _place_for_imports(self._tree)
            lines = "".join(f"import {name}{self._tree.new_line}" for name in self._missing)
            yield Splice(offset, offset, lines)

    def _part(self, part: str | Place | Named) -> str:
        match part:
            case Named(dotted):
                return self.name(dotted)
            case Place():
                return self._tree.source(self._tree.node(part))
        return part


def is_atom(text: str) -> bool:
    """Whether nothing that stands beside the expression can tear it apart."""
    expression = parsed(text)
    return isinstance(expression, _ATOMS) or bool(getattr(expression, "lpar", ()))


def parsed(text: str) -> cst.BaseExpression:
    """Raises `CanNot` when the text is no expression."""
    try:
        return cst.parse_expression(text)
    except cst.ParserSyntaxError:
        pass
    try:  # its lines hang together by the brackets around them
        return cst.parse_expression(f"({text})").with_changes(lpar=(), rpar=())
    except cst.ParserSyntaxError as error:
        raise CanNot(f"`{text}` is no expression") from error


def _joins(parts: list[str], number: int) -> bool:
    """Whether what stands around a part would bind to a piece of it only: `a + b` before `.sum()`, behind `~`."""
    before, after = "".join(parts[:number]).rstrip(), "".join(parts[number + 1 :]).lstrip()
    text = parts[number]
    if not (before or after) or not _is_expression(text):
        return False
    return not ((not before or before[-1] in "([{,=:") and (not after or after[0] in ")]},:"))


def _is_expression(text: str) -> bool:
    try:
        parsed(text)
    except CanNot:
        return False
    return True


def _in_parentheses(text: str) -> str:
    return f"({text})"


def _cut(dotted: str, length: int) -> tuple[str, str]:
    parts = dotted.split(".")
    head, tail = ".".join(parts[:length]), ".".join(parts[length:])
    return head, f".{tail}" if tail else ""


def _imported(module: cst.Module) -> Iterator[tuple[str, str]]:
    """The names that the top of a file imports, and what for."""
    for statement in _at_the_top(module.body):
        match statement:
            case cst.Import(names=names):
                for alias in names:
                    dotted = _dotted(alias.name)
                    if alias.asname is not None and isinstance(alias.asname.name, cst.Name):
                        yield alias.asname.name.value, dotted
                    else:
                        yield (root := dotted.partition(".")[0]), root
            case cst.ImportFrom(module=source, names=[*names], relative=()) if source is not None:
                for alias in names:
                    dotted = _dotted(alias.name)
                    name = alias.asname.name if alias.asname is not None else alias.name
                    if isinstance(name, cst.Name):
                        yield name.value, f"{_dotted(source)}.{dotted}"


def _at_the_top(body: object) -> Iterator[cst.BaseSmallStatement]:
    """The small statements that run on import, those in `try` too."""
    for statement in body if isinstance(body, (list, tuple)) else ():
        match statement:
            case cst.SimpleStatementLine():
                yield from statement.body
            case cst.Try():
                yield from _at_the_top(statement.body.body)


def _dotted(name: cst.BaseExpression) -> str:
    return cst.Module([]).code_for_node(name).replace(" ", "")


def _place_for_imports(tree: Tree) -> int:
    """Behind the first imports of the file; without any behind its docstring, before its first statement."""
    last: int | None = None
    for statement in tree.module.body:
        is_import = isinstance(statement, cst.SimpleStatementLine) and isinstance(
            statement.body[0], (cst.Import, cst.ImportFrom)
        )
        is_docstring = last is None and statement is tree.module.body[0] and tree.module.get_docstring() is not None
        if is_import or is_docstring:
            last = tree.line_end(tree.end(statement))
        elif last is not None:
            break
    if last is not None:
        return last
    return tree.line_start(tree.start(tree.module.body[0])) if tree.module.body else 0
