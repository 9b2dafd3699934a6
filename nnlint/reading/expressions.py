"""Expressions, as the walk of lower.py sees them. A table says which function lowers which node of `ast`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from nnlint.reading import script as ir


class Lowering:
    """The state of one walk: the nodes numbered so far, and whether the function at hand has a yield of its own."""

    __slots__ = ("nodes", "yields")

    def __init__(self) -> None:
        self.nodes: list[ast.AST] = []
        self.yields = False

    def number(self, node: ast.AST) -> int:
        self.nodes.append(node)
        return len(self.nodes) - 1

    def expression(self, node: ast.expr) -> ir.Expr:
        return EXPRESSIONS[type(node)](self, node)

    def optional(self, node: ast.expr | None) -> ir.Expr | None:
        return None if node is None else EXPRESSIONS[type(node)](self, node)

    def expressions(self, nodes: Iterable[ast.expr]) -> tuple[ir.Expr, ...]:
        return tuple([EXPRESSIONS[type(node)](self, node) for node in nodes])


def arguments(
    walk: Lowering, positional: Sequence[ast.expr], keywords: Sequence[ast.keyword]
) -> tuple[ir.Argument, ...]:
    """In the order of the text: given `f(a=1, *b)`, Python keeps `*b` before `a`."""
    given: Sequence[ast.expr | ast.keyword] = [*positional, *keywords]
    if keywords and any(type(each) is ast.Starred for each in positional):
        given = sorted(given, key=lambda each: (each.lineno, each.col_offset))
    return tuple([_argument(walk, each) for each in given])


def _argument(walk: Lowering, node: ast.expr | ast.keyword) -> ir.Argument:
    if isinstance(node, ast.keyword):
        return ir.Argument(walk.expression(node.value), node.arg, "**" if node.arg is None else "")
    if isinstance(node, ast.Starred):
        return ir.Argument(walk.expression(node.value), None, "*")
    return ir.Argument(walk.expression(node))


def parameters(walk: Lowering, node: ast.arguments) -> ir.Parameters:
    """In the order of the text, which is the order of Python's own evaluation of defaults."""
    positional = [(each, "positional") for each in node.posonlyargs] + [(each, "normal") for each in node.args]
    defaults = [None] * (len(positional) - len(node.defaults)) + node.defaults
    items = [_parameter(walk, *each, default) for each, default in zip(positional, defaults, strict=True)]
    if node.vararg is not None:
        items.append(_parameter(walk, node.vararg, "star"))
    for each, default in zip(node.kwonlyargs, node.kw_defaults, strict=True):
        items.append(_parameter(walk, each, "keyword", default))
    if node.kwarg is not None:
        items.append(_parameter(walk, node.kwarg, "star-star"))
    return ir.Parameters(tuple(items))


def _parameter(walk: Lowering, node: ast.arg, kind: str, default: ast.expr | None = None) -> ir.Parameter:
    annotation = walk.optional(node.annotation)
    return ir.Parameter(node.arg, kind, walk.optional(default), annotation)


# --- names and literals ----------------------------------------------------------------------------------------


def _name(walk: Lowering, node: ast.Name) -> ir.Expr:
    return ir.Name(walk.number(node), node.id)


def _constant(walk: Lowering, node: ast.Constant) -> ir.Expr:
    return ir.Constant(walk.number(node), node.value)


def _formatted(walk: Lowering, node: ast.JoinedStr) -> ir.Expr:
    return ir.Formatted(walk.number(node), tuple(_interpolated(walk, node)), _texts(node))


def _interpolated(walk: Lowering, node: ast.expr) -> Iterator[ir.Expr]:
    """The expressions between braces, each before those of its format: `f"{loss:{width}.4f}"` is loss, width."""
    assert isinstance(node, ast.JoinedStr)
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            yield walk.expression(part.value)
            if part.format_spec is not None:
                yield from _interpolated(walk, part.format_spec)


def _texts(node: ast.JoinedStr) -> tuple[str, ...]:
    """The texts around the values, of strings beside it too; () where a value is converted or formatted."""
    texts = [""]
    for part in node.values:
        if isinstance(part, ast.Constant):
            texts[-1] += str(part.value)
        elif isinstance(part, ast.FormattedValue):
            if part.conversion != -1 or part.format_spec is not None:
                return ()
            texts.append("")
    return tuple(texts)


# --- operators -------------------------------------------------------------------------------------------------

BINARY_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.MatMult: "@",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
}
UNARY_OPERATORS: dict[type[ast.AST], str] = {
    ast.USub: "-",
    ast.UAdd: "+",
    ast.Invert: "~",
    ast.Not: "not",
}
BOOLEAN_OPERATORS: dict[type[ast.AST], str] = {
    ast.And: "and",
    ast.Or: "or",
}
COMPARISONS: dict[type[ast.AST], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}


def _operation(walk: Lowering, node: ast.BinOp | ast.BoolOp) -> ir.Expr:
    """`a + b + c + …` leans left; its spine is followed in a loop, so that a long sum costs no stack.

    So does `a and b and c`, which Python has as one node: it is numbered once for each operator, the outermost first.
    """
    spine: list[tuple[int, ast.operator | ast.boolop, ast.expr]] = []
    leftmost: ast.expr = node
    while True:
        if isinstance(leftmost, ast.BinOp):
            spine.append((walk.number(leftmost), leftmost.op, leftmost.right))
            leftmost = leftmost.left
        elif isinstance(leftmost, ast.BoolOp):
            spine += [(walk.number(leftmost), leftmost.op, right) for right in leftmost.values[:0:-1]]
            leftmost = leftmost.values[0]
        else:
            break
    left = walk.expression(leftmost)
    for number, operator, operand in reversed(spine):
        right = walk.expression(operand)
        if isinstance(operator, ast.operator):
            left = ir.Binary(number, left, BINARY_OPERATORS[type(operator)], right)
        else:
            left = ir.Boolean(number, BOOLEAN_OPERATORS[type(operator)], left, right)
    return left


def _unary(walk: Lowering, node: ast.UnaryOp) -> ir.Expr:
    return ir.Unary(walk.number(node), UNARY_OPERATORS[type(node.op)], walk.expression(node.operand))


def _comparison(walk: Lowering, node: ast.Compare) -> ir.Expr:
    number = walk.number(node)
    left = walk.expression(node.left)
    operators = tuple([COMPARISONS[type(operator)] for operator in node.ops])
    return ir.Compare(number, left, operators, walk.expressions(node.comparators))


def _conditional(walk: Lowering, node: ast.IfExp) -> ir.Expr:
    number = walk.number(node)
    body = walk.expression(node.body)
    return ir.Conditional(number, walk.expression(node.test), body, walk.expression(node.orelse))


# --- access and calls ------------------------------------------------------------------------------------------


def _attribute(walk: Lowering, node: ast.Attribute) -> ir.Expr:
    return ir.Attribute(walk.number(node), walk.expression(node.value), node.attr)


def _call(walk: Lowering, node: ast.Call) -> ir.Expr:
    number = walk.number(node)
    function = walk.expression(node.func)
    return ir.Call(number, function, arguments(walk, node.args, node.keywords))


def _subscript(walk: Lowering, node: ast.Subscript) -> ir.Expr:
    number = walk.number(node)
    value = walk.expression(node.value)
    return ir.Subscript(number, value, walk.expression(node.slice))


def _slice(walk: Lowering, node: ast.Slice) -> ir.Expr:
    number = walk.number(node)
    return ir.Slice(number, walk.optional(node.lower), walk.optional(node.upper), walk.optional(node.step))


# --- displays and comprehensions -------------------------------------------------------------------------------


def _tuple(walk: Lowering, node: ast.Tuple) -> ir.Expr:
    return ir.TupleDisplay(walk.number(node), walk.expressions(node.elts))


def _list(walk: Lowering, node: ast.List) -> ir.Expr:
    return ir.ListDisplay(walk.number(node), walk.expressions(node.elts))


def _set(walk: Lowering, node: ast.Set) -> ir.Expr:
    return ir.SetDisplay(walk.number(node), walk.expressions(node.elts))


def _dict(walk: Lowering, node: ast.Dict) -> ir.Expr:
    number = walk.number(node)
    pairs = zip(node.keys, node.values, strict=True)
    return ir.DictDisplay(number, tuple([(walk.optional(key), walk.expression(value)) for key, value in pairs]))


def _starred(walk: Lowering, node: ast.Starred) -> ir.Expr:
    return ir.Starred(walk.number(node), walk.expression(node.value))


COMPREHENSIONS: dict[type[ast.AST], str] = {ast.ListComp: "list", ast.SetComp: "set", ast.GeneratorExp: "generator"}


def _comprehension(walk: Lowering, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> ir.Expr:
    number = walk.number(node)
    element = walk.expression(node.elt)
    return ir.Comprehension(number, COMPREHENSIONS[type(node)], element, None, _clauses(walk, node.generators))


def _dict_comprehension(walk: Lowering, node: ast.DictComp) -> ir.Expr:
    number = walk.number(node)
    key = walk.expression(node.key)
    value = walk.expression(node.value)
    return ir.Comprehension(number, "dict", key, value, _clauses(walk, node.generators))


def _clauses(walk: Lowering, generators: Iterable[ast.comprehension]) -> tuple[ir.Clause, ...]:
    return tuple(
        [
            ir.Clause(walk.expression(each.target), walk.expression(each.iter), walk.expressions(each.ifs))
            for each in generators
        ]
    )


# --- the rest --------------------------------------------------------------------------------------------------


def _lambda(walk: Lowering, node: ast.Lambda) -> ir.Expr:
    number = walk.number(node)
    accepted = parameters(walk, node.args)
    outer_yields = walk.yields
    body = walk.expression(node.body)
    walk.yields = outer_yields
    return ir.Lambda(number, accepted, body)


def _yield(walk: Lowering, node: ast.Yield) -> ir.Expr:
    walk.yields = True
    return ir.Yield(walk.number(node), walk.optional(node.value), is_from=False)


def _yield_from(walk: Lowering, node: ast.YieldFrom) -> ir.Expr:
    walk.yields = True
    return ir.Yield(walk.number(node), walk.expression(node.value), is_from=True)


def _await(walk: Lowering, node: ast.Await) -> ir.Expr:
    return ir.Await(walk.number(node), walk.expression(node.value))


def _walrus(walk: Lowering, node: ast.NamedExpr) -> ir.Expr:
    number = walk.number(node)
    target = ir.Name(walk.number(node.target), node.target.id)
    return ir.Walrus(number, target, walk.expression(node.value))


EXPRESSIONS: dict[type[ast.AST], Callable[[Lowering, Any], ir.Expr]] = {
    ast.Attribute: _attribute,
    ast.Await: _await,
    ast.BinOp: _operation,
    ast.BoolOp: _operation,
    ast.Call: _call,
    ast.Compare: _comparison,
    ast.Constant: _constant,
    ast.Dict: _dict,
    ast.DictComp: _dict_comprehension,
    ast.GeneratorExp: _comprehension,
    ast.IfExp: _conditional,
    ast.JoinedStr: _formatted,
    ast.Lambda: _lambda,
    ast.List: _list,
    ast.ListComp: _comprehension,
    ast.Name: _name,
    ast.NamedExpr: _walrus,
    ast.Set: _set,
    ast.SetComp: _comprehension,
    ast.Slice: _slice,
    ast.Starred: _starred,
    ast.Subscript: _subscript,
    ast.Tuple: _tuple,
    ast.UnaryOp: _unary,
    ast.Yield: _yield,
    ast.YieldFrom: _yield_from,
}
