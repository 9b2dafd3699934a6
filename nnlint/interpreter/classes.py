"""Classes of the project: definition, lineage, instances, decorators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlint.interpreter import building, contexts, lapses, modes, module_methods, modules, ownership, rehearsals
from nnlint.interpreter.objects import (
    GIVEN,
    NONE,
    Arguments,
    Bound,
    ClassValue,
    Const,
    External,
    Frame,
    Function,
    Instance,
    Union,
    Unknown,
    Value,
)
from nnlint.knowledge.layers import MODULE_BASES
from nnlint.reading import script as ir

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

KEEPING_DECORATORS = {
    "functools.wraps",
    "functools.lru_cache",
    "functools.cache",
    "typing.overload",
    "abc.abstractmethod",
    "torch.jit.ignore",
    "torch.jit.export",
    "torch.jit.script",
    "torch.jit.unused",
    "torch.compile",
    "torch.amp.autocast",
    "torch.amp.custom_fwd",
    "torch.amp.custom_bwd",
    "torch.cuda.amp.custom_fwd",
    "torch.cuda.amp.custom_bwd",
    "torch.distributed.elastic.multiprocessing.errors.record",
    "hydra.main",
    "click.command",
    "click.option",
    "click.argument",
    "click.group",
    "typer.command",
    "dataclasses.dataclass",
    "numba.jit",
    "pytest.fixture",
    "typing.no_type_check",
    "functools.total_ordering",
    "abc.abstractproperty",
    "typing.final",
    "atexit.register",
    "torch.fx.wrap",
    "typing.runtime_checkable",
    "torch.no_grad",
    "torch.enable_grad",
    "torch.inference_mode",
    "gin.configurable",
    "tensorflow.function",
    "typechecked",
    "typeguard.typechecked",
    "beartype.beartype",
    "jaxtyping.jaxtyped",
    "torch.cuda.amp.autocast",
}
"""Decorators of other packages that return, in effect, the function or class that they are given."""


def define(run: Interpreter, statement: ir.ClassDef, frame: Frame) -> Value:
    """Execute a class statement."""
    bases: list[Value] = []
    for argument in statement.arguments:
        value = run.evaluate(argument.value, frame)
        if argument.keyword is None and not argument.star:
            bases.append(value)
    cls = ClassValue(statement, tuple(bases), frame)
    body = Frame(frame.namespace, frame, statement.name, is_class=True)
    body.depth = frame.depth
    body.mark = run.store.mark()
    body.self_value = cls
    run.execute(statement.body, body)
    run.store.close(body.mark)
    cls.lazies["<annotated>"] = body.lazies.get("<annotated>", {})
    for name, value in body.fields.items():
        if not name.startswith("<"):
            cls.fields[name] = _owned(value, cls)
    return decorated(run, cls, statement.decorators, statement, frame)


def _owned(value: Value, cls: ClassValue) -> Value:
    if isinstance(value, Function) and value.owner is None:
        return Function(value.definition, value.frame, value.defaults, cls, value.kind, value.gradients, value.opaque)
    return value


def decorated(run: Interpreter, value: Value, decorators: tuple[ir.Expr, ...], node: ir.Node, frame: Frame) -> Value:
    """Apply decorators, the last one first."""
    for written in reversed(decorators):
        value = _decorate(run, value, run.evaluate(written, frame), written, frame)
    return value


def _decorate(run: Interpreter, value: Value, decorator: Value, written: ir.Expr, frame: Frame) -> Value:
    setting = contexts.gradient_setting(run, decorator)
    if setting is not None:
        if isinstance(decorator, contexts.GradientContext) and decorator.before is not None:
            run.set_gradients(decorator.before[0])
        return _with(value, gradients=setting[0])
    match decorator:
        case External(
            dotted="staticmethod"
            | "classmethod"
            | "property"
            | "functools.cached_property"
            | "torch.jit.unused" as dotted
        ):
            kind = "property" if dotted == "functools.cached_property" else dotted
            return _with(value, kind=kind if kind in ("staticmethod", "classmethod", "property") else "")
        case External(dotted="contextlib.contextmanager"):
            return _with(value, kind="contextmanager")
        case External(dotted=dotted) if dotted in KEEPING_DECORATORS:
            if isinstance(value, ClassValue):
                value.decorators = (*value.decorators, dotted)
            return value
        case Unknown() | External():
            # a call of something unknown (`@app.command()`), or a property's setter: the function stays what it is
            if isinstance(written, ir.Attribute) and written.attr in ("setter", "deleter", "getter"):
                previous = frame.fields.get(value.name) if isinstance(value, Function) else None
                return previous if isinstance(previous, Value) else value
            return value
    result = run.call(decorator, Arguments((value,)), None, frame)
    return value if isinstance(result, (Unknown, Const)) else result


def _with(value: Value, **changes: object) -> Value:
    if not isinstance(value, Function):
        return value
    settings: dict[str, object] = {
        "owner": value.owner, "kind": value.kind, "gradients": value.gradients, "opaque": value.opaque, **changes,
    }  # fmt: skip
    return Function(value.definition, value.frame, value.defaults, **settings)  # type: ignore[arg-type]


def lineage(cls: ClassValue) -> tuple[Value, ...]:
    """The class and its ancestors in the order in which attributes are looked up; unknown ones stay in it."""
    if cls.lineage is None:
        cls.lineage = (cls,)  # a class that is its own ancestor ends here
        order: list[Value] = [cls]
        for base in cls.bases:
            for each in base.alternatives if isinstance(base, Union) else (base,):
                order.extend(lineage(each) if isinstance(each, ClassValue) else (each,))
        # of a common ancestor the last place counts, as in Python's own order
        cls.lineage = tuple(
            each for i, each in enumerate(order) if not any(each is o or each == o for o in order[i + 1 :])
        )
    return cls.lineage


def find(cls: ClassValue, name: str, after: ClassValue | None = None) -> Value | None:
    """The attribute `name` of a class or its ancestors (behind `after` in the order, for `super()`)."""
    order = lineage(cls)
    if after is not None:
        index = next((i for i, each in enumerate(order) if each is after), -1)
        order = order[index + 1 :]
    for each in order:
        if isinstance(each, ClassValue) and name in each.fields:
            value: Value = each.fields[name]
            return value
    return None


def externals(cls: ClassValue) -> tuple[str, ...]:
    """The dotted names of the ancestors that other packages define."""
    return tuple(each.dotted for each in lineage(cls) if isinstance(each, External))


def has_unknown_base(cls: ClassValue) -> bool:
    return any(isinstance(each, (Unknown, Const)) for each in lineage(cls))


def is_module_class(cls: ClassValue | External) -> bool:
    """Whether instances are networks."""
    if isinstance(cls, External):
        return modes.is_module_name(cls.dotted)
    known: bool | None = cls.lazies.get("<is module>")
    if known is None:
        known = any(dotted in MODULE_BASES or modes.is_module_name(dotted) for dotted in externals(cls))
        if cls.lineage is not None:
            cls.lazies["<is module>"] = known
    return known


def instantiate(run: Interpreter, cls: ClassValue, arguments: Arguments, node: ir.Node | None, frame: Frame) -> Value:
    """`cls(...)`."""
    constructor = find(cls, "__new__")
    if constructor is not None and find(cls, "__init__") is None:
        return Unknown(cls.name, provenance=run.provenance_of(arguments))
    instance = Instance(cls, run.place(frame, node) if node is not None else None)
    if is_module_class(cls):
        modules.start(run, instance)
        building.begun(run, instance, cls, find(cls, "__init__"))
    run.created.append(instance)
    init = find(cls, "__init__")
    if isinstance(init, Function):
        names = [p.name for p in init.definition.parameters.items if p.kind in ("positional", "normal")][1:]
        instance.lazies[GIVEN] = dict(zip(names, arguments.positional)) | arguments.keywords  # noqa: B905
        run.call(Bound(init, instance), arguments, node if isinstance(node, ir.Call) else None, frame)
    elif init is None:
        _fill(run, instance, cls, arguments, frame)
    if is_module_class(cls):
        rehearsals.constructed(run, instance, node, frame)
    return instance


def _fill(run: Interpreter, instance: Instance, cls: ClassValue, arguments: Arguments, frame: Frame) -> None:
    """What a dataclass, a named tuple, or a class with the constructor of another package does with its arguments."""
    known = list(externals(cls))
    for dotted in known:
        modules.adopt(run, instance, dotted, arguments)
    fields: list[str] = []
    for each in reversed(lineage(cls)):
        if isinstance(each, ClassValue):
            fields.extend(name for name in each.lazies.get("<annotated>", {}) if name not in fields)
    for index, name in enumerate(fields):
        value = arguments.get(index, name)
        if value is not None:
            run.store.write(instance, name, value)
        elif arguments.loose or find(cls, name) is None:
            run.store.write(instance, name, Unknown(name))
    post = find(cls, "__post_init__")
    if isinstance(post, Function):
        run.call(Bound(post, instance), Arguments(), None, frame)


def instance_attribute(run: Interpreter, instance: Instance, name: str, node: ir.Node | None, frame: Frame) -> Value:
    """`instance.name`."""
    if name in instance.fields:
        value: Value = instance.fields[name]
        return value
    if isinstance(instance.cls, ClassValue):
        found = find(instance.cls, name)
        if found is not None:
            return bind_to(run, found, instance, node, frame)
        if name == "__class__":
            return instance.cls
        getter = find(instance.cls, "__getattr__")
        if isinstance(getter, Function) and not name.startswith("__") and not is_module_class(instance.cls):
            result = run.call(Bound(getter, instance), Arguments((Const(name),)), None, frame)
            if not isinstance(result, Unknown):
                return result
    if name == "__class__" and isinstance(instance.cls, External):
        return instance.cls
    return module_methods.attribute(run, instance, name, node, frame)


def bind_to(run: Interpreter, value: Value, receiver: Value, node: ir.Node | None, frame: Frame) -> Value:
    """What an attribute of the class is on an instance: a method is bound, a property is computed."""
    match value:
        case Function(kind="property"):
            return run.call(Bound(value, receiver), Arguments(), node if isinstance(node, ir.Call) else None, frame)
        case Function(kind="staticmethod"):
            return value
        case Function(kind="classmethod"):
            return Bound(value, receiver.cls if isinstance(receiver, Instance) else receiver)
        case Function():
            return Bound(value, receiver)
    return value


def class_attribute(run: Interpreter, cls: ClassValue, name: str) -> Value:
    """`Class.name`."""
    if name == "__name__":
        return Const(cls.name)
    found = find(cls, name)
    match found:
        case None:
            return run.child(cls, name)
        case Function(kind="classmethod"):
            return Bound(found, cls)
    return found


def set_instance_attribute(
    run: Interpreter, instance: Instance, name: str, value: Value, node: ir.Node, frame: Frame
) -> None:
    """`instance.name = value`."""
    if isinstance(instance.cls, ClassValue):
        found = find(instance.cls, name)
        if isinstance(found, Function) and found.kind == "property":
            return  # a setter: what it does is not followed
    if name == "training":
        modes.set_own_mode(run, instance, run.truth(value), run.place(frame, node))
        lapses.assigned(run, instance, name, value, node, frame)
        return
    if name in ("train", "eval"):
        lapses.assigned(run, instance, name, value, node, frame)
    modules.replace_item(run, instance, name, value)
    ownership.attached(run, instance, value, run.place(frame, node))
    run.store.write(instance, name, value)
    run.name_value(value, name)
    building.assigned(run, instance, name, value, node, frame)


class Super(Value):
    """`super()`: the attributes of the ancestors, bound to the same receiver."""

    __slots__ = ("after", "receiver")

    def __init__(self, after: ClassValue, receiver: Value) -> None:
        self.after = after
        self.receiver = receiver

    def attribute(self, run: Interpreter, name: str, node: ir.Node | None, frame: Frame) -> Value:
        cls = self.receiver.cls if isinstance(self.receiver, Instance) else self.receiver
        if isinstance(cls, ClassValue):
            found = find(cls, name, after=self.after)
            if found is not None:
                return bind_to(run, found, self.receiver, node, frame)
            if isinstance(self.receiver, Instance):
                return module_methods.super_attribute(run, self.receiver, name, externals(cls))
        return NONE if cls is None else Unknown(name)
