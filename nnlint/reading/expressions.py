"""Expressions, as the walk of lower.py sees them. A table says which function lowers which libcst node."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from sys import intern
from typing import Any

import libcst as cst

from nnlint.reading import script as ir
from nnlint.reading.literals import NotALiteral, integer, string, text
from nnlint.source import Unreadable


class Lowering:
    """The state of one walk: the nodes numbered so far, and whether the function at hand has a yield of its own."""

    __slots__ = ("nodes", "path", "yields")

    def __init__(self, path: str) -> None:
        self.path = path
        self.nodes: list[cst.CSTNode] = []
        self.yields = False

    def number(self, node: cst.CSTNode) -> int:
        self.nodes.append(node)
        return len(self.nodes) - 1

    def expression(self, node: cst.CSTNode) -> ir.Expr:
        try:
            lower = EXPRESSIONS[type(node)]
        except KeyError:
            raise self.unknown(node) from None
        return lower(self, node)

    def optional(self, node: cst.CSTNode | None) -> ir.Expr | None:
        return None if node is None else self.expression(node)

    def elements(self, elements: Iterable[cst.BaseElement]) -> tuple[ir.Expr, ...]:
        """The elements of a display; `*rest` among them is a Starred."""
        return tuple(
            [self.expression(element.value if type(element) is cst.Element else element) for element in elements]
        )

    def unknown(self, node: cst.CSTNode) -> Unreadable:
        return Unreadable(self.path, f"uses syntax that nnlint does not know ({type(node).__name__})")


def identifier(name: str) -> str:
    """Python compares names by their NFKC form; interned, since a file has few names and uses them often."""
    return intern(name if name.isascii() else unicodedata.normalize("NFKC", name))


def argument(walk: Lowering, node: cst.Arg) -> ir.Argument:
    keyword = None if node.keyword is None else identifier(node.keyword.value)
    return ir.Argument(walk.expression(node.value), keyword, node.star)


def parameters(walk: Lowering, node: cst.Parameters) -> ir.Parameters:
    """In the order of the text, which is the order of Python's own evaluation of defaults."""
    items = [_parameter(walk, each, "positional") for each in node.posonly_params]
    items += [_parameter(walk, each, "normal") for each in node.params]
    if isinstance(node.star_arg, cst.Param):  # not the lone `*` before keyword-only parameters
        items.append(_parameter(walk, node.star_arg, "star"))
    items += [_parameter(walk, each, "keyword") for each in node.kwonly_params]
    if node.star_kwarg is not None:
        items.append(_parameter(walk, node.star_kwarg, "star-star"))
    return ir.Parameters(tuple(items))


def _parameter(walk: Lowering, node: cst.Param, kind: str) -> ir.Parameter:
    annotation = None if node.annotation is None else walk.expression(node.annotation.annotation)
    return ir.Parameter(identifier(node.name.value), kind, walk.optional(node.default), annotation)


# --- names and literals ----------------------------------------------------------------------------------------

NAMED_CONSTANTS: dict[str, object] = {"None": None, "True": True, "False": False}


def _name(walk: Lowering, node: cst.Name) -> ir.Expr:
    if node.value in NAMED_CONSTANTS:
        return ir.Constant(walk.number(node), NAMED_CONSTANTS[node.value])
    return ir.Name(walk.number(node), identifier(node.value))


def _integer(walk: Lowering, node: cst.Integer) -> ir.Expr:
    try:
        return ir.Constant(walk.number(node), integer(node.value))
    except NotALiteral as error:
        raise Unreadable(walk.path, f"does not parse as Python 3: {error}") from error


def _float(walk: Lowering, node: cst.Float) -> ir.Expr:
    return ir.Constant(walk.number(node), float(node.value))


def _imaginary(walk: Lowering, node: cst.Imaginary) -> ir.Expr:
    return ir.Constant(walk.number(node), complex(node.value))


def _ellipsis(walk: Lowering, node: cst.Ellipsis) -> ir.Expr:
    return ir.Constant(walk.number(node), ...)


def _string(walk: Lowering, node: cst.SimpleString) -> ir.Expr:
    return ir.Constant(walk.number(node), string(node.value))


def _formatted(walk: Lowering, node: cst.FormattedString | cst.TemplatedString) -> ir.Expr:
    number = walk.number(node)
    return ir.Formatted(number, tuple(_interpolated(walk, node.parts)), _texts([node]))


def _texts(pieces: Iterable[cst.BaseString]) -> tuple[str, ...]:
    """The texts between the values of f-strings, strings beside them included; () where a value is converted or
    formatted.
    """
    texts = [""]
    for piece in pieces:
        if isinstance(piece, cst.SimpleString):
            plain = string(piece.value)
            if isinstance(plain, bytes):
                return ()
            texts[-1] += plain
        elif isinstance(piece, (cst.FormattedString, cst.TemplatedString)):
            for part in piece.parts:
                if isinstance(part, (cst.FormattedStringText, cst.TemplatedStringText)):
                    texts[-1] += text(part.value, piece.start)
                elif isinstance(part, (cst.FormattedStringExpression, cst.TemplatedStringExpression)):
                    if part.conversion or part.format_spec is not None or part.equal is not None:
                        return ()
                    texts.append("")
    return tuple(texts)


def _interpolated(walk: Lowering, parts: Iterable[cst.CSTNode]) -> Iterator[ir.Expr]:
    """The expressions between braces, each before those of its format: `f"{loss:{width}.4f}"` is loss, width."""
    for part in parts:
        if isinstance(part, (cst.FormattedStringExpression, cst.TemplatedStringExpression)):
            yield walk.expression(part.expression)
            if part.format_spec is not None:
                yield from _interpolated(walk, part.format_spec)


def _concatenated(walk: Lowering, node: cst.ConcatenatedString) -> ir.Expr:
    """`"a" "b" f"{c}"`: right-nested in libcst, and long in files that keep data in strings, so a loop."""
    number = walk.number(node)
    pieces: list[cst.BaseString] = []
    rest: cst.BaseString = node
    while isinstance(rest, cst.ConcatenatedString):
        pieces.append(rest.left)
        rest = rest.right
    pieces.append(rest)
    plain = [string(piece.value) for piece in pieces if isinstance(piece, cst.SimpleString)]
    if len(plain) < len(pieces):
        values: list[ir.Expr] = []
        for piece in pieces:
            if isinstance(piece, (cst.FormattedString, cst.TemplatedString)):
                values.extend(_interpolated(walk, piece.parts))
        return ir.Formatted(number, tuple(values), _texts(pieces))
    if isinstance(plain[0], bytes):
        return ir.Constant(number, b"".join([piece for piece in plain if isinstance(piece, bytes)]))
    return ir.Constant(number, "".join([piece for piece in plain if isinstance(piece, str)]))


# --- operators -------------------------------------------------------------------------------------------------

BINARY_OPERATORS: dict[type[cst.BaseBinaryOp], str] = {
    cst.Add: "+",
    cst.Subtract: "-",
    cst.Multiply: "*",
    cst.MatrixMultiply: "@",
    cst.Divide: "/",
    cst.FloorDivide: "//",
    cst.Modulo: "%",
    cst.Power: "**",
    cst.LeftShift: "<<",
    cst.RightShift: ">>",
    cst.BitAnd: "&",
    cst.BitOr: "|",
    cst.BitXor: "^",
}
UNARY_OPERATORS: dict[type[cst.BaseUnaryOp], str] = {
    cst.Minus: "-",
    cst.Plus: "+",
    cst.BitInvert: "~",
    cst.Not: "not",
}
COMPARISONS: dict[type[cst.BaseCompOp], str] = {
    cst.Equal: "==",
    cst.NotEqual: "!=",
    cst.LessThan: "<",
    cst.LessThanEqual: "<=",
    cst.GreaterThan: ">",
    cst.GreaterThanEqual: ">=",
    cst.Is: "is",
    cst.IsNot: "is not",
    cst.In: "in",
    cst.NotIn: "not in",
}


def _operation(walk: Lowering, node: cst.BinaryOperation | cst.BooleanOperation) -> ir.Expr:
    """`a + b + c + …` leans left; its spine is followed in a loop, so that a long sum costs no stack."""
    spine: list[tuple[int, cst.BinaryOperation | cst.BooleanOperation]] = []
    leftmost: cst.BaseExpression = node
    while isinstance(leftmost, (cst.BinaryOperation, cst.BooleanOperation)):
        spine.append((walk.number(leftmost), leftmost))
        leftmost = leftmost.left
    left = walk.expression(leftmost)
    for number, operation in reversed(spine):
        right = walk.expression(operation.right)
        if isinstance(operation, cst.BinaryOperation):
            left = ir.Binary(number, left, BINARY_OPERATORS[type(operation.operator)], right)
        else:
            left = ir.Boolean(number, "and" if isinstance(operation.operator, cst.And) else "or", left, right)
    return left


def _unary(walk: Lowering, node: cst.UnaryOperation) -> ir.Expr:
    return ir.Unary(walk.number(node), UNARY_OPERATORS[type(node.operator)], walk.expression(node.expression))


def _comparison(walk: Lowering, node: cst.Comparison) -> ir.Expr:
    number = walk.number(node)
    left = walk.expression(node.left)
    operators = tuple([COMPARISONS[type(target.operator)] for target in node.comparisons])
    return ir.Compare(number, left, operators, tuple([walk.expression(t.comparator) for t in node.comparisons]))


def _conditional(walk: Lowering, node: cst.IfExp) -> ir.Expr:
    number = walk.number(node)
    body = walk.expression(node.body)
    return ir.Conditional(number, walk.expression(node.test), body, walk.expression(node.orelse))


# --- access and calls ------------------------------------------------------------------------------------------


def _attribute(walk: Lowering, node: cst.Attribute) -> ir.Expr:
    return ir.Attribute(walk.number(node), walk.expression(node.value), identifier(node.attr.value))


def _call(walk: Lowering, node: cst.Call) -> ir.Expr:
    number = walk.number(node)
    function = walk.expression(node.func)
    return ir.Call(number, function, tuple([argument(walk, each) for each in node.args]))


def _subscript(walk: Lowering, node: cst.Subscript) -> ir.Expr:
    number = walk.number(node)
    value = walk.expression(node.value)
    first = node.slice[0]
    is_starred = isinstance(first.slice, cst.Index) and first.slice.star is not None
    if len(node.slice) == 1 and not isinstance(first.comma, cst.Comma) and not is_starred:
        return ir.Subscript(number, value, _subscript_element(walk, first.slice))
    # `x[:, 0]`, `x[i,]` and `x[*rest]` index with a tuple without a node: it stands where the subscript does
    inner = walk.number(node)
    elements = tuple([_subscript_element(walk, element.slice) for element in node.slice])
    return ir.Subscript(number, value, ir.TupleDisplay(inner, elements))


def _subscript_element(walk: Lowering, node: cst.BaseSlice) -> ir.Expr:
    if isinstance(node, cst.Slice):
        number = walk.number(node)
        return ir.Slice(number, walk.optional(node.lower), walk.optional(node.upper), walk.optional(node.step))
    assert isinstance(node, cst.Index)
    if node.star is not None:
        return ir.Starred(walk.number(node), walk.expression(node.value))
    return walk.expression(node.value)


# --- displays and comprehensions -------------------------------------------------------------------------------


def _tuple(walk: Lowering, node: cst.Tuple) -> ir.Expr:
    return ir.TupleDisplay(walk.number(node), walk.elements(node.elements))


def _list(walk: Lowering, node: cst.List) -> ir.Expr:
    return ir.ListDisplay(walk.number(node), walk.elements(node.elements))


def _set(walk: Lowering, node: cst.Set) -> ir.Expr:
    return ir.SetDisplay(walk.number(node), walk.elements(node.elements))


def _dict(walk: Lowering, node: cst.Dict) -> ir.Expr:
    number = walk.number(node)
    items: list[tuple[ir.Expr | None, ir.Expr]] = []
    for element in node.elements:
        key = walk.expression(element.key) if isinstance(element, cst.DictElement) else None
        items.append((key, walk.expression(element.value)))
    return ir.DictDisplay(number, tuple(items))


def _starred(walk: Lowering, node: cst.StarredElement) -> ir.Expr:
    return ir.Starred(walk.number(node), walk.expression(node.value))


COMPREHENSIONS = {cst.ListComp: "list", cst.SetComp: "set", cst.GeneratorExp: "generator"}


def _comprehension(walk: Lowering, node: cst.ListComp | cst.SetComp | cst.GeneratorExp) -> ir.Expr:
    number = walk.number(node)
    element = walk.expression(node.elt)
    return ir.Comprehension(number, COMPREHENSIONS[type(node)], element, None, _clauses(walk, node.for_in))


def _dict_comprehension(walk: Lowering, node: cst.DictComp) -> ir.Expr:
    number = walk.number(node)
    key = walk.expression(node.key)
    value = walk.expression(node.value)
    return ir.Comprehension(number, "dict", key, value, _clauses(walk, node.for_in))


def _clauses(walk: Lowering, clause: cst.CompFor | None) -> tuple[ir.Clause, ...]:
    clauses: list[ir.Clause] = []
    while clause is not None:
        target = walk.expression(clause.target)
        iterable = walk.expression(clause.iter)
        clauses.append(ir.Clause(target, iterable, tuple([walk.expression(each.test) for each in clause.ifs])))
        clause = clause.inner_for_in
    return tuple(clauses)


# --- the rest --------------------------------------------------------------------------------------------------


def _lambda(walk: Lowering, node: cst.Lambda) -> ir.Expr:
    number = walk.number(node)
    accepted = parameters(walk, node.params)
    outer_yields = walk.yields
    body = walk.expression(node.body)
    walk.yields = outer_yields
    return ir.Lambda(number, accepted, body)


def _yield(walk: Lowering, node: cst.Yield) -> ir.Expr:
    number = walk.number(node)
    walk.yields = True
    if isinstance(node.value, cst.From):
        return ir.Yield(number, walk.expression(node.value.item), is_from=True)
    return ir.Yield(number, walk.optional(node.value), is_from=False)


def _await(walk: Lowering, node: cst.Await) -> ir.Expr:
    return ir.Await(walk.number(node), walk.expression(node.expression))


def _walrus(walk: Lowering, node: cst.NamedExpr) -> ir.Expr:
    number = walk.number(node)
    target = walk.expression(node.target)
    assert isinstance(target, ir.Name)
    return ir.Walrus(number, target, walk.expression(node.value))


EXPRESSIONS: dict[type[cst.CSTNode], Callable[[Lowering, Any], ir.Expr]] = {
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
    cst.GeneratorExp: _comprehension,
    cst.IfExp: _conditional,
    cst.Imaginary: _imaginary,
    cst.Integer: _integer,
    cst.Lambda: _lambda,
    cst.List: _list,
    cst.ListComp: _comprehension,
    cst.Name: _name,
    cst.NamedExpr: _walrus,
    cst.Set: _set,
    cst.SetComp: _comprehension,
    cst.SimpleString: _string,
    cst.StarredElement: _starred,
    cst.Subscript: _subscript,
    cst.TemplatedString: _formatted,
    cst.Tuple: _tuple,
    cst.UnaryOperation: _unary,
    cst.Yield: _yield,
}
