"""Networks: how `nn.Module` objects are built, switched between their modes, and called."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from nnlint.interpreter import gradients, tensors
from nnlint.interpreter.joins import EITHER
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
from nnlint.knowledge.layers import CONTAINERS, LAYERS, MODULE_BASES, RATE_OF_MODE, WRAPPERS
from nnlint.knowledge.losses import LOSS_CLASSES
from nnlint.knowledge.networks import network_mode
from nnlint.reading import script as ir
from nnlint.source import Place

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

MODE, MODE_PLACE, MODE_TIME, EVAL_PLACE, ITEMS = "<mode>", "<mode place>", "<mode time>", "<eval place>", "<items>"
FROZEN = "<frozen>"
PARAMETRIC = frozenset(
    {"linear", "conv", "conv_transpose", "channel_norm", "embedding", "recurrent", "recurrent_cell", "attention"}
)


def is_module_name(dotted: str) -> bool:
    """Whether a class of another package makes networks."""
    return (
        dotted in LAYERS
        or dotted in CONTAINERS
        or dotted in LOSS_CLASSES
        or dotted in WRAPPERS
        or dotted in MODULE_BASES
        or (
            dotted.startswith("torch.nn.")
            and dotted.rpartition(".")[2][:1].isupper()
            and dotted != "torch.nn.Parameter"
        )
        or network_mode(dotted) is not None
    )


def is_module(value: Value) -> bool:
    from nnlint.interpreter.classes import is_module_class

    return isinstance(value, Instance) and is_module_class(value.cls)


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
    """Whether a constructor's bias is a literal or left to its default: one given by an expression may differ elsewhere."""
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


def children(instance: Instance) -> Iterator[Value]:
    """The modules that are registered directly under one, and what may be such."""
    seen: list[Value] = []
    for name, value in instance.fields.items():
        if name == ITEMS:
            items = value.items.values() if isinstance(value, Mapping) else value.items
            candidates = [item.value if isinstance(item, Perhaps) else item for item in items]
        elif name.startswith("<"):
            continue
        else:
            candidates = [value]
        for each in candidates:
            for child in each.alternatives if hasattr(each, "alternatives") else (each,):
                if (is_module(child) or (isinstance(child, Unknown) and "<called>" in child.lazies)) and not any(
                    child is s for s in seen
                ):
                    seen.append(child)
                    yield child


def descendants(value: Value, deepest: int = 12) -> Iterator[Value]:
    """A module and all below it, each once."""
    seen: set[int] = set()

    def walk(module: Value, depth: int) -> Iterator[Value]:
        if id(module) in seen or depth > deepest:
            return
        seen.add(id(module))
        yield module
        if isinstance(module, Instance):
            for child in children(module):
                yield from walk(child, depth + 1)

    return walk(value, 0)


def is_network(value: Value) -> bool:
    """Whether a module holds parameters, or may: a loss or a transform does not."""
    for each in descendants(value):
        if isinstance(each, Unknown):
            return True
        if isinstance(each, Instance):
            if isinstance(each.cls, External):
                info = LAYERS.get(each.cls.dotted)
                if (info is not None and info.operation in PARAMETRIC | {"opaque", "same_shape"}) or network_mode(
                    each.cls.dotted
                ) is not None:
                    return True
            if any(isinstance(f, Unknown) and "<parameter>" in f.lazies for f in each.fields.values()):
                return True
    return False


def mode_layers(value: Value) -> tuple[str, ...] | None:
    """The layers of a network that have a mode, in the user's words; None when it is not known whether it has any."""
    found: list[str] = []
    unknown = isinstance(value, Unknown)
    for each in descendants(value):
        if isinstance(each, Unknown):
            unknown = True
        elif isinstance(each, Instance):
            if "<reads mode>" in each.lazies:
                found.append(f"`{each.class_name}` reads `self.training`")
            if isinstance(each.cls, ClassValue):
                from nnlint.interpreter.classes import externals, has_unknown_base

                if has_unknown_base(each.cls) or any(network_mode(d) is not None for d in externals(each.cls)):
                    unknown = True
                continue
            info = LAYERS.get(each.cls.dotted)
            if info is None:
                unknown = unknown or network_mode(each.cls.dotted) is not None
            elif info.has_mode:
                rate = each.arguments.get(RATE_OF_MODE.get(info.operation, ""))
                if not (isinstance(rate, Const) and rate.value in (0, 0.0)):
                    found.append(f"`{each.name}` ({info.kind})" if each.name else info.kind)
    return tuple(dict.fromkeys(found)) or (None if unknown else ())


# --- modes ---------------------------------------------------------------------------------------------------------


def set_own_mode(
    run: Interpreter, module: Value, training: bool | None, place: Place | None, put_back: bool = False
) -> None:
    """Set the mode of one module; `put_back` says that it was asked for by a flag, as who restores a mode does."""
    if isinstance(module, (Instance, Unknown)):
        before = module.fields.get(MODE)
        run.store.write(module, MODE, training)
        run.store.write(module, MODE_PLACE, place)
        run.store.write(module, MODE_TIME, run.backwards)
        if training is False and not (put_back and before is False):
            run.store.write(module, EVAL_PLACE, frozenset({place}))


def set_mode(
    run: Interpreter,
    module: Value,
    training: bool | None,
    place: Place | None,
    frame: Frame,
    own_method: bool = True,
    put_back: bool = False,
) -> None:
    """`module.train(training)`: this module and all below; a `train` method of the user's own decides for itself."""
    if isinstance(module, Instance) and isinstance(module.cls, ClassValue) and own_method:
        from nnlint.interpreter.classes import find

        method = find(module.cls, "train")
        if isinstance(method, Function):
            flag = Unknown("mode") if training is None else Const(training)
            run.call(Bound(method, module), Arguments((flag,)), None, frame)
            return
    set_own_mode(run, module, training, place, put_back)
    if isinstance(module, Instance):
        for child in children(module):
            set_mode(run, child, training, place, frame, put_back=put_back)


def mode_of(module: Value) -> bool | str | None:
    """The mode of a network: that of its layers that have one, where these are known and agree with its own.

    `EITHER` when it is one on some paths and the other on others.
    """
    if isinstance(module, Instance) and isinstance(module.cls, External) and module.cls.dotted in WRAPPERS:
        inner = module.fields.get(WRAPPERS[module.cls.dotted])
        if isinstance(inner, (Instance, Unknown)) and MODE in inner.fields:
            return mode_of(inner)
    own: bool | str | None = module.fields.get(MODE) if isinstance(module, (Instance, Unknown)) else None
    if own is None or own == EITHER:
        return own
    leaves = [
        each.fields.get(MODE)
        for each in descendants(module)
        if isinstance(each, Instance)
        and isinstance(each.cls, External)
        and each.cls.dotted in LAYERS
        and LAYERS[each.cls.dotted].has_mode
    ]
    if leaves and own not in leaves:
        return leaves[0] if all(leaf is leaves[0] for leaf in leaves) else None
    return bool(own)


# --- what nnlint knows of every module's methods -------------------------------------------------------------------------


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


# --- calls -------------------------------------------------------------------------------------------------------------


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
        return tensors.run_layer(run, module, LAYERS[dotted], arguments, node, frame)
    if dotted in LOSS_CLASSES:
        return tensors.run_loss(run, LOSS_CLASSES[dotted], dict(module.arguments), arguments, node, frame)
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
        if isinstance(item, Perhaps):
            current = value
            value = run.fork(
                [lambda m=item.value, v=current: run.call(m, Arguments((v,)), node, frame), lambda v=current: v]
            )
        else:
            value = run.call(item, Arguments((value,)), node, frame)
    return value
