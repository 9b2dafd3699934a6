"""What every network can do: the attributes and methods of `nn.Module`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from nnlint.interpreter import (
    building,
    forwarding,
    frameworks,
    gradients,
    initializing,
    lapses,
    modules,
    ownership,
    rehearsals,
    training,
)
from nnlint.interpreter.dependence import LEAF, NO_PROVENANCE
from nnlint.interpreter.modes import ITEMS, MODE, children, descendants, is_module, set_mode
from nnlint.interpreter.objects import (
    FALSE,
    NONE,
    Arguments,
    Const,
    Frame,
    Instance,
    Mapping,
    Method,
    Native,
    Obj,
    Sequence,
    Unknown,
    Value,
)
from nnlint.interpreter.parameters import OF, Parameters, parameters_of
from nnlint.interpreter.wording import text_of
from nnlint.knowledge.layers import CONTAINERS, LAYERS, WRAPPERS
from nnlint.knowledge.losses import LOSS_CLASSES
from nnlint.reading import script as ir

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter


def attribute(run: Interpreter, instance: Instance, name: str, node: ir.Node | None, frame: Frame) -> Value:
    """An attribute of an instance that neither it nor its class in the project has."""
    known = frameworks.attribute(run, instance, name)
    if known is not None:
        return known
    if not is_module(instance):
        return training.attribute(run, instance, name)
    if name in rehearsals.TOUCHES:
        instance.lazies["<touched>"] = True
    if name == "training":
        instance.lazies["<reads mode>"] = True
        mode = instance.fields.get(MODE)
        return Const(mode) if isinstance(mode, bool) else Unknown("training")
    if name == "bias" and instance.arguments.get("bias") == FALSE:
        return NONE
    if name in ("weight", "bias", "in_proj_weight", "data"):
        parameter = run.child(instance, name, NO_PROVENANCE if name == "data" else LEAF)
        if isinstance(parameter, Unknown) and name != "data":
            parameter.lazies.setdefault(OF, frozenset({instance}))
        return parameter
    items = instance.fields.get(ITEMS)
    if items is not None and name in ("append", "extend", "insert", "items", "values", "keys", "update", "pop"):
        return Native(name, lambda run, arguments, node, frame: run.call(Method(items, name), arguments, node, frame))
    if name in METHODS:
        method = METHODS[name]
        return Native(name, lambda run, arguments, node, frame: method(run, instance, arguments, node, frame), instance)
    if isinstance(items, Mapping) and name in items.items:
        return items.items[name]  # a part of a ModuleDict
    return run.child(instance, name)


def super_attribute(run: Interpreter, instance: Instance, name: str, bases: tuple[str, ...]) -> Value:
    """`super().name` where the ancestor is a class of torch."""
    if name == "__init__":

        def construct(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
            for dotted in bases:
                if dotted in LAYERS or dotted in CONTAINERS or dotted in WRAPPERS or dotted in LOSS_CLASSES:
                    modules.adopt(run, instance, dotted, arguments)
            building.initialized(run, instance)
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
                name,
                lambda run, arguments, node, frame: modules.run_external(run, instance, layer, arguments, node, frame),
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
    taken = own_method and node is not None and node is not run.discarded
    set_mode(
        run, module, training, run.place(frame, node) if node else None, frame, own_method, put_back=flag is not None
    )
    if taken:
        lapses.result_taken(run, module)
    return module


def _eval(run: Interpreter, module: Instance, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    taken = node is not None and node is not run.discarded
    if node is not None:
        lapses.switched(run, module, node, frame)
    set_mode(run, module, False, run.place(frame, node) if node else None, frame)
    if taken:
        lapses.result_taken(run, module)
    return module


STATE_OF = "<state of>"


def _state_dict(run: Interpreter, module: Instance, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    state = Unknown("state_dict")
    state.lazies[STATE_OF] = module
    return state


def _load(run: Interpreter, module: Instance, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    ownership.loaded(module)
    given = arguments.get(0, "state_dict")
    source = given.lazies.get(STATE_OF) if isinstance(given, Unknown) else None
    copied = source is not None  # of another network, as target networks are
    if node is not None:
        initializing.loaded(run, module, arguments, node, frame, own=source is module)
    if copied:
        for each in descendants(module):
            if isinstance(each, Obj):
                each.lazies[lapses.COPIED] = True
    elif node is not None:
        lapses.loaded(run, module, run.place(frame, node))
    return Unknown()


def _requires_grad(
    run: Interpreter, module: Instance, arguments: Arguments, node: ir.Call | None, frame: Frame
) -> Value:
    flag = arguments.get(0, "requires_grad")
    truth = True if flag is None else run.truth(flag)
    ownership.frozen(run, module, None if truth is None else not truth, run.place(frame, node) if node else None)
    return module


def _itself(run: Interpreter, module: Instance, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    return module


def _parameters(run: Interpreter, module: Instance, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    module.lazies[building.HANDED_OVER] = True  # who asks for them hands them to an optimizer
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
        found += initializing.layers_within(module) if deep else []
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
    return modules.call(run, module, arguments, node, frame)


def _apply(run: Interpreter, module: Instance, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    function = arguments.get(0, "fn")
    if function is not None:
        applied = run.initializing.applied
        applied += [(run.place(frame, node), text_of(node.function))] if node is not None else []
        for each in [*list(descendants(module))[:64], *initializing.layers_within(module)]:
            is_nameless = isinstance(each, Instance) and not each.name
            run.call(function, Arguments((each,)), None, frame)
            if is_nameless and isinstance(each, Instance):
                each.name = ""  # what `fn` calls it is nobody's name
        applied[len(applied) - (node is not None) :] = []
    return module


def _hook(run: Interpreter, module: Instance, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    if node is not None:
        module.lazies.setdefault(forwarding.HOOKED, run.place(frame, node))
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
    "load_state_dict": _load,
    "state_dict": _state_dict,
    **dict.fromkeys(
        ("to", "cuda", "cpu", "float", "double", "half", "bfloat16", "type", "share_memory", "to_empty"), _itself
    ),
    **dict.fromkeys(
        (
            "register_forward_hook",
            "register_full_backward_hook",
            "register_forward_pre_hook",
        ),
        _hook,
    ),
}
