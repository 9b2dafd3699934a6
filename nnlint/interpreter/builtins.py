"""Python's own functions, and those of its standard library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlint.interpreter import containers, options, type_tests
from nnlint.interpreter.containers import Handler, first_of
from nnlint.interpreter.control import PathEnds
from nnlint.interpreter.objects import (
    NONE,
    Arguments,
    Const,
    Frame,
    Instance,
    Mapping,
    Obj,
    Perhaps,
    Sequence,
    SizeValue,
    Tensor,
    Union,
    Unknown,
    Value,
)
from nnlint.interpreter.operators import operate
from nnlint.reading import script as ir

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter


def _getattr(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    if len(arguments.positional) < 2:
        return Unknown()
    owner, name, *default = arguments.positional
    match name:
        case Const(value=str(attr)):
            value = run.attribute(owner, attr, None, frame)
            if default and isinstance(value, Unknown) and not isinstance(owner, Unknown):
                return (
                    default[0] if isinstance(owner, Instance) and not run.has_open_attributes(owner) else Unknown(attr)
                )
            return value
        case Union() if all(isinstance(each, Const) for each in name.alternatives):
            return run.join_all(
                [
                    run.attribute(owner, str(each.value), None, frame)
                    for each in name.alternatives
                    if isinstance(each, Const)
                ]
            )
    return Unknown()


def _setattr(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    if len(arguments.positional) == 3:
        owner, name, value = arguments.positional
        if isinstance(name, Const):
            run.set_attribute(owner, str(name.value), value, node, frame)
        elif isinstance(owner, Obj):
            run.store.write(owner, f"set {len(owner.fields)}", value)
            run.name_value(value, "")
    return NONE


def _reversed(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    value = first_of(arguments)
    return Sequence("list", value.items[::-1], value.exact) if isinstance(value, Sequence) else value


def _super(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    return run.make_super(arguments, frame)


def _type(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    value = first_of(arguments)
    return value.cls if isinstance(value, Instance) else Unknown("type")


def _number(kind: type) -> Handler:
    def convert(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
        value = first_of(arguments)
        run.used(value)
        if isinstance(value, Const) and isinstance(value.value, (int, float, str)):
            try:
                return Const(kind(value.value))
            except (ValueError, OverflowError):
                return Unknown()
        if isinstance(value, (Unknown, SizeValue)) and kind is int and not run.provenance(value).outputs:
            return value
        if options.default_of(value) is not None:
            return value
        return Unknown(provenance=run.provenance(value).detached())

    return convert


def _bool(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    truth = run.truth(first_of(arguments))
    return Unknown() if truth is None else Const(truth)


def _itself(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    return first_of(arguments)


def _reduction(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    provenance = run.provenance_of(arguments)
    for value in arguments.all():
        run.used(value)
        if isinstance(value, Sequence):
            for item in value.items:
                provenance = provenance | run.provenance(item)
    numbers = [
        value.value
        for value in arguments.positional
        if isinstance(value, Const) and isinstance(value.value, (int, float))
    ]
    if (
        len(numbers) == len(arguments.positional) == 2
        and node is not None
        and isinstance(node.function, ir.Name)
        and node.function.name in ("min", "max")
    ):
        return Const(min(numbers) if node.function.name == "min" else max(numbers))
    return Unknown(provenance=provenance)


LONGEST_SUM = 16


def _sum(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    """`sum(losses)`: tensors are added one by one."""
    value = first_of(arguments)
    items = [each.value if isinstance(each, Perhaps) else each for each in getattr(value, "items", ())]
    if not isinstance(value, Sequence) or not 0 < len(items) <= LONGEST_SUM:
        return _reduction(run, arguments, node, frame)
    if not all(isinstance(each, (Tensor, Const)) for each in items) or all(isinstance(each, Const) for each in items):
        return _reduction(run, arguments, node, frame)
    total: Value = items[0]
    for each in items[1:]:
        total = operate(run, node or ir.Node(-1), total, "+", each, frame)
    return total


def _observe(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    for value in arguments.all():
        run.used(value)
    return NONE


def _exit(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    raise PathEnds


def _object_new(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    return Unknown("object")


def deep_copy(run: Interpreter, value: Value, done: dict[int, Value]) -> Value:
    """`copy.deepcopy`: an object of its own, with copies of what it holds."""
    if id(value) in done:
        return done[id(value)]
    match value:
        case Instance():
            copy = Instance(value.cls, value.made, value.name)
            copy.arguments = dict(value.arguments)
            copy.lazies.update({key: each for key, each in value.lazies.items() if key.startswith("<")})
            copy.lazies["<copy>"] = True
            done[id(value)] = copy
            for key, each in value.fields.items():
                run.store.write(copy, key, deep_copy(run, each, done) if isinstance(each, Value) else each)
            return copy
        case Sequence():
            duplicate = Sequence(value.kind, tuple(deep_copy(run, item, done) for item in value.items), value.exact)
            done[id(value)] = duplicate
            return duplicate
        case Union():
            return Union(tuple(deep_copy(run, each, done) for each in value.alternatives))
        case Mapping():
            table = Mapping({key: deep_copy(run, each, done) for key, each in value.items.items()}, not value.exact)
            done[id(value)] = table
            return table
        case Unknown():
            twin = Unknown(value.name, value.provenance)
            twin.fields.update(value.fields)
            done[id(value)] = twin
            return twin
    return value


def _str(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    value = first_of(arguments)
    return value if isinstance(value, Const) and isinstance(value.value, str) else Unknown("str")


BUILTINS: dict[str, Handler] = {
    "len": containers.length,
    "range": containers.range_,
    "enumerate": containers.enumerated,
    "zip": containers.zipped,
    "list": containers.listing("list"),
    "tuple": containers.listing("tuple"),
    "set": containers.listing("set"),
    "sorted": containers.listing("list"),
    "reversed": _reversed,
    "dict": containers.dictionary,
    "collections.OrderedDict": containers.dictionary,
    "collections.defaultdict": containers.default_dictionary,
    "getattr": _getattr,
    "setattr": _setattr,
    "hasattr": type_tests.has_attribute,
    "isinstance": type_tests.is_instance,
    "super": _super,
    "type": _type,
    "int": _number(int),
    "float": _number(float),
    "str": _str,
    "bool": _bool,
    "iter": _itself,
    "next": containers.next_,
    "itertools.chain": containers.chained,
    "itertools.cycle": _itself,
    "itertools.islice": _itself,
    "map": containers.mapped,
    "filter": containers.filtered,
    "sum": _sum,
    "min": _reduction,
    "max": _reduction,
    "abs": _reduction,
    "round": _reduction,
    "math.floor": _reduction,
    "vars": options.variables,
    "print": _observe,
    "exit": _exit,
    "quit": _exit,
    "sys.exit": _exit,
    "os._exit": _exit,
    "object": _object_new,
}
