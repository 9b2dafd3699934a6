"""Changes of expressions: one in the place of another, a function for another, what computes something taken out."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from nnlint.changes import Named, Rename, Replace, Unwrap
from nnlint.editing.arguments import without
from nnlint.editing.code import Writer, is_atom
from nnlint.editing.statements import removed
from nnlint.editing.tree import CanNot, Splice, Tree


def replace(tree: Tree, writer: Writer, change: Replace) -> Iterator[Splice]:
    node = tree.node(change.place)
    if not isinstance(node, (cst.BaseExpression, cst.BaseSmallStatement)):
        raise CanNot("only an expression or a small statement is replaced")
    is_statement = isinstance(node, cst.BaseSmallStatement) or isinstance(tree.parent(node), cst.Expr)
    text = writer.write(change.code) if is_statement else writer.fitting(change.code, node)
    yield Splice(tree.start(node), tree.end(node), text)


def rename(tree: Tree, writer: Writer, change: Rename) -> Iterator[Splice]:
    node = tree.node(change.place)
    called = node.func if isinstance(node, cst.Call) else node
    match called, change.name:
        case cst.BaseExpression(), Named(dotted):
            yield Splice(tree.start(called), tree.end(called), writer.name(dotted))
        case cst.Attribute(attr=attr), str(name):
            yield Splice(tree.start(attr), tree.end(attr), name)
        case cst.Name(value=value), str(name):
            source = writer.target(value)
            if source is None or "." not in source:
                raise CanNot(f"`{value}` is not imported here")
            yield Splice(tree.start(called), tree.end(called), writer.name(f"{source.rpartition('.')[0]}.{name}"))
        case _:
            raise CanNot("what is called has no name")


def unwrap(tree: Tree, writer: Writer, change: Unwrap) -> Iterator[Splice]:
    node = tree.node(change.place)
    if isinstance(node, cst.Attribute):  # `loss.data`
        yield from _become(tree, node, node.value)
        return
    if not isinstance(node, cst.Call):
        raise CanNot("only a call is unwrapped")
    parent = tree.parent(node)
    if _is_class(node):
        if not (isinstance(parent, cst.Call) and parent.func is node):
            yield from _built(tree, writer, node)
            return
        node = parent  # given `nn.Softmax(1)(x)`
    yield from _become(tree, node, _operand(writer, node))


def _become(tree: Tree, node: cst.BaseExpression, operand: cst.BaseExpression) -> Iterator[Splice]:
    """An expression becomes the part of it that is its operand."""
    assignment = tree.parent(node)
    if isinstance(assignment, cst.Assign) and len(assignment.targets) == 1:
        target = assignment.targets[0].target
        if tree.source(target) == tree.source(operand):  # `x = F.softmax(x, dim=1)`
            yield from removed(tree, assignment)
            return
    # two cuts, so that another change can be made within what stays
    before, behind = ("", "") if _holds_together(tree, node, tree.source(operand)) else ("(", ")")
    for start, end, text in (
        (tree.start(node), tree.start(operand), before),
        (tree.end(operand), tree.end(node), behind),
    ):
        if start < end or text:
            yield Splice(start, end, text)


def _holds_together(tree: Tree, node: cst.CSTNode, text: str) -> bool:
    """Whether a text needs no parentheses where the node stands."""
    parent = tree.parent(node)
    return (
        is_atom(text)
        or bool(getattr(node, "lpar", ()))
        or isinstance(parent, (cst.Arg, cst.Element))
        or (isinstance(parent, (cst.Assign, cst.Return)) and "\n" not in text)
    )


def _is_class(call: cst.Call) -> bool:
    return _last_name(call.func)[:1].isupper()


def _last_name(called: cst.BaseExpression) -> str:
    match called:
        case cst.Attribute(attr=cst.Name(value=name)) | cst.Name(value=name):
            return name
    return ""


def _built(tree: Tree, writer: Writer, layer: cst.Call) -> Iterator[Splice]:
    """A layer that is built goes from the list that it is in; elsewhere one that does nothing stands for it."""
    part = tree.parent(layer)
    whole = tree.parent(part) if part is not None else None
    if isinstance(whole, cst.Tuple) and isinstance(part, cst.Element) and len(whole.elements) == 2:
        part = tree.parent(whole)  # `("act", nn.Softmax(1))`
        whole = tree.parent(part) if part is not None else None
    if isinstance(part, cst.Element) and isinstance(whole, cst.List):
        yield from without(tree, part)
    elif isinstance(part, cst.Arg) and part.keyword is None and isinstance(whole, cst.Call):
        yield from _without_layer(tree, writer, layer, part, whole)
    else:
        yield Splice(tree.start(layer), tree.end(layer), writer.name("torch.nn.Identity") + "()")


_LISTS = frozenset({"Sequential", "ModuleList"})
_ADDS = frozenset({"append", "add_module", "register_module"})


def _without_layer(tree: Tree, writer: Writer, layer: cst.Call, part: cst.Arg, call: cst.Call) -> Iterator[Splice]:
    """A layer goes from the arguments of a container; where it is added to one, the statement goes."""
    name = _last_name(call.func)
    if name in _LISTS:
        yield from without(tree, part)
    elif name in _ADDS and isinstance(tree.parent(call), cst.Expr):
        yield from removed(tree, call)
    else:
        yield Splice(tree.start(layer), tree.end(layer), writer.name("torch.nn.Identity") + "()")


def _operand(writer: Writer, call: cst.Call) -> cst.BaseExpression:
    """The value that a call computes something of."""
    positional = [arg for arg in call.args if arg.keyword is None]
    if any(arg.star for arg in call.args):
        raise CanNot("the call unpacks its arguments")
    given = next((arg.value for arg in call.args if arg.keyword and arg.keyword.value in ("input", "x")), None)
    is_number = bool(positional) and isinstance(positional[0].value, (cst.Integer, cst.UnaryOperation))
    match call.func:
        case cst.Attribute(value=owner) if not _is_function(writer, owner):
            if (not positional and given is None) or is_number:
                return owner
            if not (isinstance(owner, cst.Name) and owner.value in ("self", "cls")):
                raise CanNot("a method or a function: its name does not tell")
    if positional and not is_number:
        return positional[0].value
    if given is None:
        raise CanNot("the call has no operand")
    return given


def _is_function(writer: Writer, owner: cst.BaseExpression) -> bool:
    """Whether what stands before the last dot is a module, which the file imports."""
    while isinstance(owner, cst.Attribute):
        owner = owner.value
    return isinstance(owner, cst.Name) and writer.target(owner.value) is not None
