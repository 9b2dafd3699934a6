"""The datasets of Hugging Face's `datasets`, with random words, pictures and labels."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

_PROSE = """the a of training loss model layer data batch good bad film plot very not is was great dull long short
market team game price world new old red blue fast slow"""
WORDS = tuple(_PROSE.split())
SEED = 7
_TABLE: dict[str, tuple[dict[str, str], dict[str, int]]] = {
    "imdb": ({"text": "text", "label": "2"}, {"train": 25000, "test": 25000}),
    "ag_news": ({"text": "text", "label": "4"}, {"train": 120000, "test": 7600}),
    "rotten_tomatoes": ({"text": "text", "label": "2"}, {"train": 8530, "validation": 1066, "test": 1066}),
    "emotion": ({"text": "text", "label": "6"}, {"train": 16000, "validation": 2000, "test": 2000}),
    "yelp_polarity": ({"text": "text", "label": "2"}, {"train": 50000, "test": 38000}),
    "sst2": ({"sentence": "text", "label": "2"}, {"train": 67349, "validation": 872, "test": 1821}),
    "cola": ({"sentence": "text", "label": "2"}, {"train": 8551, "validation": 1043, "test": 1063}),
    "mrpc": (
        {"sentence1": "text", "sentence2": "text", "label": "2"},
        {"train": 3668, "validation": 408, "test": 1725},
    ),
    "rte": ({"sentence1": "text", "sentence2": "text", "label": "2"}, {"train": 2490, "validation": 277, "test": 3000}),
    "wikitext": ({"text": "text"}, {"train": 36718, "validation": 3760, "test": 4358}),
    "mnist": ({"image": "28", "label": "10"}, {"train": 60000, "test": 10000}),
    "fashion_mnist": ({"image": "28", "label": "10"}, {"train": 60000, "test": 10000}),
    "cifar10": ({"img": "32", "label": "10"}, {"train": 50000, "test": 10000}),
}
"""Columns and lengths, from the datasets' cards on https://huggingface.co/datasets."""


def install(module: Any, tell: Callable[[str, str], None]) -> None:
    """A dataset that can not be had, and whose columns are known, is made up."""
    original = module.load_dataset

    def load_dataset(path: str, name: str | None = None, *args: Any, split: Any = None, **kwargs: Any) -> Any:
        try:
            return original(path, name, *args, split=split, **kwargs)
        except Exception:
            known = _TABLE.get((name or "").split("-")[0]) or _TABLE.get(path.rpartition("/")[2].split("-")[0])
            if known is None:
                raise
            tell(f"the dataset {path}" + (f" ({name})" if name else ""), "random items")
            columns, lengths = known
            if split is not None:
                part = str(split).split("[")[0]
                return _made(module, columns, lengths.get(part, 1000))
            return module.DatasetDict({part: _made(module, columns, length) for part, length in lengths.items()})

    module.load_dataset = load_dataset


def _made(module: Any, columns: dict[str, str], length: int) -> Any:
    draw = random.Random(SEED)
    data: dict[str, list[Any]] = {}
    features: dict[str, Any] = {}
    for column, kind in columns.items():
        if kind == "text":
            data[column] = [" ".join(draw.choices(WORDS, k=draw.randint(5, 40))) for _ in range(length)]
            features[column] = module.Value("string")
        elif column in ("image", "img"):
            data[column] = _pictures(int(kind), length)
            features[column] = module.Image()
        else:
            data[column] = [draw.randrange(int(kind)) for _ in range(length)]
            features[column] = module.ClassLabel(num_classes=int(kind))
    return module.Dataset.from_dict(data, features=module.Features(features))


def _pictures(side: int, length: int) -> list[Any]:
    import numpy
    from PIL import Image

    shape = (64, side, side) if side == 28 else (64, side, side, 3)
    few = [Image.fromarray(each) for each in numpy.random.default_rng(SEED).integers(0, 256, shape, dtype=numpy.uint8)]
    return [few[number % len(few)] for number in range(length)]
