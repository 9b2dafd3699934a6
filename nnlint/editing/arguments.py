"""Changes of a call's arguments, with their commas, on the lines where they stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import libcst as cst

from nnlint.changes import RemoveArgument, SetArgument
from nnlint.editing.code import Writer
from nnlint.editing.tree import CanNot, Splice, Tree


def set_argument(tree: Tree, writer: Writer, change: SetArgument) -> Iterator[Splice]:
    call = _call(tree.node(change.place))
    given = _given(call, change.name, change.position)
    if given is not None:
        yield Splice(tree.start(given.value), tree.end(given.value), writer.fitting(change.value, given.value))
        return
    if any(arg.star == "**" for arg in call.args) or (change.position is not None and any(a.star for a in call.args)):
        raise CanNot("the call unpacks its arguments")
    if any(isinstance(arg.value, cst.GeneratorExp) and not arg.value.lpar for arg in call.args):
        raise CanNot("the call has a generator alone")
    yield _added(tree, call, f"{change.name}={writer.write(change.value)}")


def remove_argument(tree: Tree, writer: Writer, change: RemoveArgument) -> Iterator[Splice]:
    given = _given(_call(tree.node(change.place)), change.name, None)
    if given is not None:
        yield from without(tree, given)


def without(tree: Tree, item: cst.Arg | cst.Element) -> Iterator[Splice]:
    """What takes one out of the arguments of a call, or of the elements of a list."""
    items = _items(tree.parent(item))
    index = next(number for number, each in enumerate(items) if each is item)
    start, end = tree.around(item)
    if index + 1 < len(items):
        yield Splice(start, tree.around(items[index + 1])[0], "")
    elif index:
        # the comma of the one before stays if this one has a comma itself
        before = items[index - 1]
        value_end = tree.around(before.value)[1]
        yield Splice(value_end, tree.around(item.value)[1], "")
    else:
        yield Splice(start, end, "")


def _call(node: cst.CSTNode) -> cst.Call:
    if not isinstance(node, cst.Call):
        raise CanNot("only a call has arguments")
    return node


def _given(call: cst.Call, name: str, position: int | None) -> cst.Arg | None:
    """The argument as it stands in the call, by its name or its position."""
    for arg in call.args:
        if arg.keyword is not None and arg.keyword.value == name:
            return arg
    if position is None or position >= len(call.args):
        return None
    before = call.args[: position + 1]
    return before[-1] if all(arg.keyword is None and not arg.star for arg in before) else None


def _added(tree: Tree, call: cst.Call, text: str) -> Splice:
    """Behind the last argument, on a line of its own where the others have theirs."""
    if not call.args:
        close = tree.end(call) - 1
        return Splice(close, close, text)
    last = call.args[-1]
    value_end = tree.around(last.value)[1]
    start = tree.around(last)[0]
    own_line = not tree.text[tree.line_start(start) : start].strip()
    indent = tree.text[tree.line_start(start) : start]
    separator = tree.new_line + indent if own_line else " "
    if isinstance(last.comma, cst.Comma):
        comma_end = tree.text.index(",", value_end) + 1
        return Splice(comma_end, comma_end, f"{separator}{text}" + ("," if own_line else ""))
    return Splice(value_end, value_end, f",{separator}{text}")


def _items(parent: cst.CSTNode | None) -> Sequence[cst.Arg | cst.BaseElement]:
    match parent:
        case cst.Call(args=args):
            return args
        case cst.List(elements=elements) | cst.Tuple(elements=elements) | cst.Set(elements=elements):
            return elements
    raise CanNot("it stands in no list")
