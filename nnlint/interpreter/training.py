"""Optimizers, loaders and datasets: the objects around a network, as they are made."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from nnlint.interpreter import gradients, hyperparameters, ownership
from nnlint.interpreter.joins import NEW
from nnlint.interpreter.loaders import LOADER, PART_OF
from nnlint.interpreter.objects import (
    NONE,
    Arguments,
    Const,
    External,
    Frame,
    Instance,
    Mapping,
    Native,
    Sequence,
    Tensor,
    Unknown,
    Value,
)
from nnlint.interpreter.scenes import name_in
from nnlint.interpreter.schedules import SCHEDULE, step_method
from nnlint.interpreter.tiny_batches import DROPS_LAST, GIVEN_SIZE
from nnlint.interpreter.wording import text_of
from nnlint.knowledge.data import DATASET_PARAMETERS
from nnlint.knowledge.schedulers import SCHEDULERS
from nnlint.reading import script as ir

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

_FOREIGN_OPTIMIZERS = frozenset(
    [
        "AdamW",
        "Adam",
        "SGD",
        "Lamb",
        "LAMB",
        "Lion",
        "RAdam",
        "AdaBelief",
        "Ranger",
        "Adafactor",
        "AdaBound",
        "FusedAdam",
        "FusedSGD",
        "FusedLAMB",
        "LARS",
        "Adam8bit",
        "AdamW8bit",
        "NAdam",
    ]
)
OPTIMIZER = "<optimizer>"


def looks_like_optimizer(dotted: str) -> bool:
    package, _, name = dotted.rpartition(".")
    return name in _FOREIGN_OPTIMIZERS and not package.startswith(("tensorflow", "keras"))


def make_optimizer_or_scheduler(
    run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame
) -> Value:
    """`torch.optim.Adam(model.parameters(), …)`, `StepLR(optimizer, …)`."""
    name = dotted.rpartition(".")[2]
    place = run.place(frame, node) if node is not None else None
    if name in SCHEDULERS or "LR" in name:
        hyperparameters.scheduled(dotted, arguments)
        scheduler = run.schedules.make(run, dotted, arguments, node, frame)
        of = arguments.get(0, "optimizer")
        if isinstance(of, (Instance, Unknown)) and place is not None and "last_epoch" not in arguments.keywords:
            ownership.built(run, scheduler, place, None, stateless=False, of=of)
        return scheduler
    optimizer = Instance(External(dotted), place)
    start_optimizer(run, optimizer, arguments.get(0, "params"))
    if node is not None and any(
        (argument.keyword == "lr" or (index == 1 and argument.keyword is None))
        and isinstance(argument.value, ir.Binary)
        for index, argument in enumerate(node.arguments)
    ):
        optimizer.lazies[gradients.LR_SCALED] = True
    if place is not None:
        momentum = arguments.keywords.get("momentum", Const(0))
        stateless = name == "LBFGS" or (name == "SGD" and isinstance(momentum, Const) and not momentum.value)
        ownership.built(run, optimizer, place, arguments.get(0, "params"), stateless)
    run.hyperparameters.optimizer_made(run, dotted, optimizer, arguments, node, frame)
    return optimizer


def start_optimizer(run: Interpreter, optimizer: Instance, parameters: Value | None) -> None:
    optimizer.lazies[OPTIMIZER] = True
    gradients.hold(optimizer, parameters)
    run.store.write(optimizer, gradients.STATE, frozenset({NEW}))
    gradients.notice(run, optimizer)


def is_optimizer(value: Value) -> bool:
    return isinstance(value, (Instance, Unknown)) and OPTIMIZER in value.lazies


def optimizer_name(name: str) -> bool:
    """Whether a variable is named as optimizers are: `optimizer`, `opt_g`, `self.optim`."""
    words = name.lower().replace("optimiser", "optimizer")
    return "optim" in words or any(
        word in ("opt", "opts", "optg", "optd") for word in words.replace(".", "_").split("_")
    )


def step(
    run: Interpreter,
    optimizer: Value,
    arguments: Arguments,
    node: ir.Call | None,
    frame: Frame,
    called: str,
    certain: bool,
) -> Value:
    """`optimizer.step()`; a closure runs first."""
    closure = arguments.get(0, "closure")
    if closure is not None and not isinstance(closure, (Const, Unknown, Tensor, Instance)):
        run.call(closure, Arguments(), node, frame)
    if node is not None and isinstance(optimizer, (Instance, Unknown)):
        gradients.stepped(run, optimizer, run.place(frame, node), called, certain)
        run.ledger.steps[-1].name = name_in(frame, optimizer)[0]
    return NONE


def attribute(run: Interpreter, instance: Instance, name: str) -> Value:
    """An attribute that nnlint knows of an optimizer, scaler or loader; else one that is not known."""
    if SCHEDULE in instance.lazies and name == "step":
        return _step_method(instance)
    if is_optimizer(instance):
        if name == "step":
            return Native(
                name,
                lambda run, arguments, node, frame: step(
                    run, instance, arguments, node, frame, receiver(node, instance), True
                ),
            )
        if name == "zero_grad":

            def clear(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
                gradients.cleared(run, instance, run.place(frame, node) if node is not None else None)
                return NONE

            return Native(name, clear)
        if name == "add_param_group":

            def widen(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
                instance.lazies[gradients.MODULES] = None
                return NONE

            return Native(name, widen)
        if name == "param_groups":
            return Sequence("list", (_group(run, instance),), exact=False)
    if name == "zero_grad":

        def clear_all(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
            # an optimizer of the project's own that inherits it from torch: of whose parameters is not known
            for optimizer in run.optimizers:
                gradients.cleared(run, optimizer, run.place(frame, node) if node is not None else None)
            return NONE

        return Native(name, clear_all)
    if PART_OF in instance.lazies and name == "dataset":
        whole = instance.lazies[PART_OF][0]
        return whole if isinstance(whole, Value) else Unknown(name)
    if LOADER in instance.lazies and name == "dataset":
        value = instance.fields.get("dataset")
        return value if isinstance(value, Value) else Unknown("dataset")
    return run.child(instance, name)


def _step_method(scheduler: Instance) -> Native:
    """`scheduler.step`; of some, by a score."""
    method = step_method(scheduler)

    def step(run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
        score = arguments.get(0, "metrics")
        if score is not None and node is not None and scheduler.class_name == "ReduceLROnPlateau":
            run.selection.scheduled(run, score, node, run.place(frame, node))
        return method.call(run, arguments, node, frame)

    return Native("step", step)


def _group(run: Interpreter, optimizer: Instance) -> Value:
    from nnlint.interpreter.parameters import OF, Parameters

    parameter = Unknown("parameter")
    modules = optimizer.lazies.get(gradients.MODULES)
    parameter.lazies[OF] = modules
    group = Mapping({"params": Parameters((parameter,), modules or frozenset())}, others=True)
    group.lazies[hyperparameters.GROUP_OF] = optimizer
    return group


def receiver(node: ir.Call | None, instance: Instance) -> str:
    if node is not None and isinstance(node.function, ir.Attribute):
        return text_of(node.function.value)
    return instance.name or instance.class_name


def _loader(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    loader = Instance(External(dotted), None)
    given = arguments.get(1, "batch_size")
    other = arguments.loose or "batch_sampler" in arguments.keywords
    loader.lazies[LOADER] = True
    loader.lazies[GIVEN_SIZE] = Unknown("batch size") if given is None and other else given
    loader.lazies[DROPS_LAST] = Unknown("drop last") if arguments.loose else arguments.get(8, "drop_last")
    if node is not None:
        run.loaders.made(run, loader, arguments, node, frame)
    if "collate_fn" in arguments.keywords or arguments.loose:
        loader.lazies["<own collation>"] = True
    dataset = arguments.get(0, "dataset")
    if dataset is not None:
        run.store.write(loader, "dataset", dataset)
    return loader


def is_dataset_class(dotted: str) -> bool:
    return dotted.startswith("torchvision.datasets.") or dotted.endswith(("Dataset", ".ImageFolder"))


def make_dataset(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    dataset = Instance(External(dotted), run.place(frame, node) if node is not None else None)
    names = DATASET_PARAMETERS.get(dotted.rpartition(".")[2], ()) if dotted.startswith("torchvision.") else ()
    given = dict(zip(names, arguments.positional)) | arguments.keywords  # noqa: B905 (surplus arguments have no name)
    for name, value in given.items():
        run.store.write(dataset, name, value)
    dataset.arguments = given
    run.samples.made(dataset)
    return dataset


def _tensor_dataset(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    dataset = Instance(External(dotted), None)
    if arguments.positional and not arguments.loose:
        run.store.write(dataset, "tensors", Sequence("tuple", arguments.positional))
    return dataset


def _random_split(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    lengths = arguments.get(1, "lengths")
    count = len(lengths.items) if isinstance(lengths, Sequence) and lengths.exact else None
    if count is None:
        return Unknown("split")
    split = []
    for _ in range(count):
        part = Instance(External("torch.utils.data.Subset"), run.place(frame, node) if node is not None else None)
        part.lazies[PART_OF] = (arguments.get(0, "dataset"), count)
        split.append(part)
    return Sequence("tuple", tuple(split))


def _subset(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    part = Instance(External(dotted), run.place(frame, node) if node is not None else None)
    part.lazies[PART_OF] = (arguments.get(0, "dataset"), None)
    return part


SPECIAL: dict[str, Callable[..., Value]] = {
    "torch.utils.data.DataLoader": _loader,
    "torch_geometric.loader.DataLoader": _loader,
    "torch_geometric.data.DataLoader": _loader,
    "torch.utils.data.TensorDataset": _tensor_dataset,
    "torch.utils.data.random_split": _random_split,
    "torch.utils.data.Subset": _subset,
}
