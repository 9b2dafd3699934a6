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
    text = writer.write(change.code) if isinstance(node, cst.BaseSmallStatement) else writer.fitting(change.code, node)
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
    if not isinstance(node, cst.Call):
        raise CanNot("only a call is unwrapped")
    parent = tree.parent(node)
    if _is_class(node):
        if not (isinstance(parent, cst.Call) and parent.func is node):
            yield from _built(tree, writer, node)
            return
        node = parent  # given `nn.Softmax(1)(x)`
    operand = _operand(writer, node)
    assignment = tree.parent(node)
    if isinstance(assignment, cst.Assign) and len(assignment.targets) == 1:
        target = assignment.targets[0].target
        if tree.source(target) == tree.source(operand):  # `x = F.softmax(x, dim=1)`
            yield from removed(tree, assignment)
            return
    text = tree.source(operand)
    if not is_atom(text) and not getattr(node, "lpar", ()):
        text = _held_together(tree, node, text)
    yield Splice(tree.start(node), tree.end(node), text)


def _held_together(tree: Tree, node: cst.CSTNode, text: str) -> str:
    """In parentheses, unless what stands around the call holds it together as well."""
    parent = tree.parent(node)
    if isinstance(parent, (cst.Arg, cst.Element)) or (
        isinstance(parent, (cst.Assign, cst.Return)) and "\n" not in text
    ):
        return text
    return f"({text})"


def _is_class(call: cst.Call) -> bool:
    return _last_name(call.func)[:1].isupper()


def _last_name(called: cst.BaseExpression) -> str:
    match called:
        case cst.Attribute(attr=cst.Name(value=name)) | cst.Name(value=name):
            return name
    return ""


def _built(tree: Tree, writer: Writer, layer: cst.Call) -> Iterator[Splice]:
    """A layer that is built goes from the list that it is in; elsewhere one that does nothing stands for it."""
    parent = tree.parent(layer)
    if isinstance(parent, (cst.Arg, cst.Element)) and not isinstance(tree.parent(parent), cst.Tuple):
        yield from without(tree, parent)
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
