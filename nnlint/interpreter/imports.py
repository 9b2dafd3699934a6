"""Imports: a module of the project is interpreted once and shared; one of another package is a dotted name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nnlint.interpreter.objects import Const, External, Frame, Namespace, Unknown, Value
from nnlint.knowledge.names import canonical
from nnlint.program.program import Program
from nnlint.reading import script as ir
from nnlint.source import Unreadable

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter


class Imports:
    """The modules of the project that one root has imported."""

    def __init__(self, program: Program, main: Path) -> None:
        self.program = program
        self.main = main
        self._namespaces: dict[Path, Namespace] = {}

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

    def import_names(self, run: Interpreter, statement: ir.ImportFrom, frame: Frame) -> None:
        """`from module import name`."""
        importer = frame.namespace.path
        if statement.level:
            path = self.program.relative(statement.module, statement.level, importer)
        else:
            path = self.program.resolve(statement.module, importer, self.main)
        if path is None:
            prefix = f"{'.' * statement.level}{statement.module}"
            for name, alias in statement.names:
                if name != "*":
                    value: Value = External(canonical(f"{prefix}.{name}")) if not statement.level else Unknown(name)
                    run.assign_name(alias or name, value, frame)
            if statement.names and statement.names[0][0] == "*" and not statement.level:
                frame.lazies.setdefault("<stars>", []).append(prefix)
            return
        module = self.load(run, path)
        for name, alias in statement.names:
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
        for prefix in module.lazies.get("<stars>", ()):
            found = star_member(prefix, name)
            if found is not None:
                return found
        return run.child(module, name)

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
        namespace = self.namespace(path)
        if namespace.loaded:
            return namespace
        namespace.loaded = True
        try:
            script = self.program.script(path) if path.is_file() else None
        except Unreadable:
            script = None
        if script is not None:
            run.import_script(namespace, script)
        return namespace


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
