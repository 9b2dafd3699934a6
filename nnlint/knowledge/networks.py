"""Networks that other packages build: their content is not known, their mode at birth is."""

from __future__ import annotations

import re
from functools import lru_cache

_BORN_TRAINING = re.compile(
    r"^(torchvision\.models\.(?:\w+\.)*\w+"
    r"|timm\.create_model|timm\.models\.(?:\w+\.)*(?:create_model|\w+)"
    r"|segmentation_models_pytorch\.\w+|efficientnet_pytorch\.EfficientNet\.from_name"
    r"|transformers\.\w*(?:Model|For\w+)(?:\.from_config)?"
    r"|monai\.networks\.nets\.\w+|torch_geometric\.nn\.\w*(?:Conv|GCN|GAT|SAGE|GIN)\w*)$"
)
_BORN_EVALUATING = re.compile(r"^transformers\.\w+\.from_pretrained$")
_NOT_A_NETWORK = re.compile(
    r"^(torchvision\.models\.(?:\w+\.)*(?:\w*Weights\w*|get_\w+|list_models|_\w+|\w+_URLS|model_urls)|transformers\.\w*(?:Tokenizer|Config|Processor)\w*.*)$"
)


@lru_cache(maxsize=4096)
def network_mode(dotted: str) -> bool | None:
    """The mode in which `dotted(...)` leaves the network that it makes; None when it makes none that nnlint knows of."""
    if _NOT_A_NETWORK.match(dotted):
        return None
    if _BORN_TRAINING.match(dotted):
        return True
    if _BORN_EVALUATING.match(dotted):
        return False
    return None


_WITH_BATCH_NORMS = re.compile(
    r"^torchvision\.models\.(?:\w+\.)*(?:resnet|resnext|wide_resnet|densenet|mobilenet|efficientnet|inception|googlenet"
    r"|shufflenet|mnasnet|regnet|vgg\d+_bn)\w*$"
)


@lru_cache(maxsize=4096)
def has_batch_norms(dotted: str) -> bool:
    """Whether the network that `dotted(...)` makes is known to have batch norms."""
    return _WITH_BATCH_NORMS.match(dotted) is not None
