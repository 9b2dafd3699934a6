"""The networks and tokenizers of `transformers` that would be downloaded, with random weights and few words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnlint.probe.substitutes.corpora import WORDS

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def install(module: Any, tell: Callable[[str, str], None]) -> None:
    """`from_pretrained` falls back on the architecture that the name speaks of."""
    from transformers.models.auto import auto_factory
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    configs, networks = module.AutoConfig, module.PreTrainedModel
    config, network = configs.from_pretrained.__func__, networks.from_pretrained.__func__
    auto: Any = auto_factory._BaseAutoModelClass
    tokenizer = module.AutoTokenizer
    automatic, tokenize = auto.from_pretrained.__func__, tokenizer.from_pretrained.__func__

    def made_config(name: str, **kwargs: Any) -> Any:
        kinds = [kind for kind in CONFIG_MAPPING if kind in str(name).lower()]
        if not kinds:
            raise OSError(f"nothing is known of {name}")
        known = {key: value for key, value in kwargs.items() if key in ("num_labels", "output_attentions", "id2label")}
        return CONFIG_MAPPING[max(kinds, key=len)](**known)

    def config_from(cls: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        try:
            return config(cls, name, *args, **kwargs)
        except (OSError, ValueError):
            made = made_config(name, **kwargs)
            tell(f"the configuration {name}", f"the default {type(made).__name__}")
            return (made, {}) if kwargs.get("return_unused_kwargs") else made

    def auto_from(cls: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        try:
            return automatic(cls, name, *args, **kwargs)
        except (OSError, ValueError):
            tell(f"the weights {name}", "random ones")
            return cls.from_config(kwargs.get("config") or made_config(name, **kwargs))

    def network_from(cls: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        try:
            return network(cls, name, *args, **kwargs)
        except (OSError, ValueError):
            given = kwargs.get("config") or cls.config_class(
                **{key: value for key, value in kwargs.items() if key in ("num_labels",)}
            )
            tell(f"the weights {name}", "random ones")
            return cls(given)

    def tokenizer_from(cls: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        try:
            return tokenize(cls, name, *args, **kwargs)
        except (OSError, ValueError):
            tell(f"the tokenizer {name}", "one that knows a few words")
            return _small_tokenizer(module)

    configs.from_pretrained = classmethod(config_from)
    networks.from_pretrained = classmethod(network_from)
    auto.from_pretrained = classmethod(auto_from)
    tokenizer.from_pretrained = classmethod(tokenizer_from)


def _small_tokenizer(module: Any) -> Any:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    vocabulary = {word: number for number, word in enumerate((*SPECIAL, *WORDS))}
    small = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    small.pre_tokenizer = Whitespace()
    names = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")
    special = dict(zip(names, SPECIAL, strict=True))
    return module.PreTrainedTokenizerFast(tokenizer_object=small, model_max_length=128, **special)
