"""Where the hyperparameters stand among the arguments of what torch offers: by name and, if there is one, position."""

from __future__ import annotations

_ADAM = {"lr": 1, "betas": 2, "weight_decay": 4}
_RATE = {"p": 0}
_FUNCTIONAL_RATE = {"p": 1}

OPTIMIZERS: dict[str, dict[str, int]] = {
    "Adam": _ADAM,
    "AdamW": _ADAM,
    "NAdam": _ADAM,
    "RAdam": _ADAM,
    "SparseAdam": {"lr": 1, "betas": 2},
    "Adamax": _ADAM,
    "SGD": {"lr": 1, "momentum": 2, "weight_decay": 4},
    "RMSprop": {"lr": 1, "alpha": 2, "weight_decay": 4, "momentum": 5},
    "Adagrad": {"lr": 1, "weight_decay": 3},
    "Adadelta": {"lr": 1, "weight_decay": 4},
}

HYPERPARAMETERS: dict[str, dict[str, int]] = {
    **{
        f"torch.nn.{layer}": _RATE
        for layer in ("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout")
    },
    "torch.dropout": _FUNCTIONAL_RATE,
    "torch.nn.functional.dropout2d": _FUNCTIONAL_RATE,
    "torch.nn.functional.dropout3d": _FUNCTIONAL_RATE,
    "torch.nn.LSTM": {"dropout": -1},
    "torch.nn.GRU": {"dropout": -1},
    "torch.nn.MultiheadAttention": {"dropout": 2},
    "torch.nn.TransformerEncoderLayer": {"dropout": 3},
    "torch.nn.TransformerDecoderLayer": {"dropout": 3},
    "torch.nn.BatchNorm1d": {"momentum": 2},
    "torch.nn.BatchNorm2d": {"momentum": 2},
    "torch.nn.BatchNorm3d": {"momentum": 2},
    "torch.nn.SyncBatchNorm": {"momentum": 2},
    "torch.nn.CrossEntropyLoss": {"label_smoothing": -1},
    "torch.nn.functional.cross_entropy": {"label_smoothing": -1},
    **{
        f"torchvision.transforms.{version}{transform}": _RATE
        for version in ("", "v2.")
        for transform in ("RandomHorizontalFlip", "RandomVerticalFlip", "RandomGrayscale", "RandomErasing")
    },
}
