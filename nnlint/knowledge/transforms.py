"""Image transforms of torchvision and albumentations: which of them differ from one call to the next."""

from __future__ import annotations

import re
from functools import lru_cache

_TRANSFORM = re.compile(
    r"^(?:torchvision\.transforms\.(?:transforms\.|v2\.)?|albumentations\.(?:pytorch\.(?:transforms\.)?)?)([A-Z]\w*)$"
)
HOLDING = frozenset({"Compose", "Sequential", "RandomApply", "RandomChoice", "RandomOrder", "OneOf", "SomeOf"})
"""Transforms that are made of others."""
_RANDOM = frozenset(
    [
        "ColorJitter",
        "AutoAugment",
        "RandAugment",
        "TrivialAugmentWide",
        "AugMix",
        "ElasticTransform",
        # of albumentations
        "HorizontalFlip",
        "VerticalFlip",
        "Flip",
        "Rotate",
        "ShiftScaleRotate",
        "Affine",
        "HueSaturationValue",
        "CoarseDropout",
        "Cutout",
        "GaussNoise",
        "Transpose",
    ]
)


@lru_cache(maxsize=1024)
def transform_name(dotted: str) -> str | None:
    """The name of a transform; None for what is none."""
    found = _TRANSFORM.match(dotted)
    return found[1] if found is not None else None


def is_random(name: str) -> bool:
    return name in _RANDOM or (name.startswith("Random") and name not in HOLDING)
