"""The interpreter: runs a program abstractly and tells the training events that would happen.

It holds what one root (a script, or a function that nothing calls) knows while it runs; how expressions, statements,
calls, networks and tensors behave stands in the files beside this one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from collections.abc import Sequence as Seq
from pathlib import Path

from nnlint.events import Event, LayerRan, Reshaped
from nnlint.finding import Step
from nnlint.interpreter import calls, classes, expressions, iteration, modules, roles, statements
from nnlint.interpreter.control import BudgetSpent, LoopRecord, PathEnds
from nnlint.interpreter.imports import Imports, star_member
from nnlint.interpreter.joins import either, join
from nnlint.interpreter.names import BUILTIN_NAMES
from nnlint.interpreter.objects import (
    NO_PROVENANCE,
    Arguments,
    Biased,
    Bound,
    ClassValue,
    Const,
    External,
    Frame,
    Function,
    Instance,
    Mapping,
    Method,
    Namespace,
    Native,
    Obj,
    Partial,
    Perhaps,
    Provenance,
    Sequence,
    Shape,
    ShapeOf,
    SizeValue,
    Tensor,
    Union,
    Unknown,
    Value,
    _numbers,
)
from nnlint.interpreter.sizing import Sizes
from nnlint.interpreter.store import Delta, Store
from nnlint.knowledge.names import canonical
from nnlint.program.program import Program
from nnlint.reading import script as ir
from nnlint.source import Place
from nnlint.values import Scale

ROOT_BUDGET = 250_000
LONGEST_TRAIL = 7


class World(Obj):
    """What holds for the whole program at a moment: whether gradients are recorded."""


class Interpreter:
    """One root: its store, its frames, the objects it watches, the events it told."""

    def __init__(self, program: Program, imports: Imports) -> None:
        self.program = program
        self.imports = imports
        self.reached: set[int] = set()
        self._shown: dict[Path, str] = {}
        self.store = Store()
        self.reset()

    def reset(self) -> None:
        """Forget everything but the imported modules."""
        self.store.undo(0)
        self.world = World()
        self.world.fields["<gradients>"] = True
        self.frames: list[Frame] = []
        self.loops: list[LoopRecord] = []
        self.conditions: list[Place] = []
        self.module_stack: list[Instance] = []
        self.created: list[Instance] = []
        self.optimizers: list[Obj] = []
        self.calls_of: Counter[int] = Counter()  # how often each function was called
        self.assumptions: dict[object, bool] = {}
        self.choosing = False  # whether one of several callees is tried
        self.roles = roles.Roles()
        self.sizes = Sizes()
        self.backwards = 0
        self._spent = 0
        self._events: list[Event] = []
        self._views: list[tuple[Place, str, Shape, Shape, bool, tuple[Step, ...]]] = []
        self._fed: list[tuple[Biased, LayerRan]] = []
        self._bias_uses: set[Place] = set()

    # --- running ---------------------------------------------------------------------------------------------------

    def execute(self, statements_: ir.Block, frame: Frame) -> bool:
        return statements.block(self, statements_, frame)

    def evaluate(self, expr: ir.Expr, frame: Frame) -> Value:
        self.spend()
        return expressions.EVALUATE[type(expr)](self, expr, frame)

    def call(self, callee: Value, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
        return calls.call(self, callee, arguments, node, frame)

    def run_function(
        self,
        function: Function,
        arguments: Arguments,
        node: ir.Call | None,
        frame: Frame,
        on_yield: Callable[[Value], Value] | None = None,
    ) -> Value:
        return calls.run_function(self, function, arguments, node, frame, on_yield)

    def make_function(
        self, definition: ir.FunctionDef | ir.Lambda, parameters: ir.Parameters, frame: Frame
    ) -> Function:
        return calls.make_function(self, definition, parameters, frame)

    def make_super(self, arguments: Arguments, frame: Frame) -> Value:
        return calls.make_super(self, arguments, frame)

    def unknown_arguments(self, function: Value) -> Arguments:
        return calls.unknown_arguments(function)

    def spend(self) -> None:
        self._spent += 1
        if self._spent > ROOT_BUDGET:
            raise BudgetSpent

    def import_script(self, namespace: Namespace, script: ir.Script) -> None:
        """Run the top level of an imported module; what it does is shared by all roots and never taken back."""
        store, frames, loops, stack = self.store, self.frames, self.loops, self.module_stack
        self.store, self.frames, self.loops, self.module_stack = Store(), [], [], []
        try:
            self.run_module(namespace, script, namespace.dotted)
        finally:
            self.store, self.frames, self.loops, self.module_stack = store, frames, loops, stack

    def run_module(self, namespace: Namespace, script: ir.Script, name: str) -> None:
        frame = Frame(namespace, None)
        frame.fields = namespace.fields  # the variables of a module are its attributes
        frame.lazies = namespace.lazies
        namespace.fields["__name__"] = Const(name)
        namespace.lazies["<frame>"] = frame
        frame.mark = self.store.mark()
        self.execute(script.body, frame)

    # --- paths ------------------------------------------------------------------------------------------------------------

    def paths(self, ways: Seq[Callable[[], bool]]) -> bool:
        """Run several ways on from here; where they meet, what they did is joined."""
        mark = self.store.mark()
        deltas: list[Delta] = []
        assumptions = self.assumptions
        for way in ways:
            self.assumptions = dict(assumptions)
            try:
                alive = way()
            finally:
                self.assumptions = assumptions
            delta = self.store.undo(mark)
            if alive:
                deltas.append(delta)
        if deltas:
            self.store.merge(deltas)
        return bool(deltas)

    def fork(self, ways: Seq[Callable[[], Value]]) -> Value:
        """Evaluate several ways on from here; the value is the join of theirs."""
        values: list[Value] = []

        def keep(way: Callable[[], Value]) -> Callable[[], bool]:
            def run() -> bool:
                try:
                    values.append(way())
                except PathEnds:
                    return False
                return True

            return run

        if not self.paths([keep(way) for way in ways]):
            raise PathEnds
        return self.join_all(values)

    def each(self, ways: Seq[Callable[[], Value]]) -> Value:
        """Do the same with each of the values that a variable may hold, one after the other.

        Not as branches: whichever it is, all that is done through the variable is done to that one (`net.train()`, later `net(x)`).
        """
        values: list[Value] = []
        choosing, self.choosing = self.choosing, True
        try:
            for way in ways:
                try:
                    values.append(way())
                except PathEnds:
                    continue
        finally:
            self.choosing = choosing
        if not values:
            raise PathEnds
        return either(values)

    def attempt(self, way: Callable[[], Value]) -> Value:
        """Evaluate what the program does at another time, in a process of its own: nothing that it changes stays."""
        mark = self.store.mark()
        try:
            return way()
        except PathEnds:
            return Unknown()
        finally:
            self.store.undo(mark)

    def branch(self, way: Callable[[], Value]) -> Value:
        """Evaluate what may be evaluated or not."""
        result: list[Value] = []

        def run() -> bool:
            result.append(way())
            return True

        self.paths([run, lambda: True])
        return result[0]

    def join_all(self, values: Seq[Value]) -> Value:
        joined = values[0]
        for value in values[1:]:
            joined = join(joined, value)
        return joined

    def assuming(self, test: ir.Expr, truth: bool, frame: Frame) -> bool:
        """Take down, for this path, what the test's outcome says of unknown values; always true."""
        match test:
            case ir.Unary(op="not", operand=operand):
                return self.assuming(operand, not truth, frame)
            case ir.Boolean(op=op, left=left, right=right) if truth is (op == "and"):
                return self.assuming(left, truth, frame) and self.assuming(right, truth, frame)
            case ir.Name() | ir.Attribute():
                value = self.evaluate(test, frame)
                if isinstance(value, Unknown):
                    self.assumptions[value.serial] = truth
            case ir.Compare(
                left=ir.Name() | ir.Attribute() as left, ops=(op,), comparators=(ir.Constant(value=constant),)
            ):
                value = self.evaluate(left, frame)
                if isinstance(value, Unknown) and op in ("==", "!=", "is", "is not"):
                    self.assumptions[(value.serial, repr(constant))] = truth is (op in ("==", "is"))
                    if constant is None and truth is (op == "is"):
                        self.assumptions[value.serial] = False
                elif (
                    isinstance(value, Union)
                    and isinstance(left, ir.Name)
                    and constant is None
                    and op in ("is", "is not", "==", "!=")
                ):
                    is_none = truth is (op in ("is", "=="))
                    rest = tuple(
                        each
                        for each in value.alternatives
                        if (isinstance(each, Const) and each.value is None) is is_none
                    )
                    if rest:
                        self.assign_name(left.name, rest[0] if len(rest) == 1 else Union(rest), frame)
        return True

    def compared(self, left: Value, op: str, right: Value) -> bool | None:
        if isinstance(left, Unknown) and isinstance(right, Const):
            known = self.assumptions.get((left.serial, repr(right.value)))
            if known is not None and op in ("==", "!=", "is", "is not"):
                return known is (op in ("==", "is"))
        return expressions.compared(self, left, op, right)

    def truth(self, value: Value) -> bool | None:
        """Whether a value is true, None when it is not known."""
        match value:
            case Const():
                return bool(value.value)
            case Sequence():
                if value.items and not all(isinstance(item, Perhaps) for item in value.items):
                    return True
                return False if value.exact and not value.items else None
            case Mapping():
                return True if value.items else (False if value.exact else None)
            case Function() | Bound() | ClassValue() | External() | Native() | Partial() | Namespace() | Method():
                return True
            case Instance():
                return (
                    True
                    if not self.finds_method(value, "__len__") and not self.finds_method(value, "__bool__")
                    else None
                )
            case Union():
                truths = {self.truth(each) for each in value.alternatives}
                return truths.pop() if len(truths) == 1 else None
            case SizeValue(number=int(number)):
                return bool(number)
            case Unknown():
                return self.assumptions.get(value.serial)
        return None

    def under(self, condition: Place, way: Callable[[], bool]) -> bool:
        """Run a branch; what is made in it is there under a condition."""
        self.conditions.append(condition)
        try:
            return way()
        finally:
            self.conditions.pop()

    # --- names and attributes -------------------------------------------------------------------------------------------------

    def lookup(self, name: str, frame: Frame) -> Value:
        scope: Frame | None = frame
        if frame.names.get(name) == "global":
            scope = frame.namespace.lazies.get("<frame>", frame)
        first = True
        while scope is not None:
            if (first or not scope.is_class) and name in scope.fields:
                value: Value = scope.fields[name]
                return value
            scope, first = scope.parent, False
        for prefix in frame.namespace.lazies.get("<stars>", ()):
            found = star_member(prefix, name)
            if found is not None:
                return found
        if name in BUILTIN_NAMES:
            return External(name)
        return self.child(frame.namespace, name)

    def assign_name(self, name: str, value: Value, frame: Frame) -> None:
        target: Obj = frame
        kind = frame.names.get(name)
        if kind == "global":
            target = frame.namespace.lazies.get("<frame>", frame)
        elif kind == "nonlocal":
            scope = frame.parent
            while scope is not None and name not in scope.fields:
                scope = scope.parent
            target = scope or frame
        self.store.write(target, name, value)
        self.name_value(value, name)

    def name_value(self, value: Value, name: str) -> None:
        """The first variable that holds an object lends it its name, for messages and for what names say."""
        match value:
            case Instance() if not value.name:
                value.name = name
            case Unknown() if not value.name or value.name.startswith("["):
                value.name = name
            case SizeValue():
                self.sizes.name_size(value, name)

    def bind(self, target: ir.Expr, value: Value, frame: Frame) -> None:
        statements.bind(self, target, value, frame)

    def set_attribute(self, owner: Value, name: str, value: Value, node: ir.Node | None, frame: Frame) -> None:
        statements.set_attribute(self, owner, name, value, node or ir.Node(-1), frame)

    def attribute(self, value: Value, name: str, node: ir.Node | None, frame: Frame) -> Value:
        """`value.name`."""
        match value:
            case Instance():
                return classes.instance_attribute(self, value, name, node, frame)
            case Tensor():
                return self._tensor_attribute(value, name)
            case External():
                return External(canonical(f"{value.dotted}.{name}"))
            case Namespace():
                return self.imports.member(self, value, name)
            case ClassValue():
                return classes.class_attribute(self, value, name)
            case classes.Super():
                return value.attribute(self, name, node, frame)
            case Union():
                held = [each for each in value.alternatives if not isinstance(each, Const)] or list(value.alternatives)
                return self.each([lambda each=each: self.attribute(each, name, node, frame) for each in held])
            case Unknown():
                return self._unknown_attribute(value, name)
            case Mapping() if name not in _MAPPING_METHODS:
                return value.items[name] if name in value.items else self.child(value, name)
            case Sequence() | Mapping() | Const() | ShapeOf():
                if isinstance(value, Const) and not isinstance(value.value, str):
                    return Unknown(name)
                return Method(value, name)
            case Function() | Bound() if name == "__name__":
                return Const(value.name if isinstance(value, Function) else value.function.name)
            case Partial() if name == "func":
                return value.function
        return Unknown(name, provenance=self.provenance(value))

    def _tensor_attribute(self, tensor: Tensor, name: str) -> Value:
        match name:
            case "shape":
                return self.shape_value(tensor)
            case "data":
                return tensor.but(provenance=tensor.provenance.detached(), biased=None)
            case "T" | "mT":
                shape = self.sizes.shape_of(tensor)
                return tensor.but(
                    shape=(*shape[:-2], shape[-1], shape[-2]) if shape is not None and len(shape) >= 2 else None
                )
            case "device" | "dtype" | "grad" | "requires_grad" | "is_cuda" | "grad_fn":
                return Unknown(name)
            case "ndim":
                return Const(len(tensor.shape)) if tensor.shape is not None else Unknown(name)
            case "logits" | "loss" | "last_hidden_state" | "values" | "indices" | "sample" | "real" | "imag":
                return tensor.but(shape=None, scale=Scale.UNKNOWN if name != "values" else tensor.scale)
        return Method(tensor, name)

    def _unknown_attribute(self, value: Unknown, name: str) -> Value:
        if name in value.fields:
            known: Value = value.fields[name]
            return known
        if name == "shape":
            return self.shape_value(value)
        if name == "module" and "<mode>" in value.fields:
            return value
        if name == "training" and isinstance(value.fields.get("<mode>"), bool):
            return Const(value.fields["<mode>"])
        provenance = value.provenance.detached() if name in ("data", "shape", "device", "dtype") else value.provenance
        child = self.child(value, name, provenance)
        if isinstance(child, Unknown):
            child.lazies.setdefault("<owner>", value)
        return child

    def shape_value(self, value: Value) -> Value:
        shape = self.sizes.shape_of(value)
        if shape is None:
            return ShapeOf(value)
        return Sequence("tuple", tuple(self.sizes.size_of(value, axis) for axis in range(len(shape))))

    def child(self, value: Obj, name: str, provenance: Provenance = NO_PROVENANCE) -> Value:
        """An unknown part of an object: the same one each time it is asked for."""
        if name in value.fields:
            written: Value = value.fields[name]
            return written
        if name not in value.lazies:
            value.lazies[name] = Unknown(name, provenance)
        child: Value = value.lazies[name]
        return child

    def finds_method(self, value: Value, name: str) -> bool:
        return (
            isinstance(value, Instance)
            and isinstance(value.cls, ClassValue)
            and classes.find(value.cls, name) is not None
        )

    def has_open_attributes(self, value: Instance) -> bool:
        """Whether an instance may have attributes that nnlint does not see."""
        return (
            not isinstance(value.cls, ClassValue)
            or classes.has_unknown_base(value.cls)
            or self.finds_method(value, "__getattr__")
        )

    def get_item(self, value: Instance, index: Value, expr: ir.Subscript | None, frame: Frame) -> Value:
        items = value.fields.get(modules.ITEMS)
        if isinstance(items, (Sequence, Mapping)):
            return expressions.item(self, items, index, expr, frame)
        if self.finds_method(value, "__getitem__"):
            return self.call(self.attribute(value, "__getitem__", None, frame), Arguments((index,)), None, frame)
        return self.child(value, f"[{index.value!r}]") if isinstance(index, Const) else Unknown()

    def set_item(self, value: Instance, index: Value, item: Value) -> None:
        items = value.fields.get(modules.ITEMS)
        if isinstance(items, (Mapping, Sequence)):
            statements.set_item(self, items, index, item)
        elif isinstance(index, Const):
            self.store.write(value, f"[{index.value!r}]", item)

    # --- iteration ---------------------------------------------------------------------------------------------------------------

    def iterate(self, value: Value, node: ir.Node | None, frame: Frame) -> tuple[bool, list[Value]]:
        return iteration.iterate(self, value, node, frame)

    def elements(self, value: Value) -> tuple[bool, list[Value]]:
        return iteration.elements(self, value)

    def unpacked(self, value: Value, number: int) -> list[Value]:
        return iteration.unpacked(self, value, number)

    def batches_of(self, elements: Seq[Value]) -> frozenset[int]:
        found: frozenset[int] = frozenset()
        for element in elements:
            found |= self.provenance(element).batches
        return found

    # --- what values depend on, and what becomes of them --------------------------------------------------------------------------

    def provenance(self, value: Value | None, depth: int = 0) -> Provenance:
        match value:
            case Tensor() | Unknown():
                return value.provenance
            case Sequence() if depth < 3:
                found = NO_PROVENANCE
                for item in value.items:
                    found = found | self.provenance(item, depth + 1)
                return found
            case Mapping() if depth < 3:
                found = NO_PROVENANCE
                for item in value.items.values():
                    found = found | self.provenance(item, depth + 1)
                return found
            case Union():
                found = NO_PROVENANCE
                for item in value.alternatives:
                    found = found | self.provenance(item, depth + 1)
                return found
            case Perhaps():
                return self.provenance(value.value, depth + 1)
            case Method():
                return self.provenance(value.receiver, depth + 1)
            case Instance() if not modules.is_module(value) and depth < 2 and isinstance(value.cls, ClassValue):
                found = NO_PROVENANCE
                for item in value.fields.values():
                    if isinstance(item, (Tensor, Unknown)):
                        found = found | item.provenance
                return found
        return NO_PROVENANCE

    def provenance_of(self, arguments: Arguments) -> Provenance:
        found = NO_PROVENANCE
        for value in arguments.all():
            found = found | self.provenance(value)
        return found

    def used(self, value: Value) -> None:
        provenance = self.provenance(value)
        if provenance.outputs:
            self.roles.used(provenance)

    def collected(self, value: Value) -> None:
        """A value went into a container."""
        self.used(value)
        if isinstance(value, Tensor) and value.biased is not None:
            self.consumed(value.biased)

    def escaped(self, value: Value) -> None:
        self.roles.escaped(self.provenance(value))

    def consumed(self, biased: Biased) -> None:
        """What a layer with a bias returned is used by something else than a norm."""
        if biased.layer.made is not None:
            self._bias_uses.add(biased.layer.made)

    def normalized(self, biased: Biased, event: LayerRan) -> None:
        self._fed.append((biased, event))

    def unknown_result(self, arguments: Arguments, name: str = "", receiver: Value | None = None) -> Value:
        """What something unknown returns: it depends on all that it was given."""
        for value in arguments.all():
            self.collected(value)
        provenance = self.provenance_of(arguments) | self.provenance(receiver)
        if self.gradients_enabled is False:
            provenance = provenance.detached()
        return Unknown(name, provenance)

    def unknown_call(
        self, callee: Value, arguments: Arguments, node: ir.Call | None, name: str, receiver: Value | None = None
    ) -> Value:
        """Something unknown is called: it may change the modes and gradients of what it is given."""
        self.given_away(arguments)
        lowered = name.lower()
        if any(word in lowered for word in ("backward", "scaler", "train", "optim", "step", "fit")):
            self.roles.differentiated(self.provenance_of(arguments).calls)
        return self.unknown_result(arguments, name, receiver)

    def given_away(self, arguments: Arguments) -> None:
        from nnlint.interpreter import gradients, training

        optimizer_given = False
        for value in arguments.all():
            if training.is_optimizer(value):
                optimizer_given = True
                gradients.forget(self, value)
            elif modules.is_module(value) or (isinstance(value, Unknown) and "<mode>" in value.fields):
                for each in modules.descendants(value):
                    modules.set_own_mode(self, each, None, None)
                gradients.forget(self, value)
        if optimizer_given:
            self.roles.differentiated(self.provenance_of(arguments).calls)

    def returned(self, value: Value, statement: ir.Return, frame: Frame) -> Value:
        """A value on its way out of a function: its trail grows by a step."""
        if frame.function is None:
            return value
        return self._with_step(
            value, Step(self.place(frame, statement), f"returned by `{frame.function.qualified}`"), 0
        )

    def _with_step(self, value: Value, step: Step, depth: int) -> Value:
        match value:
            case Tensor() if value.trail and len(value.trail) < LONGEST_TRAIL and value.trail[-1] != step:
                return value.but(trail=(*value.trail, step), serial=value.serial)
            case Sequence(kind="tuple") if depth < 2 and any(
                isinstance(item, Tensor) and item.trail for item in value.items
            ):
                return Sequence(
                    "tuple", tuple(self._with_step(item, step, depth + 1) for item in value.items), value.exact
                )
        return value

    # --- gradients ---------------------------------------------------------------------------------------------------------------

    @property
    def gradients_enabled(self) -> bool | None:
        enabled: bool | None = self.world.fields.get("<gradients>")
        return enabled

    def set_gradients(self, enabled: bool | None) -> None:
        self.store.write(self.world, "<gradients>", enabled)

    def owned_by_framework(self) -> bool:
        """Whether a framework decides over mode and gradients of what runs now: inside of a LightningModule's methods."""
        for frame in self.frames:
            receiver = frame.self_value
            if isinstance(receiver, Instance) and isinstance(receiver.cls, ClassValue):
                owners = classes.externals(receiver.cls)
                if any("ightning" in dotted or dotted.startswith("transformers.Trainer") for dotted in owners):
                    return True
        return False

    # --- telling -------------------------------------------------------------------------------------------------------------------

    def place(self, frame: Frame, node: ir.Node) -> Place:
        path = frame.namespace.path
        if path not in self._shown:
            self._shown[path] = self.program.shown(path)
        return Place(self._shown[path], node.id)

    def emit(self, event: Event) -> None:
        self._events.append(event)

    def reshaped(
        self, value: Value, before: Shape | None, after: Shape, node: ir.Node | None, frame: Frame, words: str
    ) -> None:
        """A view was taken; whether it moved sizes is judged at the end, when all is known of them."""
        if before is not None and node is not None and None not in before and None not in after:
            attended = isinstance(value, Tensor) and value.attended
            self._views.append((self.place(frame, node), words, before, after, attended, ()))

    def youngest(self) -> int:
        return next(_numbers)

    def events(self, complete: bool) -> Iterator[Event]:
        """What happened in this root; that it ran to its end makes silence mean something."""
        yield from self._events
        yield from self.roles.events(complete)
        if complete:
            for biased, event in self._fed:
                if biased.layer.made not in self._bias_uses:  # every layer that is made there feeds a norm only
                    yield event
        for place, words, before, after, attended, trail in self._views:
            old = self.sizes.spread(tuple(size for size in before if size is not None))
            shifted = self.sizes.moved(old, tuple(size for size in after if size is not None))
            yield Reshaped(
                place=place,
                call=words,
                before=tuple(map(self.sizes.text, before)),
                after=tuple(map(self.sizes.text, after)),
                moved=tuple(map(self.sizes.text, shifted)),
                heads=bool(shifted) and are_heads(before, after, attended, self.sizes),
                trail=trail,
            )


def are_heads(old: Shape, new: Shape, attended: bool, sizes: Sizes) -> bool:
    """Whether a view splits [B, T, H·D] into [B, H, T, D] or merges [B, H, T, D] to [B, T, H·D]."""
    if attended and len(new) <= len(old):
        return True
    before, after = (
        tuple(sizes.resolved(sizes.judged(size)) for size in shape if size is not None) for shape in (old, new)
    )
    if len(before) == 3 and len(after) == 4 and before[0] == after[0]:
        return after[1] * after[3] == before[2] and after[2] == before[1]
    if len(before) == 4 and len(after) == 3 and before[0] == after[0]:
        return before[1] * before[3] == after[2] and before[2] == after[1]
    return False


_MAPPING_METHODS = frozenset(
    ["items", "values", "keys", "get", "pop", "setdefault", "update", "copy", "clear", "popitem", "move_to_end"]
)
