"""The interpreter: runs a program abstractly and tells the training events that would happen.

It holds what one root (a script, or a function that nothing calls) knows while it runs; how expressions, statements,
calls, networks and tensors behave stands in the files beside this one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from collections.abc import Sequence as Seq

from nnlint.events import Event, LayerRan
from nnlint.interpreter import (
    assignments,
    attributes,
    building,
    calls,
    classes,
    expressions,
    frozen,
    graphs,
    iteration,
    loop_verdicts,
    ownership,
    provenance,
    rehearsals,
    roles,
    scopes,
    statements,
    truths,
    unknowns,
)
from nnlint.interpreter.ages import START, next_number
from nnlint.interpreter.chains import Chains
from nnlint.interpreter.clipping import Clipping
from nnlint.interpreter.control import ROOT_BUDGET, BudgetSpent, LoopRecord, Tally
from nnlint.interpreter.hyperparameters import Hyperparameters
from nnlint.interpreter.imports import Imports
from nnlint.interpreter.initializing import Initializing
from nnlint.interpreter.ledger import Ledger
from nnlint.interpreter.loaders import Loaders
from nnlint.interpreter.makers import Makers
from nnlint.interpreter.memories import Memories
from nnlint.interpreter.normalizing import normalizations
from nnlint.interpreter.objects import (
    NO_PROVENANCE,
    Arguments,
    Biased,
    ClassValue,
    Const,
    Frame,
    Function,
    Instance,
    Namespace,
    Obj,
    Provenance,
    Shape,
    Tensor,
    Unknown,
    Value,
)
from nnlint.interpreter.orders import Orders
from nnlint.interpreter.ownership import Ownership
from nnlint.interpreter.paths import Paths
from nnlint.interpreter.rearranging import view_call
from nnlint.interpreter.samples import Samples
from nnlint.interpreter.schedules import Schedules
from nnlint.interpreter.selection import Selection
from nnlint.interpreter.sizing import Sizes
from nnlint.interpreter.starvation import Starvation
from nnlint.interpreter.store import Store
from nnlint.interpreter.tiny_batches import TinyBatches
from nnlint.interpreter.transforms import Applied
from nnlint.interpreter.views import View, reshapings
from nnlint.interpreter.watched import Watched
from nnlint.program.program import Program
from nnlint.reading import script as ir
from nnlint.source import Place


class World(Obj):
    """What holds for the whole program at a moment: whether gradients are recorded."""


class Interpreter(Paths):
    """One root: its store, its frames, the objects it watches, the events it told."""

    def __init__(self, program: Program, imports: Imports) -> None:
        self.program = program
        self.imports = imports
        self.main = imports.main  # the file whose root runs
        self.reached: set[tuple[str, int]] = set()  # the functions that were called: their files and nodes
        self.store = Store()
        self.reset()

    def reset(self) -> None:
        """Forget everything but the imported modules."""
        self.store.undo(START)
        self.world = World()
        self.world.fields["<gradients>"] = True
        self.frames: list[Frame] = []
        self.loops: list[LoopRecord] = []
        self.conditions: list[Place] = []
        self.module_stack: list[Instance] = []
        self.created: list[Instance] = []
        self.optimizers: list[Obj] = []
        self.tallies: defaultdict[int, Tally] = defaultdict(Tally)  # by the identity of a function's definition
        self.guards = []
        self.ledger = Ledger()
        self.ownership = Ownership()
        self.data_loops: list[LoopRecord] = []
        self.kept: dict[Place, list[int]] = {}  # where graphs are kept, by watches
        self.assumptions: dict[object, bool] = {}
        self.undecided = 0  # how many branches are being run of which it is not known whether they are taken
        self.choosing = False  # whether one of several callees is tried
        self.roles = roles.Roles(self.program.conventions(self.main))
        self.memories = Memories()
        self.sizes = Sizes()
        self.orders = Orders()
        self.makers = Makers()
        self.watched = Watched()
        self.starvation = Starvation()
        self.schedules = Schedules()
        self.loaders = Loaders()
        self.selection = Selection()
        self.clipping = Clipping()
        self.initializing = Initializing()
        self.chains = Chains()
        self.composed: list[Instance] = []  # transforms that are made of others
        self.applied: list[Applied] = []  # transforms, in the order of their calls
        self.samples = Samples()
        self.tiny_batches = TinyBatches()
        self.hyperparameters = Hyperparameters()
        self.logit_losses: dict[Obj, str] = {}  # by the network whose raw scores they take
        self.tried: ir.Node | None = None  # the only statement of a `try`: it is there to see whether it raises
        self.rehearsals = rehearsals.Rehearsals()
        self.tests: list[ir.Expr] = []
        self.discarded: ir.Expr | None = None  # the expression of the last statement that is nothing else
        self.backwards = 0
        self.operated: tuple[ir.Node, str, dict[str, Value]] | None = None  # the tensor operation that ran last
        self.freezes = False  # something has been frozen
        self.graded = 0  # how many networks ran with gradients since the last of them
        self.ungraded = False  # a network runs that was called without gradients
        self.forward: int | None = None  # the number of the forward pass that runs
        self.spent, self.limit = 0, ROOT_BUDGET
        self._events: list[Event] = []
        self._views: list[View] = []
        self._fed: list[tuple[Biased, LayerRan]] = []
        self._bias_uses: set[Place] = set()
        self.store.settle()

    # --- running ---

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
        self.spent += 1
        if self.spent > self.limit:
            raise BudgetSpent

    def run_module(self, namespace: Namespace, script: ir.Script, name: str) -> None:
        self.execute(script.body, self.begin_module(namespace, name))

    def begin_module(self, namespace: Namespace, name: str) -> Frame:
        """The frame in which the statements of a module run."""
        frame = Frame(namespace, None)
        frame.fields = namespace.fields  # the variables of a module are its attributes
        frame.lazies = namespace.lazies
        namespace.fields["__name__"] = Const(name)
        namespace.lazies["<frame>"] = frame
        frame.mark = self.store.mark()
        return frame

    # --- conditions ---

    def assuming(self, test: ir.Expr, truth: bool, frame: Frame) -> bool:
        return truths.assuming(self, test, truth, frame)

    def compared(self, left: Value, op: str, right: Value) -> bool | None:
        return truths.compared(self, left, op, right)

    def truth(self, value: Value) -> bool | None:
        return truths.truth(self, value)

    # --- names and attributes ---

    def lookup(self, name: str, frame: Frame) -> Value:
        return scopes.lookup(self, name, frame)

    def assign_name(self, name: str, value: Value, frame: Frame) -> None:
        scopes.assign_name(self, name, value, frame)

    def name_value(self, value: Value, name: str) -> None:
        scopes.name_value(self, value, name)

    def bind(self, target: ir.Expr, value: Value, frame: Frame) -> None:
        assignments.bind(self, target, value, frame)

    def set_attribute(self, owner: Value, name: str, value: Value, node: ir.Node | None, frame: Frame) -> None:
        assignments.set_attribute(self, owner, name, value, node or ir.Node(-1), frame)

    def attribute(self, value: Value, name: str, node: ir.Node | None, frame: Frame) -> Value:
        return attributes.attribute(self, value, name, node, frame)

    def shape_value(self, value: Value) -> Value:
        return attributes.shape_value(self, value)

    def child(self, value: Obj, name: str, provenance: Provenance = NO_PROVENANCE) -> Value:
        return attributes.child(self, value, name, provenance)

    def finds_method(self, value: Value, name: str) -> bool:
        return attributes.finds_method(self, value, name)

    def has_open_attributes(self, value: Instance) -> bool:
        return attributes.has_open_attributes(self, value)

    # --- iteration ---

    def iterate(self, value: Value, node: ir.Node | None, frame: Frame) -> tuple[bool, list[Value]]:
        return iteration.iterate(self, value, node, frame)

    def elements(self, value: Value) -> tuple[bool, list[Value]]:
        return iteration.elements(self, value)

    def unpacked(self, value: Value, number: int) -> list[Value]:
        return iteration.unpacked(self, value, number)

    def batches_of(self, elements: Seq[Value]) -> frozenset[int]:
        return provenance.batches_of(self, elements)

    # --- what values depend on, and what becomes of them ---

    def provenance(self, value: Value | None) -> Provenance:
        if isinstance(value, (Tensor, Unknown)):  # nearly always
            return value.provenance
        return provenance.provenance(self, value)

    def provenance_of(self, arguments: Arguments) -> Provenance:
        return provenance.provenance_of(self, arguments)

    def on_graph(self, found: Provenance) -> Provenance:
        """With the graph of the forward pass that runs: something that has parameters made it."""
        if self.forward is None or self.gradients_enabled is False:
            return found
        return found | Provenance(calls=frozenset({self.forward}))

    def used(self, value: Value) -> None:
        provenance.used(self, value)

    def collected(self, value: Value) -> None:
        provenance.collected(self, value)

    def escaped(self, value: Value) -> None:
        provenance.escaped(self, value)

    def returned(self, value: Value, statement: ir.Return, frame: Frame) -> Value:
        return provenance.returned(self, value, statement, frame)

    def consumed(self, biased: Biased) -> None:
        """What a layer with a bias returned is used by something else than a norm."""
        self.chains.stacks.consumed(biased)
        if biased.layer.made is not None:
            self._bias_uses.add(biased.layer.made)

    def normalized(self, biased: Biased, event: LayerRan) -> None:
        self._fed.append((biased, event))

    def unknown_result(self, arguments: Arguments, name: str = "", receiver: Value | None = None) -> Value:
        return unknowns.unknown_result(self, arguments, name, receiver)

    def unknown_call(
        self, callee: Value, arguments: Arguments, node: ir.Call | None, name: str, receiver: Value | None = None
    ) -> Value:
        return unknowns.unknown_call(self, callee, arguments, node, name, receiver)

    def given_away(self, arguments: Arguments) -> None:
        unknowns.given_away(self, arguments)

    # --- gradients ---

    @property
    def gradients_enabled(self) -> bool | None:
        enabled: bool | None = self.world.fields.get("<gradients>")
        return enabled

    def set_gradients(self, enabled: bool | None) -> None:
        self.store.write(self.world, "<gradients>", enabled)

    def owned_by_framework(self) -> bool:
        """Whether a framework decides over mode and gradients of what runs now: inside a LightningModule's methods."""
        for frame in self.frames:
            receiver = frame.self_value
            if isinstance(receiver, Instance) and isinstance(receiver.cls, ClassValue):
                owners = classes.externals(receiver.cls)
                if any("ightning" in dotted or dotted.startswith("transformers.Trainer") for dotted in owners):
                    return True
        return False

    # --- telling ---

    def place(self, frame: Frame, node: ir.Node) -> Place:
        places = frame.namespace.places
        place = places.get(node.id)
        if place is None:
            place = places[node.id] = Place(self.program.shown(frame.namespace.path), node.id)
        return place

    def emit(self, event: Event) -> None:
        self._events.append(event)

    def in_silence(self, way: Callable[[], Value]) -> Value:
        """Run what the program does not do here: nothing of it is told."""
        told = (self._events, self._views, self._fed, self._bias_uses, self.created, self.optimizers, self.watched)
        self._events, self._views, self._fed, self._bias_uses = [], [], [], set()
        self.created, self.optimizers, self.watched = [], [], self.watched.deaf()
        try:
            return way()
        finally:
            (self._events, self._views, self._fed, self._bias_uses, self.created, self.optimizers, self.watched) = told

    def reshaped(
        self,
        value: Value,
        before: Shape | None,
        after: Shape,
        node: ir.Node | None,
        frame: Frame,
        words: str,
        presumed: bool = False,
    ) -> None:
        """A view was taken; whether it moved sizes is judged at the end, when all is known of them."""
        if before is not None and node is not None and None not in before and None not in after:
            attended = isinstance(value, Tensor) and value.attended
            call = view_call(self, value, node, frame)
            self._views.append(View(self.place(frame, node), words, before, after, attended, presumed, call))

    def youngest(self) -> int:
        return next_number()

    def events(self, complete: bool) -> Iterator[Event]:
        """What happened in this root; that it ran to its end makes silence mean something."""
        yield from self.makers.settled(self._events)
        yield from self.roles.events(complete)
        yield from frozen.events(self.roles.forwards)
        yield from self.makers.settled(self.watched.events())
        yield from self.schedules.events(self, complete)
        yield from loop_verdicts.events(self, complete)
        yield from self.rehearsals.events()
        yield from ownership.events(self, complete)
        yield from graphs.events(self, complete)
        yield from self.loaders.events(self)
        yield from self.selection.events(self)
        yield from normalizations(self)
        yield from self.hyperparameters.events()
        yield from self.initializing.events()
        yield from self.chains.events()
        if complete:
            yield from self.clipping.events(self)
            yield from building.events(self)
            for biased, event in self._fed:
                if biased.layer.made not in self._bias_uses:  # every layer that is made there feeds a norm only
                    yield self.chains.biases.told(self, event)
        yield from reshapings(self._views, self.sizes)
        yield from self.orders.events(self.sizes)
        yield from self.tiny_batches.events(self)
        yield from self.samples.events(self, complete)
