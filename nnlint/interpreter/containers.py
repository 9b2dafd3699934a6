"""Python's containers and iterators."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from nnlint.interpreter import modes
from nnlint.interpreter.objects import (
    FACTORY,
    PIECES,
    Arguments,
    Const,
    Frame,
    Instance,
    Mapping,
    Obj,
    Perhaps,
    Sequence,
    ShapeOf,
    SizeValue,
    Tensor,
    Unknown,
    Value,
)
from nnlint.interpreter.parameters import Parameters
from nnlint.reading import script as ir

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter


Handler = Callable[["Interpreter", Arguments, "ir.Call | None", Frame], Value]
LONGEST_RANGE = 64


def first_of(arguments: Arguments) -> Value:
    return arguments.positional[0] if arguments.positional else Unknown()


def length(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    match first_of(arguments):
        case Sequence() as value if value.exact and not any(isinstance(item, Perhaps) for item in value.items):
            return Const(len(value.items))
        case Mapping() as value if value.exact:
            return Const(len(value.items))
        case Const(value=str(text)):
            return Const(len(text))
        case Instance() as value if isinstance(value.fields.get(modes.ITEMS), Sequence):
            return length(run, Arguments((value.fields[modes.ITEMS],)), node, frame)
        case Instance() as value if run.finds_method(value, "__len__"):
            return run.call(run.attribute(value, "__len__", None, frame), Arguments(), node, frame)
        case Tensor() | Unknown() as value if run.sizes.shape_of(value) is not None:
            return run.sizes.size_of(value, 0)
        case ShapeOf():
            return Unknown("rank")
        case Obj() as value:
            return run.child(value, "len()")
    return Unknown("len")


COUNT = "<count>"


def range_(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    given = [
        Const(value.number) if isinstance(value, SizeValue) and value.number is not None else value
        for value in arguments.positional
    ]
    bounds = [value.value for value in given if isinstance(value, Const) and isinstance(value.value, int)]
    numbers = Sequence("list", (Unknown("index"),), exact=False)
    if bounds and len(bounds) == len(arguments.positional) and not (len(bounds) == 3 and bounds[2] == 0):
        known = range(*bounds)
        if len(known) <= LONGEST_RANGE:
            numbers = Sequence("list", tuple(map(Const, known)))
        else:
            numbers = Sequence("list", (Const(known[0]), Unknown("index")), exact=False)
    if 0 < len(given) < 3:
        numbers.lazies[COUNT] = given[-1]  # a run that is resumed counts to the same number
    return numbers


def enumerated(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    start = arguments.get(1, "start")
    first = start.value if isinstance(start, Const) and isinstance(start.value, int) else 0
    known, items = run.iterate(first_of(arguments), node, frame)
    pairs = []
    for number, item in enumerate(items):
        index: Value = (
            Const(first + number) if known and (start is None or isinstance(start, Const)) else Unknown("index")
        )
        pair = Sequence("tuple", (index, item.value if isinstance(item, Perhaps) else item))
        pairs.append(Perhaps(pair) if isinstance(item, Perhaps) else pair)
    result = Sequence("list", tuple(pairs), exact=known)
    source = first_of(arguments)
    if isinstance(source, Sequence) and PIECES in source.lazies:
        result.lazies[PIECES] = True
    return result


def zipped(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
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
    result = Sequence("list", tuple(rows), exact=known)
    if any(isinstance(value, Sequence) and PIECES in value.lazies for value in arguments.positional):
        result.lazies[PIECES] = True
    return result


def listing(kind: str) -> Handler:
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


def dictionary(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
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


def default_dictionary(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    mapping = Mapping({}, others=True)
    factory = arguments.get(0, "default_factory")
    if factory is not None:
        mapping.lazies[FACTORY] = factory
    return mapping


def chained(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
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


def mapped(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    if len(arguments.positional) != 2:
        return Unknown(provenance=run.provenance_of(arguments))
    function, source = arguments.positional
    known, items = run.iterate(source, node, frame)
    results = [
        run.call(function, Arguments((item.value if isinstance(item, Perhaps) else item,)), node, frame)
        for item in items
    ]
    return Sequence("list", tuple(results), exact=known)


def filtered(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    source = arguments.positional[1] if len(arguments.positional) == 2 else Unknown()
    if isinstance(source, Sequence) and not isinstance(source, Parameters):
        return Sequence("list", source.items, exact=False)
    return source


def next_(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    value = first_of(arguments)
    _, items = run.iterate(value, node, frame)
    plain = [item.value if isinstance(item, Perhaps) else item for item in items]
    return plain[0] if plain else Unknown(provenance=run.provenance(value))
