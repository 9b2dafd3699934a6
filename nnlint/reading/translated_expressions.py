"""Expressions, as the translation of translation.py sees them. A table says which function translates which node."""

from __future__ import annotations

import ast
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from sys import intern
from typing import Any, TypeVar

import libcst as cst

from nnlint.reading.literals import NotALiteral, integer, string, text
from nnlint.source import Unreadable

Tree = TypeVar("Tree", bound=ast.AST)


class Translation:
    """The state of one translation: which libcst node each node stands for."""

    __slots__ = ("origins", "path")

    def __init__(self, path: str) -> None:
        self.path = path
        self.origins: dict[ast.AST, cst.CSTNode] = {}

    def stands_for(self, tree: Tree, node: cst.CSTNode) -> Tree:
        self.origins[tree] = node
        return tree

    def expression(self, node: cst.CSTNode) -> ast.expr:
        try:
            translate = EXPRESSIONS[type(node)]
        except KeyError:
            raise self.unknown(node) from None
        tree = translate(self, node)
        self.origins[tree] = node
        return tree

    def optional(self, node: cst.CSTNode | None) -> ast.expr | None:
        return None if node is None else self.expression(node)

    def elements(self, elements: Iterable[cst.BaseElement]) -> list[ast.expr]:
        """The elements of a display; `*rest` among them is a Starred."""
        return [self.expression(element.value if type(element) is cst.Element else element) for element in elements]

    def unknown(self, node: cst.CSTNode) -> Unreadable:
        return Unreadable(self.path, f"uses syntax that nnlint does not know ({type(node).__name__})")


def identifier(name: str) -> str:
    """Python compares names by their NFKC form; interned, since a file has few names and uses them often."""
    return intern(name if name.isascii() else unicodedata.normalize("NFKC", name))


def arguments(walk: Translation, given: Sequence[cst.Arg]) -> tuple[list[ast.expr], list[ast.keyword]]:
    """Two lists, in which places that are none keep the order between them, all that is asked of places."""
    positional: list[ast.expr] = []
    keywords: list[ast.keyword] = []
    for order, each in enumerate(given):
        value = walk.expression(each.value)
        if each.keyword is not None:
            keywords.append(ast.keyword(identifier(each.keyword.value), value, lineno=order, col_offset=0))
        elif each.star == "**":
            keywords.append(ast.keyword(None, value, lineno=order, col_offset=0))
        else:
            positional.append(ast.Starred(value) if each.star else value)
            positional[-1].lineno, positional[-1].col_offset = order, 0
    return positional, keywords


def parameters(walk: Translation, node: cst.Parameters) -> ast.arguments:
    positional, keyword_only = [*node.posonly_params, *node.params], node.kwonly_params
    first, last = node.star_arg, node.star_kwarg
    return ast.arguments(
        posonlyargs=[_parameter(walk, each) for each in node.posonly_params],
        args=[_parameter(walk, each) for each in node.params],
        vararg=_parameter(walk, first) if isinstance(first, cst.Param) else None,  # not a lone `*`
        kwonlyargs=[_parameter(walk, each) for each in keyword_only],
        kw_defaults=[walk.optional(each.default) for each in keyword_only],
        kwarg=_parameter(walk, last) if last is not None else None,
        defaults=[walk.expression(each.default) for each in positional if each.default is not None],
    )


def _parameter(walk: Translation, node: cst.Param) -> ast.arg:
    annotation = None if node.annotation is None else walk.expression(node.annotation.annotation)
    return ast.arg(identifier(node.name.value), annotation)


# --- names and literals ----------------------------------------------------------------------------------------

NAMED_CONSTANTS: dict[str, bool | None] = {"None": None, "True": True, "False": False}


def _name(walk: Translation, node: cst.Name) -> ast.expr:
    if node.value in NAMED_CONSTANTS:
        return ast.Constant(NAMED_CONSTANTS[node.value])
    return ast.Name(identifier(node.value))


def _integer(walk: Translation, node: cst.Integer) -> ast.expr:
    try:
        return ast.Constant(integer(node.value))
    except NotALiteral as error:
        raise Unreadable(walk.path, f"does not parse as Python 3: {error}") from error


def _float(walk: Translation, node: cst.Float) -> ast.expr:
    return ast.Constant(float(node.value))


def _imaginary(walk: Translation, node: cst.Imaginary) -> ast.expr:
    return ast.Constant(complex(node.value))


def _ellipsis(walk: Translation, node: cst.Ellipsis) -> ast.expr:
    return ast.Constant(...)


def _string(walk: Translation, node: cst.SimpleString) -> ast.expr:
    return ast.Constant(string(node.value))


def _formatted(walk: Translation, node: cst.FormattedString | cst.TemplatedString) -> ast.expr:
    """A template string, which this Python may not know, has its values in the same places."""
    return ast.JoinedStr(list(_parts(walk, node.parts, node.start)))


def _parts(walk: Translation, parts: Iterable[cst.CSTNode], prefix: str) -> Iterator[ast.expr]:
    for part in parts:
        if isinstance(part, (cst.FormattedStringText, cst.TemplatedStringText)):
            yield ast.Constant(text(part.value, prefix))
        elif isinstance(part, (cst.FormattedStringExpression, cst.TemplatedStringExpression)):
            value = walk.expression(part.expression)
            specification: ast.expr | None = None
            if part.format_spec is not None:
                specification = ast.JoinedStr(list(_parts(walk, part.format_spec, prefix)))
            conversion = part.conversion or ("r" if part.equal is not None and specification is None else "")
            yield ast.FormattedValue(value, ord(conversion) if conversion else -1, specification)


def _concatenated(walk: Translation, node: cst.ConcatenatedString) -> ast.expr:
    """`"a" "b" f"{c}"`: right-nested in libcst, and long in files that keep data in strings, so a loop."""
    pieces: list[cst.BaseString] = []
    rest: cst.BaseString = node
    while isinstance(rest, cst.ConcatenatedString):
        pieces.append(rest.left)
        rest = rest.right
    pieces.append(rest)
    plain = [string(piece.value) for piece in pieces if isinstance(piece, cst.SimpleString)]
    if len(plain) < len(pieces):
        parts: list[ast.expr] = []
        for piece in pieces:
            tree = walk.expression(piece)
            parts += tree.values if isinstance(tree, ast.JoinedStr) else [tree]
        return ast.JoinedStr(parts)
    if isinstance(plain[0], bytes):
        return ast.Constant(b"".join([piece for piece in plain if isinstance(piece, bytes)]))
    return ast.Constant("".join([piece for piece in plain if isinstance(piece, str)]))


# --- operators -------------------------------------------------------------------------------------------------

BINARY_OPERATORS: dict[type[cst.BaseBinaryOp], type[ast.operator]] = {
    cst.Add: ast.Add,
    cst.Subtract: ast.Sub,
    cst.Multiply: ast.Mult,
    cst.MatrixMultiply: ast.MatMult,
    cst.Divide: ast.Div,
    cst.FloorDivide: ast.FloorDiv,
    cst.Modulo: ast.Mod,
    cst.Power: ast.Pow,
    cst.LeftShift: ast.LShift,
    cst.RightShift: ast.RShift,
    cst.BitAnd: ast.BitAnd,
    cst.BitOr: ast.BitOr,
    cst.BitXor: ast.BitXor,
}
UNARY_OPERATORS: dict[type[cst.BaseUnaryOp], type[ast.unaryop]] = {
    cst.Minus: ast.USub,
    cst.Plus: ast.UAdd,
    cst.BitInvert: ast.Invert,
    cst.Not: ast.Not,
}
COMPARISONS: dict[type[cst.BaseCompOp], type[ast.cmpop]] = {
    cst.Equal: ast.Eq,
    cst.NotEqual: ast.NotEq,
    cst.LessThan: ast.Lt,
    cst.LessThanEqual: ast.LtE,
    cst.GreaterThan: ast.Gt,
    cst.GreaterThanEqual: ast.GtE,
    cst.Is: ast.Is,
    cst.IsNot: ast.IsNot,
    cst.In: ast.In,
    cst.NotIn: ast.NotIn,
}


def _operation(walk: Translation, node: cst.BinaryOperation | cst.BooleanOperation) -> ast.expr:
    """`a + b + c + …` leans left; its spine is followed in a loop, so that a long sum costs no stack.

    So does `a and b and c`, which Python would have as one node: each of these stands for one operator.
    """
    spine: list[cst.BinaryOperation | cst.BooleanOperation] = []
    leftmost: cst.BaseExpression = node
    while isinstance(leftmost, (cst.BinaryOperation, cst.BooleanOperation)):
        spine.append(leftmost)
        leftmost = leftmost.left
    left = walk.expression(leftmost)
    for operation in reversed(spine):
        right = walk.expression(operation.right)
        if isinstance(operation, cst.BinaryOperation):
            left = ast.BinOp(left, BINARY_OPERATORS[type(operation.operator)](), right)
        else:
            left = ast.BoolOp(ast.And() if isinstance(operation.operator, cst.And) else ast.Or(), [left, right])
        walk.stands_for(left, operation)
    return left


def _unary(walk: Translation, node: cst.UnaryOperation) -> ast.expr:
    return ast.UnaryOp(UNARY_OPERATORS[type(node.operator)](), walk.expression(node.expression))


def _comparison(walk: Translation, node: cst.Comparison) -> ast.expr:
    operators: list[ast.cmpop] = [COMPARISONS[type(target.operator)]() for target in node.comparisons]
    return ast.Compare(walk.expression(node.left), operators, [walk.expression(t.comparator) for t in node.comparisons])


def _conditional(walk: Translation, node: cst.IfExp) -> ast.expr:
    return ast.IfExp(walk.expression(node.test), walk.expression(node.body), walk.expression(node.orelse))


# --- access and calls ------------------------------------------------------------------------------------------


def _attribute(walk: Translation, node: cst.Attribute) -> ast.expr:
    return ast.Attribute(walk.expression(node.value), identifier(node.attr.value))


def _call(walk: Translation, node: cst.Call) -> ast.expr:
    return ast.Call(walk.expression(node.func), *arguments(walk, node.args))


def _subscript(walk: Translation, node: cst.Subscript) -> ast.expr:
    value = walk.expression(node.value)
    first = node.slice[0]
    is_starred = isinstance(first.slice, cst.Index) and first.slice.star is not None
    if len(node.slice) == 1 and not isinstance(first.comma, cst.Comma) and not is_starred:
        return ast.Subscript(value, _index(walk, first.slice))
    # `x[:, 0]`, `x[i,]` and `x[*rest]` index with a tuple without a node: it stands where the subscript does
    return ast.Subscript(value, walk.stands_for(ast.Tuple([_index(walk, each.slice) for each in node.slice]), node))


def _index(walk: Translation, node: cst.BaseSlice) -> ast.expr:
    if isinstance(node, cst.Slice):
        bounds = walk.optional(node.lower), walk.optional(node.upper), walk.optional(node.step)
        return walk.stands_for(ast.Slice(*bounds), node)
    assert isinstance(node, cst.Index)
    value = walk.expression(node.value)
    return value if node.star is None else walk.stands_for(ast.Starred(value), node)


# --- displays and comprehensions -------------------------------------------------------------------------------


def _tuple(walk: Translation, node: cst.Tuple) -> ast.expr:
    return ast.Tuple(walk.elements(node.elements))


def _list(walk: Translation, node: cst.List) -> ast.expr:
    return ast.List(walk.elements(node.elements))


def _set(walk: Translation, node: cst.Set) -> ast.expr:
    return ast.Set(walk.elements(node.elements))


def _dict(walk: Translation, node: cst.Dict) -> ast.expr:
    keys = [walk.expression(each.key) if isinstance(each, cst.DictElement) else None for each in node.elements]
    return ast.Dict(keys, [walk.expression(each.value) for each in node.elements])


def _starred(walk: Translation, node: cst.StarredElement) -> ast.expr:
    return ast.Starred(walk.expression(node.value))


def _list_comprehension(walk: Translation, node: cst.ListComp) -> ast.expr:
    return ast.ListComp(walk.expression(node.elt), _clauses(walk, node.for_in))


def _set_comprehension(walk: Translation, node: cst.SetComp) -> ast.expr:
    return ast.SetComp(walk.expression(node.elt), _clauses(walk, node.for_in))


def _generator(walk: Translation, node: cst.GeneratorExp) -> ast.expr:
    return ast.GeneratorExp(walk.expression(node.elt), _clauses(walk, node.for_in))


def _dict_comprehension(walk: Translation, node: cst.DictComp) -> ast.expr:
    return ast.DictComp(walk.expression(node.key), walk.expression(node.value), _clauses(walk, node.for_in))


def _clauses(walk: Translation, clause: cst.CompFor | None) -> list[ast.comprehension]:
    clauses: list[ast.comprehension] = []
    while clause is not None:
        conditions = [walk.expression(each.test) for each in clause.ifs]
        is_async = int(clause.asynchronous is not None)
        clauses.append(
            ast.comprehension(walk.expression(clause.target), walk.expression(clause.iter), conditions, is_async)
        )
        clause = clause.inner_for_in
    return clauses


# --- the rest --------------------------------------------------------------------------------------------------


def _lambda(walk: Translation, node: cst.Lambda) -> ast.expr:
    return ast.Lambda(parameters(walk, node.params), walk.expression(node.body))


def _yield(walk: Translation, node: cst.Yield) -> ast.expr:
    if isinstance(node.value, cst.From):
        return ast.YieldFrom(walk.expression(node.value.item))
    return ast.Yield(walk.optional(node.value))


def _await(walk: Translation, node: cst.Await) -> ast.expr:
    return ast.Await(walk.expression(node.expression))


def _walrus(walk: Translation, node: cst.NamedExpr) -> ast.expr:
    target = walk.expression(node.target)
    assert isinstance(target, ast.Name)
    return ast.NamedExpr(target, walk.expression(node.value))


EXPRESSIONS: dict[type[cst.CSTNode], Callable[[Translation, Any], ast.expr]] = {
    cst.Attribute: _attribute,
    cst.Await: _await,
    cst.BinaryOperation: _operation,
    cst.BooleanOperation: _operation,
    cst.Call: _call,
    cst.Comparison: _comparison,
    cst.ConcatenatedString: _concatenated,
    cst.Dict: _dict,
    cst.DictComp: _dict_comprehension,
    cst.Ellipsis: _ellipsis,
    cst.Float: _float,
    cst.FormattedString: _formatted,
    cst.GeneratorExp: _generator,
    cst.IfExp: _conditional,
    cst.Imaginary: _imaginary,
    cst.Integer: _integer,
    cst.Lambda: _lambda,
    cst.List: _list,
    cst.ListComp: _list_comprehension,
    cst.Name: _name,
    cst.NamedExpr: _walrus,
    cst.Set: _set,
    cst.SetComp: _set_comprehension,
    cst.SimpleString: _string,
    cst.StarredElement: _starred,
    cst.Subscript: _subscript,
    cst.TemplatedString: _formatted,
    cst.Tuple: _tuple,
    cst.UnaryOperation: _unary,
    cst.Yield: _yield,
}
