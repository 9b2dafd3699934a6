"""Networks: how `nn.Module` objects are built and called."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from nnlint.events import LossConstructed
from nnlint.interpreter import initializing, layers, rehearsals, reuse, ungraded
from nnlint.interpreter.modes import ITEMS, MODE, is_module
from nnlint.interpreter.objects import (
    Arguments,
    Bound,
    ClassValue,
    Const,
    External,
    Frame,
    Function,
    Instance,
    Mapping,
    Perhaps,
    Sequence,
    Tensor,
    Unknown,
    Value,
)
from nnlint.interpreter.wording import text_of
from nnlint.knowledge.layers import CONTAINERS, LAYERS, WRAPPERS
from nnlint.knowledge.losses import LOSS_CLASSES
from nnlint.knowledge.networks import network_mode
from nnlint.reading import script as ir

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter


def start(run: Interpreter, instance: Instance) -> None:
    """A module is born in training mode."""
    run.store.write(instance, MODE, True)


def make(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Node | None, frame: Frame) -> Instance:
    """A module of a class that another package defines."""
    instance = Instance(External(dotted), run.place(frame, node) if node is not None else None)
    run.store.write(instance, MODE, network_mode(dotted) if network_mode(dotted) is not None else True)
    adopt(run, instance, dotted, arguments)
    if dotted == "torch.nn.Sequential":
        run.created.append(instance)
    instance.conditions = tuple(run.conditions)
    if dotted in LOSS_CLASSES and isinstance(node, ir.Call):
        _loss_constructed(run, instance, dotted, arguments, node, frame)
    if (
        isinstance(node, ir.Call)
        and "bias" in instance.arguments
        and not _says_bias_itself(node, LAYERS[dotted].parameters)
    ):
        instance.arguments["bias"] = Unknown("bias")
    rehearsals.constructed(run, instance, node, frame)
    initializing.network_made(run, instance, dotted, arguments, node, frame)
    return instance


def _loss_constructed(
    run: Interpreter, loss: Instance, dotted: str, arguments: Arguments, node: ir.Call, frame: Frame
) -> None:
    """`nn.CrossEntropyLoss(scores, labels)`: the constructor is given what the loss should be."""
    given = arguments.positional[0] if arguments.positional and node.arguments else None
    hangs_on = run.provenance(given)
    if isinstance(given, (Tensor, Unknown)) and (hangs_on.outputs or hangs_on.calls):
        kind = LOSS_CLASSES[dotted].kind
        outputs = text_of(node.arguments[0].value)
        plain = all(argument.keyword is None and not argument.star for argument in node.arguments)
        event = LossConstructed(
            place=run.place(frame, node),
            kind=kind,
            outputs=outputs,
            callee=run.place(frame, node.function),
            count=len(node.arguments) if plain else None,
        )
        run.watched.watch(lambda fate: replace(event, called="<ran>" in loss.lazies))


def _says_bias_itself(call: ir.Call, parameters: tuple[str, ...]) -> bool:
    """Whether a constructor's bias is a literal or left to its default: one given by an expression may differ
    elsewhere.
    """
    position = parameters.index("bias") if "bias" in parameters else -1
    for index, argument in enumerate(call.arguments):
        if (
            argument.star == "**"
            or argument.keyword == "bias"
            or (argument.keyword is None and not argument.star and index == position)
        ):
            return isinstance(argument.value, ir.Constant)
    return True


def adopt(run: Interpreter, instance: Instance, dotted: str, arguments: Arguments) -> None:
    """Do what the constructor of torch's class `dotted` does with its arguments."""
    if dotted in LAYERS:
        info = LAYERS[dotted]
        instance.arguments = {name: Const(default) for name, default in info.defaults.items()}
        for name, value in zip(info.parameters, arguments.positional):  # noqa: B905 (too many arguments: torch's error)
            instance.arguments[name] = value
        instance.arguments.update(arguments.keywords)
        if arguments.loose:
            for name in info.parameters:
                if name not in arguments.keywords and info.parameters.index(name) >= len(arguments.positional):
                    instance.arguments[name] = Unknown(name)
    elif dotted in LOSS_CLASSES:
        instance.arguments = dict(arguments.keywords)
        instance.arguments["<loose>"] = Const(arguments.loose or len(arguments.positional) > 1)
    elif dotted in ("torch.nn.Sequential", "torch.nn.ModuleList"):
        _adopt_list(run, instance, dotted, arguments)
    elif dotted == "torch.nn.ModuleDict":
        source = arguments.get(0, "modules")
        run.store.write(
            instance,
            ITEMS,
            Mapping(dict(source.items), not source.exact)
            if isinstance(source, Mapping)
            else Mapping({}, source is not None),
        )
    elif dotted in WRAPPERS:
        inner = arguments.get(0, "module")
        if inner is not None:
            run.store.write(instance, WRAPPERS[dotted], inner)


def _adopt_list(run: Interpreter, instance: Instance, dotted: str, arguments: Arguments) -> None:
    items: list[Value] = list(arguments.positional)
    exact = not arguments.loose
    if len(items) == 1 and (dotted == "torch.nn.ModuleList" or not is_module(items[0])):
        source = items[0]
        if isinstance(source, Mapping):
            exact, items = source.exact, list(source.items.values())
            for index, (name, value) in enumerate(source.items.items()):
                _name_item(run, instance, str(name), index, value)
        else:
            exact, items = run.elements(source)
            items = [_named(run, instance, index, item) for index, item in enumerate(items)]
    run.store.write(instance, ITEMS, Sequence("list", tuple(items), exact))


def _name_item(run: Interpreter, instance: Instance, name: str, index: int, value: Value) -> None:
    run.store.write(instance, name, value)
    run.name_value(value, name)
    instance.lazies.setdefault("<positions>", {})[name] = index


def replace_item(run: Interpreter, instance: Instance, name: str, value: Value) -> None:
    """`net.head = …` where `net` is a Sequential of named layers: the layer of that name is another one now."""
    index = instance.lazies.get("<positions>", {}).get(name)
    items = instance.fields.get(ITEMS)
    if index is not None and isinstance(items, Sequence) and index < len(items.items):
        run.store.write(items, "items", (*items.items[:index], value, *items.items[index + 1 :]))


def _named(run: Interpreter, instance: Instance, index: int, item: Value) -> Value:
    """One element of an OrderedDict given as pairs: `("conv1", nn.Conv2d(…))` is the module."""
    if isinstance(item, Sequence) and len(item.items) == 2 and isinstance(item.items[0], Const):
        _name_item(run, instance, str(item.items[0].value), index, item.items[1])
        return item.items[1]
    return item


def call(run: Interpreter, module: Instance, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    """`module(...)`."""
    forward = run.roles.entered(run, module, arguments, node, frame)
    ungraded_pass = ungraded.entered(run, module, node, frame)
    outer, inside = run.forward, run.ungraded
    run.ungraded = inside or run.gradients_enabled is False
    if forward is not None:
        run.forward = forward.number
    run.module_stack.append(module)
    module.lazies["<ran>"] = True
    run.initializing.passes += 1
    try:
        result = _run(run, module, arguments, node, frame)
        if reuse.is_followed(module):
            result = reuse.ran(run, module, arguments, result, node, frame)
    finally:
        run.module_stack.pop()
        run.forward, run.ungraded = outer, inside
    if not run.module_stack:
        rehearsals.rehearse(run, module, partial(_run, run, module, arguments, node, frame))
    result = ungraded.left(run, ungraded_pass, result)
    return run.roles.left(run, forward, result) if forward is not None else result


def _run(run: Interpreter, module: Instance, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    if isinstance(module.cls, ClassValue):
        from nnlint.interpreter.classes import externals, find

        method = find(module.cls, "forward") or find(module.cls, "__call__")
        if isinstance(method, Function):
            return run.call(Bound(method, module), arguments, node, frame)
        known = [
            dotted
            for dotted in externals(module.cls)
            if dotted in LAYERS or dotted in CONTAINERS or dotted in LOSS_CLASSES
        ]
        if known:
            return run_external(run, module, known[0], arguments, node, frame)
        return run.unknown_result(arguments, module.class_name)
    return run_external(run, module, module.cls.dotted, arguments, node, frame)


def run_external(
    run: Interpreter, module: Instance, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame
) -> Value:
    if dotted in LAYERS:
        return layers.run_layer(run, module, LAYERS[dotted], arguments, node, frame)
    if dotted in LOSS_CLASSES:
        return layers.run_loss(run, LOSS_CLASSES[dotted], dict(module.arguments), arguments, node, frame, module)
    if dotted == "torch.nn.Sequential":
        items = module.fields.get(ITEMS)
        if isinstance(items, Sequence) and arguments.positional:
            return sequence(run, items, arguments.positional[0], node, frame)
    if dotted in WRAPPERS:
        inner = module.fields.get(WRAPPERS[dotted])
        if inner is not None:
            return run.call(inner, arguments, node, frame)
    return run.unknown_result(arguments, module.class_name)


def sequence(run: Interpreter, items: Sequence, value: Value, node: ir.Call | None, frame: Frame) -> Value:
    """Run modules one after the other; one that is there on some paths only is run and skipped."""
    for item in items.items:
        module = item.value if isinstance(item, Perhaps) else item
        applied = partial(run.call, module, Arguments((value,)), node, frame)
        value = run.fork([applied, partial(_unchanged, value)]) if isinstance(item, Perhaps) else applied()
    return value


def _unchanged(value: Value) -> Value:
    return value
