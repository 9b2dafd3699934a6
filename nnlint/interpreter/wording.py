"""Expressions in the user's own words, for messages."""

from __future__ import annotations

from nnlint.reading import script as ir

LONGEST = 28
MOST_TEXTS = 50_000
_texts: dict[int, tuple[ir.Expr | None, str]] = {}  # by the identity of the expression, which is kept


def text_of(expr: ir.Expr | None) -> str:
    """The source of an expression, rebuilt and shortened."""
    if type(expr) is ir.Name:
        return _shortened(expr.name)
    known = _texts.get(id(expr))
    if known is not None and known[0] is expr:
        return known[1]
    text = _text(expr)
    if len(text) > LONGEST and isinstance(expr, ir.Attribute):
        text = expr.attr
    text = _shortened(text)
    if len(_texts) > MOST_TEXTS:
        _texts.clear()
    _texts[id(expr)] = expr, text
    return text


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _text(expr: ir.Expr | None) -> str:
    match expr:
        case ir.Name(name=name):
            return name
        case ir.Attribute(value=ir.Binary() | ir.Unary() | ir.Compare() as value, attr=attr):
            return f"({_text(value)}).{attr}"
        case ir.Attribute(value=value, attr=attr):
            return f"{_text(value)}.{attr}"
        case ir.Constant(value=value):
            return "..." if value is Ellipsis else repr(value)
        case ir.Call(function=function, arguments=arguments):
            return f"{_text(function)}({', '.join(map(_argument, arguments))})"
        case ir.Subscript(value=value, index=index):
            return f"{_text(value)}[{_text(index)}]"
        case ir.Slice(lower=lower, upper=upper, step=step):
            return f"{_text(lower)}:{_text(upper)}" + (f":{_text(step)}" if step else "")
        case ir.Binary(left=left, op=op, right=right):
            return f"{_text(left)} {op} {_text(right)}"
        case ir.Unary(op=op, operand=operand):
            return f"not {_text(operand)}" if op == "not" else f"{op}{_text(operand)}"
        case ir.Boolean(op=op, left=left, right=right):
            return f"{_text(left)} {op} {_text(right)}"
        case ir.Compare(left=left, ops=ops, comparators=comparators):
            rest = (f" {op} {_text(comparator)}" for op, comparator in zip(ops, comparators, strict=True))
            return _text(left) + "".join(rest)
        case ir.TupleDisplay(elements=elements):
            return ", ".join(map(_text, elements))
        case ir.ListDisplay(elements=elements):
            return f"[{', '.join(map(_text, elements))}]"
        case ir.Starred(value=value):
            return f"*{_text(value)}"
        case None:
            return ""
    return "…"


def _argument(argument: ir.Argument) -> str:
    return f"{argument.star}{argument.keyword + '=' if argument.keyword else ''}{_text(argument.value)}"
