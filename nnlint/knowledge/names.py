"""The one dotted name by which nnlint knows a thing that torch offers under several."""

from __future__ import annotations

import re
from functools import lru_cache

_RULES = (
    (re.compile(r"^torch\.nn\.modules\.(?:\w+\.)*(?=[A-Z])"), "torch.nn."),
    (re.compile(r"^torch\.nn\.functional\.(softmax|log_softmax|sigmoid|relu|tanh|dropout)$"), r"torch.\1"),
    (re.compile(r"^torch\.special\.(softmax|log_softmax)$"), r"torch.\1"),
    (re.compile(r"^torch\.special\.expit$"), "torch.sigmoid"),
    (re.compile(r"^torch\.optim\.(?:[a-z_]\w*\.)+(?=[A-Z])"), "torch.optim."),
    (re.compile(r"^torch\.optim\.lr_scheduler\."), "torch.optim."),
    (re.compile(r"^torch\.utils\.data\.(?:(?:dataloader|dataset|sampler|distributed)\.)"), "torch.utils.data."),
    (re.compile(r"^torch\.nn\.parallel\.(?:\w+\.)*(?=[A-Z])"), "torch.nn."),
    (
        re.compile(r"^torch\.autograd\.(?:grad_mode\.)?(no_grad|enable_grad|set_grad_enabled|inference_mode)$"),
        r"torch.\1",
    ),
    (re.compile(r"^torch\.Tensor\.(softmax|log_softmax|sigmoid|relu)$"), r"torch.\1"),
    (re.compile(r"^(?:torch\.cuda\.amp|torch\.amp)\.(autocast|GradScaler)$"), r"torch.amp.\1"),
    (
        re.compile(r"^(?:lightning\.pytorch|lightning|pytorch_lightning\.core(?:\.\w+)?)\.(?=[A-Z])"),
        "pytorch_lightning.",
    ),
)


@lru_cache(maxsize=4096)
def canonical(dotted: str) -> str:
    """`torch.nn.modules.conv.Conv2d` is `torch.nn.Conv2d`, `torch.nn.functional.softmax` is `torch.softmax`."""
    for pattern, name in _RULES:
        dotted = pattern.sub(name, dotted)
    return dotted
