"""Weights that would be downloaded: a network keeps those that it was made with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

_FAILURES = (OSError, RuntimeError, ValueError)  # URLError and HTTPError are OSErrors


class NoWeights(dict[str, torch.Tensor]):
    """Stands for a state that is not there; loading it leaves a network as it is."""


def install(tell: Callable[[str, str], None]) -> None:
    """`torch.hub` finds no weights, and nothing is lost."""
    original, load = torch.hub.load_state_dict_from_url, torch.nn.Module.load_state_dict

    def from_url(url: str, *args: Any, **kwargs: Any) -> Any:
        try:
            return original(url, *args, **kwargs)
        except _FAILURES:
            tell(f"the weights {url.rpartition('/')[2]}", "random ones")
            return NoWeights()

    def loaded(self: Any, state_dict: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(state_dict, NoWeights):
            return torch.nn.modules.module._IncompatibleKeys([], [])
        return load(self, state_dict, *args, **kwargs)

    torch.hub.load_state_dict_from_url = from_url
    torch.nn.Module.load_state_dict = loaded  # type: ignore[method-assign]


def install_torchvision(module: Any, tell: Callable[[str, str], None]) -> None:
    original = module.WeightsEnum.get_state_dict

    def get_state_dict(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return original(self, *args, **kwargs)
        except _FAILURES:
            tell(f"the weights {self}", "random ones")
            return NoWeights()

    module.WeightsEnum.get_state_dict = get_state_dict


def install_timm(module: Any, tell: Callable[[str, str], None]) -> None:
    original = module.create_model

    def create_model(name: str, pretrained: bool = False, *args: Any, **kwargs: Any) -> Any:
        try:
            return original(name, pretrained, *args, **kwargs)
        except _FAILURES:
            if not pretrained:
                raise
            tell(f"the weights of timm's {name}", "random ones")
            return original(name, False, *args, **kwargs)

    module.create_model = create_model
