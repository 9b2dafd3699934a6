"""Python's own functions, and the containers and iterators of its standard library."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from nnlint.interpreter import classes, modules
from nnlint.interpreter.control import PathEnds
from nnlint.interpreter.objects import (
    FALSE,
    NONE,
    TRUE,
    Arguments,
    Bound,
    ClassValue,
    Const,
    External,
    Frame,
    Function,
    Instance,
    Mapping,
    Obj,
    Perhaps,
    Sequence,
    ShapeOf,
    SizeValue,
    Tensor,
    Union,
    Unknown,
    Value,
)
from nnlint.interpreter.parameters import Parameters
from nnlint.reading import script as ir

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

Handler = Callable[["Interpreter", Arguments, "ir.Call | None", Frame], Value]
LONGEST_RANGE = 64


def _first(arguments: Arguments) -> Value:
    return arguments.positional[0] if arguments.positional else Unknown()


def _len(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    match _first(arguments):
        case Sequence() as value if value.exact and not any(isinstance(item, Perhaps) for item in value.items):
            return Const(len(value.items))
        case Mapping() as value if value.exact:
            return Const(len(value.items))
        case Const(value=str(text)):
            return Const(len(text))
        case Instance() as value if isinstance(value.fields.get(modules.ITEMS), Sequence):
            return _len(run, Arguments((value.fields[modules.ITEMS],)), node, frame)
        case Instance() as value if run.finds_method(value, "__len__"):
            return run.call(run.attribute(value, "__len__", None, frame), Arguments(), node, frame)
        case Tensor() | Unknown() as value if run.sizes.shape_of(value) is not None:
            return run.sizes.size_of(value, 0)
        case ShapeOf():
            return Unknown("rank")
        case Obj() as value:
            return run.child(value, "len()")
    return Unknown("len")


def _range(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    given = [
        Const(value.number) if isinstance(value, SizeValue) and value.number is not None else value
        for value in arguments.positional
    ]
    bounds = [value.value for value in given if isinstance(value, Const) and isinstance(value.value, int)]
    if bounds and len(bounds) == len(arguments.positional) and not (len(bounds) == 3 and bounds[2] == 0):
        numbers = range(*bounds)
        if len(numbers) <= LONGEST_RANGE:
            return Sequence("list", tuple(map(Const, numbers)))
        return Sequence("list", (Const(numbers[0]), Unknown("index")), exact=False)
    return Sequence("list", (Unknown("index"),), exact=False)


def _enumerate(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    start = arguments.get(1, "start")
    first = start.value if isinstance(start, Const) and isinstance(start.value, int) else 0
    known, items = run.iterate(_first(arguments), node, frame)
    pairs = []
    for number, item in enumerate(items):
        index: Value = (
            Const(first + number) if known and (start is None or isinstance(start, Const)) else Unknown("index")
        )
        pair = Sequence("tuple", (index, item.value if isinstance(item, Perhaps) else item))
        pairs.append(Perhaps(pair) if isinstance(item, Perhaps) else pair)
    return Sequence("list", tuple(pairs), exact=known)


def _zip(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    sides = [run.iterate(value, node, frame) for value in arguments.positional]
    if not sides or arguments.loose:
        return Unknown()
    known = all(side[0] for side in sides)
    shortest = min(len(items) for _, items in sides)
    longest = shortest if known else max(len(items) for _, items in sides)
    rows = []
    for i in range(longest if shortest else 0):
        row = [items[min(i, len(items) - 1)] for _, items in sides]
        rows.append(Sequence("tuple", tuple(item.value if isinstance(item, Perhaps) else item for item in row)))
    return Sequence("list", tuple(rows), exact=known)


def _listing(kind: str) -> Handler:
    def make(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
        if not arguments.positional:
            return Sequence(kind, ())
        value = arguments.positional[0]
        if isinstance(value, ShapeOf):
            return value
        if isinstance(value, (Unknown, Tensor)):
            return value
        known, items = run.iterate(value, node, frame)
        return Sequence(kind, tuple(items), exact=known)

    return make


def _dict(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    items: dict[object, Value] = {}
    others = arguments.loose
    if arguments.positional:
        source = arguments.positional[0]
        if isinstance(source, Mapping):
            items.update(source.items)
            others = others or not source.exact
        else:
            known, pairs = run.iterate(source, node, frame)
            others = others or not known
            for pair in pairs:
                if (
                    isinstance(pair, Sequence)
                    and len(pair.items) == 2
                    and isinstance(pair.items[0], Const)
                    and pair.items[0].value.__hash__ is not None
                ):
                    items[pair.items[0].value] = pair.items[1]
                else:
                    others = True
    items.update(arguments.keywords)
    return Mapping(items, others)


def _defaultdict(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    return Mapping({}, others=True)


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


def _hasattr(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    if len(arguments.positional) == 2 and isinstance(arguments.positional[1], Const):
        owner, name = arguments.positional[0], str(arguments.positional[1].value)
        if isinstance(owner, Instance):
            if name in owner.fields or run.finds_method(owner, name):
                return TRUE
            if name == "module" and modules.is_module(owner) and not run.has_open_attributes(owner):
                return FALSE
    return Unknown()


def _isinstance(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    if len(arguments.positional) != 2:
        return Unknown()
    value, kind = arguments.positional
    kinds = kind.items if isinstance(kind, Sequence) else (kind,)
    verdicts = [_is_a(run, value, each) for each in kinds]
    if True in verdicts:
        return TRUE
    return FALSE if verdicts and all(verdict is False for verdict in verdicts) else Unknown()


_PYTHON_TYPES = {"int": int, "float": float, "str": str, "bool": bool}


def _is_a(run: Interpreter, value: Value, kind: Value) -> bool | None:
    match value, kind:
        case Const(value=None), External() | ClassValue():
            return False
        case Const(value=constant), External(dotted=dotted) if dotted in _PYTHON_TYPES:
            return isinstance(constant, _PYTHON_TYPES[dotted])
        case Const(), External() | ClassValue():
            return False
        case Sequence(kind=actual), External(dotted="list" | "tuple" | "set" as wanted):
            return actual == wanted
        case Mapping(), External(dotted=dotted):
            return dotted in ("dict", "collections.OrderedDict", "collections.abc.Mapping", "typing.Mapping")
        case Tensor(), External(dotted=dotted):
            return (
                dotted == "torch.Tensor"
                if dotted in ("torch.Tensor", "list", "tuple", "dict", "str", "int", "float")
                else None
            )
        case Instance(), External(dotted=dotted):
            if isinstance(value.cls, External):
                return (
                    True
                    if value.cls.dotted == dotted
                    else (dotted == "torch.nn.Module" and modules.is_module(value))
                    or _torch_kin(value.cls.dotted, dotted)
                )
            if dotted in classes.externals(value.cls):
                return True
            if dotted == "torch.nn.Module":
                return True if modules.is_module(value) else None
            return (
                None
                if classes.has_unknown_base(value.cls)
                or (classes.externals(value.cls) and dotted not in ("list", "tuple", "dict"))
                else False
            )
        case Instance(), ClassValue():
            if isinstance(value.cls, External):
                return False
            return (
                True
                if any(each is kind for each in classes.lineage(value.cls))
                else (None if classes.has_unknown_base(value.cls) else False)
            )
        case Instance() | Tensor() | Function() | Bound(), External(
            dotted="list" | "tuple" | "dict" | "str" | "int" | "float" | "bool"
        ):
            return False
        case Sequence() | Mapping(), ClassValue() | External():
            return False
    return None


def _torch_kin(actual: str, wanted: str) -> bool | None:
    """Whether one torch class is a subclass of another, where names tell: `_BatchNorm`, `_ConvNd`."""
    last = wanted.rpartition(".")[2]
    if last.startswith("_"):
        return last.strip("_").removesuffix("Nd") in actual
    return False if actual.startswith("torch.nn.") and wanted.startswith("torch.nn.") else None


def _super(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    return run.make_super(arguments, frame)


def _type(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    value = _first(arguments)
    return value.cls if isinstance(value, Instance) else Unknown("type")


def _number(kind: type) -> Handler:
    def convert(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
        value = _first(arguments)
        run.used(value)
        if isinstance(value, Const) and isinstance(value.value, (int, float, str)):
            try:
                return Const(kind(value.value))
            except (ValueError, OverflowError):
                return Unknown()
        if isinstance(value, (Unknown, SizeValue)) and kind is int and not run.provenance(value).outputs:
            return value
        return Unknown(provenance=run.provenance(value).detached())

    return convert


def _bool(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    truth = run.truth(_first(arguments))
    return Unknown() if truth is None else Const(truth)


def _itself(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    return _first(arguments)


def _next(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    value = _first(arguments)
    _, items = run.iterate(value, node, frame)
    plain = [item.value if isinstance(item, Perhaps) else item for item in items]
    return plain[0] if plain else Unknown(provenance=run.provenance(value))


def _chain(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    owners = [value.modules for value in arguments.positional if isinstance(value, Parameters)]
    if owners and len(owners) == len(arguments.positional):
        first = arguments.positional[0]
        items = first.items if isinstance(first, Parameters) else ()
        return Parameters(items, frozenset().union(*owners))
    items_: list[Value] = []
    exact = True
    for value in arguments.positional:
        known, each = run.iterate(value, node, frame)
        items_.extend(each)
        exact = exact and known
    return Sequence("list", tuple(items_), exact)


def _map(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    if len(arguments.positional) != 2:
        return Unknown(provenance=run.provenance_of(arguments))
    function, source = arguments.positional
    known, items = run.iterate(source, node, frame)
    results = [
        run.call(function, Arguments((item.value if isinstance(item, Perhaps) else item,)), node, frame)
        for item in items
    ]
    return Sequence("list", tuple(results), exact=known)


def _filter(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    source = arguments.positional[1] if len(arguments.positional) == 2 else Unknown()
    if isinstance(source, Sequence) and not isinstance(source, Parameters):
        return Sequence("list", source.items, exact=False)
    return source


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
    value = _first(arguments)
    return value if isinstance(value, Const) and isinstance(value.value, str) else Unknown("str")


BUILTINS: dict[str, Handler] = {
    "len": _len,
    "range": _range,
    "enumerate": _enumerate,
    "zip": _zip,
    "list": _listing("list"),
    "tuple": _listing("tuple"),
    "set": _listing("set"),
    "sorted": _listing("list"),
    "reversed": _itself,
    "dict": _dict,
    "collections.OrderedDict": _dict,
    "collections.defaultdict": _defaultdict,
    "getattr": _getattr,
    "setattr": _setattr,
    "hasattr": _hasattr,
    "isinstance": _isinstance,
    "super": _super,
    "type": _type,
    "int": _number(int),
    "float": _number(float),
    "str": _str,
    "bool": _bool,
    "iter": _itself,
    "next": _next,
    "itertools.chain": _chain,
    "itertools.cycle": _itself,
    "itertools.islice": _itself,
    "map": _map,
    "filter": _filter,
    "sum": _reduction,
    "min": _reduction,
    "max": _reduction,
    "abs": _reduction,
    "round": _reduction,
    "math.floor": _reduction,
    "print": _observe,
    "exit": _exit,
    "quit": _exit,
    "sys.exit": _exit,
    "os._exit": _exit,
    "object": _object_new,
}
