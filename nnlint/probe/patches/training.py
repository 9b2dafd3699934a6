"""Training: backward passes and optimizers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import torch
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from nnlint.probe.patches.wrapping import Outermost
from nnlint.probe.run import Backward

if TYPE_CHECKING:
    from nnlint.probe.hooks import Hooks


def hook_training(hooks: Hooks) -> None:
    run, optimizer_class = hooks.run, torch.optim.Optimizer
    backward, made = torch.autograd.backward, optimizer_class.__init__
    clear, clear_module = optimizer_class.zero_grad, torch.nn.Module.zero_grad

    nested = Outermost()

    def differentiated(tensors: Any, *args: Any, **kwargs: Any) -> None:
        with nested as outermost:  # torch hands a call to the mode, which calls again
            if run.muted or not outermost:
                backward(tensors, *args, **kwargs)
            else:
                observed(tensors, *args, **kwargs)

    def observed(tensors: Any, *args: Any, **kwargs: Any) -> None:
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

    gradients, deriving = torch.autograd.grad, Outermost()

    def derived(outputs: Any, *args: Any, **kwargs: Any) -> Any:
        with deriving as outermost:
            if outermost and not run.muted and hooks.listening("derived"):
                roots = (outputs,) if isinstance(outputs, torch.Tensor) else tuple(outputs)
                hooks.tell("derived", Backward(roots, run.places.here(), *walk(roots)))
            return gradients(outputs, *args, **kwargs)

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

    hooks.patch(torch.autograd, "backward", differentiated)
    hooks.patch(torch.autograd, "grad", derived)
    hooks.patch(optimizer_class, "__init__", constructed)
    hooks.patch(optimizer_class, "zero_grad", cleared)
    hooks.patch(torch.nn.Module, "zero_grad", module_cleared)
    hooks.until_removed(register_optimizer_step_pre_hook(stepping).remove)
    hooks.until_removed(register_optimizer_step_post_hook(stepped).remove)


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
