"""The oracle of reading: the Script that Python's own parser would make, and the places it knows.

Written from Python's grammar and not from nnlint's lowering, so that the two can disagree.
"""

from __future__ import annotations

import ast
import dataclasses
import keyword
import re
import sys
import warnings
from collections.abc import Iterator
from typing import Any

from nnlint.reading import script as ir
from nnlint.reading.reader import locate, read_script
from nnlint.source import Source, Span

OPERATORS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.MatMult: "@", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%",
    ast.Pow: "**", ast.LShift: "<<", ast.RShift: ">>", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^",
    ast.USub: "-", ast.UAdd: "+", ast.Invert: "~", ast.Not: "not", ast.And: "and", ast.Or: "or",
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip
NO_PLACE = -1


def assert_read_alike(text: str) -> int:
    """Assert that nnlint and Python read `text` alike; the number of places compared."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(text)
    oracle = Oracle()
    theirs = ir.Script("train.py", oracle(tree.body))
    source = Source("train.py", text)
    matched = [(mine, oracle.nodes[its]) for mine, its in pairs(read_script(source), theirs) if its != NO_PLACE]
    spans = locate(source, [ours for ours, _ in matched])
    lines = re.split(r"\r\n?|\n", text)
    for ours, node in matched:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            assert cut(text, spans[ours]) == node.name
        elif hasattr(node, "lineno") and ";" not in lines[node.end_lineno - 1][spans[ours].end_column - 1 :]:
            # Python counts a last semicolon to the block that it stands in
            assert spans[ours] == span_of(node, lines), ast.unparse(node)
    return len(matched)


class Oracle:
    """The Script as `ast` has it; `id` is the index of the ast node, NO_PLACE where ast has none to compare."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []

    def __call__(self, node: Any) -> Any:
        """The IR of an ast node, of a list of them, of None."""
        if node is None:
            return None
        if isinstance(node, list):
            return tuple([self(each) for each in node])
        self.nodes.append(node)
        kind = type(node).__name__.lower().removeprefix("async")
        lower = getattr(self, f"{kind}_" if keyword.iskeyword(kind) or kind == "match" else kind)
        return lower(len(self.nodes) - 1, node)

    def constant(self, i: int, n: Any) -> Any:
        return ir.Constant(i, n.value)

    def name(self, i: int, n: Any) -> Any:
        return ir.Name(i, n.id)

    def attribute(self, i: int, n: Any) -> Any:
        return ir.Attribute(i, self(n.value), n.attr)

    def subscript(self, i: int, n: Any) -> Any:
        index = self(n.slice)
        if isinstance(index, ir.TupleDisplay):
            index.id = NO_PLACE
        return ir.Subscript(i, self(n.value), index)

    def slice(self, i: int, n: Any) -> Any:
        return ir.Slice(i, self(n.lower), self(n.upper), self(n.step))

    def arguments_of(self, positional: Any, keywords: Any) -> Any:
        arguments = []
        for each in sorted([*positional, *keywords], key=lambda argument: (argument.lineno, argument.col_offset)):
            if isinstance(each, ast.keyword):
                arguments.append(ir.Argument(self(each.value), each.arg, "**" if each.arg is None else ""))
            elif isinstance(each, ast.Starred):
                arguments.append(ir.Argument(self(each.value), None, "*"))
            else:
                arguments.append(ir.Argument(self(each)))
        return tuple(arguments)

    def call(self, i: int, n: Any) -> Any:
        return ir.Call(i, self(n.func), self.arguments_of(n.args, n.keywords))

    def binop(self, i: int, n: Any) -> Any:
        return ir.Binary(i, self(n.left), OPERATORS[type(n.op)], self(n.right))

    def unaryop(self, i: int, n: Any) -> Any:
        return ir.Unary(i, OPERATORS[type(n.op)], self(n.operand))

    def boolop(self, i: int, n: Any) -> Any:
        left, *rest = self(n.values)
        for each in rest:
            left = ir.Boolean(NO_PLACE, OPERATORS[type(n.op)], left, each)
        left.id = i
        return left

    def compare(self, i: int, n: Any) -> Any:
        return ir.Compare(i, self(n.left), tuple(OPERATORS[type(op)] for op in n.ops), self(n.comparators))

    def ifexp(self, i: int, n: Any) -> Any:
        return ir.Conditional(i, self(n.test), self(n.body), self(n.orelse))

    def starred(self, i: int, n: Any) -> Any:
        return ir.Starred(i, self(n.value))

    def tuple(self, i: int, n: Any) -> Any:
        return ir.TupleDisplay(i, self(n.elts))

    def list(self, i: int, n: Any) -> Any:
        return ir.ListDisplay(i, self(n.elts))

    def set(self, i: int, n: Any) -> Any:
        return ir.SetDisplay(i, self(n.elts))

    def dict(self, i: int, n: Any) -> Any:
        return ir.DictDisplay(i, tuple(zip(self(n.keys), self(n.values), strict=True)))

    def parameters(self, n: Any) -> Any:
        def parameter(a: Any, kind: str, default: Any = None) -> Any:
            return ir.Parameter(a.arg, kind, self(default), self(a.annotation))

        positional = [*n.posonlyargs, *n.args]
        defaults = [None] * (len(positional) - len(n.defaults)) + n.defaults
        kinds = ["positional"] * len(n.posonlyargs) + ["normal"] * len(n.args)
        items = [parameter(*each) for each in zip(positional, kinds, defaults, strict=True)]
        items += [parameter(n.vararg, "star")] if n.vararg else []
        items += [parameter(a, "keyword", d) for a, d in zip(n.kwonlyargs, n.kw_defaults, strict=True)]
        items += [parameter(n.kwarg, "star-star")] if n.kwarg else []
        return ir.Parameters(tuple(items))

    def lambda_(self, i: int, n: Any) -> Any:
        return ir.Lambda(i, self.parameters(n.args), self(n.body))

    def clauses(self, generators: Any) -> Any:
        return tuple(ir.Clause(self(g.target), self(g.iter), self(g.ifs)) for g in generators)

    def listcomp(self, i: int, n: Any) -> Any:
        kind = {"ListComp": "list", "SetComp": "set", "GeneratorExp": "generator"}[type(n).__name__]
        # the parentheses of a call serve its only argument, a generator, too; Python counts them in
        place = NO_PLACE if kind == "generator" else i
        return ir.Comprehension(place, kind, self(n.elt), None, self.clauses(n.generators))

    setcomp = generatorexp = listcomp

    def dictcomp(self, i: int, n: Any) -> Any:
        return ir.Comprehension(i, "dict", self(n.key), self(n.value), self.clauses(n.generators))

    def joinedstr(self, i: int, n: Any) -> Any:
        values: list[Any] = []
        for part in n.values:
            if isinstance(part, ast.FormattedValue):
                values.append(self(part.value))
                values.extend(self.joinedstr(i, part.format_spec).values if part.format_spec else ())
        if sys.version_info < (3, 12):  # before, the places inside an f-string were those of a text of its own
            for inner in nodes(tuple(values)):
                inner.id = NO_PLACE
        return ir.Formatted(i, tuple(values), _texts(n))

    def await_(self, i: int, n: Any) -> Any:
        return ir.Await(i, self(n.value))

    def yield_(self, i: int, n: Any) -> Any:
        return ir.Yield(i, self(n.value), isinstance(n, ast.YieldFrom))

    yieldfrom = yield_

    def namedexpr(self, i: int, n: Any) -> Any:
        return ir.Walrus(i, self(n.target), self(n.value))

    def expr(self, i: int, n: Any) -> Any:
        return ir.ExprStatement(i, self(n.value))

    def assign(self, i: int, n: Any) -> Any:
        return ir.Assign(i, self(n.targets), self(n.value))

    def augassign(self, i: int, n: Any) -> Any:
        return ir.AugmentedAssign(i, self(n.target), OPERATORS[type(n.op)], self(n.value))

    def annassign(self, i: int, n: Any) -> Any:
        return ir.AnnotatedAssign(i, self(n.target), self(n.annotation), self(n.value))

    def simple(self, i: int, n: Any) -> Any:
        match n:
            case ast.Return():
                return ir.Return(i, self(n.value))
            case ast.Raise():
                return ir.Raise(i, self(n.exc))
            case ast.Assert():
                return ir.Assert(i, self(n.test))
            case ast.Delete():
                return ir.Delete(i, self(n.targets))
            case ast.Global():
                return ir.Global(i, tuple(n.names))
            case ast.Nonlocal():
                return ir.Nonlocal(i, tuple(n.names))
            case ast.Import():
                return ir.Import(i, tuple((a.name, a.asname) for a in n.names))
            case ast.ImportFrom():
                return ir.ImportFrom(i, n.module or "", n.level, tuple((a.name, a.asname) for a in n.names))
        return {"Break": ir.Break, "Continue": ir.Continue}.get(type(n).__name__, ir.Pass)(i)

    return_ = raise_ = assert_ = delete = global_ = nonlocal_ = import_ = importfrom = simple
    pass_ = break_ = continue_ = typealias = simple

    def if_(self, i: int, n: Any) -> Any:
        return ir.If(i, self(n.test), self(n.body), self(n.orelse))

    def while_(self, i: int, n: Any) -> Any:
        return ir.While(i, self(n.test), self(n.body), self(n.orelse))

    def for_(self, i: int, n: Any) -> Any:
        return ir.For(i, self(n.target), self(n.iter), self(n.body), self(n.orelse))

    def with_(self, i: int, n: Any) -> Any:
        items = tuple((self(item.context_expr), self(item.optional_vars)) for item in n.items)
        return ir.With(i, items, self(n.body))

    def try_(self, i: int, n: Any) -> Any:
        handlers = tuple(ir.Handler(self(h.type), h.name, self(h.body)) for h in n.handlers)
        return ir.Try(i, self(n.body), handlers, self(n.orelse), self(n.finalbody))

    trystar = try_

    def match_(self, i: int, n: Any) -> Any:
        cases = []
        for case in n.cases:
            found, names = self(self.values(case.pattern)), tuple(self.names(case.pattern))
            cases.append(ir.Case(found, names, self(case.guard), self(case.body)))
        return ir.Match(i, self(n.subject), tuple(cases))

    def values(self, p: Any) -> Any:
        match p:
            case ast.MatchValue(value=value):
                return [value]
            case ast.MatchSingleton(value=value):
                return [ast.Constant(value)]  # without a line
            case ast.MatchAs(pattern=ast.pattern() as inner):
                return self.values(inner)
            case ast.MatchOr(patterns=patterns):
                each = [self.values(one) for one in patterns]
                return [value for one in each for value in one] if all(each) else []
        return []

    def names(self, p: Any) -> Any:
        if isinstance(p, ast.MatchOr):
            return self.names(p.patterns[0])
        inner = [x for child in ast.iter_child_nodes(p) if isinstance(child, ast.pattern) for x in self.names(child)]
        own = p.rest if isinstance(p, ast.MatchMapping) else getattr(p, "name", None)
        return [*inner, own] if own else inner

    def functiondef(self, i: int, n: Any) -> Any:
        def own(node: Any) -> Any:
            for child in ast.iter_child_nodes(node):
                yield child
                if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
                    yield from own(child)

        body = [x for statement in n.body for x in own(ast.Module([statement], []))]
        is_generator = any(isinstance(x, (ast.Yield, ast.YieldFrom)) for x in body)
        is_async = isinstance(n, ast.AsyncFunctionDef)
        decorators, accepted = self(n.decorator_list), self.parameters(n.args)
        return ir.FunctionDef(i, n.name, accepted, self(n.body), decorators, self(n.returns), is_async, is_generator)

    def classdef(self, i: int, n: Any) -> Any:
        arguments = self.arguments_of(n.bases, n.keywords)
        return ir.ClassDef(i, n.name, arguments, self(n.body), self(n.decorator_list))


def pairs(ours: object, theirs: object, at: str = "") -> Iterator[tuple[int, int]]:
    """The ids of corresponding nodes, having asserted that the two trees are the same but for them."""
    assert type(ours) is type(theirs), (at, ours, theirs)
    if isinstance(ours, tuple) and isinstance(theirs, tuple):
        assert len(ours) == len(theirs), (at, ours, theirs)
        for left, right in zip(ours, theirs, strict=True):
            yield from pairs(left, right, at)
    elif dataclasses.is_dataclass(ours):
        if isinstance(ours, ir.Node) and isinstance(theirs, ir.Node):
            yield ours.id, theirs.id
        for field in dataclasses.fields(ours):
            if field.name != "id":
                inner = f"{at}.{type(ours).__name__}.{field.name}"
                yield from pairs(getattr(ours, field.name), getattr(theirs, field.name), inner)
    else:
        assert repr(ours) == repr(theirs), (at, ours, theirs)


def span_of(node: Any, lines: list[str]) -> Span:
    """An ast node's span; its columns count bytes."""

    def column(line: int, offset: int) -> int:
        return len(lines[line - 1].encode()[:offset].decode()) + 1

    start, end = column(node.lineno, node.col_offset), column(node.end_lineno, node.end_col_offset)
    return Span(node.lineno, start, node.end_lineno, end)


def nodes(value: object) -> Iterator[ir.Node]:
    """Every node in `value`, outer before inner."""
    if isinstance(value, ir.Node):
        yield value
    if isinstance(value, tuple):
        for each in value:
            yield from nodes(each)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from nodes(getattr(value, field.name))


def cut(text: str, span: Span) -> str:
    lines = re.split(r"(?<=\n)|(?<=\r)(?!\n)", text)
    start = sum(map(len, lines[: span.line - 1])) + span.column - 1
    return text[start : sum(map(len, lines[: span.end_line - 1])) + span.end_column - 1]


def _texts(joined: ast.JoinedStr) -> tuple[str, ...]:
    texts = [""]
    for part in joined.values:
        if isinstance(part, ast.Constant):
            texts[-1] += str(part.value)
        elif isinstance(part, ast.FormattedValue):
            if part.conversion != -1 or part.format_spec is not None:
                return ()
            texts.append("")
    return tuple(texts)
