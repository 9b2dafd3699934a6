"""How networks are built: what is assigned to a module, when, and which of its layers it can see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nnlint.events import ChildAssigned, Event, ModulesKept
from nnlint.interpreter import kept_tensors, modes, unused
from nnlint.interpreter.objects import (
    Arguments,
    ClassValue,
    Const,
    External,
    Frame,
    Function,
    Instance,
    Mapping,
    Perhaps,
    Sequence,
    Unknown,
    Value,
)
from nnlint.interpreter.parameters import PARAMETER
from nnlint.knowledge.layers import WEIGHTED
from nnlint.knowledge.networks import network_mode
from nnlint.reading import script as ir
from nnlint.source import Place
from nnlint.values import Layer

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

INITIALIZED = "<initialized>"  # whether nn.Module.__init__ ran on a module; absent where nobody asks
HANDED_OVER = "<handed over>"  # something that nnlint does not see through may have registered it
_PLACES = "<assigned>"
_OWN_BOOKKEEPING = ("parameters", "named_parameters", "_apply", "to", "cuda", "state_dict", "__setattr__")


def events(run: Interpreter) -> Iterator[Event]:
    """What the modules of a root are made of, now that it has run."""
    built = [each for each in run.created if modes.is_module(each) and isinstance(each.cls, ClassValue)]
    registered = {id(each) for module in run.created for each in modes.descendants(module) if each is not module}
    for module in built:
        yield from _kept(run, module, registered)
    yield from unused.events(run, built)
    yield from kept_tensors.events(run, built)


def begun(run: Interpreter, instance: Instance, cls: ClassValue, init: Value | None) -> None:
    """A module of a class of the project is about to be constructed."""
    from nnlint.interpreter.classes import find, has_unknown_base

    plain = isinstance(init, Function) and not init.opaque and not has_unknown_base(cls)
    if plain and find(cls, "__new__") is None and find(cls, "__setattr__") is None:
        run.store.write(instance, INITIALIZED, False)


def initialized(run: Interpreter, instance: Value | None) -> None:
    """The constructor of one of torch's classes ran on it."""
    if isinstance(instance, Instance):
        run.store.write(instance, INITIALIZED, True)


def handed_over(run: Interpreter, arguments: Arguments) -> None:
    """Something that nnlint does not see through was given modules: it may initialize, register or run them."""
    for value in arguments.all():
        for each in (value.receiver, *contents(value)) if hasattr(value, "receiver") else contents(value):
            if isinstance(each, Instance):
                each.lazies[HANDED_OVER] = True
                if each.fields.get(INITIALIZED) is False:
                    run.store.write(each, INITIALIZED, None)


def assigned(run: Interpreter, module: Instance, name: str, value: Value, node: ir.Node, frame: Frame) -> None:
    """`module.name = value`."""
    if not modes.is_module(module) or node.id < 0:
        return
    place = run.place(frame, node)
    module.lazies.setdefault(_PLACES, {})[name] = place
    if modes.is_module(value) or (isinstance(value, Unknown) and PARAMETER in value.lazies):
        initialized = module.fields.get(INITIALIZED)
        constructor, late = _constructor(run, module, frame) if initialized is False else (None, None)
        run.emit(
            ChildAssigned(
                place=place,
                module=module.class_name,
                attribute=name,
                initialized=initialized is not False,
                constructor=constructor,
                late=late,
            )
        )
        if initialized is False:
            run.store.write(module, INITIALIZED, None)  # the first of them is the one that raises


def _constructor(run: Interpreter, module: Instance, frame: Frame) -> tuple[Place | None, Place | None]:
    """Where the constructor is that assigns before it calls that of torch, and where it calls that."""
    from nnlint.interpreter.classes import find

    function = frame.function
    if function is None or function.name != "__init__" or function.owner is None or frame.self_value is not module:
        return None, None
    bases = [find(base, "__init__") for base in function.owner.bases if isinstance(base, ClassValue)]
    if any(isinstance(each, Function) for each in bases) or not isinstance(function.definition, ir.FunctionDef):
        return None, None  # what a constructor of the project's own wants to be given is not known
    for statement in function.definition.body:
        match statement:
            case ir.ExprStatement(
                value=ir.Call(function=ir.Attribute(value=ir.Call(function=ir.Name(name="super")), attr="__init__"))
            ):
                return frame.defined, run.place(frame, statement)
    return frame.defined, None


def place_of(module: Instance, name: str) -> Place | None:
    """Where an attribute of a module was assigned."""
    place: Place | None = module.lazies.get(_PLACES, {}).get(name)
    return place


def has_weights(value: Value) -> bool:
    """Whether a module is known to hold parameters, itself or below."""
    for each in modes.descendants(value):
        if isinstance(each, Instance):
            names = (each.cls.dotted,) if isinstance(each.cls, External) else ()
            if any(name in WEIGHTED or network_mode(name) is not None for name in names):
                return True
            if any(isinstance(field, Unknown) and PARAMETER in field.lazies for field in each.fields.values()):
                return True
    return False


def contents(value: Value, depth: int = 0) -> Iterator[Value]:
    """A value, or what is in a container and in the containers in it."""
    match value:
        case Perhaps():
            yield from contents(value.value, depth)
        case Sequence() if depth < 3:
            for item in value.items[:64]:
                yield from contents(item, depth + 1)
        case Mapping() if depth < 3:
            for item in value.items.values():
                yield from contents(item, depth + 1)
        case _:
            yield value


def layer_of(instance: Instance, place: Place) -> Layer:
    kind = instance.class_name
    return Layer(kind, instance.name or kind, instance.made or place)


def _fits(value: Sequence | Mapping) -> bool:
    """Whether a `ModuleList` or `ModuleDict` can hold what is in a container."""
    if isinstance(value, Mapping):
        names = all(isinstance(name, str) and name and "." not in name for name in value.items)
        return names and value.exact and all(map(modes.is_module, value.items.values()))
    items = [each.value if isinstance(each, Perhaps) else each for each in value.items]
    return value.kind in ("list", "tuple") and all(map(modes.is_module, items))


def _kept(run: Interpreter, module: Instance, registered: set[int]) -> Iterator[ModulesKept]:
    """The plain containers of layers among the attributes of a module."""
    from nnlint.interpreter.assignments import value_at
    from nnlint.interpreter.classes import find

    assert isinstance(module.cls, ClassValue)
    if any(find(module.cls, name) is not None for name in _OWN_BOOKKEEPING):
        return
    for name, value in module.fields.items():
        place = place_of(module, name)
        if place is None or not isinstance(value, (Sequence, Mapping)) or _holds_one_aside(value):
            continue
        layers = [each for each in contents(value) if modes.is_module(each) and isinstance(each, Instance)]
        weighted = next((each for each in layers if has_weights(each)), None)
        if weighted is not None:
            yield ModulesKept(
                place=place,
                module=module.class_name,
                attribute=name,
                container=value.kind if isinstance(value, Sequence) else "dict",
                layer=layer_of(weighted, place),
                value=(value_at(run, place) or (None,))[0] if _fits(value) else None,
                registered=any(id(each) in registered or _is_kept_aside(each, module) for each in layers),
            )


def _holds_one_aside(value: Sequence | Mapping) -> bool:
    """`self.teacher = [teacher]` is the usual way to keep a network out of the parameters."""
    return isinstance(value, Sequence) and value.exact and len(value.items) == 1


def _is_kept_aside(layer: Instance, module: Instance) -> bool:
    """Whether a layer was made for another purpose than to be trained as a part of this module, or may be."""
    return (
        layer.serial < module.serial
        or HANDED_OVER in layer.lazies
        or layer.fields.get(modes.MODE) is not True
        or layer.fields.get(modes.FROZEN) is True
    )


def is_constructor_of_torch(dotted: str) -> bool:
    """`nn.Module.__init__`, called with the module by name."""
    return dotted.endswith(".__init__") and modes.is_module_name(dotted.removesuffix(".__init__"))


def construct(run: Interpreter, dotted: str, arguments: Arguments) -> Const:
    """`nn.Sequential.__init__(self, …)`."""
    from nnlint.interpreter import modules

    module = arguments.positional[0] if arguments.positional else None
    if isinstance(module, Instance):
        rest = Arguments(arguments.positional[1:], arguments.keywords, arguments.loose)
        modules.adopt(run, module, dotted.removesuffix(".__init__"), rest)
    initialized(run, module)
    return Const(None)
