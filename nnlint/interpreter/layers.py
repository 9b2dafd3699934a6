"""Layers and losses as they are applied: what they make of tensors, and what is told of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlint.events import Broadcasted, LayerRan, LossComputed
from nnlint.finding import Confidence
from nnlint.interpreter import masks, packing, rehearsals, tokens
from nnlint.interpreter.biases import loads_weights
from nnlint.interpreter.chains import LINEAR
from nnlint.interpreter.joins import either
from nnlint.interpreter.objects import (
    NO_PROVENANCE,
    Arguments,
    Biased,
    Const,
    Frame,
    Instance,
    Provenance,
    Sequence,
    Tensor,
    Union,
    Unknown,
    Value,
)
from nnlint.interpreter.orders import SEQUENCE_LAYERS
from nnlint.interpreter.telling import crossed, facts_of
from nnlint.interpreter.tensors import apply, as_tensor
from nnlint.interpreter.wording import text_of
from nnlint.interpreter.written import argument
from nnlint.knowledge.layers import BIAS_CANCELLING_NORMS, LayerInfo
from nnlint.knowledge.losses import BROADCASTING, LossInfo
from nnlint.reading import script as ir
from nnlint.values import Form, Layer, Loss, Scale, TensorFacts

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter


HAVE_PARAMETERS = frozenset(
    {
        "linear",
        "conv",
        "conv_transpose",
        "embedding",
        "recurrent",
        "recurrent_cell",
        "mha",
        "norm",
        "channel_norm",
        "same_shape",
    }
)


def run_layer(
    run: Interpreter, layer: Instance, info: LayerInfo, arguments: Arguments, node: ir.Call | None, frame: Frame
) -> Value:
    """A torch layer is applied to its input."""
    if not arguments.positional and not arguments.keywords:
        return Unknown()
    value = arguments.positional[0] if arguments.positional else arguments.all()[0]
    words = _layer_words(layer, info, node)
    if info.operation == "dropout":
        rehearsals.layer_applied(run, layer, node)
    operation = {"attention": "mha"}.get(info.operation, info.operation)
    options: dict[str, Value] = {f"<{name}>": v for name, v in layer.arguments.items()}
    if "dim" in layer.arguments:
        options["dim"] = layer.arguments["dim"]
    for index_, other in enumerate(arguments.positional[1:]):
        options[f"<input {index_ + 1}>"] = other
    canonical = f"torch.nn.{info.kind}"
    if canonical in BIAS_CANCELLING_NORMS:
        _normalized(run, layer, info, as_tensor(run, value), node, frame)
        if "BatchNorm" in info.kind:
            run.tiny_batches.normalized(run, layer, value, info.kind, node, frame)
        tensor = as_tensor(run, value)
        value = tensor.same(biased=None) if tensor.biased else value
    sequences = packing.padded(value) if operation == "recurrent" else None
    if sequences is not None:
        result = packing.recurrent(
            run,
            sequences,
            options,
            lambda tensor, given: apply(run, operation, tensor, given, node, frame, words, layer),
        )
    else:
        result = apply(run, operation, value, options, node, frame, words, layer)
    if operation in HAVE_PARAMETERS:
        result = _hung(result, run.starvation.fed(run, layer, run.on_graph(NO_PROVENANCE)))
    masks.given(run, info.kind, arguments, node, frame)
    result = tokens.attended(run, layer, info.kind, arguments, result, node, frame)
    if info.kind in SEQUENCE_LAYERS and sequences is None:
        result = run.orders.ran(run, layer, words, run.sizes.shape_of(value), result, node, frame)
    if operation in LINEAR and isinstance(result, Tensor):
        bias = layer.arguments.get("bias")
        if isinstance(bias, Const) and bias.value is True and layer.made is not None:
            result = result.but()
            per_channel = operation != "linear" or result.shape is None or len(result.shape) == 2
            width = run.sizes.as_size(
                layer.arguments.get("out_channels", layer.arguments.get("out_features", Unknown()))
            )
            result = result.but(biased=Biased(layer, result.serial, tuple(run.conditions), per_channel, width))
    if operation in LINEAR:
        run.chains.layer_ran(run, layer, value, result)
    elif operation == "embedding":
        run.chains.outputs.embedded(run, layer)
    return result


def _hung(result: Value, graph: Provenance) -> Value:
    """What a layer with parameters returns hangs on the graph, whatever it was given."""
    match result:
        case Tensor():
            return result.same(provenance=result.provenance | graph)
        case Unknown() if (tensor := packing.padded(result)) is not None:
            return packing.packed(tensor.same(provenance=tensor.provenance | graph))
        case Sequence(kind="tuple"):
            return Sequence("tuple", tuple(_hung(item, graph) for item in result.items), result.exact)
    return result


def _layer_words(layer: Instance, info: LayerInfo, node: ir.Call | None) -> str:
    if isinstance(node, ir.Call):
        text = text_of(node.function)
        if text.rpartition(".")[2] == layer.name or not layer.name:
            return f"{text} ({info.kind})" if not text.startswith(("nn.", "torch.")) else text
    return f"{layer.name} ({info.kind})" if layer.name else f"nn.{info.kind}"


def _normalized(
    run: Interpreter, norm: Instance, info: LayerInfo, tensor: Tensor, node: ir.Call | None, frame: Frame
) -> None:
    fed_by = tensor.biased
    if fed_by is None or fed_by.layer.made is None or not fed_by.per_channel:
        return
    conditions = {*norm.conditions, *run.conditions} - {*fed_by.layer.conditions, *fed_by.conditions}
    if conditions or not _same_width(run, fed_by.layer, norm):
        return  # a norm that is there, or runs, on a condition that its input does not share
    run.normalized(
        fed_by,
        LayerRan(
            place=run.place(frame, node) if node is not None else fed_by.layer.made,
            layer=Layer(info.kind, norm.name or f"nn.{info.kind}", norm.made or fed_by.layer.made),
            fed_by=Layer(
                fed_by.layer.class_name, fed_by.layer.name or f"nn.{fed_by.layer.class_name}", fed_by.layer.made
            ),
            loads=loads_weights(run, frame),
        ),
    )


def _same_width(run: Interpreter, layer: Instance, norm: Instance) -> bool:
    """False when the norm is known to normalize another dimension than that of the layer's output channels."""
    made = layer.arguments.get("out_channels", layer.arguments.get("out_features"))
    taken = norm.arguments.get("num_features")
    if isinstance(made, Const) and isinstance(taken, Const):
        return made.value == taken.value
    return True


def facts(run: Interpreter, value: Value | None, place_node: ir.Node | None, frame: Frame) -> TensorFacts:
    if value is None:
        return TensorFacts()
    tensor = as_tensor(run, value)
    return facts_of(tensor)


def run_loss(
    run: Interpreter,
    info: LossInfo,
    options: dict[str, Value],
    arguments: Arguments,
    node: ir.Call | None,
    frame: Frame,
    loss: Instance | None = None,
) -> Value:
    """A loss is computed: tell of it, return a scalar that hangs on what its arguments hang on."""
    value = arguments.get(0, "input")
    if (
        isinstance(value, Union)
        and not run.choosing
        and not run.undecided
        and all(isinstance(each, Tensor) for each in value.alternatives)
    ):
        rest = Arguments(
            arguments.positional[1:], {k: v for k, v in arguments.keywords.items() if k != "input"}, arguments.loose
        )
        return either(
            [run_loss(run, info, dict(options), rest.preceded(each), node, frame, loss) for each in value.alternatives]
        )
    target = arguments.get(1, "target")
    options = {**options, **arguments.keywords}
    loose = options.pop("<loose>", None)
    unsure = isinstance(loose, Const) and loose.value is True
    run.roles.measured(run.provenance_of(arguments))
    made = loss.made if loss is not None else None
    for each in arguments.all():
        run.used(each)
        run.makers.used(each, run.place(frame, node) if node is not None else None, info.expects)
        tensor = as_tensor(run, each)
        if tensor.biased is not None:
            run.consumed(tensor.biased)
    if node is not None and value is not None:
        _keep_in_mind(run, info, value, target, node, frame)
        unsure = unsure or (info.kind.islower() and len(arguments.positional) > 2)  # more by position than is looked at
        reduction = None if unsure else _option(options.get("reduction"), "mean")
        if isinstance(reduction, str) and any(name in options for name in ("reduce", "size_average")):
            reduction = None
        log_target = None if unsure else _option(options.get("log_target"), False)
        called = text_of(node.function)
        run.makers.fed(made, as_tensor(run, value).scale)
        run.emit(
            LossComputed(
                place=run.place(frame, node),
                loss=Loss(
                    kind=info.kind,
                    called=called,
                    expects=info.expects,
                    reduction=reduction if isinstance(reduction, str) else None,
                    log_target=log_target if isinstance(log_target, bool) else None,
                    made=made,
                ),
                input=facts(run, value, node, frame),
                target=facts(run, target, node, frame),
                given=run.place(frame, given) if (given := argument(node, 0, "input")) is not None else None,
                confidence=Confidence.CERTAIN,
            )
        )
    provenance: Provenance = NO_PROVENANCE
    for each in arguments.all():
        provenance = provenance | run.provenance(each)
    if run.gradients_enabled is False:
        provenance = provenance.detached()
    return Tensor(
        shape=() if _option(options.get("reduction"), "mean") in ("mean", "sum", "batchmean") else None,
        provenance=provenance,
        form=Form.LOSS,
        averaged=_option(options.get("reduction"), "mean") == "mean" and not unsure and "reduce" not in options,
    )


def _keep_in_mind(
    run: Interpreter, info: LossInfo, value: Value, target: Value | None, node: ir.Call, frame: Frame
) -> None:
    """What is told of a loss besides that it was computed."""
    tensor = as_tensor(run, value)
    run.chains.outputs.compared(run, info.kind, tensor, node, frame)
    if info.kind in ("CrossEntropyLoss", "cross_entropy", "NLLLoss", "nll_loss"):
        tokens.scored(run, tensor, target, node, frame)
    if info.expects is tensor.scale is Scale.LOGITS:
        for module in run.roles.modules_of(tensor.provenance.outputs):
            run.logit_losses.setdefault(module, text_of(node.function))
    if info.kind in BROADCASTING and target is not None:
        sizes = crossed(run, value, target)
        if sizes is not None:
            place, call = run.place(frame, node), text_of(node.function)
            column = argument(node, 0, "input") if len(sizes[0]) == 2 else argument(node, 1, "target")
            at = run.place(frame, column) if column is not None else None
            run.emit(Broadcasted(place=place, call=call, sizes=sizes, differentiated=True, column=at))


def _option(value: Value | None, default: object) -> object:
    if value is None:
        return default
    return value.value if isinstance(value, Const) else None
