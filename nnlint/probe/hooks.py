"""Hooks into torch: what the script does with it is shown to the observers. Nothing of torch's results is changed.

Data loaders are an exception: their batches are cut short (`budget`), and their workers run in the script's own process.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch.optim import lr_scheduler
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook
from torch.overrides import TorchFunctionMode, resolve_name
from torch.utils.data import DataLoader, IterableDataset
from torch.utils.data import dataloader as loading

from nnlint.knowledge.operations import OPERATIONS
from nnlint.probe.observers.base import Observer
from nnlint.probe.run import Backward, Call, Pass, Run, is_in_place

_DUNDERS = {
    "__add__": "add", "__radd__": "add", "__iadd__": "add", "__sub__": "add", "__rsub__": "add", "__isub__": "add",
    "__mul__": "scale", "__rmul__": "scale", "__imul__": "scale", "__truediv__": "scale", "__rtruediv__": "scale",
    "__itruediv__": "scale", "__pow__": "pow", "__rpow__": "pow", "__ipow__": "pow", "__matmul__": "matmul",
    "__rmatmul__": "matmul", "__gt__": "compare", "__lt__": "compare", "__ge__": "compare", "__le__": "compare",
    "__eq__": "compare", "__ne__": "compare", "__invert__": "not", "__neg__": "elementwise", "__getitem__": "index",
    "__setitem__": "index_put", "rsub": "add", "__float__": "detach", "__int__": "detach", "__bool__": "detach",
    "__array__": "detach", "data.__get__": "detach",
}  # fmt: skip


class Hooks:
    """All hooks of one run; `install` sets them for as long as the process lives."""

    def __init__(self, run: Run, observers: Iterable[Observer]) -> None:
        self.run = run
        self._observers = list(observers)
        self._lists: dict[str, list[Callable[..., None]]] = {}
        self._stop: Callable[[], None] = lambda: None
        self.mode = _Mode(self)

    def install(self, stop: Callable[[], None]) -> None:
        """Hook into torch. `stop` is asked at each forward pass and step; it may raise to end the script."""
        self._stop = stop
        _hook_modules(self)
        _hook_training(self)
        _hook_schedulers(self)
        _hook_loaders(self)

    def tell(self, what: str, *arguments: Any) -> None:
        """Call the method `what` of each observer that has one. An observer that fails is not asked again."""
        if self.run.muted:
            return
        self.run.muted += 1  # what observers compute is nobody's business
        try:
            for method in self.listening(what):
                self._ask(method, arguments)
        finally:
            self.run.muted -= 1

    def listening(self, what: str) -> list[Callable[..., None]]:
        if what not in self._lists:
            base = getattr(Observer, what)
            self._lists[what] = [
                getattr(observer, what) for observer in self._observers if getattr(type(observer), what) is not base
            ]
        return self._lists[what]

    def wanting(self, what: str, name: str, operation: str) -> list[Callable[..., None]]:
        """Those methods whose observer wants to see this torch function."""
        kinds = {name, operation, "*", "*_" if is_in_place(name) else "*"}
        return [method for method in self.listening(what) if kinds & method.__self__.operations]  # type: ignore[attr-defined]

    def ask_all(self, methods: list[Callable[..., None]], argument: Any) -> None:
        self.run.muted += 1
        try:
            for method in methods:
                self._ask(method, (argument,))
        finally:
            self.run.muted -= 1

    def stop_if_enough(self) -> None:
        if not self.run.muted:
            self._stop()

    def _ask(self, method: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        observer: Observer = method.__self__  # type: ignore[attr-defined]
        if observer not in self._observers:
            return
        try:
            with torch._C.DisableTorchFunction(), torch.no_grad():
                method(*arguments)
        except Exception as error:
            self._observers.remove(observer)
            reason = f"{type(error).__name__}: {error}"
            trace = error.__traceback__
            while trace is not None and trace.tb_next is not None:
                trace = trace.tb_next
            if trace is not None:
                reason += f" ({trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno})"
            self.run.say("fault", observer=type(observer).__name__, reason=reason, codes=list(observer.decides))


class _Mode(TorchFunctionMode):
    """Sees every call of a torch function that is not made inside of another one."""

    def __init__(self, hooks: Hooks) -> None:
        super().__init__()
        self._hooks = hooks
        self._known: dict[Any, tuple[str, str, tuple[str, ...], list[Any], list[Any]]] = {}

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        hooks = self._hooks
        if hooks.run.muted:
            return func(*args, **kwargs)
        known = self._known.get(func)
        if known is None:
            known = self._known[func] = self._look_up(func)
        name, operation, parameters, before, after = known
        if not before and not after:
            return func(*args, **kwargs)
        call = Call(func, name, operation, parameters, args, kwargs, hooks.run, grad_enabled=torch.is_grad_enabled())
        if before:
            hooks.ask_all(before, call)
        call.result = func(*args, **kwargs)
        if after:
            hooks.ask_all(after, call)
        return call.result

    def _look_up(self, func: Any) -> tuple[str, str, tuple[str, ...], list[Any], list[Any]]:
        name = resolve_name(func) or getattr(func, "__qualname__", None) or getattr(func, "__name__", "")
        if name.startswith("torch.Tensor.") or name.endswith((".__get__", ".__set__")):
            last = name.removeprefix("torch.Tensor.")
        else:
            last = name.rpartition(".")[2]
        operation, parameters = OPERATIONS.get(last, (_DUNDERS.get(last, ""), ("other",)))
        hooks = self._hooks
        return (
            name,
            operation,
            parameters,
            hooks.wanting("calling", name, operation),
            hooks.wanting("called", name, operation),
        )


def _hook_modules(hooks: Hooks) -> None:
    module_class, run = torch.nn.Module, hooks.run
    call, set_attribute, train, load = (
        module_class.__call__,
        module_class.__setattr__,
        module_class.train,
        module_class.load_state_dict,
    )

    def called(self: Any, *args: Any, **kwargs: Any) -> Any:
        if run.muted:
            return call(self, *args, **kwargs)
        if not run.passes:
            hooks.stop_if_enough()
        visit = Pass(self, args, kwargs, len(run.passes), grad_enabled=torch.is_grad_enabled(), training=self.training)
        visit.place = run.places.here() if not run.passes else None
        hooks.tell("entering", visit)
        run.passes.append(visit)
        try:
            visit.output = call(self, *args, **kwargs)
        finally:
            run.passes.pop()
        run.budget.work.forwards += not run.passes
        hooks.tell("left", visit)
        return visit.output

    def attribute_set(self: Any, name: str, value: Any) -> None:
        if not run.muted:
            if isinstance(value, module_class):
                run.book.name(value, name)
            hooks.tell("attribute_set", self, name, value)
        set_attribute(self, name, value)

    nested = _Outermost()

    def mode_set(self: Any, mode: bool = True) -> Any:
        with nested as outermost:
            if outermost:
                hooks.tell("mode_set", self, mode)
            return train(self, mode)

    def loaded(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = load(self, *args, **kwargs)
        hooks.tell("weights_loaded", self)
        return result

    module_class.__call__ = called  # type: ignore[method-assign]
    module_class.__setattr__ = attribute_set  # type: ignore[assignment, method-assign]
    module_class.train = mode_set  # type: ignore[method-assign]
    module_class.load_state_dict = loaded  # type: ignore[method-assign]

    def module_made(module: Any, args: Any, kwargs: Any) -> None:
        run.book.enter(module)
        hooks.tell("module_made", module, args, kwargs)

    _wrap_constructors(module_class, module_made)


def _wrap_constructors(base: type, made: Callable[[Any, Any, Any], None]) -> None:
    """Say when an object of `base` or of a subclass, also one yet to come, is complete."""

    def wrap(cls: type) -> None:
        original = cls.__dict__.get("__init__")
        if original is None:
            return

        @functools.wraps(original)
        def constructed(self: Any, *args: Any, **kwargs: Any) -> None:
            original(self, *args, **kwargs)
            if type(self).__init__ is constructed:  # not a parent's constructor that a subclass' own calls
                made(self, args, kwargs)

        cls.__init__ = constructed  # type: ignore[misc]

    pending = [base]
    while pending:
        cls = pending.pop()
        wrap(cls)
        pending += cls.__subclasses__()
    inherited = base.__dict__.get("__init_subclass__")

    def __init_subclass__(cls: type, **kwargs: Any) -> None:
        if inherited is not None:
            inherited.__get__(None, cls)(**kwargs)
        else:
            super(base, cls).__init_subclass__(**kwargs)
        wrap(cls)

    base.__init_subclass__ = classmethod(__init_subclass__)  # type: ignore[assignment, arg-type]


def _hook_training(hooks: Hooks) -> None:
    run, optimizer_class = hooks.run, torch.optim.Optimizer
    backward, made = torch.autograd.backward, optimizer_class.__init__
    clear, clear_module = optimizer_class.zero_grad, torch.nn.Module.zero_grad

    def differentiated(tensors: Any, *args: Any, **kwargs: Any) -> None:
        if run.muted:
            return backward(tensors, *args, **kwargs)
        roots = (tensors,) if isinstance(tensors, torch.Tensor) else tuple(tensors)
        event = Backward(roots, run.places.here(), number=run.budget.work.backwards)
        event.creates = bool(kwargs.get("create_graph", args[2] if len(args) > 2 else False))
        retains = kwargs.get("retain_graph", args[1] if len(args) > 1 else None)
        event.retains = event.creates if retains is None else bool(retains)
        if hooks.listening("differentiating") or hooks.listening("differentiated"):
            event.nodes, event.leaves = walk(roots)
        hooks.tell("differentiating", event)
        try:
            backward(tensors, *args, **kwargs)
        except Exception as error:
            hooks.tell("failed", event, error)
            raise
        run.budget.work.backwards += 1
        hooks.tell("differentiated", event)
        return None

    def constructed(self: Any, *args: Any, **kwargs: Any) -> None:
        made(self, *args, **kwargs)
        run.book.enter(self)
        hooks.tell("optimizer_made", self)

    def cleared(self: Any, *args: Any, **kwargs: Any) -> None:
        hooks.tell("clearing", self)
        clear(self, *args, **kwargs)

    def module_cleared(self: Any, *args: Any, **kwargs: Any) -> None:
        hooks.tell("clearing", self)
        clear_module(self, *args, **kwargs)

    def stepping(optimizer: Any, args: Any, kwargs: Any) -> None:
        hooks.stop_if_enough()
        hooks.tell("stepping", optimizer)

    def stepped(optimizer: Any, args: Any, kwargs: Any) -> None:
        hooks.tell("stepped", optimizer)
        run.budget.work.steps += not run.muted

    torch.autograd.backward = differentiated
    optimizer_class.__init__ = constructed  # type: ignore[method-assign]
    optimizer_class.zero_grad = cleared  # type: ignore[method-assign]
    torch.nn.Module.zero_grad = module_cleared  # type: ignore[method-assign]
    register_optimizer_step_pre_hook(stepping)
    register_optimizer_step_post_hook(stepped)


def walk(roots: Iterable[torch.Tensor]) -> tuple[set[Any], set[int]]:
    """The nodes of the graph under some tensors, and the ids of the leaves that would get gradients."""
    nodes: set[Any] = set()
    leaves = {id(root) for root in roots if root.grad_fn is None and root.requires_grad}
    pending = [root.grad_fn for root in roots if root.grad_fn is not None]
    while pending:
        node = pending.pop()
        if node in nodes:
            continue
        nodes.add(node)
        if hasattr(node, "variable"):
            leaves.add(id(node.variable))
        pending += [each for each, _ in node.next_functions if each is not None and each not in nodes]
    return nodes, leaves


def _hook_schedulers(hooks: Hooks) -> None:
    base, nested = lr_scheduler.LRScheduler, _Outermost()

    def wrap_step(cls: type) -> None:
        original = cls.__dict__.get("step")
        if original is None:
            return

        @functools.wraps(original)
        def step(self: Any, *args: Any, **kwargs: Any) -> Any:
            with nested as outermost:
                result = original(self, *args, **kwargs)
                if outermost and hooks.run.places.frame() is not None:
                    hooks.tell("scheduler_stepped", self)
                return result

        cls.step = step  # type: ignore[attr-defined]

    pending: list[type] = [base]
    while pending:
        cls = pending.pop()
        wrap_step(cls)
        pending += cls.__subclasses__()
    for cls in (base, *_below(base)):
        _within(cls, nested)

    def scheduler_made(scheduler: Any, args: Any, kwargs: Any) -> None:
        hooks.run.book.enter(scheduler)
        hooks.tell("scheduler_made", scheduler)

    _wrap_constructors(base, scheduler_made)


def _below(base: type) -> Iterator[type]:
    for cls in base.__subclasses__():
        yield cls
        yield from _below(cls)


def _within(cls: type, nested: _Outermost) -> None:
    """What a constructor does is no step of the user's."""
    original = cls.__dict__.get("__init__")
    if original is None:
        return

    @functools.wraps(original)
    def constructed(self: Any, *args: Any, **kwargs: Any) -> None:
        with nested:
            original(self, *args, **kwargs)

    cls.__init__ = constructed  # type: ignore[misc]


def _hook_loaders(hooks: Hooks) -> None:
    run = hooks.run
    made, iterator = DataLoader.__init__, DataLoader._get_iterator
    following = loading._BaseDataLoaderIter.__next__
    loaders: weakref.WeakKeyDictionary[Any, DataLoader[Any]] = weakref.WeakKeyDictionary()

    def constructed(self: Any, *args: Any, **kwargs: Any) -> None:
        workers = kwargs.get("num_workers", args[5] if len(args) > 5 else 0)
        if workers:
            for name in ("prefetch_factor", "persistent_workers", "multiprocessing_context", "timeout"):
                kwargs.pop(name, None)
            args = (*args[:5], 0, *args[6:])[: len(args)]
            if "num_workers" in kwargs:
                kwargs["num_workers"] = 0
        made(self, *args, **kwargs)
        self._nnlint_workers = workers
        run.book.enter(self)
        hooks.tell("loader_made", self)

    def started(self: Any) -> Any:
        hooks.tell("loader_starts", self)
        result = iterator(self)
        loaders[result] = self
        result._nnlint_indices = None
        if not run.muted and not isinstance(self.dataset, IterableDataset):
            result._sampler_iter = _noted(run.budget.batches(result._sampler_iter), result)
        elif not run.muted:
            result._sampler_iter = run.budget.batches(result._sampler_iter, ends=False)
        return result

    def next_batch(self: Any) -> Any:
        try:
            batch = following(self)
        except StopIteration:
            if self in loaders:
                hooks.tell("loader_ends", loaders[self])
            raise
        if self in loaders:
            hooks.tell("batch_loaded", loaders[self], self._nnlint_indices, batch)
        return batch

    DataLoader.__init__ = constructed  # type: ignore[method-assign, assignment]
    DataLoader._get_iterator = started  # type: ignore[method-assign]
    loading._BaseDataLoaderIter.__next__ = next_batch  # type: ignore[method-assign]


def _noted(indices: Iterator[Any], holder: Any) -> Iterator[Any]:
    for each in indices:
        holder._nnlint_indices = each
        yield each


class _Outermost:
    """`with` it: true for the outermost of nested blocks."""

    def __init__(self) -> None:
        self._depth = 0

    def __enter__(self) -> bool:
        self._depth += 1
        return self._depth == 1

    def __exit__(self, *error: object) -> None:
        self._depth -= 1
