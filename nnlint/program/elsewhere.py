"""Names of modules that mean another package, though a folder of the project may have the same name.

Many repositories keep a `datasets/` of data, a `tensorboard/` of logs, a `wandb.py` among their loggers. These names
are the project's own only where Python itself would find that first (search.py).
"""

from __future__ import annotations

import sys

_OFTEN_ONES_OWN = {"test"}  # the standard library's is for CPython's own tests; `from test import evaluate` is not

_THIRD_PARTY = """
PIL absl accelerate aim albumentations apex bitsandbytes catalyst catboost clearml clip colorama comet_ml cupy cv2
dask datasets decord deepspeed detectron2 diffusers dgl einops faiss fairscale fairseq fastai fire
flash_attn ftfy gensim gpytorch gradio gym gymnasium h5py huggingface_hub hydra ignite imageio ipdb jax joblib
jsonargparse keras kornia lightgbm lightning lmdb loguru matplotlib mlflow mmcv mmdet mmengine monai neptune
nltk numba numpy omegaconf onnx onnxruntime open3d optuna pandas peft plotly polars prettytable psutil pyarrow
pycocotools pydantic pytest pytorch_lightning pytorch_metric_learning ray regex requests rich rouge_score ruamel
sacrebleu safetensors scipy seaborn sentence_transformers sentencepiece setuptools skimage sklearn spacy
statsmodels streamlit submitit sympy tabulate tensorboard tensorboardX tensorflow termcolor tiktoken timm tokenizers
toml torch torch_geometric torch_scatter torch_sparse torch_xla torchaudio torchdata torchinfo torchmetrics
torchsummary torchtext torchvision tqdm transformers triton trl typer visdom wandb webdataset xformers xgboost yacs
yaml
"""

THIRD_PARTY = frozenset(_THIRD_PARTY.split())

STANDARD = sys.stdlib_module_names - _OFTEN_ONES_OWN


def is_known_elsewhere(name: str) -> bool:
    """Whether the top module `name` is likely another package's."""
    return name in THIRD_PARTY or name in STANDARD
