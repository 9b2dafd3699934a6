"""Masks of padded sequences: what they are true for, and what the attention that is given one takes them for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nnlint.events import MaskUsed
from nnlint.finding import Confidence
from nnlint.interpreter.objects import Arguments, Const, Frame, Tensor, Unknown, Value
from nnlint.interpreter.sequences import Marks
from nnlint.interpreter.wording import text_of
from nnlint.interpreter.written import argument
from nnlint.reading import script as ir

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

POSITIONS = "<positions>"
"""What `torch.arange` makes."""

_KEEP = frozenset(
    ["identity", "mask_type", "view", "flatten", "unsqueeze", "squeeze", "expand", "transpose", "permute", "select"]
)
_METHODS = {"eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">="}
_TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}
_PAD = re.compile(r"pad", re.IGNORECASE)
_TOKENS = re.compile(r"(tokens?|ids|words?|src|tgt|sentences?|sequences?|seqs?|texts?)$", re.IGNORECASE)
_LENGTH = re.compile(r"len|size|num|count", re.IGNORECASE)
_OF_WORDS = "attention_mask"  # as tokenizers make them: 1 for words

_FLOATS = frozenset({"float", "half", "double", "bfloat16", "type_as", "log"})
_MARKS = "<marks>"  # of something unknown: what it marks
_TOKENIZED = "<tokenized>"  # of something unknown: that a network of Transformers takes it for its mask

_IGNORE_TRUE = {  # the masks that say what is to be left out, by where they are given
    "MultiheadAttention": {"key_padding_mask": 3},
    "TransformerEncoderLayer": {"src_key_padding_mask": 2},
    "TransformerEncoder": {"src_key_padding_mask": 2},
    "TransformerDecoderLayer": {"tgt_key_padding_mask": 4, "memory_key_padding_mask": 5},
    "TransformerDecoder": {"tgt_key_padding_mask": 4, "memory_key_padding_mask": 5},
    "Transformer": {"src_key_padding_mask": 5, "tgt_key_padding_mask": 6, "memory_key_padding_mask": 7},
}


def remember(value: Unknown, marks: Marks | None) -> Unknown:
    """Something unknown, which marks this."""
    if marks is not None:
        value.lazies[_MARKS] = marks
    return value


def handed_on(arguments: Arguments) -> None:
    """Something unknown is given arguments: the `attention_mask` of a network of Transformers is 1 for words."""
    mask = arguments.keywords.get(_OF_WORDS)
    if isinstance(mask, Unknown) and _OF_WORDS in mask.name:
        mask.lazies[_TOKENIZED] = True


def sorts_tensor(arguments: Arguments) -> bool:
    """Whether the arguments of a `sort` are those of a tensor's, and not of a list's."""
    return bool(arguments.positional or {"dim", "descending"} & {*arguments.keywords})


def marks_of(value: Value | None) -> Marks | None:
    match value:
        case Tensor():
            return value.marks
        case Unknown():
            known: Marks | None = value.lazies.get(_MARKS)
            return known or _by_name(value)
    return None


def _by_name(value: Unknown) -> Marks | None:
    """What a mask marks that a tokenizer made: `batch["attention_mask"]`, or what goes to a network as such."""
    made = value.name.startswith("[") or "<owner>" in value.lazies or _TOKENIZED in value.lazies
    return Marks(True, value.name.strip("[]'\""), by_name=True) if made and _OF_WORDS in value.name else None


def after(
    run: Interpreter, operation: str, tensor: Tensor, options: dict[str, Value], node: ir.Node | None, frame: Frame
) -> Marks | None:
    """What a mask marks after an operation."""
    if operation in _KEEP:
        return None if tensor.marks is not None and _makes_floats(node) else tensor.marks
    if operation == "not" and tensor.marks is not None:
        return tensor.marks.other_way()
    if operation == "compare" and isinstance(node, ir.Call) and isinstance(node.function, ir.Attribute):
        op, other = _METHODS.get(node.function.attr), options.get("other")
        if op is not None and other is not None and node.arguments:
            return compared(run, tensor, op, other, node, node.function.value, node.arguments[0].value, frame)
    return None


def _makes_floats(node: ir.Node | None) -> bool:
    """Whether a method makes numbers of a mask, which are added to scores: they have no true and false."""
    if not isinstance(node, ir.Call) or not isinstance(node.function, ir.Attribute):
        return False
    name = node.function.attr
    kind = " ".join(text_of(each.value) for each in node.arguments if each.keyword in ("", None, "dtype"))
    return name in _FLOATS or (name in ("to", "type") and re.search(r"float|half|dtype|double", kind) is not None)


def compared(
    run: Interpreter,
    left: Value,
    op: str,
    right: Value,
    node: ir.Expr,
    left_expr: ir.Expr,
    right_expr: ir.Expr,
    frame: Frame,
) -> Marks | None:
    """`tokens != pad`, `arange(n) < lengths`, `mask == 0`."""
    if isinstance(left, Const) or (_is_positions(right) and not _is_positions(left)):
        left, right, left_expr, right_expr, op = right, left, right_expr, left_expr, _TURNED.get(op, op)
    known = marks_of(left)
    if known is not None and isinstance(right, Const) and right.value in (0, 1, False, True):
        keeps = (op, int(right.value)) in (("==", 1), ("!=", 0), (">", 0), (">=", 1))
        turns = (op, int(right.value)) in (("==", 0), ("!=", 1), ("<", 1), ("<=", 0))
        return known if keeps else known.other_way() if turns else None
    made = text_of(node), run.place(frame, node)
    if _is_positions(left):
        ends = isinstance(right, (Tensor, Unknown)) and not _is_positions(right) and _is_length(right_expr)
        return Marks(op in ("<", "<="), *made) if ends and op in ("<", "<=", ">", ">=") else None
    if op not in ("==", "!=") or known is not None or not isinstance(left, (Tensor, Unknown)):
        return None
    if _PAD.search(text_of(right_expr)):
        return Marks(op == "!=", *made)
    zero = isinstance(right, Const) and type(right.value) is int and right.value == 0
    return Marks(op == "!=", *made, by_name=True) if zero and _TOKENS.search(text_of(left_expr)) else None


def _is_length(expr: ir.Expr) -> bool:
    words = text_of(expr)
    return _LENGTH.search(words) is not None and _PAD.search(words) is None


def _is_positions(value: Value) -> bool:
    return isinstance(value, Tensor) and value.made_by == POSITIONS


def inverted(value: Value) -> Tensor | None:
    """`~mask`."""
    marks = marks_of(value)
    match value:
        case Tensor() if marks is not None:
            return value.but(marks=marks.other_way())
        case Unknown() if marks is not None:
            return Tensor(provenance=value.provenance, marks=marks.other_way())
    return None


def combined(left: Value, op: str, right: Value) -> Marks | None:
    """`1 - mask`, `mask & other`."""
    a, b = marks_of(left), marks_of(right)
    if op == "-" and isinstance(left, Const) and left.value == 1 and b is not None:
        return b.other_way()
    return a if op in "&|" and a is not None and b is not None and a.real is b.real else None


def given(run: Interpreter, kind: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> None:
    """A layer of attention is given masks."""
    for name, position in _IGNORE_TRUE.get(kind, {}).items():
        given = argument(node, position, name) if node is not None else None
        _used(run, arguments.get(position, name), name, False, node, frame, given)


def given_to_function(run: Interpreter, mask: Value | None, node: ir.Call | None, frame: Frame) -> None:
    """`scaled_dot_product_attention(q, k, v, mask)` keeps what is true."""
    given = argument(node, 3, "attn_mask") if node is not None else None
    _used(run, mask, "attn_mask", True, node, frame, given)


def filled(run: Interpreter, options: dict[str, Value], node: ir.Node | None, frame: Frame) -> None:
    """`scores.masked_fill(mask, -inf)` leaves out what is true."""
    if isinstance(node, ir.Call) and _is_very_low(options.get("value")):
        is_function = len(node.arguments) > 2 or any(each.keyword == "input" for each in node.arguments)
        given = argument(node, 1 if is_function else 0, "mask")
        _used(run, options.get("mask"), "masked_fill", False, node, frame, given)


def _is_very_low(value: Value | None) -> bool:
    return isinstance(value, Const) and isinstance(value.value, (int, float)) and value.value <= -1000


def _used(
    run: Interpreter,
    mask: Value | None,
    name: str,
    keeps: bool,
    node: ir.Call | None,
    frame: Frame,
    given: ir.Expr | None,
) -> None:
    marks = marks_of(mask)
    if marks is None or node is None:
        return
    compared = None
    if isinstance(given, ir.Compare) and given.ops in (("==",), ("!=",)):
        compared = run.place(frame, given.left), given.ops[0], run.place(frame, given.comparators[0])
    is_bool = isinstance(given, ir.Call) and getattr(given.function, "attr", "") == "bool"
    run.emit(
        MaskUsed(
            place=run.place(frame, node),
            mask=marks.words,
            parameter=name,
            real=marks.real,
            keeps=keeps,
            made=marks.place,
            given=run.place(frame, given) if given is not None else None,
            compared=compared,
            true_or_false=is_bool or marks.place is not None,
            confidence=Confidence.LIKELY if marks.by_name else Confidence.CERTAIN,
        )
    )
