"""Tensors: what their numbers mean, through operations, layers and arithmetic."""

from __future__ import annotations

import pytest

from nnlint.values import Scale
from tests.interpreting import losses, scale_of

PROBS, LOGITS, UNKNOWN = Scale.PROBABILITIES, Scale.LOGITS, Scale.UNKNOWN
LOGS, SIGMOID, POSITIVE, CLASSES = Scale.LOG_PROBABILITIES, Scale.SIGMOID, Scale.NONNEGATIVE, Scale.CLASS_INDICES

# --- scales ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "scale"),
    [
        ("x", UNKNOWN),
        ("F.softmax(x, dim=1)", PROBS),
        ("F.softmax(input=x, dim=1)", PROBS),
        ("torch.softmax(x, -1)", PROBS),
        ("x.softmax(dim=-1)", PROBS),
        ("nn.Softmax(dim=1)(x)", PROBS),
        ("nn.functional.softmax(x, 1)", PROBS),
        ("torch.Tensor.softmax(x, 1)", PROBS),
        ("F.gumbel_softmax(x)", PROBS),
        ("F.log_softmax(x, 1)", LOGS),
        ("nn.LogSoftmax(1)(x)", LOGS),
        ("x.log_softmax(1)", LOGS),
        ("torch.sigmoid(x)", SIGMOID),
        ("x.sigmoid()", SIGMOID),
        ("nn.Sigmoid()(x)", SIGMOID),
        ("torch.special.expit(x)", SIGMOID),
        ("F.relu(x)", POSITIVE),
        ("nn.ReLU()(x)", POSITIVE),
        ("nn.Linear(8, 4)(x)", LOGITS),
        ("F.linear(x, y)", LOGITS),
        ("nn.Conv2d(3, 8, 3)(x)", LOGITS),
        ("x.argmax(1)", CLASSES),
        ("torch.max(scores, 1)[1]", CLASSES),
        ("scores.topk(3).indices", CLASSES),
        ("F.logsigmoid(x)", UNKNOWN),
    ],
)
def test_an_operation_gives_numbers_their_meaning(expression: str, scale: Scale) -> None:
    assert scale_of(expression) in (scale, UNKNOWN) if "indices" in expression else scale_of(expression) is scale


@pytest.mark.parametrize(
    "change",
    [
        "{}.detach()",
        "{}.contiguous()",
        "{}.clone()",
        "{}.to('cuda')",
        "{}.float()",
        "{}.view(-1, 4)",
        "{}.reshape(4, -1)",
        "{}.permute(0, 2, 1)",
        "{}.transpose(1, 2)",
        "{}.squeeze(1)",
        "{}.unsqueeze(0)",
        "{}.flatten(1)",
        "{}[0]",
        "{}[:, 0]",
        "{}[..., :2]",
        "{}[y]",
        "torch.cat([{0}, {0}], dim=0)",
        "torch.stack([{0}, {0}])",
        "{}.chunk(2)[0]",
        "{}.expand(2, -1)",
        "F.interpolate({}, scale_factor=2)",
        "{}.index_select(0, y)",
        "{} + 1e-8",
        "1.0 * {}",
        "{}.unbind(0)[0]",
        "torch.squeeze({})",
        "({})",
        "({}, x)[0]",
        "[{}][0]",
        "dict(z={})['z']",
        "nn.Identity()({})",
        "(lambda z: z)({})",
        "{}.requires_grad_()",
        "{}.type(torch.float32)",
        "{}.data",
    ],
)
@pytest.mark.parametrize("made", ["probs", "scores"])
def test_what_only_moves_numbers_keeps_their_meaning(made: str, change: str) -> None:
    assert scale_of(change.format(made)) is scale_of(made)


@pytest.mark.parametrize(
    ("expression", "scale"),
    [
        ("torch.log(probs)", LOGS),
        ("(probs + 1e-8).log()", LOGS),
        ("probs.clamp(min=1e-8).log()", LOGS),
        ("F.log_softmax(x, 1).exp()", PROBS),
        ("torch.exp(F.log_softmax(x, 1))", PROBS),
        ("scores / 2.0", LOGITS),
        ("scores * 10", LOGITS),
        ("scores + scores", LOGITS),
        ("-scores", LOGITS),
        ("scores / temperature", LOGITS),
        ("probs.mean(0)", PROBS),
    ],
)
def test_arithmetic_that_keeps_a_meaning_is_known(expression: str, scale: Scale) -> None:
    assert scale_of(expression, setup="temperature = y") is scale


@pytest.mark.parametrize(
    "expression",
    [
        "torch.log(scores)",
        "torch.exp(scores)",
        "probs * 2",
        "probs * x",
        "2 * probs - 1",
        "1 - scores.softmax(1) * 2",
        "probs ** 2",
        "probs + x",
        "probs - probs",
        "probs.sum(1)",
        "torch.cat([probs, scores])",
        "torch.where(y > 0, probs, scores)",
        "torch.matmul(probs, x)",
        "probs @ x",
        "F.one_hot(y)",
        "F.gumbel_softmax(x, hard=True)",
        "F.gelu(scores)",
        "unknown(probs)",
        "torch.logit(probs)",
        "torch.special.logit(torch.sigmoid(x))",
        "probs.log() - torch.log(1 - probs)",
        "nn.LayerNorm(4)(scores)",
        "F.normalize(probs)",
        "torch.zeros_like(probs)",
        "torch.randn(2, 3)",
        "probs.apply_(print)",
        "torch.logsumexp(scores, 1)",
        "scores.clamp(0, 1)",
        "-probs",
        "probs.neg()",
        "probs.pow(0.5)",
        "probs / probs.max()",
        "probs.cumsum(1)",
    ],
)
def test_arithmetic_that_changes_a_meaning_leaves_it_unknown(expression: str) -> None:
    assert scale_of(expression) is UNKNOWN


def test_probabilities_summed_by_class_are_probabilities() -> None:
    """As in matching networks: attention over labelled examples, times their labels as one-hot vectors."""
    labels = "labels = torch.zeros(9, 4).scatter_(1, y, 1)"
    assert scale_of("probs.matmul(labels)", setup=labels) is PROBS
    assert scale_of("probs.matmul(labels)", setup="labels = torch.zeros(9, 4).scatter_(1, y, 0.5)") is UNKNOWN


def test_an_operation_in_place_changes_the_tensor() -> None:
    assert scale_of("z", setup="z = torch.load('z')\nz.sigmoid_()") in (SIGMOID, UNKNOWN)


@pytest.mark.parametrize(
    ("setup", "scale"),
    [
        ("z = probs\nz = z + x", UNKNOWN),
        ("z = probs\nz += x", UNKNOWN),
        ("z = probs.clone()\nz[0] = scores[0]", UNKNOWN),
        ("z = scores.clone()\nz[y] = -100.0", LOGITS),
        ("z = scores\nz /= 2", LOGITS),
        ("z = probs.clone()\nz.mul_(x)", UNKNOWN),
        ("z = scores.clone()\nz.sigmoid_()", SIGMOID),
        ("z = probs.clone()\nz.log_()", LOGS),
        ("z = probs.clone()\nz.zero_()", UNKNOWN),
    ],
)
def test_a_tensor_that_is_written_to_means_what_it_holds_now(setup: str, scale: Scale) -> None:
    assert scale_of("z", setup) is scale


def test_the_target_has_a_scale_too() -> None:
    (loss,) = losses("F.kl_div(F.log_softmax(x, 1), probs)")
    assert (loss.input.scale, loss.target.scale) == (LOGS, PROBS)


@pytest.mark.parametrize(
    "call",
    [
        "nn.CrossEntropyLoss()(probs, y)",
        "nn.CrossEntropyLoss(weight=y)(input=probs, target=y)",
        "F.cross_entropy(probs, y)",
        "F.cross_entropy(target=y, input=probs)",
        "nn.functional.cross_entropy(probs, y, reduction='sum')",
        "criterion = nn.CrossEntropyLoss().cuda()\ncriterion(probs, y)",
        "class Criterion(nn.CrossEntropyLoss):\n    pass\nCriterion()(probs, y)",
    ],
)
def test_a_loss_is_known_however_it_is_called(call: str) -> None:
    (loss,) = losses(call)
    assert (loss.loss.expects, loss.input.scale) == (LOGITS, PROBS)


@pytest.mark.parametrize(
    ("options", "reduction", "log_target"),
    [
        ("", "mean", False),
        (", reduction='sum'", "sum", False),
        (", log_target=True", "mean", True),
        (", reduction=y", None, False),
    ],
)
def test_the_options_of_a_loss_are_told(options: str, reduction: str | None, log_target: bool | None) -> None:
    (loss,) = losses(f"F.kl_div(F.log_softmax(x, 1), probs{options})")
    assert (loss.loss.reduction, loss.loss.log_target) == (reduction, log_target)


def test_a_reduction_given_by_position_is_not_taken_for_the_default() -> None:
    (loss,) = losses("F.kl_div(F.log_softmax(x, 1), probs, None, None, 'batchmean')")
    assert loss.loss.reduction in ("batchmean", None)
