"""The user's files are compiled with marks, so that loops can be cut short and values are seen that torch does not see.

Given `for batch in loader:` the iterable becomes `__nnlint__.loop(loader, …)`, given `while running:` the test becomes
`__nnlint__.goes_on(running, …)`, and given the statement `x.to(device)` its value is shown to `__nnlint__.thrown`.
The statement `losses.append(loss)` becomes `__nnlint__.collected(losses.append, loss)`.
Nothing else changes, and every position stays what it is in the file.
"""

from __future__ import annotations

import ast
import importlib.machinery
import importlib.util
from collections.abc import Callable
from types import CodeType
from typing import Any, TypeGuard

MARKS = "__nnlint__"
COLLECTS = frozenset({"append", "appendleft", "extend", "insert"})
"""Methods that put their last argument into a container."""


def compiled(source: bytes | str, path: str, mark: bool = True, flags: int = 0) -> CodeType:
    """The code of a file, with marks. Raises `SyntaxError`."""
    tree: Any = compile(source, path, "exec", ast.PyCF_ONLY_AST | flags, dont_inherit=True)
    if mark:
        tree = ast.fix_missing_locations(_Marker().visit(tree))
    code: CodeType = compile(tree, path, "exec", flags, dont_inherit=True)
    return code


def install(is_own: Callable[[str], object]) -> None:
    """Compile with marks whatever is imported from now on and is the user's own."""
    loader = importlib.machinery.SourceFileLoader
    original = loader.get_code

    def get_code(self: importlib.machinery.SourceFileLoader, fullname: str) -> CodeType | None:
        path = self.get_filename(fullname)
        if not is_own(path):
            return original(self, fullname)
        return compiled(self.get_data(path), path)

    loader.get_code = get_code  # type: ignore[assignment, method-assign]


class _Marker(ast.NodeTransformer):
    def visit_For(self, node: ast.For) -> ast.AST:
        self.generic_visit(node)
        node.iter = _marked("loop", node.iter, node)
        return node

    def visit_While(self, node: ast.While) -> ast.AST:
        self.generic_visit(node)
        if not (isinstance(node.test, ast.Constant) and node.test.value):  # nothing follows `while True`
            node.test = _marked("goes_on", node.test, node)
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        self.generic_visit(node)
        if _collects(node.value):
            node.value = _collected(node.value)
        if isinstance(node.value, (ast.Call, ast.Attribute, ast.BinOp)):
            node.value = _marked("thrown", node.value, node.value)
        return node


def _collects(value: ast.expr) -> TypeGuard[ast.Call]:
    return (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Attribute)
        and value.func.attr in COLLECTS
        and not value.keywords
        and not any(isinstance(each, ast.Starred) for each in value.args)
    )


def _collected(call: ast.Call) -> ast.Call:
    """Given `losses.append(loss)`: `__nnlint__.collected(losses.append, loss)`."""
    mark = ast.Attribute(ast.Name(MARKS, ast.Load()), "collected", ast.Load())
    result = ast.Call(mark, [call.func, *call.args], [])
    for part in (result, mark, mark.value):
        ast.copy_location(part, call)
    return result


def _marked(name: str, value: ast.expr, site: ast.AST) -> ast.expr:
    """Given `loader` of a loop on line 7: `__nnlint__.loop(loader, 7)`."""
    mark: Any = ast.Attribute(ast.Name(MARKS, ast.Load()), name, ast.Load())
    call = ast.Call(mark, [value, ast.Constant(getattr(site, "lineno", 0))], [])
    for part in (call, mark, mark.value, call.args[1]):
        ast.copy_location(part, value)
    return call
