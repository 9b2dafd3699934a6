"""The datasets of torchvision, with random pictures."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy
import torch

SMALL = 96 * 96  # pixels of a picture that is kept in memory
DISTINCT = 2000  # pictures; a longer dataset repeats them
SEED = 7
FAILURES = (RuntimeError, OSError, ImportError, ValueError)


class Shape(NamedTuple):
    """Of a dataset: length of training and test part, channels, height, width, classes."""

    training: int
    test: int
    channels: int
    height: int
    width: int
    classes: int


_TABLE = {
    "MNIST": Shape(60000, 10000, 1, 28, 28, 10),
    "FashionMNIST": Shape(60000, 10000, 1, 28, 28, 10),
    "KMNIST": Shape(60000, 10000, 1, 28, 28, 10),
    "QMNIST": Shape(60000, 60000, 1, 28, 28, 10),
    "EMNIST": Shape(112800, 18800, 1, 28, 28, 47),
    "CIFAR10": Shape(50000, 10000, 3, 32, 32, 10),
    "CIFAR100": Shape(50000, 10000, 3, 32, 32, 100),
    "SVHN": Shape(73257, 26032, 3, 32, 32, 10),
    "STL10": Shape(5000, 8000, 3, 96, 96, 10),
    "USPS": Shape(7291, 2007, 1, 16, 16, 10),
    "ImageNet": Shape(1281167, 50000, 3, 256, 256, 1000),
    "ImageFolder": Shape(2000, 2000, 3, 256, 256, 10),
    "DatasetFolder": Shape(2000, 2000, 3, 256, 256, 10),
    "CelebA": Shape(162770, 19962, 3, 218, 178, 40),
    "Flowers102": Shape(1020, 6149, 3, 500, 600, 102),
    "OxfordIIITPet": Shape(3680, 3669, 3, 375, 500, 37),
    "Food101": Shape(75750, 25250, 3, 512, 512, 101),
    "Caltech101": Shape(8677, 8677, 3, 200, 300, 101),
    "Caltech256": Shape(30607, 30607, 3, 300, 400, 257),
    "DTD": Shape(1880, 1880, 3, 300, 300, 47),
    "EuroSAT": Shape(27000, 27000, 3, 64, 64, 10),
    "GTSRB": Shape(26640, 12630, 3, 48, 48, 43),
    "VOCSegmentation": Shape(1464, 1449, 3, 366, 500, 21),
}
"""From the pages that https://pytorch.org/vision/stable/datasets.html leads to; ImageFolder's is made up."""


def install(module: Any, tell: Callable[[str, str], None]) -> None:
    """A dataset that can not be read gets random content instead."""
    for name in _TABLE:
        cls = getattr(module, name, None)
        if cls is not None:
            _wrap(cls, tell)


def _wrap(cls: Any, tell: Callable[[str, str], None]) -> None:
    original = cls.__dict__.get("__init__")
    if original is None:
        return

    @functools.wraps(original)
    def constructed(self: Any, *args: Any, **kwargs: Any) -> None:
        if self.__dict__.get("_making"):  # a parent's constructor, called by one that is seen to
            original(self, *args, **kwargs)
            return
        self.__dict__["_making"] = True
        name = next(each.__name__ for each in type(self).__mro__ if each.__name__ in _TABLE)
        try:
            original(self, *args, **{**kwargs, **({"download": False} if "download" in kwargs else {})})
            if len(self) == 0:
                raise RuntimeError("it is empty")
        except FAILURES:
            shape = _TABLE[name]
            length = shape.training if _is_training(original, args, kwargs) else shape.test
            tell(f"torchvision.datasets.{name}", f"{length} random pictures in {shape.classes} classes")
            _fill(self, original, args, kwargs, shape, length)
        self.__dict__.pop("_making", None)

    cls.__init__ = constructed


def _is_training(original: Any, args: Any, kwargs: Any) -> bool:
    given = _given(original, args, kwargs)
    if "train" in given:
        return bool(given["train"])
    split = str(given.get("split", given.get("image_set", "train")))
    return "train" in split and "test" not in split and "val" not in split.replace("trainval", "train")


def _given(original: Any, args: Any, kwargs: Any) -> dict[str, Any]:
    import inspect

    bound = inspect.signature(original).bind_partial(None, *args, **kwargs)
    bound.apply_defaults()
    extra = bound.arguments.get("kwargs", {})
    return {**bound.arguments, **extra}


def _fill(dataset: Any, original: Any, args: Any, kwargs: Any, shape: Shape, length: int) -> None:
    """Give a dataset the attributes by which its own methods, or ours, serve items."""
    from torchvision.datasets.vision import StandardTransform  # type: ignore[import-untyped]

    given = _given(original, args, kwargs)
    transform, target_transform = given.get("transform"), given.get("target_transform")
    both = given.get("transforms")
    if not both and (transform or target_transform):
        both = StandardTransform(transform, target_transform)
    generator = numpy.random.default_rng(SEED)
    targets = generator.integers(0, shape.classes, length)
    names = getattr(type(dataset), "classes", None)
    classes = list(names) if isinstance(names, (list, tuple)) else [f"class {each}" for each in range(shape.classes)]
    size = (min(DISTINCT, length), shape.height, shape.width, shape.channels)
    small = shape.height * shape.width <= SMALL
    pictures = generator.integers(0, 256, size, dtype=numpy.uint8) if small else None
    attributes = {
        "root": given.get("root"),
        "transform": transform,
        "target_transform": target_transform,
        "transforms": both,
        "train": given.get("train"),
        "split": given.get("split"),
        "classes": classes,
        "class_to_idx": {str(name): number for number, name in enumerate(classes)},
        "targets": targets.tolist(),
        "labels": targets,
        "_fake": _Items(pictures, targets, shape, "Segmentation" in type(dataset).__name__),
    }
    if pictures is None:
        samples = _Samples(attributes["targets"])
        attributes |= {"samples": samples, "imgs": samples}
    else:
        data = pictures[numpy.arange(length) % len(pictures)]
        is_mnist = any(each.__name__ == "MNIST" for each in type(dataset).__mro__)
        attributes["data"] = torch.from_numpy(data[..., 0]) if is_mnist else data
        attributes["targets"] = torch.from_numpy(targets) if is_mnist else attributes["targets"]
    for name, value in attributes.items():
        with contextlib.suppress(AttributeError):  # a property, which says it by itself
            setattr(dataset, name, value)
    cls = type(dataset)
    own_methods = {"__len__": _length, "__getitem__": _item}
    users = any("__getitem__" in vars(each) for each in _own_classes(cls))
    dataset.__class__ = type(cls.__name__, (cls,), {} if users else own_methods)


def _own_classes(cls: type) -> list[type]:
    return [each for each in cls.__mro__ if not each.__module__.startswith(("torch", "builtins"))]


def _length(self: Any) -> int:
    return len(self._fake.targets)


def _item(self: Any, index: int) -> tuple[Any, Any]:
    picture, target = self._fake.item(int(index))
    if self.transforms is not None:
        picture, target = self.transforms(picture, target)
    return picture, target


class _Samples(Sequence[Any]):
    """Paths and classes, of as many pictures as there would be."""

    def __init__(self, targets: list[int]) -> None:
        self._targets = targets

    def __len__(self) -> int:
        return len(self._targets)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [(f"{number}.jpg", target) for number, target in enumerate(self._targets)][index]
        return f"{index}.jpg", self._targets[index]


class _Items:
    """Random pictures, as PIL has them, and their targets."""

    def __init__(self, pictures: Any, targets: Any, shape: Shape, masks: bool) -> None:
        self.targets = targets
        self._pictures, self._shape, self._masks = pictures, shape, masks

    def item(self, index: int) -> tuple[Any, Any]:
        from PIL import Image

        if not 0 <= index < len(self.targets):
            raise IndexError(index)
        if self._pictures is not None:
            picture = self._pictures[index % len(self._pictures)]
        else:
            size = (self._shape.height, self._shape.width, self._shape.channels)
            picture = numpy.random.default_rng(index).integers(0, 256, size, dtype=numpy.uint8)
        target: Any = int(self.targets[index])
        if self._masks:
            mask = numpy.random.default_rng(index).integers(
                0, self._shape.classes, picture.shape[:2], dtype=numpy.uint8
            )
            target = Image.fromarray(mask)
        return Image.fromarray(picture[..., 0] if self._shape.channels == 1 else picture), target
