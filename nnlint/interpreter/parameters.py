"""Parameters as they are handed to optimizers: nnlint keeps of which modules they are."""

from __future__ import annotations

from nnlint.interpreter.objects import Const, Instance, Mapping, Obj, Perhaps, Sequence, Union, Unknown, Value

OF = "<parameter of>"
PARAMETER, WAS_PARAMETER = "<parameter>", "<was parameter>"
CASTS = frozenset({"to", "cuda", "cpu", "double", "half", "bfloat16", "type", "type_as", "clone"})
"""Methods of a parameter that return a plain tensor, unless there is nothing to change (`float` seldom has)."""


def cast(parameter: Unknown) -> Unknown:
    """What `nn.Parameter(…).to(…)` returns."""
    tensor = Unknown(parameter.name, parameter.provenance)
    tensor.lazies[WAS_PARAMETER] = True
    return tensor


class Parameters(Sequence):
    """`module.parameters()`: any number of parameters of some modules."""

    __slots__ = ("modules",)

    def __init__(self, items: tuple[Value, ...], modules: frozenset[Obj]) -> None:
        super().__init__("list", items, exact=False)
        self.modules = modules


def parameters_of(module: Obj) -> Parameters:
    """The parameters of a module; each is the same unknown parameter."""
    parameter = Unknown("parameter")
    parameter.lazies[OF] = frozenset({module})
    return Parameters((parameter,), frozenset({module}))


def owners(value: Value | None, depth: int = 0) -> frozenset[Obj] | None:
    """The modules whose parameters a value holds; None when it may hold others too."""
    if value is None or depth > 4:
        return None
    if isinstance(value, Parameters):
        return value.modules
    found: frozenset[Obj] | None
    match value:
        case Sequence():
            parts = [owners(item, depth + 1) for item in value.items]
            if value.exact is False and not parts:
                return None
        case Mapping():
            inner = value.items.get("params")
            return owners(inner, depth + 1)
        case Union():
            parts = [owners(item, depth + 1) for item in value.alternatives]
        case Perhaps():
            return owners(value.value, depth + 1)
        case Unknown():
            found = value.lazies.get(OF)
            return found
        case Instance():
            return frozenset({value})
        case _:
            return None
    if any(part is None for part in parts):
        return None
    return frozenset().union(*[part for part in parts if part is not None])


def gradient_of(unknown: Unknown) -> Value | None:
    """The parameter of which something is the gradient: `p.grad`, `p.grad.data`."""
    owner = unknown.lazies.get("<owner>")
    gradient = owner if unknown.name == "data" else unknown
    if not isinstance(gradient, Unknown) or gradient.name != "grad":
        return None
    parameter = parameter_behind(gradient)
    return parameter if isinstance(parameter, Unknown) and OF in parameter.lazies else None


def parameter_behind(unknown: Unknown) -> Value:
    """The parameter of `p.grad` or `p.grad.data`."""
    current: Value = unknown
    for _ in range(3):
        owner = current.lazies.get("<owner>") if isinstance(current, Unknown) else None
        if owner is None:
            break
        current = owner
        if isinstance(current, Unknown) and OF in current.lazies:
            break
    return current


def is_parameter_of_layer(unknown: Unknown) -> bool:
    """Whether something is the bias of a layer that is made with one; `bias=False` leaves None."""
    modules = unknown.lazies.get(OF, ())
    layers = [each for each in modules if isinstance(each, Instance) and each.arguments.get("bias") == Const(True)]
    return unknown.name == "bias" and bool(layers) and len(layers) == len(modules)
