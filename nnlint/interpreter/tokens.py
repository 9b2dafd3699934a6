"""Which tokens a network reads, and which of them its scores are compared with.

A tensor of tokens is known by its number, a part of one by the number of the whole and where it starts. What a network
makes of tokens keeps their number as long as the positions stay apart: `head(lstm(embed(x)))[:, :-1]` are scores for
the positions of `x` from 0 on, `x[:, 1:]` are its tokens from 1 on.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nnlint.events import TokensScored
from nnlint.interpreter import masks
from nnlint.interpreter.objects import (
    Arguments,
    Const,
    Frame,
    Instance,
    Sequence,
    SizeValue,
    Tensor,
    Unknown,
    Value,
)
from nnlint.interpreter.sequences import Peek, Tokens
from nnlint.interpreter.sizes import Size, Symbol
from nnlint.interpreter.slices import SliceValue
from nnlint.interpreter.wording import text_of
from nnlint.reading import script as ir

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

_TOKENS = "<tokens>"  # of something unknown: what it stands for
_WRITTEN = "<written>"  # of something unknown: the number of what was written into it last

_SAME_ITEMS = frozenset(
    [
        "identity", "mask_type", "detach", "unsqueeze", "squeeze", "transpose", "t", "permute", "view",
        "flatten",
    ]
)  # fmt: skip

_EACH_POSITION = frozenset(
    [
        "identity", "detach", "unsqueeze", "squeeze", "transpose", "t", "permute", "linear", "norm",
        "channel_norm", "activation", "relu", "softplus", "tanh", "sigmoid", "dropout", "recurrent", "mha",
        "same_shape", "softmax", "log_softmax",
    ]
)  # fmt: skip

_MIXING = frozenset(["chunk", "unbind", "unflatten"])

_CAUSAL_MASKS = {  # of what a layer of attention is given: its name, and its position
    "TransformerEncoder": ("mask", 1),
    "TransformerEncoderLayer": ("src_mask", 1),
    "TransformerDecoder": ("tgt_mask", 2),
    "TransformerDecoderLayer": ("tgt_mask", 2),
    "Transformer": ("tgt_mask", 3),
    "MultiheadAttention": ("attn_mask", 5),
}


def tokens_of(value: Value | None) -> Tokens | None:
    """What stands at each position of a tensor."""
    match value:
        case Tensor():
            return value.tokens or Tokens(value.serial)
        case Unknown():
            if _WRITTEN in value.fields:
                number = value.fields[_WRITTEN]
                return Tokens(number) if number is not None else None
            known: Tokens | None = value.lazies.get(_TOKENS)
            return known or Tokens(value.serial)
    return None


def remember(value: Unknown, tokens: Tokens | None) -> Unknown:
    """Something unknown, which stands for this."""
    if tokens is not None:
        value.lazies[_TOKENS] = tokens
    return value


def _states(value: Value | None) -> Tokens | None:
    """What a network made of tokens."""
    tokens = value.tokens if isinstance(value, Tensor) else None
    return tokens if tokens is not None and tokens.run else None


# --- operations ---------------------------------------------------------------------------------------------------


def after(
    run: Interpreter, operation: str, tensor: Tensor, options: dict[str, Value], node: ir.Node | None, frame: Frame
) -> Tokens | None:
    """What stands at each position after an operation."""
    if operation in ("stack", "cat"):
        return _together(options.get("parts"), operation)
    states = _states(tensor)
    if states is None:
        return _of_items(run, operation, tensor, options, node, frame)
    match operation:
        case "attention":
            return _attention(run, states, options, node, frame)
        case "view":
            return replace(states, aligned=states.aligned and _merges(run, tensor, options))
        case "flatten":
            ends = [options.get(name) for name in ("start_dim", "end_dim")]
            merges = all(isinstance(end, Const) and end.value == at for at, end in enumerate(ends))
            return replace(states, aligned=states.aligned and merges)
        case "add" | "scale" | "matmul":
            other = options.get("other")
            return _combined(states, {"add": "+", "scale": "*", "matmul": "@"}[operation], other, _states(other))
        case "softmax" if states.pairs:
            return _peeked(run, states, node, frame)
    if operation in _MIXING:
        return replace(states, aligned=False)
    return states if operation in _EACH_POSITION or _is_norm(operation, node) else None


def _is_norm(operation: str, node: ir.Node | None) -> bool:
    words = text_of(node.function) if operation == "elementwise" and isinstance(node, ir.Call) else ""
    return words.endswith(("layer_norm", "normalize"))


def _together(parts: Value | None, operation: str) -> Tokens | None:
    """`torch.stack([data[i : i + n] for i in starts])`, `torch.cat([head(x) for head in heads], dim=-1)`."""
    items = parts.items if isinstance(parts, Sequence) else ()
    if operation == "stack" and len(items) == 1:
        return tokens_of(items[0])
    states = [_states(item) for item in items]
    found = states[0] if states and operation == "cat" else None
    for each in states:
        found = found.meets(each) if found is not None else None
    return replace(found, aligned=False) if found is not None else None


def _of_items(
    run: Interpreter, operation: str, tensor: Tensor, options: dict[str, Value], node: ir.Node | None, frame: Frame
) -> Tokens | None:
    tokens = tokens_of(tensor)
    if tokens is None or operation in _SAME_ITEMS:
        return tokens
    if operation in ("embedding", "one_hot") and node is not None and tensor.made_by != masks.POSITIONS:
        return replace(tokens, run=Tensor().serial, read=run.place(frame, node))
    return tokens if operation == "keep" and _marks_padding(options.get("mask")) else None


def _marks_padding(value: Value | None) -> bool:
    marks = masks.marks_of(value)
    return marks is not None and not marks.real


def _merges(run: Interpreter, tensor: Tensor, options: dict[str, Value]) -> bool:
    """`scores.view(-1, n)`, which leaves each position to itself."""
    wanted = options.get("*")
    items = wanted.items if isinstance(wanted, Sequence) else ()
    items = items[0].items if len(items) == 1 and isinstance(items[0], Sequence) else items
    if len(items) != 2:
        return False
    last = run.sizes.as_size(items[1])
    if tensor.shape is None or tensor.shape[-1] is None or last is None or last == Size.of(-1):
        return isinstance(items[0], Const) and items[0].value == -1
    return run.sizes.resolved(tensor.shape[-1]) == run.sizes.resolved(last)


def _attention(
    run: Interpreter, states: Tokens, options: dict[str, Value], node: ir.Node | None, frame: Frame
) -> Tokens | None:
    """`scaled_dot_product_attention(q, k, v)`."""
    key, rest = _states(options.get("key")), options.get("*")
    known = isinstance(rest, Sequence) and rest.exact
    if known and key is not None and key.is_like(states) and not _is_given(options.get("attn_mask")):
        causal = options.get("is_causal")
        if causal is None or run.truth(causal) is False:
            return _peeked(run, states, node, frame)
    return states


def _is_given(mask: Value | None) -> bool:
    return mask is not None and not (isinstance(mask, Const) and mask.value is None)


def _peeked(run: Interpreter, states: Tokens, node: ir.Node | None, frame: Frame) -> Tokens:
    if not isinstance(node, ir.Call):
        return states
    return replace(states, peeks=states.peeks | {Peek(text_of(node.function), run.place(frame, node))})


def of_binary(left: Value, op: str, right: Value) -> Tokens | None:
    """What stands at each position of `left op right`."""
    a, b = _states(left), _states(right)
    if a is not None:
        return _combined(a, op, right, b)
    if b is not None:
        return _combined(b, op, left, a) if op in "+*" else None
    if op == "+" and isinstance(left, Tensor) and isinstance(right, Const):
        return Tokens(("plus", tokens_of(left), right.value))
    return None


def _combined(states: Tokens, op: str, other: Value | None, others: Tokens | None) -> Tokens | None:
    """What is made of states and something else; `others` is what that stands for, if it is states as well."""
    if op == "@":
        return _multiplied(states, others)
    if others is not None and not states.is_like(others):
        return states if op == "+" and not states.pairs else None  # `words + segments`
    if others is not None:
        return replace(states, aligned=states.aligned or others.aligned, peeks=states.peeks | others.peeks)
    single = isinstance(other, Tensor) and other.shape in ((), (Size.of(1),))
    if isinstance(other, (Const, SizeValue)) or single:
        return states
    if op in "+-" or (op == "*" and states.peeks):
        return None if states.pairs else states  # a mask
    is_computed = isinstance(other, Tensor) and bool(other.provenance.calls)  # of parameters, and no mask
    return states if is_computed or (isinstance(other, Unknown) and "mask" not in other.name) else None


def _multiplied(left: Tokens, right: Tokens | None) -> Tokens | None:
    """`hidden @ weights`; `queries @ keys.mT`; `attention @ values`."""
    if right is None:
        return None if left.pairs else left
    if right.pairs or not replace(left, pairs=False).is_like(right):
        return None
    return replace(left, aligned=False, pairs=not left.pairs, peeks=left.peeks | right.peeks)


# --- parts --------------------------------------------------------------------------------------------------------


def part(run: Interpreter, value: Tensor | Unknown, key: Value) -> Tokens | None:
    """What stands at each position of `value[key]`."""
    tokens = tokens_of(value)
    if tokens is None:
        return None
    if isinstance(key, Const) and isinstance(key.value, int):
        return replace(tokens, aligned=False) if tokens.run else Tokens((tokens.of, tokens.start, key.value))
    keys = key.items if isinstance(key, Sequence) and key.kind == "tuple" else (key,)
    keys = tuple(each for each in keys if not (isinstance(each, Const) and each.value is None))
    elided = [index for index, each in enumerate(keys) if isinstance(each, Const) and each.value is Ellipsis]
    for index, each in enumerate(keys):
        if index in elided:
            continue
        if not isinstance(each, SliceValue):
            return None
        features = (len(keys) - index == 1) if elided else index > 1
        if tokens.run and features:
            tokens = tokens if each.is_full else replace(tokens, aligned=False)
            continue
        start = _start(run, each)
        if start is None:
            return None
        tokens = replace(tokens, start=tokens.start + start)
    return tokens


def _start(run: Interpreter, key: SliceValue) -> Size | None:
    """Where a slice starts, None where that is not known."""
    if key.step is not None:
        return None
    match key.lower:
        case None | Const(value=None):
            return Size.of(0)
        case Const(value=int(number)):
            return Size.of(number) if number >= 0 else None
        case Tensor():
            match tokens_of(key.lower):
                case Tokens(of=("plus", Tokens() as one, int(number))):
                    return Size.symbol(Symbol("start", one)) + number
                case Tokens() as one:
                    return Size.symbol(Symbol("start", one))
            return None
    return run.sizes.as_size(key.lower)


def written(run: Interpreter, value: Unknown) -> None:
    """Something was written into it: it has other items now."""
    run.store.write(value, _WRITTEN, Tensor().serial)


def after_writing(run: Interpreter, value: Value, key: Value) -> Tokens | None:
    """What stands at each position once `value[key]` was written; the padding of labels does not matter."""
    if _marks_padding(key):
        return tokens_of(value)
    if isinstance(value, Unknown):
        written(run, value)
    return None


# --- layers and losses --------------------------------------------------------------------------------------------


def attended(
    run: Interpreter,
    layer: Instance,
    kind: str,
    arguments: Arguments,
    result: Value,
    node: ir.Call | None,
    frame: Frame,
) -> Value:
    """What a layer of attention, or a recurrent one, returned: whether it saw the tokens behind each position."""
    if kind not in _CAUSAL_MASKS and kind not in ("LSTM", "GRU", "RNN"):
        return result
    of_target = kind == "Transformer"
    states = _states(arguments.get(1, "tgt") if of_target else arguments.all()[0])
    if states is None:
        return _with(result, None)
    return _with(result, _peeked(run, states, node, frame) if _sees_all(run, layer, kind, arguments) else states)


def _sees_all(run: Interpreter, layer: Instance, kind: str, arguments: Arguments) -> bool:
    if kind not in _CAUSAL_MASKS:
        return run.truth(layer.arguments.get("bidirectional", Const(False))) is True
    name, position = _CAUSAL_MASKS[kind]
    causal = [value for key, value in arguments.keywords.items() if key.endswith("is_causal")]
    if arguments.loose or _is_given(arguments.get(position, name)) or any(run.truth(v) is not False for v in causal):
        return False
    if kind != "MultiheadAttention":
        return True
    query, key_ = _states(arguments.get(0, "query")), _states(arguments.get(1, "key"))
    return query is not None and key_ is not None and query.is_like(key_)


def _with(result: Value, tokens: Tokens | None) -> Value:
    match result:
        case Tensor():
            return result.but(tokens=tokens)
        case Sequence(kind="tuple") if result.items and isinstance(result.items[0], Tensor):
            return Sequence("tuple", (result.items[0].but(tokens=tokens), *result.items[1:]), result.exact)
    return result


def scored(run: Interpreter, scores: Value, target: Value | None, node: ir.Call, frame: Frame) -> None:
    """A loss compares scores with a target; told of where these are tokens that the network has read."""
    states, items = _states(scores), tokens_of(target)
    if states is None or items is None or items.of != states.of or not states.aligned or states.read is None:
        return
    ahead = (items.start - states.start).as_int()
    if ahead is None or run.gradients_enabled is False or (isinstance(target, Tensor) and target.made_by == "<drawn>"):
        return
    run.emit(
        TokensScored(
            place=run.place(frame, node),
            call=text_of(node.function),
            ahead=ahead,
            read=states.read,
            peeks=tuple(
                (peek.words, peek.place)
                for peek in sorted(states.peeks, key=lambda peek: (peek.place.path, peek.place.node))
            ),
        )
    )
