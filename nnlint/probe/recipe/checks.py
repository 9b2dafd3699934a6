"""The checks of the recipe that need the first step once more, or what was measured while the script ran."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterator

import torch

from nnlint.probe.recipe import independence, inputs
from nnlint.probe.recipe.capture import Capture, LossCall, Scene
from nnlint.probe.recipe.replay import Replay, Unplayable
from nnlint.probe.recipe.result import FAILED, PASSED, UNDECIDED, Check
from nnlint.probe.recipe.statistics import Statistics

FAR_ABOVE, FAR_BELOW = 3.0, 0.5
"""The loss at the start, in evaluation mode, against what is expected: correct networks deviate, in training mode by up
to 404 % (measured), so that only far more or far less is worth a word. Of a square the limit is the square."""
LEARNING_RATES = (1e-3, 3e-3, 3e-4)
"""Of Adam, for one batch; 3e-4 is the recipe's own. A failure with one of them proves nothing."""
OVERFIT_STEPS = 200
OVERFIT = 0.1
"""What is left of the loss when a batch counts as learned by heart, relative to the loss at the start."""
SLOW, FAST = 1e-5, 1e-1
"""The update of a weight in one step, relative to the weight: about 1e-3 is usual (Karpathy, CS231n, "Ratio of
weights:updates", https://cs231n.github.io/neural-networks-3/). Two orders of magnitude off is worth a word."""


def run_checks(capture: Capture, numbers: Statistics, seconds: float) -> Iterator[Check]:
    """All checks, each once; one that raises is undecided. `seconds` is the time that they may take together."""
    deadline = time.monotonic() + seconds
    scene, trouble = capture.scene, capture.trouble
    for check in (_finite, _updated, _update_ratios, _activations, _dead):
        yield _tried(check.__name__, lambda check=check: check(numbers))  # type: ignore[misc]
    replayed: list[tuple[str, Callable[[Scene, Replay, float], Check]]] = [
        ("what goes into the network", lambda scene, replay, left: inputs.input_check(scene, numbers)),
        ("loss at the start", _start),
        ("evaluation twice equal", _twice),
        ("samples independent", lambda scene, replay, left: independence.check(scene, replay)),
        ("overfits one batch", _overfit),
        ("input matters", _baseline),
    ]
    for number, (name, judged) in enumerate(replayed):
        if scene is None:
            yield Check(name, UNDECIDED, trouble)
            continue
        left = max(deadline - time.monotonic(), 0.0) / (len(replayed) - number)
        yield _tried(name, lambda judged=judged, left=left: judged(scene, Replay(scene), left))  # type: ignore[misc]


def _tried(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except Unplayable as error:
        return Check(_NAMES.get(name, name), UNDECIDED, str(error))
    except Exception as error:
        return Check(_NAMES.get(name, name), UNDECIDED, f"it could not be measured: {type(error).__name__}: {error}")


def _start(scene: Scene, replay: Replay, seconds: float) -> Check:
    """The loss with the first weights against what such a loss is for scores that say nothing."""
    name = "loss at the start"
    expected = _expected(scene)
    if expected is None:
        kinds = ", ".join(sorted({each.kind for each in scene.losses})) or "a loss of its own"
        return Check(name, UNDECIDED, f"it is {scene.value:.4g}; nothing says what is expected of {kinds}")
    replay.rewind()
    with replay.mode(training=False), torch.no_grad():
        value = float(replay.play()[0])
    expectation, why = expected
    measured = {"loss": value, "expected": expectation, "in training mode": scene.value}
    square = scene.losses[0].kind == "mse_loss"
    told = f"{value:.4g} with the first weights, expected {expectation:.4g} ({why})"
    if expectation * FAR_BELOW <= value <= expectation * (FAR_ABOVE**2 if square else FAR_ABOVE):
        return Check(name, PASSED, told, measured)
    if value > expectation:
        advice = "initialize the last layer with small weights, and scale the inputs"
    else:
        advice = "see whether pretrained weights explain it; else the labels may leak into the input"
    return Check(name, FAILED, told, measured, advice)


def _expected(scene: Scene) -> tuple[float, str] | None:
    """What the loss is for uninformed scores, where it is one mean loss of a known kind."""
    if len(scene.losses) != 1:
        return None
    call = scene.losses[0]
    if abs(float(call.value.detach().float().sum()) - scene.value) > 1e-4 * max(1.0, abs(scene.value)):
        return None  # it was scaled, or other terms were added
    match call.kind:
        case "cross_entropy" | "nll_loss" if call.input.dim() > 1:
            return _expected_entropy(call)
        case "binary_cross_entropy_with_logits" | "binary_cross_entropy":
            return math.log(2), "ln 2, for probabilities of one half"
        case "mse_loss" if isinstance(call.target, torch.Tensor):
            return float(call.target.float().pow(2).mean()), "the mean square of the targets, for outputs of zero"
        case "l1_loss" if isinstance(call.target, torch.Tensor):
            return float(call.target.float().abs().mean()), "the mean size of the targets, for outputs of zero"
    return None


def _expected_entropy(call: LossCall) -> tuple[float, str]:
    classes = call.input.shape[1]
    return math.log(classes), f"ln {classes}, for {classes} equally likely classes"


def _overfit(scene: Scene, replay: Replay, seconds: float) -> Check:
    """Whether one batch can be learned by heart: by Adam, with dropout off."""
    name, curves = "overfits one batch", dict[str, list[float]]()
    floor = _floor(scene)
    for lr in LEARNING_RATES:
        curve = curves[f"{lr:g}"] = replay.fit(lr, OVERFIT_STEPS, seconds / len(LEARNING_RATES))
        if curve[-1] <= floor + OVERFIT * abs(curve[0] - floor):
            break
    best = min(curves.values(), key=lambda curve: curve[-1] if math.isfinite(curve[-1]) else math.inf)
    first, last = best[0], best[-1]
    measured = {"first loss": first, "last loss": last, "steps": float(len(best))}
    plot = {"curves": curves}
    told = f"from {first:.4g} to {last:.4g} in {len(best)} steps of Adam"
    if last <= floor + OVERFIT * abs(first - floor):
        return Check(name, PASSED, told, measured, plot=plot)
    if len(best) < OVERFIT_STEPS:
        return Check(name, UNDECIDED, f"{told}: there was no time for more", measured, plot=plot)
    known = _probability_floor(scene)
    if known is not None and last >= 0.98 * known:
        advice = "feed raw scores to the loss, not probabilities"
        why = f"{told}: {known:.4g} is as low as a cross entropy of probabilities can go"
        return Check(name, FAILED, why, {**measured, "floor": known}, advice, plot)
    return Check(name, UNDECIDED, f"{told}: a harder task, or a mistake", measured, plot=plot)


def _floor(scene: Scene) -> float:
    """The lowest value that a cross entropy can have: the entropy of its targets, which is 0 but for soft ones."""
    if len(scene.losses) != 1:
        return 0.0
    call = scene.losses[0]
    soft = call.target if isinstance(call.target, torch.Tensor) and call.target.is_floating_point() else None
    if call.kind == "cross_entropy" and soft is not None:
        return float(torch.special.entr(soft).sum(dim=1).mean())
    if call.kind.startswith("binary_cross_entropy") and soft is not None:
        return float((torch.special.entr(soft) + torch.special.entr(1 - soft)).mean())
    if call.kind == "cross_entropy" and call.smoothing and call.input.dim() > 1:
        other = call.smoothing / call.input.shape[1]
        true = 1 - call.smoothing + other
        return -true * math.log(true) - (call.input.shape[1] - 1) * other * math.log(other)
    return 0.0


def _probability_floor(scene: Scene) -> float | None:
    """ln(1 + (C - 1) / e): the cross entropy of one-hot probabilities over C classes, taken for scores."""
    if len(scene.losses) != 1 or scene.losses[0].kind != "cross_entropy" or scene.losses[0].input.dim() < 2:
        return None
    return math.log(1 + (scene.losses[0].input.shape[1] - 1) / math.e)


def _baseline(scene: Scene, replay: Replay, seconds: float) -> Check:
    """Whether training sees its input: on zeros it should learn one batch less well."""
    name, lr, steps = "input matters", LEARNING_RATES[0], OVERFIT_STEPS // 2
    real = replay.fit(lr, steps, seconds / 2)
    blind = replay.fit(lr, steps, seconds / 2, torch.zeros_like)
    if real == blind:
        return Check(name, UNDECIDED, "the networks take no floating-point input")
    count = min(len(real), len(blind))
    ends = real[count - 1], blind[count - 1]
    told = f"after {count} steps the loss is {ends[0]:.4g}, and {ends[1]:.4g} with inputs of zero"
    measured = {"with the input": ends[0], "with zeros": ends[1], "steps": float(count)}
    plot = {"curves": {"with the input": real, "with zeros": blind}}
    if ends[0] < 0.9 * ends[1]:
        return Check(name, PASSED, told, measured, plot=plot)
    if ends[0] >= 0.999 * ends[1] and count == steps and real[0] > 1.02 * ends[0]:
        return Check(name, FAILED, told, measured, "see what becomes of the input on its way through the network", plot)
    return Check(name, UNDECIDED, told, measured, plot=plot)


def _twice(scene: Scene, replay: Replay, seconds: float) -> Check:
    """Whether evaluation mode takes every chance out of the networks."""
    name = "evaluation twice equal"
    replay.rewind()
    with replay.mode(training=False), torch.no_grad():
        torch.manual_seed(1)
        first = float(replay.play()[0])
        torch.manual_seed(2)
        second = float(replay.play()[0])
    told = f"the loss in evaluation mode is {first:.6g} and {second:.6g}"
    if first == second or abs(first - second) <= 1e-6 * abs(first):
        return Check(name, PASSED, told, {"first": first, "second": second})
    advice = "see what draws at random in evaluation mode: functional dropout, sampling"
    return Check(name, FAILED, told, {"first": first, "second": second}, advice)


def _finite(numbers: Statistics) -> Check:
    """Whether every number was finite."""
    name = "numbers finite"
    if numbers.not_finite:
        advice = "keep logarithms, roots and divisions off 0, and lower the learning rate"
        return Check(name, FAILED, f"the first NaN or infinity comes from {numbers.not_finite}", advice=advice)
    bad = [loss for loss in numbers.losses if not math.isfinite(loss)]
    if bad:
        return Check(name, FAILED, f"{len(bad)} of {len(numbers.losses)} losses are NaN or infinite")
    return Check(name, PASSED, f"{len(numbers.losses)} losses, all finite", plot={"losses": numbers.losses})


def _updated(numbers: Statistics) -> Check:
    """Whether every parameter that an optimizer holds gets gradients and changes."""
    name = "every parameter learns"
    held = [each for each in numbers.parameters.values() if each.steps >= 3 and not each.frozen]
    if not held:
        return Check(name, UNDECIDED, "no optimizer took three steps")
    still = [each.name or "?" for each in held if not each.changed]
    starved = [each.name or "?" for each in held if not each.gradients]
    measured = {
        "parameters": float(len(held)),
        "unchanged": float(len(still)),
        "without gradients": float(len(starved)),
    }
    if not still:
        return Check(name, PASSED, f"all {len(held)} parameters change", measured)
    shown = ", ".join(f"`{each}`" for each in still[:5]) + ("…" if len(still) > 5 else "")
    why = "get no gradient" if set(still) <= set(starved) else "never change"
    return Check(
        name, FAILED, f"{len(still)} of {len(held)} parameters {why}: {shown}", measured, "see where they go in"
    )


def _update_ratios(numbers: Statistics) -> Check:
    """How large the updates are, relative to the weights."""
    name = "size of updates"
    ratios = {each.name: statistics.median(each.ratios) for each in numbers.parameters.values() if each.ratios}
    if not ratios:
        return Check(name, UNDECIDED, "no weight was updated")
    middle = statistics.median(ratios.values())
    plot = {"ratios": ratios}
    told = f"in one step a weight changes by {middle:.1e} of its size (median of {len(ratios)}; 1e-3 is usual)"
    if SLOW <= middle <= FAST:
        return Check(name, PASSED, told, {"median": middle}, plot=plot)
    if middle < SLOW and any(len(each.ratios) < 3 for each in numbers.parameters.values() if each.ratios):
        return Check(name, UNDECIDED, f"{told}; a warm-up may explain it", {"median": middle}, plot=plot)
    advice = "raise the learning rate" if middle < SLOW else "lower the learning rate"
    return Check(name, FAILED, told, {"median": middle}, advice, plot)


def _activations(numbers: Statistics) -> Check:
    """What each layer returns: for the report; nothing but vanished or exploded values is judged."""
    name = "activations"
    layers = [each for each in numbers.layers.values() if each.batches and not each.kind.endswith("Loss")]
    if not layers:
        return Check(name, UNDECIDED, "no layer ran in training mode")
    rows = [
        {
            "name": each.name,
            "kind": each.kind,
            "mean": each.mean / each.batches,
            "std": each.std / each.batches,
            "histogram": each.histogram,
            "edges": list(each.edges),
        }
        for each in layers
    ]
    gradients = {each.name: each.gradients for each in numbers.parameters.values() if each.gradients and each.name}
    plot = {"layers": rows, "gradients": gradients}
    spread = [each.std / each.batches for each in layers]
    told = f"{len(layers)} layers, standard deviations from {min(spread):.2g} to {max(spread):.2g}"
    constant = [each.name for each in layers if each.std == 0 and each.kind not in _QUIET]
    if constant:
        shown = ", ".join(f"`{each}`" for each in constant[:5])
        return Check(name, FAILED, f"{told}; constant: {shown}", advice="see what these layers are fed", plot=plot)
    return Check(name, PASSED, told, {"least": min(spread), "most": max(spread)}, plot=plot)


_QUIET = frozenset({"Identity", "Dropout", "Flatten"})


def _dead(numbers: Statistics) -> Check:
    """Layers of which no unit was ever above zero; a half of dead units is usual in healthy networks."""
    name = "dead layers"
    rectifiers = [each for each in numbers.layers.values() if each.alive is not None]
    if not rectifiers:
        return Check(name, UNDECIDED, "no ReLU ran in training mode as a layer")
    shares = {each.name: 1 - float(each.alive.float().mean()) for each in rectifiers if each.alive is not None}
    dead = [layer for layer, share in shares.items() if share == 1]
    plot = {"dead": shares}
    if dead:
        shown = ", ".join(f"`{each}`" for each in dead[:5])
        advice = "lower the learning rate, and see the initialization of the layer before"
        return Check(name, FAILED, f"no unit is ever above zero in {shown}", {"layers": float(len(dead))}, advice, plot)
    told = f"none of {len(shares)}; at most {max(shares.values()):.0%} of a layer's units"
    return Check(name, PASSED, told, {"most": max(shares.values())}, plot=plot)


_NAMES = {
    "_finite": "numbers finite",
    "_updated": "every parameter learns",
    "_update_ratios": "size of updates",
    "_activations": "activations",
    "_dead": "dead layers",
}
