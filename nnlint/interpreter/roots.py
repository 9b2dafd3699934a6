"""Where interpretation begins: scripts first, then whatever no script reached."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

from nnlint.events import Event
from nnlint.interpreter import calls, classes, modes, rehearsals, variants
from nnlint.interpreter.control import ROOT_BUDGET, BudgetSpent, PathEnds
from nnlint.interpreter.dependence import NO_PROVENANCE
from nnlint.interpreter.depth import with_room
from nnlint.interpreter.imports import Imports
from nnlint.interpreter.interpreter import Interpreter
from nnlint.interpreter.memory import Definition, Memory, Reached, Told
from nnlint.interpreter.objects import (
    Arguments,
    Bound,
    ClassValue,
    External,
    Frame,
    Function,
    Instance,
    Namespace,
    Sequence,
    Tensor,
    Unknown,
    Value,
)
from nnlint.program.program import Program, absolute
from nnlint.reading import script as ir

Result = TypeVar("Result")
REST_BUDGET = 100_000  # of a function or class on its own, of whose arguments nothing is known


class Interpretation(Generic[Result]):
    """The interpretation of a program: the files of a folder share what they import.

    `run_script` and `run_rest` yield the events of one file each. Every file's script is to be run before any file's
    rest, so that a function is looked at on its own only when no script calls it; otherwise the order does not matter.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._interpreters: dict[Path, Interpreter] = {}
        self.reached = Reached()
        self.memory: Memory[Result] = Memory(program)

    def begin(self, changed: set[Path]) -> None:
        """All files are run anew, but for what is remembered; these have changed."""
        self.reached = Reached()
        self.memory.forget(changed)
        for folder, run in list(self._interpreters.items()):
            if run.imports.is_entangled:
                del self._interpreters[folder]
            else:
                run.imports.forget(changed)

    def recall(self, path: Path, work: Callable[[], Result], *, is_rest: bool) -> Told[Result]:
        """What came of the events of a file (`is_rest`: of `run_rest`): the work that asks for them, or its memory."""
        path = absolute(path)
        told = self.memory.recall((is_rest, path), self.reached, work, self._interpreter(path).imports.close)
        return self._taken(told, is_rest)

    def known(self, path: Path, *, is_rest: bool) -> Told[Result] | None:
        """What is remembered of the events of a file, if they would be the same now."""
        told = self.memory.known((is_rest, absolute(path)), self.reached)
        return None if told is None else self._taken(told, is_rest)

    def learn(self, path: Path, told: Told[Result], *, is_rest: bool) -> None:
        """Take what came of the events of a file elsewhere."""
        self.memory.keep((is_rest, absolute(path)), told)
        self.memory.runs += 1
        self._taken(told, is_rest)

    def _taken(self, told: Told[Result], is_rest: bool) -> Told[Result]:
        if not is_rest:
            self.reached.by_script(told.reached)
        return told

    def run_script(self, path: Path) -> Iterator[Event]:
        """The events of running `path` as a script. Raises `Unreadable`."""
        self.reached.listen()
        yield from self._script(path)
        self.reached.by_script(self.reached.own)

    def run_rest(self, path: Path) -> Iterator[Event]:
        """The events of the functions and classes of `path` that no script reached, called with unknown arguments."""
        self.reached.listen()
        yield from self._rest(path)

    def _script(self, path: Path) -> Iterator[Event]:
        path = absolute(path)
        script = self._program.script(path)
        if is_unit_test(script):
            return
        run = self._interpreter(path)
        namespace = Namespace(path, "__main__")
        namespace.loaded = True
        yield from self._root(run, lambda: self._run_main(run, namespace, script), ROOT_BUDGET)
        run.reset()

    def _rest(self, path: Path) -> Iterator[Event]:
        path = absolute(path)
        if is_unit_test(self._program.script(path)):
            return
        run = self._interpreter(path)
        run.reset()
        try:
            namespace = with_room(lambda: run.imports.load(run, path))
        except (BudgetSpent, RecursionError, PathEnds):
            return
        frame = namespace.lazies.get("<frame>")
        if not isinstance(frame, Frame):
            return
        for name, value in namespace.fields.items():
            namespace.fields[name] = _of_old(value)
        alike: Counter[variants.Callees] = Counter()
        for value in reversed(list(namespace.fields.values())):
            if isinstance(value, Function) and _key(value) not in self.reached and value.frame.namespace is namespace:
                called = variants.callees(value)
                if called is not None:
                    alike[called] += 1
                    if alike[called] > variants.MOST_RUN:
                        continue
                yield from self._root(run, partial(_call_with_unknowns, run, value, frame))
            elif (
                isinstance(value, ClassValue) and value.frame.namespace is namespace and _key(value) not in self.reached
            ):
                yield from self._class(run, value, frame)
        run.reset()

    def _class(self, run: Interpreter, cls: ClassValue, frame: Frame) -> Iterator[Event]:
        """An object of a class that nothing made: it is built and its methods are called, each once."""
        methods = [
            m
            for m in cls.fields.values()
            if isinstance(m, Function) and not (m.name.startswith("__") and m.name != "__call__")
        ]
        open_methods = [m for m in methods if _key(m) not in self.reached]
        init = classes.find(cls, "__init__")
        if not open_methods and (not isinstance(init, Function) or _key(init) in self.reached):
            return
        yield from self._root(run, lambda: _exercise(run, cls, open_methods, frame, self.reached))

    def _interpreter(self, path: Path) -> Interpreter:
        start = self._program.start_of(path)
        if start not in self._interpreters:
            self._interpreters[start] = Interpreter(self._program, Imports(self._program, start))
        run = self._interpreters[start]
        run.main = path
        return run

    def _run_main(self, run: Interpreter, namespace: Namespace, script: ir.Script) -> None:
        run.memories.of_script = True
        run.run_module(namespace, script, "__main__")
        for instance in list(run.created):
            _run_if_never(run, instance, namespace)

    def _root(self, run: Interpreter, body: Callable[[], object], budget: int = REST_BUDGET) -> Iterator[Event]:
        run.reset()
        run.limit = budget
        run.reached = set()
        complete = True
        try:
            with_room(body)
        except (BudgetSpent, RecursionError):
            complete = False
        except PathEnds:
            pass
        yield from run.events(complete)
        if complete:
            self.reached.own |= run.reached  # what an unfinished root touched is looked at again, on its own


def _key(value: Function | ClassValue) -> Definition:
    return value.frame.namespace.file, value.definition.id


def _of_old(value: Value, depth: int = 0) -> Value:
    """A value when the root that made it is over: what it hangs on was counted in that, and counting begins anew."""
    match value:
        case Tensor():
            return value.but(provenance=NO_PROVENANCE, memory=None, serial=value.serial)
        case Unknown():
            value.provenance = NO_PROVENANCE
        case Sequence() if depth < 2:
            value.fields["items"] = tuple(_of_old(item, depth + 1) for item in value.items)
    return value


def is_unit_test(script: ir.Script) -> bool:
    """Whether a file tests code instead of training: it is named as tests are, and defines or imports what tests do."""
    name = Path(script.path).name
    if not (name.startswith("test_") or name.endswith("_test.py") or name == "conftest.py"):
        return False
    for statement in script.body:
        match statement:
            case ir.FunctionDef(name=function) if function.startswith("test_"):
                return True
            case ir.ClassDef(name=cls) if cls.startswith("Test") or cls.endswith("Test"):
                return True
            case ir.Import(names=names) if any(dotted in ("pytest", "unittest") for dotted, _ in names):
                return True
            case ir.ImportFrom(module="pytest" | "unittest"):
                return True
    return False


def _run_if_never(run: Interpreter, instance: Instance, namespace: Namespace) -> None:
    """A network that was built but never called is called once, so that what is in it is looked at."""
    frame = namespace.lazies.get("<frame>")
    if "<ran>" in instance.lazies or not modes.is_module(instance) or not isinstance(frame, Frame):
        return
    forward = classes.find(instance.cls, "forward") if isinstance(instance.cls, ClassValue) else None
    run.module_stack.append(instance)
    try:
        if isinstance(forward, Function):
            _call_with_unknowns(run, Bound(forward, instance), frame)
            rehearsals.rehearse(run, instance, partial(_forward_of_unknowns, run, forward, instance, frame))
        elif isinstance(instance.cls, External):
            run.call(instance, Arguments((Unknown("input"),)), None, frame)
    except PathEnds:
        pass
    finally:
        run.module_stack.pop()


def _exercise(run: Interpreter, cls: ClassValue, methods: list[Function], frame: Frame, reached: Reached) -> None:
    instance = classes.instantiate(
        run, cls, calls.unknown_arguments(classes.find(cls, "__init__"), bound=True), None, frame
    )
    if not isinstance(instance, Instance):
        return
    is_module = modes.is_module(instance)
    inner = _called_within(run, cls)
    for method in sorted(methods, key=lambda m: (m.name != "forward", m.name in inner)):
        if _key(method) in reached or (method.name in inner and _key(method) in run.reached):
            continue
        mark = run.store.mark()
        if is_module:
            run.module_stack.append(instance)
        try:
            _call_with_unknowns(run, classes.bind_to(run, method, instance, None, frame), frame)
            if is_module and method.name == "forward":
                rehearsals.rehearse(run, instance, partial(_forward_of_unknowns, run, method, instance, frame))
        except PathEnds:
            pass
        finally:
            if is_module:
                run.module_stack.pop()
            run.store.undo(mark)
            run.store.close(mark)


def _called_within(run: Interpreter, cls: ClassValue) -> set[str]:
    """The methods that others of the class call: how, says more than unknown arguments do."""
    uses = run.program.readers.uses(cls.frame.namespace.path)
    return {name for each in uses.classes if each.definition == cls.definition.id for name in each.reads}


def _call_with_unknowns(run: Interpreter, function: Value, frame: Frame) -> None:
    bound = isinstance(function, Bound)
    inner = function.function if isinstance(function, Bound) else function
    result = run.call(function, calls.unknown_arguments(inner, bound), None, frame)
    run.escaped(result)  # whoever calls it may do anything with what it returns


def _forward_of_unknowns(run: Interpreter, forward: Function, instance: Instance, frame: Frame) -> Value:
    return run.call(Bound(forward, instance), calls.unknown_arguments(forward, bound=True), None, frame)
