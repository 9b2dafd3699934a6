"""Methods that nnlint knows by name: of tensors, containers, and of objects it knows nothing else about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlint.interpreter import (
    container_methods,
    gradients,
    initializing,
    lapses,
    masks,
    memories,
    modes,
    ownership,
    pictures,
    telling,
    tensors,
    tokens,
    training,
)
from nnlint.interpreter.contexts import GradientContext
from nnlint.interpreter.externals import options_of
from nnlint.interpreter.objects import (
    NO_PROVENANCE,
    NONE,
    NUMBERS,
    Arguments,
    Const,
    Frame,
    Mapping,
    Sequence,
    ShapeOf,
    Tensor,
    Unknown,
    Value,
)
from nnlint.interpreter.parameters import CASTS, OF, PARAMETER, cast, gradient_of, parameter_behind, parameters_of
from nnlint.interpreter.wording import text_of
from nnlint.knowledge.operations import NOT_TENSOR_METHODS, OPERATIONS
from nnlint.reading import script as ir
from nnlint.values import Form

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

_TO_NUMBERS = frozenset({"item", "tolist", "numpy"})
_MODULE_METHODS = frozenset(
    [
        "to",
        "cuda",
        "cpu",
        "float",
        "half",
        "double",
        "requires_grad_",
        "compile",
        "share_memory",
        "set_device",
        "prepare",
        "setup",
    ]
)
_LEAVES_MODULES_ALONE = frozenset(
    [
        "update",
        "unscale_",
        "watch",
        "log",
        "save",
        "save_checkpoint",
        "add_graph",
        "register",
        "append",
        "add_scalar",
        "add_image",
        "add_histogram",
        "info",
        "debug",
        "load",
        "load_state_dict",
        "get",
        "set_postfix",
        "write",
        "copy_params_and_buffers",
        "step",
        "zero_grad",
        "size",
        "format",
        "join",
        "startswith",
        "endswith",
        "item",
    ]
)


def call(
    run: Interpreter, receiver: Value, name: str, arguments: Arguments, node: ir.Call | None, frame: Frame
) -> Value:
    """`receiver.name(*arguments)`."""
    match receiver:
        case Tensor():
            return _of_tensor(run, receiver, name, arguments, node, frame)
        case Sequence() | Mapping() | Const() | ShapeOf():
            return container_methods.call(run, receiver, name, arguments, node, frame)
        case Unknown():
            return _of_unknown(run, receiver, name, arguments, node, frame)
    return run.unknown_result(arguments, name, receiver)


def _of_tensor(
    run: Interpreter, tensor: Value, name: str, arguments: Arguments, node: ir.Call | None, frame: Frame
) -> Value:
    match name:
        case "backward":
            if node is not None:
                gradients.backward(run, tensor, arguments, node, frame)
            return NONE
        case "size":
            axis = arguments.get(0, "dim")
            if axis is None:
                return run.shape_value(tensor)
            return (
                run.sizes.size_of(tensor, axis.value)
                if isinstance(axis, Const) and isinstance(axis.value, int)
                else Unknown("size")
            )
        case "dim" | "ndimension":
            shape = run.sizes.shape_of(tensor)
            return Const(len(shape)) if shape is not None else Unknown("rank")
        case "numel" | "nelement" | "element_size" | "data_ptr":
            return Unknown(name)
        case "new_zeros" | "new_ones" | "new_tensor" | "new_full" | "new_empty" | "new":
            return Tensor(memory=run.youngest())
        case "requires_grad_":
            flag = arguments.get(0, "requires_grad")
            off = flag is not None and run.truth(flag) is False
            if off:
                return tensor.but(form=Form.OTHER) if isinstance(tensor, Tensor) else tensor
            if run.provenance(tensor).certain:
                return tensor  # what hangs on a graph gets a gradient already
            return telling.made_leaf(run, tensors.as_tensor(run, tensor), node, frame)
    if name in OPERATIONS:
        operation, parameters = OPERATIONS[name]
        if operation == "attention":
            operation = "opaque"
        result = tensors.apply(
            run, operation, tensor, options_of(parameters, arguments), node, frame, text_of(node) if node else name
        )
        if name in _TO_NUMBERS and isinstance(result, Tensor):
            result = result.but(made_by=NUMBERS)
        return result
    run.used(tensor)
    return run.unknown_result(arguments, name, tensor)


def _of_unknown(
    run: Interpreter, unknown: Unknown, name: str, arguments: Arguments, node: ir.Call | None, frame: Frame
) -> Value:
    """A method of something of which only the name, or what was done with it before, is known."""
    place = run.place(frame, node) if node is not None else None
    memories.called(run, unknown, name, node, frame)
    initializing.method_called(run, unknown, name, node, frame)
    picture = pictures.converted(unknown, name, arguments)
    if picture is not None:
        return picture
    match name:
        case "backward" | "manual_backward":
            if node is not None:
                loss: Value | None = (
                    arguments.positional[0] if arguments.positional and not run.provenance(unknown).calls else unknown
                )
                gradients.backward(run, loss, arguments, node, frame)
            return NONE
        case "eval" if not arguments.all():
            if node is not None:
                lapses.switched(run, unknown, node, frame)
            modes.set_own_mode(run, unknown, False, place)
            return unknown
        case "train" if len(arguments.all()) <= 1 and not isinstance(arguments.get(0, "mode"), (Tensor, Sequence)):
            flag = arguments.get(0, "mode")
            is_flag = (
                flag is None or (isinstance(flag, Const) and isinstance(flag.value, bool)) or isinstance(flag, Unknown)
            )
            if is_flag:
                modes.set_own_mode(run, unknown, True if flag is None else run.truth(flag), place)
                return unknown if flag is None or isinstance(flag, Const) else Unknown(name)
        case "zero_grad":
            if (
                training.is_optimizer(unknown)
                or training.optimizer_name(unknown.name)
                or "<mode>" not in unknown.fields
            ):
                gradients.cleared(run, unknown, place)
                unknown.lazies[training.OPTIMIZER] = True
            gradients.clear_module(run, unknown, place)
            return NONE
        case "step":
            return _step(run, unknown, arguments, node, frame)
        case "parameters" | "named_parameters":
            unknown.lazies["<called>"] = True
            listing = parameters_of(unknown)
            if name == "named_parameters":
                return Sequence("list", (Sequence("tuple", (Unknown("name"), listing.items[0])),), exact=False)
            return listing
        case "scale" if len(arguments.positional) == 1:
            return arguments.positional[0]  # a gradient scaler
        case (
            "prepare"
            | "setup"
            | "setup_module"
            | "setup_optimizers"
            | "setup_dataloaders"
            | "prepare_model"
            | "prepare_data_loader"
        ):
            return _prepared(arguments)
        case "requires_grad_" if OF in unknown.lazies or "<mode>" in unknown.fields:
            flag = arguments.get(0, "requires_grad")
            truth = True if flag is None else run.truth(flag)
            if OF in unknown.lazies:
                gradients.frozen(run, unknown, None if truth is None else not truth, place)
            else:
                ownership.frozen(run, unknown, None if truth is None else not truth, place)
            return unknown
        case "no_sync" | "accumulate" | "autocast" | "join":
            return unknown
        case "no_grad":
            return GradientContext(False)
        case "clamp_" | "clip_" if (parameter := gradient_of(unknown)) is not None and place is not None:
            gradients.clipped(run, parameter, place, text_of(node))
            return unknown
        case "clip_grad_norm_" | "clip_grad_value_" if place is not None:
            gradients.clipped(run, arguments.get(0, "parameters"), place, text_of(node))
            return Tensor()
        case "zero_" | "detach_" | "fill_" | "copy_" if unknown.name in ("grad", "data"):
            if name != "copy_":
                gradients.cleared_by_hand(run, parameter_behind(unknown), place)
            return unknown
        case "batch_by_size" | "log_every" if arguments.positional:
            return arguments.positional[0]
        case "size":
            return _of_tensor(run, unknown, name, arguments, node, frame)
        case "forward" | "__call__" if "<mode>" in unknown.fields:
            return run.call(unknown, arguments, node, frame)
    if PARAMETER in unknown.lazies and name in CASTS:
        return cast(unknown)
    if name.endswith("_") and name != "requires_grad_":
        tokens.written(run, unknown)
    is_mask = masks.marks_of(unknown) is not None
    if name in _MODULE_METHODS and not unknown.provenance.batches and not is_mask:
        return unknown
    proved = is_mask or (name == "sort" and masks.sorts_tensor(arguments))
    if name in OPERATIONS and (proved or name not in NOT_TENSOR_METHODS or unknown.provenance is not NO_PROVENANCE):
        operation = OPERATIONS[name][0]
        if operation != "detach" or unknown.provenance is not NO_PROVENANCE or name in ("detach", "numpy"):
            return _of_tensor(run, unknown, name, arguments, node, frame)
    run.used(unknown)
    if name == "astype":
        return tokens.remember(Unknown(name, run.provenance(unknown)), tokens.tokens_of(unknown))
    if name in _LEAVES_MODULES_ALONE or name.startswith(("add_", "log_", "save", "write", "print")):
        run.makers.given_away(arguments, place)
        for value in arguments.all():
            run.used(value)
        return Unknown(name, run.provenance(unknown) | run.provenance_of(arguments))
    return run.unknown_call(unknown, arguments, node, name, unknown)


def _step(run: Interpreter, unknown: Unknown, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    for value in arguments.positional:
        if training.is_optimizer(value) or (isinstance(value, Unknown) and training.optimizer_name(value.name)):
            return training.step(
                run,
                value,
                Arguments(),
                node,
                frame,
                text_of(node.arguments[0].value) if node and node.arguments else "",
                True,
            )
    if training.is_optimizer(unknown) or training.optimizer_name(unknown.name):
        called = (
            text_of(node.function.value)
            if node is not None and isinstance(node.function, ir.Attribute)
            else unknown.name
        )
        return training.step(run, unknown, arguments, node, frame, called, training.is_optimizer(unknown))
    run.ledger.vague_steps = run.ledger.vague_steps or not any(
        word in unknown.name.lower() for word in ("sched", "lr", "warmup", "env", "scaler", "prof", "bar")
    )
    return Unknown("step", run.provenance_of(arguments))


def _prepared(arguments: Arguments) -> Value:
    """`accelerator.prepare(model, optimizer, loader)` returns what it was given, wrapped."""
    if not arguments.positional:
        return Unknown()
    return (
        arguments.positional[0]
        if len(arguments.positional) == 1
        else Sequence("tuple", arguments.positional, exact=not arguments.loose)
    )
