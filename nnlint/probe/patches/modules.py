"""Modules: made, run, switched, loaded, given attributes."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import torch

from nnlint.probe.patches.wrapping import Outermost, wrap_constructors
from nnlint.probe.run import Pass

if TYPE_CHECKING:
    from nnlint.probe.hooks import Hooks


def hook_modules(hooks: Hooks) -> None:
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
            if is_transform(type(self)):  # type: ignore[arg-type]
                output = call(self, *args, **kwargs)
                hooks.tell("transformed", self, args, kwargs)
                return output
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

    nested = Outermost()

    def mode_set(self: Any, mode: bool = True) -> Any:
        with nested as outermost:
            if outermost:
                hooks.tell("mode_set", self, mode)
            return train(self, mode)

    def loaded(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = load(self, *args, **kwargs)
        hooks.tell("weights_loaded", self)
        return result

    hooks.patch(module_class, "__call__", called)
    hooks.patch(module_class, "__setattr__", attribute_set)
    hooks.patch(module_class, "train", mode_set)
    hooks.patch(module_class, "load_state_dict", loaded)

    def module_made(module: Any, args: Any, kwargs: Any) -> None:
        run.book.enter(module)
        hooks.tell("module_made", module, args, kwargs)

    wrap_constructors(hooks, module_class, module_made)


@cache
def is_transform(kind: type) -> bool:
    """Whether a module is one of those with which torchvision prepares each item of a dataset: no network."""
    return kind.__module__.startswith("torchvision.transforms.")
