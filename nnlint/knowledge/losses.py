"""The losses of torch: what each expects of its input.

One line a loss: class, function, what the input is expected to be, default reduction.
"""

from __future__ import annotations

from dataclasses import dataclass

from nnlint.values import Scale

_TABLE = """
CrossEntropyLoss      cross_entropy                     LOGITS
BCEWithLogitsLoss     binary_cross_entropy_with_logits  LOGITS
MultiLabelSoftMarginLoss multilabel_soft_margin_loss    LOGITS
NLLLoss               nll_loss                          LOG_PROBABILITIES
NLLLoss2d             nll_loss2d                        LOG_PROBABILITIES
KLDivLoss             kl_div                            LOG_PROBABILITIES
BCELoss               binary_cross_entropy              SIGMOID
MSELoss               mse_loss                          UNKNOWN
L1Loss                l1_loss                           UNKNOWN
SmoothL1Loss          smooth_l1_loss                    UNKNOWN
HuberLoss             huber_loss                        UNKNOWN
PoissonNLLLoss        poisson_nll_loss                  UNKNOWN
GaussianNLLLoss       gaussian_nll_loss                 UNKNOWN
HingeEmbeddingLoss    hinge_embedding_loss              UNKNOWN
SoftMarginLoss        soft_margin_loss                  LOGITS
MultiMarginLoss       multi_margin_loss                 UNKNOWN
MultiLabelMarginLoss  multilabel_margin_loss            UNKNOWN
MarginRankingLoss     margin_ranking_loss               UNKNOWN
CosineEmbeddingLoss   cosine_embedding_loss             UNKNOWN
TripletMarginLoss     triplet_margin_loss               UNKNOWN
CTCLoss               ctc_loss                          LOG_PROBABILITIES
"""


BROADCASTING = frozenset(
    ["MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss", "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"]
)
"""Elementwise losses that broadcast an input and a target of different sizes (with a warning); BCE raises."""


@dataclass(frozen=True, slots=True)
class LossInfo:
    kind: str
    expects: Scale


LOSS_CLASSES: dict[str, LossInfo] = {}
LOSS_FUNCTIONS: dict[str, LossInfo] = {}
for _line in _TABLE.strip().splitlines():
    _kind, _function, _expects = _line.split()
    LOSS_CLASSES["torch.nn." + _kind] = LossInfo(_kind, Scale[_expects])
    LOSS_FUNCTIONS["torch.nn.functional." + _function] = LossInfo(_function, Scale[_expects])
for _package in ("torchvision.ops.", "torchvision.ops.focal_loss."):
    LOSS_FUNCTIONS[_package + "sigmoid_focal_loss"] = LossInfo("sigmoid_focal_loss", Scale.LOGITS)
