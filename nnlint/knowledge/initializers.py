"""How weights are set by hand: the functions of `torch.nn.init`, the methods of tensors, the networks with weights."""

from __future__ import annotations

import re
from functools import lru_cache

RANDOM = frozenset(
    {
        *("uniform_", "normal_", "trunc_normal_", "xavier_uniform_", "xavier_normal_"),
        *("kaiming_uniform_", "kaiming_normal_", "orthogonal_", "sparse_"),
        *("uniform", "normal", "xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal", "orthogonal"),
    }
)
"""Functions of `torch.nn.init` that draw weights; `uniform_` and `normal_` are methods of tensors, too."""
CONSTANT = frozenset({"constant_", "zeros_", "ones_", "constant", "fill_", "zero_"})
OTHER = frozenset({"eye_", "dirac_", "eye", "dirac", "copy_", "set_"})
METHODS = frozenset({"uniform_", "normal_", "fill_", "zero_", "copy_", "set_"})

_CONVOLUTIONAL = re.compile(
    r"(?:^|\.)(?:resnet|resnext|wide_resnet|densenet|vgg|alexnet|squeezenet|mobilenet|efficientnet|inception|googlenet"
    r"|shufflenet|mnasnet|regnet|convnext)\w*$",
    re.I,
)
_OF_LINEAR_LAYERS = re.compile(r"(?:^|\.)(?:vit|swin|deit)\w*$", re.I)


@lru_cache(maxsize=4096)
def main_layer(network: str) -> str | None:
    """The kind of layer that most of the weights of a published network are in; None when it is not known."""
    if network.startswith("transformers.") or _OF_LINEAR_LAYERS.search(network):
        return "torch.nn.Linear"
    return "torch.nn.Conv2d" if _CONVOLUTIONAL.search(network) else None
