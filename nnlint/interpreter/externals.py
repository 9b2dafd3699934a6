"""Calls of what other packages define: torch, the standard library, frameworks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlint.interpreter import (
    building,
    builtins,
    class_reductions,
    factories,
    forms,
    frameworks,
    gradients,
    initializing,
    layers,
    masks,
    modules,
    options,
    ownership,
    packing,
    pictures,
    rehearsals,
    splits,
    telling,
    tensors,
    training,
    transforms,
)
from nnlint.interpreter.contexts import gradient_context
from nnlint.interpreter.dependence import LEAF
from nnlint.interpreter.einsum import einsum, pattern_applied, rearrange
from nnlint.interpreter.factories import leaf_if_asked
from nnlint.interpreter.objects import (
    NO_PROVENANCE,
    NONE,
    Arguments,
    ClassValue,
    Frame,
    Function,
    Instance,
    Partial,
    Sequence,
    Tensor,
    Unknown,
    Value,
)
from nnlint.interpreter.parameters import PARAMETER
from nnlint.interpreter.roles import VOLATILE
from nnlint.interpreter.wording import text_of
from nnlint.knowledge.layers import CONTAINERS, LAYERS, SAME_MODULE, WRAPPERS
from nnlint.knowledge.losses import LOSS_CLASSES, LOSS_FUNCTIONS
from nnlint.knowledge.names import canonical
from nnlint.knowledge.networks import network_mode
from nnlint.knowledge.operations import FACTORIES, HARMLESS, OPERATIONS
from nnlint.knowledge.transforms import transform_name
from nnlint.reading import script as ir

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

HARMLESS_PACKAGES = frozenset(
    [
        "torch",
        "torchvision",
        "torchaudio",
        "torchtext",
        "numpy",
        "np",
        "math",
        "os",
        "sys",
        "time",
        "random",
        "json",
        "logging",
        "tqdm",
        "matplotlib",
        "pandas",
        "sklearn",
        "scipy",
        "PIL",
        "cv2",
        "tensorboardX",
        "wandb",
        "copy",
        "collections",
        "itertools",
        "functools",
        "re",
        "shutil",
        "pathlib",
        "datetime",
        "argparse",
        "yaml",
        "pickle",
        "warnings",
        "typing",
        "abc",
        "einops",
        "timm",
        "torchmetrics",
        "torchsummary",
        "torchinfo",
        "thop",
        "fvcore",
        "seaborn",
        "skimage",
        "h5py",
        "csv",
        "glob",
        "string",
        "socket",
        "subprocess",
    ]
)


def call(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    """`dotted(*arguments)`."""
    dotted = canonical(dotted)
    run.memories.autocast = run.memories.autocast or "autocast" in dotted
    run.loaders.drawn(run, dotted, arguments)
    run.hyperparameters.look(run, dotted, arguments, node, frame)
    builtin = builtins.BUILTINS.get(dotted)
    if builtin is not None:
        return builtin(run, arguments, node, frame)
    if not dotted.startswith("torch"):
        return _other(run, dotted, arguments, node, frame)
    context = gradient_context(run, dotted, arguments)
    if context is not None:
        return context
    if dotted in LAYERS or dotted in CONTAINERS or dotted in LOSS_CLASSES or dotted in WRAPPERS:
        return modules.make(run, dotted, arguments, node, frame)
    if building.is_constructor_of_torch(dotted):
        return building.construct(run, dotted, arguments)
    if dotted in SAME_MODULE and dotted not in _SPECIAL:
        return arguments.positional[0] if arguments.positional else Unknown()
    if dotted in LOSS_FUNCTIONS:
        return layers.run_loss(run, LOSS_FUNCTIONS[dotted], {}, arguments, node, frame)
    special = training.SPECIAL.get(dotted) or _SPECIAL.get(dotted) or packing.SPECIAL.get(dotted)
    if special is not None:
        return special(run, dotted, arguments, node, frame)
    if dotted.startswith("torch.optim.") and dotted.count(".") == 2 and dotted[12:13].isupper():
        return training.make_optimizer_or_scheduler(run, dotted, arguments, node, frame)
    if dotted.startswith("torch.nn.init."):
        initializing.function_called(run, dotted, arguments, node, frame)
        run.chains.saturation.drawn(dotted, arguments)
    if dotted in FACTORIES:
        return factories.made(run, dotted, arguments, node, frame)
    package, _, name = dotted.rpartition(".")
    if name in OPERATIONS and package in ("torch", "torch.nn.functional", "torch.Tensor", "torch.linalg"):
        return _operation(run, dotted, name, arguments, node, frame)
    return _other(run, dotted, arguments, node, frame)


def _operation(
    run: Interpreter, dotted: str, name: str, arguments: Arguments, node: ir.Call | None, frame: Frame
) -> Value:
    operation, parameters = OPERATIONS[name]
    if operation == "einsum":
        return einsum(run, arguments)
    value = arguments.get(0, "input") or arguments.get(0, "tensors") or arguments.get(0, "query")
    if value is None:
        value = arguments.all()[0] if arguments.all() else Unknown()
    rest = Arguments(
        arguments.positional[1:],
        {k: v for k, v in arguments.keywords.items() if k not in ("input", "tensors", "query")},
        arguments.loose,
    )
    options = options_of(parameters, rest)
    if operation == "attention":
        masks.given_to_function(run, arguments.get(3, "attn_mask"), node, frame)
    if operation in ("dropout", "attention"):
        rehearsals.dropped(run, name, options, text_of(node), node, frame)
    if operation in ("cat", "stack"):
        options["parts"] = value
        run.chains.stacks.kept(value)
        value = Tensor(provenance=run.provenance(value))
    return tensors.apply(run, operation, value, options, node, frame, text_of(node) if node is not None else name)


def options_of(parameters: tuple[str, ...], arguments: Arguments) -> dict[str, Value]:
    """The arguments behind the tensor, by the names that the operation gives them; all of them under `*`."""
    options = dict(zip(parameters, arguments.positional))  # noqa: B905 (surplus arguments have no name)
    options.update(arguments.keywords)
    options["*"] = Sequence("tuple", arguments.positional, exact=not arguments.loose)
    return options


def _other(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    _package, _, name = dotted.rpartition(".")
    if network_mode(dotted) is not None:
        return modules.make(run, dotted, arguments, node, frame)
    if (dotted in SAME_MODULE and dotted not in _SPECIAL) or dotted.startswith(
        ("torch.nn.utils.parametrizations", "ipex.optimize")
    ):
        return arguments.positional[0] if arguments.positional else Unknown()
    special = training.SPECIAL.get(dotted) or _SPECIAL.get(dotted) or _OTHERS.get(dotted)
    if special is not None:
        return special(run, dotted, arguments, node, frame)
    if name.startswith("tqdm") or name in (
        "trange",
        "track",
        "progress_bar",
        "master_bar",
        "DataLoaderX",
        "BackgroundGenerator",
    ):
        return arguments.positional[0] if arguments.positional else arguments.keywords.get("iterable", Unknown())
    if training.looks_like_optimizer(dotted):
        return training.make_optimizer_or_scheduler(run, dotted, arguments, node, frame)
    if node is not None and "metrics" in dotted and len(node.arguments) == len(arguments.all()):
        called = tuple(text_of(argument.value) for argument in node.arguments)
        class_reductions.met(run, arguments.all(), called, node, frame)
    if name not in ("argmax", "argsort"):
        run.makers.given_away(arguments, None)
    for each in arguments.all():
        run.used(each)
        run.schedules.hand_away(each)
    if dotted in WRAPPERS:
        return modules.make(run, dotted, arguments, node, frame)
    if dotted.partition(".")[0] not in HARMLESS_PACKAGES and dotted not in HARMLESS:
        run.given_away(arguments)
    if transform_name(dotted) is not None:
        return transforms.make(run, dotted, arguments, node, frame)
    if training.is_dataset_class(dotted):
        return training.make_dataset(run, dotted, arguments, node, frame)
    result = Unknown(name, provenance=run.provenance_of(arguments))
    if any(training.is_optimizer(each) for each in arguments.all()):
        return gradients.suspected(run, arguments, name, result)  # it may train: what it returns may be a number
    return result


def _einops(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    function = dotted.rpartition(".")[2]
    pattern_applied(run, function, arguments, node, frame)
    if function == "rearrange":
        return rearrange(run, arguments)
    for each in arguments.all():
        run.used(each)
    return Unknown(function, run.provenance_of(arguments))


def _autograd_backward(
    run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame
) -> Value:
    if node is not None:
        gradients.backward(run, arguments.get(0, "tensors"), arguments, node, frame)
    return NONE


def _autograd_grad(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    provenance = run.provenance_of(arguments)
    run.roles.differentiated(provenance.calls)
    if node is not None:
        run.watched.differentiated(provenance, run.place(frame, node), is_leaf=False)
    run.ledger.gradient_calls.append(provenance.calls)
    if "create_graph" not in arguments.keywords and len(arguments.positional) < 5:
        provenance = provenance.detached()
    return Sequence("tuple", (Tensor(provenance=provenance),), exact=True)


def _parameter(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    flag = arguments.get(1, "requires_grad")
    learns = flag is None or run.truth(flag) is not False
    parameter = Unknown("parameter", LEAF if learns else NO_PROVENANCE)
    parameter.lazies[PARAMETER] = True
    return parameter


def _weight_norm(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    layer = arguments.get(0, "module")
    if isinstance(layer, Instance) and node is not None:
        run.store.write(layer, ownership.RENORMED, (run.youngest(), run.place(frame, node)))
    return layer if layer is not None else Unknown()


def _clip(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    if node is not None:
        gradients.clipped(run, arguments.get(0, "parameters"), run.place(frame, node), text_of(node))
    return Tensor()


def _detached_copy(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    value = arguments.positional[0] if arguments.positional else Unknown()
    run.used(value)
    tensor = tensors.as_tensor(run, value)
    several = isinstance(value, Sequence)
    if several:
        tensor = tensor.but(form=forms.of_all(value))
    provenance = telling.graph_cut(run, tensor, "detach", node, frame, several)
    copy = tensor.but(provenance=provenance, biased=None, memory=None, is_array=False)
    return leaf_if_asked(run, arguments, copy, node, frame)


def _partial(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    if not arguments.positional:
        return Unknown()
    return Partial(arguments.positional[0], Arguments(arguments.positional[1:], arguments.keywords, arguments.loose))


def _checkpoint(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    inner = {
        k: v for k, v in arguments.keywords.items() if k not in ("use_reentrant", "preserve_rng_state", "context_fn")
    }
    return (
        run.call(arguments.positional[0], Arguments(arguments.positional[1:], inner, arguments.loose), node, frame)
        if arguments.positional
        else Unknown()
    )


def _start(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    """What runs the function that it is given with arguments from the command line."""
    function = arguments.get(0, "component") or arguments.get(0, "main")
    return run.call(function, run.unknown_arguments(function), None, frame) if function is not None else NONE


def _spawn(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    """`mp.spawn(worker, args=(…), nprocs=n)` calls `worker(rank, …)`."""
    function, given = arguments.get(0, "fn"), arguments.get(1, "args")
    if function is None:
        return NONE
    known = (isinstance(given, Sequence) and given.exact) or given is None
    rest = given.items if isinstance(given, Sequence) else ()
    return run.call(function, Arguments((Unknown("rank"), *rest), {}, loose=not known), None, frame)


def _both(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    """A network and its optimizer, given back wrapped."""
    model, optimizer = arguments.get(0, "models"), arguments.get(1, "optimizers")
    return Sequence("tuple", (model or Unknown(), optimizer)) if optimizer is not None else model or Unknown()


def _field(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    """`dataclasses.field(default_factory=Settings)`."""
    factory = arguments.keywords.get("default_factory")
    if isinstance(factory, (ClassValue, Function)):
        return run.call(factory, Arguments(), None, frame)
    return arguments.keywords.get("default", Unknown("field"))


def _first(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    return arguments.all()[0] if arguments.all() else Unknown()


def _variable(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    value = arguments.all()[0] if arguments.all() else Unknown()
    volatile = arguments.keywords.get("volatile")
    if volatile is not None and run.truth(volatile) is not False:
        return tensors.as_tensor(run, value).but(made_by=VOLATILE)
    if "requires_grad" in arguments.keywords:
        return leaf_if_asked(run, arguments, tensors.as_tensor(run, value), node, frame)
    return value


def _clone(run: Interpreter, dotted: str, arguments: Arguments, node: ir.Call | None, frame: Frame) -> Value:
    value = arguments.positional[0] if arguments.positional else Unknown()
    return builtins.deep_copy(run, value, {})


_OTHERS = {**pictures.SPECIAL, **frameworks.SPECIAL}
_SPECIAL = {
    **dict.fromkeys(
        (f"{package}.{name}" for package in ("einops", "einops.einops") for name in ("rearrange", "reduce", "repeat")),
        _einops,
    ),
    "torch.autograd.backward": _autograd_backward,
    "torch.autograd.grad": _autograd_grad,
    "argparse.ArgumentParser": options.make_parser,
    "configargparse.ArgumentParser": options.make_parser,
    "configargparse.ArgParser": options.make_parser,
    "torch.nn.Parameter": _parameter,
    "torch.nn.parameter.Parameter": _parameter,
    "torch.tensor": _detached_copy,
    **dict.fromkeys(
        [f"torch.nn.utils.{name}" for name in ("clip_grad_norm_", "clip_grad_value_", "clip_grad_norm")], _clip
    ),
    **dict.fromkeys(["torch.nn.utils.weight_norm", "torch.nn.utils.parametrizations.weight_norm"], _weight_norm),
    "functools.partial": _partial,
    "dataclasses.field": _field,
    "os.path.join": splits.joined_path,
    "fire.Fire": _start,
    "fire.core.Fire": _start,
    "typer.run": _start,
    "absl.app.run": _start,
    "torch.multiprocessing.spawn": _spawn,
    "accelerate.notebook_launcher": _start,
    "apex.amp.initialize": _both,
    "apex.amp.scale_loss": _first,
    "torch.utils.checkpoint.checkpoint": _checkpoint,
    "copy.deepcopy": _clone,
    "torch.autograd.Variable": _variable,
    "torch.autograd.variable.Variable": _variable,
    "torch.manual_seed": lambda run, dotted, arguments, node, frame: Unknown(),
}
