"""A `Script`: one file lowered to plain data.

Nothing of libcst is in here: every node is a small dataclass, picklable, comparable, a pure function of the file's
text. Each node has a number, `id`, in the order of the walk; `locate` (positions.py) turns numbers into spans
for the few nodes that are reported.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Node:
    id: int


# --- expressions -----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Expr(Node):
    pass


@dataclass(slots=True)
class Constant(Expr):
    value: object  # int, float, complex, str, bytes, bool, None or Ellipsis


@dataclass(slots=True)
class Name(Expr):
    name: str


@dataclass(slots=True)
class Attribute(Expr):
    value: Expr
    attr: str


@dataclass(slots=True)
class Subscript(Expr):
    value: Expr
    index: Expr  # a Slice, a TupleDisplay of several, or any expression


@dataclass(slots=True)
class Slice(Expr):
    lower: Expr | None
    upper: Expr | None
    step: Expr | None


@dataclass(slots=True)
class Argument:
    value: Expr
    keyword: str | None = None
    star: str = ""  # "", "*" or "**"


@dataclass(slots=True)
class Call(Expr):
    function: Expr
    arguments: tuple[Argument, ...]


@dataclass(slots=True)
class Binary(Expr):
    left: Expr
    op: str  # + - * @ / // % ** << >> & | ^
    right: Expr


@dataclass(slots=True)
class Unary(Expr):
    op: str  # - + ~ not
    operand: Expr


@dataclass(slots=True)
class Boolean(Expr):
    op: str  # and, or
    left: Expr
    right: Expr


@dataclass(slots=True)
class Compare(Expr):
    left: Expr
    ops: tuple[str, ...]  # == != < <= > >= is, is not, in, not in
    comparators: tuple[Expr, ...]


@dataclass(slots=True)
class Conditional(Expr):
    test: Expr
    body: Expr
    orelse: Expr


@dataclass(slots=True)
class Starred(Expr):
    value: Expr


@dataclass(slots=True)
class TupleDisplay(Expr):
    elements: tuple[Expr, ...]


@dataclass(slots=True)
class ListDisplay(Expr):
    elements: tuple[Expr, ...]


@dataclass(slots=True)
class SetDisplay(Expr):
    elements: tuple[Expr, ...]


@dataclass(slots=True)
class DictDisplay(Expr):
    items: tuple[tuple[Expr | None, Expr], ...]  # a key of None is `**value`


@dataclass(slots=True)
class Lambda(Expr):
    parameters: Parameters
    body: Expr


@dataclass(slots=True)
class Clause:
    target: Expr
    iterable: Expr
    conditions: tuple[Expr, ...]


@dataclass(slots=True)
class Comprehension(Expr):
    kind: str  # list, set, generator, dict
    element: Expr  # of a dict: the key
    value: Expr | None  # of a dict: the value
    clauses: tuple[Clause, ...]


@dataclass(slots=True)
class Formatted(Expr):
    """An f-string: the expressions in it (format specifications included), in order.

    `texts` are the texts around them, one more than there are values; () where a value is converted or formatted.
    """

    values: tuple[Expr, ...]
    texts: tuple[str, ...] = ()


@dataclass(slots=True)
class Await(Expr):
    value: Expr


@dataclass(slots=True)
class Yield(Expr):
    value: Expr | None
    is_from: bool


@dataclass(slots=True)
class Walrus(Expr):
    target: Name
    value: Expr


# --- statements ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Stmt(Node):
    pass


Block = tuple[Stmt, ...]


@dataclass(slots=True)
class ExprStatement(Stmt):
    value: Expr


@dataclass(slots=True)
class Assign(Stmt):
    targets: tuple[Expr, ...]
    value: Expr


@dataclass(slots=True)
class AugmentedAssign(Stmt):
    target: Expr
    op: str  # as in Binary
    value: Expr


@dataclass(slots=True)
class AnnotatedAssign(Stmt):
    target: Expr
    annotation: Expr
    value: Expr | None


@dataclass(slots=True)
class Return(Stmt):
    value: Expr | None


@dataclass(slots=True)
class Raise(Stmt):
    exception: Expr | None


@dataclass(slots=True)
class Assert(Stmt):
    test: Expr


@dataclass(slots=True)
class Delete(Stmt):
    targets: tuple[Expr, ...]


@dataclass(slots=True)
class Pass(Stmt):
    pass


@dataclass(slots=True)
class Break(Stmt):
    pass


@dataclass(slots=True)
class Continue(Stmt):
    pass


@dataclass(slots=True)
class Global(Stmt):
    names: tuple[str, ...]


@dataclass(slots=True)
class Nonlocal(Stmt):
    names: tuple[str, ...]


@dataclass(slots=True)
class Import(Stmt):
    names: tuple[tuple[str, str | None], ...]  # (dotted name, as-name)


@dataclass(slots=True)
class ImportFrom(Stmt):
    module: str  # "" for `from . import x`
    level: int  # number of leading dots
    names: tuple[tuple[str, str | None], ...]  # (("*", None),) for a star import


@dataclass(slots=True)
class If(Stmt):
    test: Expr
    body: Block
    orelse: Block


@dataclass(slots=True)
class While(Stmt):
    test: Expr
    body: Block
    orelse: Block


@dataclass(slots=True)
class For(Stmt):
    target: Expr
    iterable: Expr
    body: Block
    orelse: Block


@dataclass(slots=True)
class With(Stmt):
    items: tuple[tuple[Expr, Expr | None], ...]  # (context expression, as-target)
    body: Block


@dataclass(slots=True)
class Handler:
    type: Expr | None
    name: str | None
    body: Block


@dataclass(slots=True)
class Try(Stmt):
    body: Block
    handlers: tuple[Handler, ...]
    orelse: Block
    final: Block


@dataclass(slots=True)
class Case:
    values: tuple[
        Expr, ...
    ]  # the value patterns of the case, alternatives side by side; () when it is no value pattern
    names: tuple[str, ...]  # names that the pattern binds
    guard: Expr | None
    body: Block


@dataclass(slots=True)
class Match(Stmt):
    subject: Expr
    cases: tuple[Case, ...]


@dataclass(slots=True)
class Parameter:
    name: str
    kind: str  # positional (before /), normal, keyword (after *), star, star-star
    default: Expr | None = None
    annotation: Expr | None = None


@dataclass(slots=True)
class Parameters:
    items: tuple[Parameter, ...]


@dataclass(slots=True)
class FunctionDef(Stmt):
    """A function; its position is that of its name."""

    name: str
    parameters: Parameters
    body: Block
    decorators: tuple[Expr, ...]
    returns: Expr | None
    is_async: bool
    is_generator: bool


@dataclass(slots=True)
class ClassDef(Stmt):
    """A class; its position is that of its name."""

    name: str
    arguments: tuple[Argument, ...]
    body: Block
    decorators: tuple[Expr, ...]


@dataclass(slots=True)
class Script:
    """One file as plain data."""

    path: str
    body: Block
