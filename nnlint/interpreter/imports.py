"""Imports: a module of the project is interpreted once and shared; one of another package is a dotted name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from nnlint.interpreter.control import ROOT_BUDGET, BudgetSpent, Tally
from nnlint.interpreter.memory import Definition
from nnlint.interpreter.objects import Const, External, Frame, Namespace, Unknown, Value
from nnlint.interpreter.store import Store
from nnlint.knowledge.names import canonical
from nnlint.program.journal import Journal
from nnlint.program.program import Program
from nnlint.reading import script as ir
from nnlint.source import Unreadable

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter


STATEMENT_BUDGET = 5_000
_WORKS = (ir.ExprStatement, ir.For, ir.If, ir.Try, ir.While, ir.With)
"""Statements that work more often than they define."""


class Imports:
    """The modules of the project that the scripts which start in one folder have imported."""

    def __init__(self, program: Program, start: Path) -> None:
        self.program = program
        self.main = start / "__main__.py"  # stands for any of them
        self.is_entangled = False  # a module changed what belongs to another
        self._namespaces: dict[Path, Namespace] = {}
        self._journals: dict[Path, Journal] = {}
        self._reached: dict[Path, frozenset[Definition]] = {}
        self._asked_for: set[tuple[Path, str]] = set()  # names that are being looked for where checkers would

    def close(self, journal: Journal) -> frozenset[Definition]:
        """Add to a journal what the modules asked that it names, and these again; what they reached when imported."""
        reached: set[Definition] = set()
        for path in self._closure(journal.modules):
            journal.add(self._journals[path])
            reached |= self._reached[path]
        journal.modules.clear()
        return frozenset(reached)

    def files(self) -> tuple[Path, ...]:
        """All that the piece of work at hand has imported, and what these import."""
        return tuple(sorted(self._closure(self.program.modules_asked_for)))

    def _closure(self, modules: Iterable[Path]) -> Iterable[Path]:
        waiting, seen = list(modules), set[Path]()
        while waiting:
            path = waiting.pop()
            if path not in seen and path in self._journals:
                seen.add(path)
                waiting += self._journals[path].modules
        return seen

    def forget(self, changed: set[Path]) -> None:
        """These files are not what they were: nor is what rests on them."""
        files = {str(path) for path in changed}
        for path in list(self._namespaces):
            journal = Journal(modules={path})
            self.close(journal)
            if path in changed or not files.isdisjoint(journal.files):
                del self._namespaces[path]
        for path in self._journals.keys() - self._namespaces.keys():
            del self._journals[path], self._reached[path]

    def namespace(self, path: Path) -> Namespace:
        if path not in self._namespaces:
            self._namespaces[path] = Namespace(path, self.program.dotted_name(path))
        return self._namespaces[path]

    def import_module(self, run: Interpreter, dotted: str, alias: str | None, frame: Frame) -> None:
        """`import a.b.c` binds `a`, `import a.b.c as x` binds the innermost."""
        path = self.program.resolve(dotted, frame.namespace.path, self.main)
        if path is None:
            first = dotted.partition(".")[0]
            run.assign_name(alias or first, External(canonical(dotted if alias else first)), frame)
            return
        loaded = self.load(run, path)
        if alias:
            run.assign_name(alias, loaded, frame)
            return
        first, _, rest = dotted.partition(".")
        top = self.program.resolve(first, frame.namespace.path, self.main)
        if top is None or not rest:
            run.assign_name(first, loaded, frame)
            return
        current = self.load(run, top)
        run.assign_name(first, current, frame)
        prefix = first
        for part in rest.split("."):
            prefix = f"{prefix}.{part}"
            inner = self.program.resolve(prefix, frame.namespace.path, self.main)
            if inner is None:
                return
            module = self.load(run, inner)
            run.store.write(current, part, module)
            current = module

    def import_names(self, run: Interpreter, statement: ir.ImportFrom, frame: Frame, only: str | None = None) -> None:
        """`from module import name`, or of several names the one that is bound to `only`."""
        importer = frame.namespace.path
        names = [each for each in statement.names if only is None or only == (each[1] or each[0])]
        if statement.level:
            path = self.program.relative(statement.module, statement.level, importer)
        else:
            path = self.program.resolve(statement.module, importer, self.main)
        if path is None:
            prefix = f"{'.' * statement.level}{statement.module}"
            for name, alias in names:
                if name != "*":
                    value: Value = External(canonical(f"{prefix}.{name}")) if not statement.level else Unknown(name)
                    run.assign_name(alias or name, value, frame)
            if statement.names and statement.names[0][0] == "*" and not statement.level:
                frame.lazies.setdefault("<stars>", []).append(prefix)
            return
        module = self.load(run, path)
        for name, alias in names:
            if name == "*":
                self._import_all(run, module, frame)
            else:
                run.assign_name(alias or name, self.member(run, module, name), frame)

    def member(self, run: Interpreter, module: Namespace, name: str) -> Value:
        """What `module.name` is: something it defines, or a module below it."""
        if name in module.fields:
            value: Value = module.fields[name]
            return value
        inner = self.program.submodule(module.path, name)
        if inner is not None:
            return self.load(run, inner)
        declared = self.declared(run, module, name)
        if declared is not None:
            return declared
        for prefix in module.lazies.get("<stars>", ()):
            found = star_member(prefix, name)
            if found is not None:
                return found
        return run.child(module, name)

    def declared(self, run: Interpreter, module: Namespace, name: str) -> Value | None:
        """What a name that is not there when the module runs means to type checkers; None: nothing."""
        asked = (module.path, name)
        if asked in self._asked_for:
            return None  # in a circle
        self._asked_for.add(asked)
        try:
            return self._declared(run, module, name)
        finally:
            self._asked_for.remove(asked)

    def _declared(self, run: Interpreter, module: Namespace, name: str) -> Value | None:
        exports = self.program.exports
        statement = exports.declared(module.path).names.get(name)
        if statement is None:
            path = exports.exporter(module.path, name)
            return self.member(run, self.load(run, path), name) if path is not None else None
        frame = Frame(module, None)  # the module itself is shared, and stays as it is
        if isinstance(statement, ir.ImportFrom):
            self.import_names(run, statement, frame, only=name)
        else:
            for dotted, alias in statement.names:
                if name == (alias or dotted.partition(".")[0]):
                    self.import_module(run, dotted, alias, frame)
        value: Value | None = frame.fields.get(name)
        return value

    def _import_all(self, run: Interpreter, module: Namespace, frame: Frame) -> None:
        listed = module.fields.get("__all__")
        names = None
        if listed is not None and hasattr(listed, "items") and isinstance(listed.items, tuple):
            names = [str(item.value) for item in listed.items if isinstance(item, Const)]
        for name in names or [name for name in module.fields if not name.startswith("_")]:
            if name in module.fields:
                run.assign_name(name, module.fields[name], frame)
        frame.lazies.setdefault("<stars>", []).extend(module.lazies.get("<stars>", ()))

    def load(self, run: Interpreter, path: Path) -> Namespace:
        """The module at `path`, interpreted at its first import."""
        self.program.imported(path)
        namespace = self.namespace(path)
        if namespace.loaded:
            return namespace
        namespace.loaded = True
        before, run.reached = run.reached, set()
        with self.program.recording() as journal:
            try:
                script = self.program.script(path) if path.is_file() else None
            except Unreadable:
                script = None
            try:
                if script is not None and _run_apart(run, namespace, script):
                    self.is_entangled = True
            except BaseException:
                run.reached = before
                del self._namespaces[path]  # half of it is of no use to others
                raise
        self._journals[path], self._reached[path] = journal, frozenset(run.reached)
        run.reached = before
        return namespace


def _run_apart(run: Interpreter, namespace: Namespace, script: ir.Script) -> bool:
    """Run the top level of an imported module; what it does is shared by all roots and never taken back.

    Whether it changed anything that is not its own, as a registry in another module.
    """
    before = run.store, run.frames, run.loops, run.module_stack, run.tallies, run.spent, run.limit
    run.store = own = Store()
    run.frames, run.loops, run.module_stack, run.tallies, run.spent = [], [], [], defaultdict(Tally), 0
    youngest = run.youngest()
    try:
        _run_for_definitions(run, script, run.begin_module(namespace, namespace.dotted))
    except BudgetSpent:
        pass  # what it has defined so far is there
    finally:
        run.store, run.frames, run.loops, run.module_stack, run.tallies, run.spent, run.limit = before
        run.store.settle()
    return own.touched(youngest)


def _run_for_definitions(run: Interpreter, script: ir.Script, frame: Frame) -> None:
    """Run a module for what it defines: of a statement that trains a network no more than its first part."""
    for statement in script.body:
        run.limit = ROOT_BUDGET
        if not isinstance(statement, _WORKS):
            if not run.execute((statement,), frame):
                return
            continue
        mark = run.store.mark()
        run.limit = min(run.limit, run.spent + STATEMENT_BUDGET)
        try:
            if not run.execute((statement,), frame):
                return
        except BudgetSpent:
            if run.spent > ROOT_BUDGET:
                raise
            run.store.undo(mark)
        run.store.close(mark)


_STARS_OF_FASTAI = {
    "torch": "torch",
    "nn": "torch.nn",
    "F": "torch.nn.functional",
    "Learner": "fastai.learner.Learner",
}


def star_member(prefix: str, name: str) -> Value | None:
    """What a star import of another package brings: only what torch is known to have under that name."""
    from nnlint.knowledge.layers import CONTAINERS, LAYERS
    from nnlint.knowledge.losses import LOSS_CLASSES
    from nnlint.knowledge.operations import OPERATIONS

    if prefix.startswith("fastai.") and name in _STARS_OF_FASTAI:
        return External(_STARS_OF_FASTAI[name])
    dotted = canonical(f"{prefix}.{name}")
    if dotted in LAYERS or dotted in CONTAINERS or dotted in LOSS_CLASSES:
        return External(dotted)
    if prefix in ("torch", "torch.nn.functional") and name in OPERATIONS:
        return External(dotted)
    if prefix == "torch" and name in ("nn", "optim", "no_grad", "utils"):
        return External(dotted)
    if prefix == "torch.nn" and name in ("functional", "Parameter", "init", "DataParallel"):
        return External(dotted)
    if prefix.startswith("torch.optim") and name[:1].isupper():
        return External(dotted)
    if prefix.startswith("torch.utils.data") and name[:1].isupper():
        return External(dotted)
    return None
