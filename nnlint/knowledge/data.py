"""What nnlint knows of datasets."""

from __future__ import annotations

INDEXED_DATASETS = (
    "torchvision.datasets.",
    "torchaudio.datasets.",
    "torch.utils.data.TensorDataset",
    "torch.utils.data.Subset",
    "torch.utils.data.ConcatDataset",
    "torch.utils.data.StackDataset",
    "torch_geometric.datasets.",
    "monai.data.Dataset",
    "monai.data.CacheDataset",
)
"""How the names of datasets begin whose items are asked for by index."""

DRAWS_AN_ORDER = frozenset(
    [
        "random.shuffle",
        "random.sample",
        "random.choice",
        "random.choices",
        "random.randint",
        "random.randrange",
        "numpy.random.shuffle",
        "numpy.random.permutation",
        "numpy.random.choice",
        "numpy.random.randint",
        "torch.randperm",
        "torch.multinomial",
        "sklearn.utils.shuffle",
    ]
)
"""Functions that draw an order or an index at random."""

_TRAIN_FLAG = ("root", "train", "transform", "target_transform", "download")
_SPLIT = ("root", "split", "transform", "target_transform", "download")

DATASET_PARAMETERS: dict[str, tuple[str, ...]] = {
    "MNIST": _TRAIN_FLAG,
    "FashionMNIST": _TRAIN_FLAG,
    "KMNIST": _TRAIN_FLAG,
    "CIFAR10": _TRAIN_FLAG,
    "CIFAR100": _TRAIN_FLAG,
    "SVHN": _SPLIT,
    "ImageNet": ("root", "split"),
    "ImageFolder": ("root", "transform", "target_transform", "loader"),
    "DatasetFolder": ("root", "loader", "extensions", "transform", "target_transform"),
    "CocoDetection": ("root", "annFile", "transform", "target_transform", "transforms"),
}
"""What the arguments of torchvision's datasets are called, in order."""
