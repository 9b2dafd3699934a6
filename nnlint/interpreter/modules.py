"""Networks: how `nn.Module` objects are built, switched between their modes, and called."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from nnlint.interpreter import gradients, layers
from nnlint.interpreter.modes import FROZEN, ITEMS, MODE, children, descendants, is_module, set_mode
from nnlint.interpreter.objects import (
    NONE,
    Arguments,
    Bound,
    ClassValue,
    Const,
    External,
    Frame,
    Function,
    Instance,
    Mapping,
    Native,
    Perhaps,
    Sequence,
    Unknown,
    Value,
)
from nnlint.interpreter.parameters import Parameters, parameters_of
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
    if (
        isinstance(node, ir.Call)
        and "bias" in instance.arguments
        and not _says_bias_itself(node, LAYERS[dotted].parameters)
    ):
        instance.arguments["bias"] = Unknown("bias")
    return instance


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


# --- modes ---------------------------------------------------------------------------------------------------------


# --- what nnlint knows of every module's methods
# -------------------------------------------------------------------------


def attribute(run: Interpreter, instance: Instance, name: str, node: ir.Node | None, frame: Frame) -> Value:
    """An attribute of an instance that neither it nor its class in the project has."""
    if not is_module(instance):
        from nnlint.interpreter import training

        return training.attribute(run, instance, name)
    if name == "training":
        instance.lazies["<reads mode>"] = True
        mode = instance.fields.get(MODE)
        return Const(mode) if isinstance(mode, bool) else Unknown("training")
    if name in ("weight", "bias", "in_proj_weight", "data"):
        return run.child(instance, name)
    items = instance.fields.get(ITEMS)
    if items is not None and name in ("append", "extend", "insert", "items", "values", "keys", "update", "pop"):
        from nnlint.interpreter.objects import Method

        return Native(name, lambda run, arguments, node, frame: run.call(Method(items, name), arguments, node, frame))
    if name in METHODS:
        method = METHODS[name]
        return Native(name, lambda run, arguments, node, frame: method(run, instance, arguments, node, frame))
    if isinstance(instance.cls, ClassValue) and name not in instance.lazies:
        pass
    return run.child(instance, name)


def super_attribute(run: Interpreter, instance: Instance, name: str, bases: tuple[str, ...]) -> Value:
    """`super().name` where the ancestor is a class of torch."""
    if name == "__init__":

        def construct(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
            for dotted in bases:
                if dotted in LAYERS or dotted in CONTAINERS or dotted in WRAPPERS or dotted in LOSS_CLASSES:
                    adopt(run, instance, dotted, arguments)
            return NONE

        return Native(name, construct)
    if name == "train":
        return Native(
            name, lambda run, arguments, node, frame: _train(run, instance, arguments, node, frame, own_method=False)
        )
    if name == "eval":
        return Native(name, lambda run, arguments, node, frame: _eval(run, instance, arguments, node, frame))
    if name in ("forward", "__call__"):
        layer = next(
            (dotted for dotted in bases if dotted in LAYERS or dotted in LOSS_CLASSES or dotted in CONTAINERS), None
        )
        if layer is not None:
            return Native(
                name, lambda run, arguments, node, frame: _run_external(run, instance, layer, arguments, node, frame)
            )
    if name in METHODS:
        method = METHODS[name]
        return Native(name, lambda run, arguments, node, frame: method(run, instance, arguments, node, frame))
    return Unknown(name)


def _train(
    run: Interpreter,
    module: Instance,
    arguments: Arguments,
    node: ir.Call | None,
    frame: Frame,
    own_method: bool = True,
) -> Value:
    flag = arguments.get(0, "mode")
    training = True if flag is None else run.truth(flag)
    set_mode(
        run, module, training, run.place(frame, node) if node else None, frame, own_method, put_back=flag is not None
    )
    return module


def _eval(run: Interpreter, module: Instance, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    set_mode(run, module, False, run.place(frame, node) if node else None, frame)
    return module


def _requires_grad(
    run: Interpreter, module: Instance, arguments: Arguments, node: ir.Call | None, frame: Frame
) -> Value:
    flag = arguments.get(0, "requires_grad")
    run.store.write(module, FROZEN, flag is not None and run.truth(flag) is False)
    return module


def _itself(run: Interpreter, module: Instance, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    return module


def _parameters(run: Interpreter, module: Instance, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    return parameters_of(module)


def _named_parameters(
    run: Interpreter, module: Instance, arguments: Arguments, node: ir.Call | None, frame: Frame
) -> Value:
    parameter = parameters_of(module).items[0]
    return Parameters((Sequence("tuple", (Unknown("name"), parameter)),), frozenset({module}))


def _listing(named: bool, deep: bool) -> Callable[..., Value]:
    def method(run: Interpreter, module: Instance, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
        found = list(descendants(module)) if deep else list(children(module))
        known = all(isinstance(each, Instance) for each in found)
        if named:
            found = [Sequence("tuple", (Unknown("name"), each)) for each in found]
        return Sequence("list", tuple(found), exact=known)

    return method


def _add_module(run: Interpreter, module: Instance, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    name, child = arguments.get(0, "name"), arguments.get(1, "module")
    if child is not None:
        key = str(name.value) if isinstance(name, Const) else f"{len(module.fields)}"
        items = module.fields.get(ITEMS)
        if isinstance(items, Sequence):
            run.store.write(items, "items", (*items.items, child))
        run.store.write(module, key, child)
        run.name_value(child, key)
    return NONE


def _register(run: Interpreter, module: Instance, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    name, value = arguments.get(0, "name"), arguments.get(1, "tensor") or arguments.get(1, "param")
    if isinstance(name, Const) and value is not None:
        run.store.write(module, str(name.value), value)
    return NONE


def _zero_grad(run: Interpreter, module: Instance, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    gradients.clear_module(run, module, run.place(frame, node) if node else None)
    return NONE


def _forward(run: Interpreter, module: Instance, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    return call(run, module, arguments, node, frame)


def _apply(run: Interpreter, module: Instance, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    function = arguments.get(0, "fn")
    if function is not None:
        for each in list(descendants(module))[:64]:
            run.call(function, Arguments((each,)), None, frame)
    return module


def _nothing(run: Interpreter, module: Instance, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    return Unknown()


METHODS: dict[str, Callable[..., Value]] = {
    "train": _train,
    "eval": _eval,
    "parameters": _parameters,
    "named_parameters": _named_parameters,
    "modules": _listing(named=False, deep=True),
    "named_modules": _listing(named=True, deep=True),
    "children": _listing(named=False, deep=False),
    "named_children": _listing(named=True, deep=False),
    "add_module": _add_module,
    "register_module": _add_module,
    "register_buffer": _register,
    "register_parameter": _register,
    "zero_grad": _zero_grad,
    "forward": _forward,
    "__call__": _forward,
    "apply": _apply,
    "requires_grad_": _requires_grad,
    **dict.fromkeys(
        ("to", "cuda", "cpu", "float", "double", "half", "bfloat16", "type", "share_memory", "to_empty"), _itself
    ),
    **dict.fromkeys(
        (
            "state_dict",
            "load_state_dict",
            "register_forward_hook",
            "register_full_backward_hook",
            "register_forward_pre_hook",
        ),
        _nothing,
    ),
}


# --- calls
# -------------------------------------------------------------------------------------------------------------


def call(run: Interpreter, module: Instance, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    """`module(...)`."""
    forward = run.roles.entered(run, module, arguments, node, frame)
    run.module_stack.append(module)
    module.lazies["<ran>"] = True
    try:
        result = _run(run, module, arguments, node, frame)
    finally:
        run.module_stack.pop()
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
            return _run_external(run, module, known[0], arguments, node, frame)
        return run.unknown_result(arguments, module.class_name)
    return _run_external(run, module, module.cls.dotted, arguments, node, frame)


def _run_external(
    run: Interpreter, module: Instance, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame
) -> Value:
    if dotted in LAYERS:
        return layers.run_layer(run, module, LAYERS[dotted], arguments, node, frame)
    if dotted in LOSS_CLASSES:
        return layers.run_loss(run, LOSS_CLASSES[dotted], dict(module.arguments), arguments, node, frame)
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
