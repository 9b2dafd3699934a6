"""Calls: finding out what is called, binding arguments, running functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from nnlint.interpreter import classes, externals, gradients, methods, modes, modules, samples, transforms, ungraded
from nnlint.interpreter.classes import Super
from nnlint.interpreter.contexts import GeneratorContext
from nnlint.interpreter.control import PathEnds, Shape, Tally
from nnlint.interpreter.joins import join
from nnlint.interpreter.objects import (
    NONE,
    Arguments,
    Bound,
    ClassValue,
    External,
    Frame,
    Function,
    Instance,
    Mapping,
    Method,
    Native,
    Partial,
    Sequence,
    Tensor,
    Union,
    Unknown,
    Value,
)
from nnlint.interpreter.options import with_default
from nnlint.interpreter.wording import text_of
from nnlint.reading import script as ir

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

DEEPEST = 28
MOST_CALLS = 20  # of one function in one root,
MOST_SPENT = 2_000  # but for one of which all calls together have cost less
MOST_ACTIVE = 2  # of one function at a time: recursion ends here


def call(run: Interpreter, callee: Value, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    """`callee(*arguments)`."""
    run.spend()
    match callee:
        case Function():
            return run_function(run, callee, arguments, node, frame)
        case Bound(function=Function(name="forward"), receiver=Instance() as module) if (
            modes.is_module(module) and module not in run.module_stack
        ):
            return modules.call(run, module, arguments, node, frame)
        case Bound():
            return run_function(run, callee.function, arguments.preceded(callee.receiver), node, frame)
        case ClassValue():
            return classes.instantiate(run, callee, arguments, node, frame)
        case Instance():
            return _call_instance(run, callee, arguments, node, frame)
        case Native():
            return callee.call(run, arguments, node, frame)
        case External():
            result = externals.call(run, callee.dotted, arguments, node, frame)
            return samples.called(run, callee.dotted, arguments, result, node, frame)
        case Method():
            result = methods.call(run, callee.receiver, callee.name, arguments, node, frame)
            return samples.called(run, callee.name, arguments.preceded(callee.receiver), result, node, frame)
        case Partial():
            inner = callee.arguments
            both = Arguments(
                (*inner.positional, *arguments.positional),
                {**inner.keywords, **arguments.keywords},
                inner.loose or arguments.loose,
            )
            return call(run, callee.function, both, node, frame)
        case Union():
            return run.each([partial(call, run, each, arguments, node, frame) for each in callee.alternatives])
        case Unknown():
            return _call_unknown(run, callee, arguments, node, frame)
    return run.unknown_result(arguments, text_of(node.function) if node is not None else "")


def _call_instance(
    run: Interpreter, instance: Instance, arguments: Arguments, node: ir.Call | None, frame: Frame
) -> Value:
    if modes.is_module(instance):
        return modules.call(run, instance, arguments, node, frame)
    transforms.applied(run, instance)
    if isinstance(instance.cls, ClassValue):
        method = classes.find(instance.cls, "__call__")
        if isinstance(method, Function):
            return run_function(run, method, arguments.preceded(instance), node, frame)
        if any(not isinstance(each, ClassValue) for each in classes.lineage(instance.cls)):
            method = classes.find(instance.cls, "forward")
            if isinstance(method, Function):  # of a base that is not known, but this is what torch would call
                return modules.call(run, instance, arguments, node, frame)
    result = run.unknown_call(instance, arguments, node, instance.class_name)
    return samples.transformed(run, instance, arguments, result, node, frame)


def _call_unknown(run: Interpreter, callee: Unknown, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    owner = callee.lazies.get("<owner>")
    if isinstance(owner, Unknown):
        result = methods.call(run, owner, callee.name, arguments, node, frame)
        return samples.called(run, callee.name, arguments.preceded(owner), result, node, frame)
    tensors = any(
        isinstance(each, Tensor) or (isinstance(each, Unknown) and each.provenance.batches) for each in arguments.all()
    )
    if tensors or "<mode>" in callee.fields:
        callee.lazies["<called>"] = True
    ungraded_pass = ungraded.entered(run, callee, node, frame) if tensors else None
    if "<mode>" in callee.fields:  # it has modes, so it is a network
        forward = run.roles.entered(run, callee, arguments, node, frame)
        result = ungraded.left(run, ungraded_pass, run.unknown_result(arguments, callee.name))
        return run.roles.left(run, forward, result) if forward is not None else result
    return ungraded.left(run, ungraded_pass, run.unknown_call(callee, arguments, node, callee.name))


def run_function(
    run: Interpreter,
    function: Function,
    arguments: Arguments,
    node: ir.Call | None,
    caller: Frame,
    on_yield: Callable[[Value], Value] | None = None,
) -> Value:
    """Run a function of the project with the arguments of this call."""
    if function.kind == "contextmanager" and on_yield is None:
        return GeneratorContext(function, arguments)
    definition = function.definition
    tally = run.tallies[id(definition)]
    is_known = tally.calls >= MOST_CALLS and tally.spent >= MOST_SPENT
    if is_known or tally.active >= MOST_ACTIVE or len(run.frames) >= DEEPEST:
        return _given_up(run, function, arguments, node, tally)
    mark = run.store.mark()  # before the frame is made: its variables are nobody else's
    frame = Frame(function.frame.namespace, function.frame, function.qualified)
    frame.function = function
    frame.on_yield = on_yield
    frame.mark = mark
    frame.call, frame.caller = (None if node is None else run.place(caller, node)), caller
    frame.defined = run.place(frame, definition)
    frame.loops = len(run.loops)
    bind_parameters(run, function, arguments, frame)
    frame.given = dict(frame.fields)
    choosing, run.choosing = run.choosing, False
    tally.calls += 1
    tally.active += 1
    run.reached.add((function.frame.namespace.file, definition.id))
    loops, run.loops = run.loops, list(run.loops)
    before, spent, deeds = run.gradients_enabled, run.spent, run.ledger.deeds
    run.frames.append(frame)
    try:
        if function.gradients is not None:
            run.set_gradients(function.gradients)
        if isinstance(definition, ir.Lambda):
            return run.evaluate(definition.body, frame)
        alive = run.execute(definition.body, frame)
        value = _leave(run, frame, alive)
    finally:
        run.store.close(mark)
        run.frames.pop()
        tally.active -= 1
        tally.spent += run.spent - spent
        tally.trains = tally.trains or run.ledger.deeds != deeds
        run.choosing = choosing
        run.loops = loops
        if function.gradients is not None:
            run.set_gradients(before)
    if definition.is_generator and on_yield is None:
        return (
            Sequence("list", tuple(frame.yields), exact=False)
            if frame.yields
            else Unknown(function.name, run.provenance_of(arguments))
        )
    if isinstance(value, Tensor) and value.biased is not None:
        tally.biased = value.biased
    tally.passed.setdefault(_shape(arguments), set()).add(_passed(arguments, value))
    return value


def _given_up(run: Interpreter, function: Function, arguments: Arguments, node: ir.Call | None, tally: Tally) -> Value:
    """A call that is not run any more: what the others did, it may have done as well."""
    if tally.biased is not None:
        run.consumed(tally.biased)
    if tally.trains:
        gradients.give_all_away(run)
    result = run.unknown_call(function, arguments, node, function.name)
    if isinstance(result, Unknown):
        result.provenance = replace(result.provenance, maybe=result.provenance.calls)
    match list(tally.passed.get(_shape(arguments), ())):
        case [int(index)]:
            return arguments.positional[index]
        case [str(name)]:
            return arguments.keywords[name]
    return result


def _shape(arguments: Arguments) -> Shape:
    return len(arguments.positional), tuple(arguments.keywords)


def _passed(arguments: Arguments, value: Value) -> int | str | None:
    """The position or name of the argument that a function returns, as a decorator may."""

    def is_it(given: Value) -> bool:
        return given is value or (
            isinstance(given, Tensor) and isinstance(value, Tensor) and given.serial == value.serial
        )

    for index, given in enumerate(arguments.positional):
        if is_it(given):
            return index
    return next((name for name, given in arguments.keywords.items() if is_it(given)), None)


def _leave(run: Interpreter, frame: Frame, alive: bool) -> Value:
    """Join the ways out of a function."""
    if frame.end is not None:
        if not frame.exits:
            return frame.end
        fell_through = run.store.undo(frame.mark)
        run.store.close(frame.mark)
        run.store.merge([*(delta for _, delta in frame.exits), fell_through])
        return _either([*(value for value, _ in frame.exits), frame.end])
    if not frame.exits:
        if not alive and not frame.yields:
            raise PathEnds  # every path raises
        return NONE
    if len(frame.exits) == 1 and not alive:
        value, delta = frame.exits[0]
        if frame.left == run.store.moment():  # all is as it was at the return
            return value
        run.store.undo(frame.mark)
        run.store.close(frame.mark)
        run.store.merge([delta])
        return value
    deltas = [delta for _, delta in frame.exits]
    fell_through = run.store.undo(frame.mark)
    run.store.close(frame.mark)
    run.store.merge([*deltas, *([fell_through] if alive else [])])
    return _either([*(value for value, _ in frame.exits), *([NONE] if alive else [])])


def _either(values: list[Value]) -> Value:
    joined = values[0]
    for value in values[1:]:
        joined = join(joined, value)
    return joined


def bind_parameters(run: Interpreter, function: Function, arguments: Arguments, frame: Frame) -> None:
    """Give a function's parameters the values of a call; what is not given has its default, or is unknown."""
    positional = list(arguments.positional)
    keywords = dict(arguments.keywords)
    for parameter in function.definition.parameters.items:
        name = parameter.name
        value: Value
        match parameter.kind:
            case "star":
                value = Sequence("tuple", tuple(positional), exact=not arguments.loose)
                positional = []
            case "star-star":
                value = Mapping(dict(keywords.items()), others=arguments.loose)
                keywords = {}
            case _:
                if positional and parameter.kind != "keyword":
                    value = positional.pop(0)
                elif name in keywords and parameter.kind != "positional":
                    value = keywords.pop(name)
                elif name in function.defaults and not arguments.loose:
                    value = function.defaults[name]
                elif run.choosing and not arguments.loose:
                    raise PathEnds  # one of several callees, and not the one that is meant: it lacks an argument
                else:
                    value = Unknown(name)
        frame.fields[name] = value
        if frame.self_value is None:
            frame.self_value = value


def make_function(
    run: Interpreter, definition: ir.FunctionDef | ir.Lambda, parameters: ir.Parameters, frame: Frame
) -> Function:
    """A function object: its defaults are evaluated now, its body when it is called."""
    frame.age = min(frame.age, frame.mark.young - 1)  # its variables are the function's too
    defaults = {p.name: run.evaluate(p.default, frame) for p in parameters.items if p.default is not None}
    return Function(definition, frame, defaults)


def make_super(run: Interpreter, arguments: Arguments, frame: Frame) -> Value:
    """`super()` and `super(Class, self)`."""
    given = arguments.positional
    if len(given) >= 2 and isinstance(given[0], ClassValue):
        return Super(given[0], given[1])
    scope: Frame | None = frame
    while scope is not None and (scope.function is None or scope.function.owner is None):
        scope = scope.parent
    if scope is None or scope.function is None or scope.function.owner is None or scope.self_value is None:
        return Unknown("super")
    return Super(scope.function.owner, scope.self_value)


def unknown_arguments(function: Value | None, bound: bool = False) -> Arguments:
    """An unknown value for every parameter, so that no default is taken for what callers pass.

    But for a layer, loss, class or function: these are defaults because hardly anybody passes another.
    """
    if not isinstance(function, Function):
        return Arguments()
    named = [p for p in function.definition.parameters.items if p.kind in ("positional", "normal", "keyword")][
        1 if bound else 0 :
    ]

    def given(parameter: ir.Parameter) -> Value:
        default = function.defaults.get(parameter.name)
        if isinstance(default, (Instance, ClassValue, External, Function)):
            return default
        return with_default(parameter.name, default)

    return Arguments(
        tuple(given(p) for p in named if p.kind != "keyword"),
        {p.name: given(p) for p in named if p.kind == "keyword"},
    )
