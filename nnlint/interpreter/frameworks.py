"""What training frameworks do with the networks, losses, loaders and functions that they are given.

They set modes, clear and step, so that none of this is missed in the user's code; what is computed is the user's, and
is followed: a framework calls his functions in a loop over his data, and differentiates what they return.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from nnlint.interpreter import gradients, modes, modules
from nnlint.interpreter.control import LoopRecord
from nnlint.interpreter.loops import run_loop
from nnlint.interpreter.objects import (
    NONE,
    Arguments,
    External,
    Frame,
    Function,
    Instance,
    Mapping,
    Native,
    Sequence,
    Unknown,
    Value,
)
from nnlint.reading import script as ir

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

_PROCESS, _HANDLERS, _ENGINE = "<process>", "<handlers>", "<engine>"
_FITS = "<fits>"


def attribute(run: Interpreter, instance: Instance, name: str) -> Value | None:
    """What an object of a framework has under a name; None if nnlint knows nothing of it."""
    methods: dict[str, _Method] = {}
    if _PROCESS in instance.lazies:
        methods = {"run": _run_engine, "on": _on, "add_event_handler": _add_handler}
    elif _ENGINE in instance.lazies:
        methods = {"backward": _backward, "step": _nothing, "zero_grad": _nothing}
    elif _FITS in instance.lazies:
        methods = {"fit": _fit}
    method = methods.get(name)
    if method is None:
        return None
    return Native(name, lambda run, arguments, node, frame: method(run, instance, arguments, node, frame))


_Method = Callable[["Interpreter", Instance, Arguments, "ir.Call | None", Frame], Value]


def _nothing(run: Interpreter, instance: Instance, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    return NONE


def _taught(run: Interpreter, loss: Value, node: ir.Node | None, frame: Frame) -> None:
    """The framework calls `backward` of a loss, and steps."""
    if isinstance(loss, Mapping):
        loss = loss.items.get("loss", NONE)
    provenance = run.provenance(loss)
    run.roles.differentiated(provenance.calls)
    run.loaders.differentiated(provenance.batches)
    run.loaders.stepped()
    if node is not None:
        run.watched.differentiated(provenance, run.place(frame, node), is_leaf=False)


def _over(run: Interpreter, loader: Value, one_pass: Callable[[Value], object], node: ir.Call, frame: Frame) -> None:
    """Call a function with the batches of a loader, each epoch."""
    _, elements = run.iterate(loader, _argument(node), frame)

    def pass_with(element: Value) -> bool:
        one_pass(element)
        return True

    loop = LoopRecord(run.store.mark(), run.place(frame, node), data=run.batches_of(elements))
    passes: list[Callable[[], bool]] = [partial(pass_with, element) for element in (*elements, *elements)]
    run_loop(run, loop, passes[:2], exact=False)


def _argument(node: ir.Call) -> ir.Node | None:
    return node.arguments[0].value if node.arguments else None


# --- DeepSpeed ----------------------------------------------------------------------------------------------------


def deepspeed(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    """`deepspeed.initialize(args, model, optimizer, …)`: the engine calls the model, clears and steps."""
    model, optimizer = arguments.get(1, "model"), arguments.get(2, "optimizer")
    if model is None or arguments.loose:
        run.given_away(arguments)
        return Unknown("initialize")
    if optimizer is not None:
        gradients.give_away(run, optimizer)
    engine = modules.make(run, "deepspeed.DeepSpeedEngine", Arguments((model,)), node, frame)
    engine.lazies[_ENGINE] = True
    return Sequence("tuple", (engine, Unknown("optimizer"), Unknown("training_dataloader"), Unknown("lr_scheduler")))


def _backward(run: Interpreter, instance: Instance, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    loss = arguments.get(0, "loss")
    if loss is not None:
        _taught(run, loss, node, frame)
    return NONE


# --- Ignite -------------------------------------------------------------------------------------------------------


def ignite_engine(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    """`Engine(process_function)`."""
    return _engine(dotted, arguments.get(0, "process_function") or Unknown())


def _engine(dotted: str, process: Value) -> Instance:
    engine = Instance(External(dotted), None)
    engine.lazies[_PROCESS] = process
    engine.lazies[_HANDLERS] = []
    return engine


def ignite_trainer(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    """`create_supervised_trainer(model, optimizer, loss_fn)`."""
    model, optimizer, loss = (
        arguments.get(position, name) for position, name in enumerate(("model", "optimizer", "loss_fn"))
    )
    if model is None or loss is None:
        return _engine(dotted, Unknown())
    if optimizer is not None:
        gradients.give_away(run, optimizer)

    def process(run: Interpreter, given: Arguments, _node: ir.Call | None, _frame: Frame) -> Value:
        modes.set_mode(run, model, True, run.place(frame, node) if node is not None else None, frame)
        _learn(run, model, loss, given.positional[-1], node, frame)
        return Unknown("loss")

    return _engine(dotted, Native("process_function", process))


def _learn(run: Interpreter, model: Value, loss: Value, batch: Value, node: ir.Call | None, frame: Frame) -> None:
    """`loss(model(x), y)`, differentiated."""
    provenance = run.provenance(batch)
    outputs = run.call(model, Arguments((Unknown("x", provenance),)), node, frame)
    given = Arguments((outputs, Unknown("y", provenance)))
    _taught(run, run.call(loss, given, _called_by_name(node, 2, "loss_fn", "loss_func"), frame), node, frame)


def _called_by_name(node: ir.Call | None, position: int, *names: str) -> ir.Call | None:
    """A call, at the place of `node`, of the function that `node` hands over."""
    for index, argument in enumerate(node.arguments if node is not None else ()):
        if node is not None and (argument.keyword in names or (index == position and argument.keyword is None)):
            return replace(node, function=argument.value, arguments=())
    return node


def _run_engine(run: Interpreter, engine: Instance, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    """`engine.run(data)`: the process function gets each batch, the handlers run once an epoch."""
    process, data = engine.lazies[_PROCESS], arguments.get(0, "data") or Unknown("data")
    if node is None:
        return NONE

    def epoch() -> bool:
        _over(run, data, lambda batch: run.call(process, Arguments((engine, batch)), None, frame), node, frame)
        for handler, rest in list(engine.lazies[_HANDLERS]):
            run.call(handler, Arguments((engine, *rest)), None, frame)
        return True

    loop = LoopRecord(run.store.mark(), run.place(frame, node))
    run_loop(run, loop, [epoch, epoch], exact=False)
    return Unknown("state")


def _on(run: Interpreter, engine: Instance, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    """`@engine.on(event)`."""

    def decorate(run: Interpreter, given: Arguments, node: ir.Call | None, frame: Frame) -> Value:
        handler = given.positional[0] if given.positional else Unknown()
        _handled(engine, handler, ())
        return handler

    return Native("on", decorate)


def _add_handler(run: Interpreter, engine: Instance, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    handler = arguments.get(1, "handler")
    if handler is not None:
        _handled(engine, handler, arguments.positional[2:])
    return Unknown()


def _handled(engine: Instance, handler: Value, rest: tuple[Value, ...]) -> None:
    if isinstance(handler, Function) and not handler.definition.parameters:
        return _handlers(engine).append((Native(handler.name, partial(_without_engine, handler)), rest))
    return _handlers(engine).append((handler, rest))


def _handlers(engine: Instance) -> list[tuple[Value, tuple[Value, ...]]]:
    handlers: list[tuple[Value, tuple[Value, ...]]] = engine.lazies[_HANDLERS]
    return handlers


def _without_engine(
    handler: Function, run: Interpreter, arguments: Arguments, node: ir.Call | None, frame: Frame
) -> Value:
    return run.call(handler, Arguments(), node, frame)


# --- Lightning and fastai -----------------------------------------------------------------------------------------


def lightning_trainer(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    """`Trainer(…)`."""
    trainer = Instance(External(dotted), None)
    trainer.lazies[_FITS] = True
    return trainer


def _fit(run: Interpreter, trainer: Instance, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    """`trainer.fit(model, train_dataloaders, val_dataloaders, datamodule)`."""
    model = arguments.get(0, "model")
    if isinstance(model, Instance) and node is not None and run.finds_method(model, "training_step"):
        loader = _loader(run, arguments, "train_dataloader", model, node, frame)
        training_step = run.attribute(model, "training_step", node, frame)

        def learn(batch: Value) -> None:
            _taught(run, run.call(training_step, Arguments((batch, Unknown("batch_idx"))), None, frame), node, frame)

        modes.set_mode(run, model, True, run.place(frame, node), frame)
        _over(run, loader, learn, node, frame)
    return run.unknown_call(trainer, arguments, node, "fit", trainer)


def _loader(run: Interpreter, arguments: Arguments, method: str, model: Instance, node: ir.Call, frame: Frame) -> Value:
    """The loader that `fit` is given, or that it asks the module of the data or the network for."""
    given = arguments.get(1, f"{method}s") or arguments.keywords.get(method)
    module = arguments.get(3, "datamodule")
    if isinstance(given, Instance) and run.finds_method(given, method):
        given, module = None, given
    if given is not None and given is not NONE:
        return given
    for each in (module, model):
        if isinstance(each, Instance) and run.finds_method(each, method):
            return run.call(run.attribute(each, method, node, frame), Arguments(), None, frame)
    return Unknown(method)


def fastai_learner(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    """`Learner(dls, model, loss_func=…)`."""
    model, loss = arguments.get(1, "model"), arguments.keywords.get("loss_func")
    if isinstance(model, Instance) and loss is not None and node is not None and not arguments.loose:
        _learn(run, model, loss, Unknown("batch"), node, frame)
    run.given_away(arguments)
    return Unknown("Learner")


SPECIAL = {
    "deepspeed.initialize": deepspeed,
    "ignite.engine.Engine": ignite_engine,
    "ignite.engine.engine.Engine": ignite_engine,
    "ignite.engine.create_supervised_trainer": ignite_trainer,
    "pytorch_lightning.Trainer": lightning_trainer,
    "pytorch_lightning.trainer.Trainer": lightning_trainer,
    "fastai.learner.Learner": fastai_learner,
}
