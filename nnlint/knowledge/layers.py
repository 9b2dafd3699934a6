"""The layers of torch.nn: their parameters in order, what they do to a tensor, whether they have a mode.

One line a layer: class, parameters (`name=default` where nnlint needs the default), `->`, the operation of tensors.py that it
performs. A `*` after the class marks a layer that behaves differently in training and in evaluation.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

_TABLE = """
Linear              in_features out_features bias=True                                                       -> linear
LazyLinear          out_features bias=True                                                                   -> linear
Bilinear            in1_features in2_features out_features bias=True                                         -> opaque
Conv1d              in_channels out_channels kernel_size stride=1 padding=0 dilation=1 groups=1 bias=True    -> conv
Conv2d              in_channels out_channels kernel_size stride=1 padding=0 dilation=1 groups=1 bias=True    -> conv
Conv3d              in_channels out_channels kernel_size stride=1 padding=0 dilation=1 groups=1 bias=True    -> conv
ConvTranspose1d     in_channels out_channels kernel_size stride=1 padding=0 output_padding=0 groups=1 bias=True dilation=1 -> conv_transpose
ConvTranspose2d     in_channels out_channels kernel_size stride=1 padding=0 output_padding=0 groups=1 bias=True dilation=1 -> conv_transpose
ConvTranspose3d     in_channels out_channels kernel_size stride=1 padding=0 output_padding=0 groups=1 bias=True dilation=1 -> conv_transpose
LazyConv2d          out_channels kernel_size stride=1 padding=0 dilation=1 groups=1 bias=True                -> conv
BatchNorm1d*        num_features eps momentum affine=True track_running_stats=True                           -> channel_norm
BatchNorm2d*        num_features eps momentum affine=True track_running_stats=True                           -> channel_norm
BatchNorm3d*        num_features eps momentum affine=True track_running_stats=True                           -> channel_norm
LazyBatchNorm1d*    eps momentum affine=True track_running_stats=True                                        -> channel_norm
LazyBatchNorm2d*    eps momentum affine=True track_running_stats=True                                        -> channel_norm
SyncBatchNorm*      num_features eps momentum affine=True track_running_stats=True                           -> channel_norm
InstanceNorm1d      num_features eps momentum affine=False track_running_stats=False                         -> channel_norm
InstanceNorm2d      num_features eps momentum affine=False track_running_stats=False                         -> channel_norm
InstanceNorm3d      num_features eps momentum affine=False track_running_stats=False                         -> channel_norm
LayerNorm           normalized_shape                                                                         -> norm
RMSNorm             normalized_shape                                                                         -> norm
GroupNorm           num_groups num_channels                                                                  -> norm
LocalResponseNorm   size                                                                                     -> norm
Dropout*            p=0.5 inplace                                                                            -> dropout
Dropout1d*          p=0.5 inplace                                                                            -> dropout
Dropout2d*          p=0.5 inplace                                                                            -> dropout
Dropout3d*          p=0.5 inplace                                                                            -> dropout
AlphaDropout*       p=0.5 inplace                                                                            -> dropout
FeatureAlphaDropout* p=0.5 inplace                                                                           -> dropout
RReLU*              lower upper inplace                                                                      -> activation
ReLU                inplace                                                                                  -> relu
ReLU6               inplace                                                                                  -> relu
LeakyReLU           negative_slope inplace                                                                   -> activation
PReLU               num_parameters init                                                                      -> activation
ELU                 alpha inplace                                                                            -> activation
SELU                inplace                                                                                  -> activation
CELU                alpha inplace                                                                            -> activation
GELU                approximate                                                                              -> activation
SiLU                inplace                                                                                  -> activation
Mish                inplace                                                                                  -> activation
Hardswish           inplace                                                                                  -> activation
Hardsigmoid         inplace                                                                                  -> activation
Hardtanh            min_val max_val inplace                                                                  -> tanh
Softplus            beta threshold                                                                           -> softplus
Softsign                                                                                                     -> activation
Softmin             dim                                                                                      -> softmax
Tanh                                                                                                         -> tanh
LogSigmoid                                                                                                   -> logsigmoid
Sigmoid                                                                                                      -> sigmoid
Softmax             dim                                                                                      -> softmax
Softmax2d                                                                                                    -> softmax2d
LogSoftmax          dim                                                                                      -> log_softmax
Identity                                                                                                     -> identity
Flatten             start_dim=1 end_dim=-1                                                                   -> flatten
Unflatten           dim unflattened_size                                                                     -> opaque
MaxPool1d           kernel_size stride padding=0                                                             -> pool
MaxPool2d           kernel_size stride padding=0                                                             -> pool
MaxPool3d           kernel_size stride padding=0                                                             -> pool
AvgPool1d           kernel_size stride padding=0                                                             -> pool
AvgPool2d           kernel_size stride padding=0                                                             -> pool
AvgPool3d           kernel_size stride padding=0                                                             -> pool
AdaptiveAvgPool1d   output_size                                                                              -> adaptive_pool
AdaptiveAvgPool2d   output_size                                                                              -> adaptive_pool
AdaptiveAvgPool3d   output_size                                                                              -> adaptive_pool
AdaptiveMaxPool1d   output_size                                                                              -> adaptive_pool
AdaptiveMaxPool2d   output_size                                                                              -> adaptive_pool
AdaptiveMaxPool3d   output_size                                                                              -> adaptive_pool
Upsample            size scale_factor mode                                                                   -> resample
UpsamplingBilinear2d size scale_factor                                                                       -> resample
UpsamplingNearest2d size scale_factor                                                                        -> resample
PixelShuffle        upscale_factor                                                                           -> shuffle
PixelUnshuffle      downscale_factor                                                                         -> shuffle
ChannelShuffle      groups                                                                                   -> shuffle
ZeroPad2d           padding                                                                                  -> opaque
ReflectionPad1d     padding                                                                                  -> opaque
ReflectionPad2d     padding                                                                                  -> opaque
ReplicationPad2d    padding                                                                                  -> opaque
ConstantPad2d       padding value                                                                            -> opaque
Embedding           num_embeddings embedding_dim padding_idx                                                 -> embedding
EmbeddingBag        num_embeddings embedding_dim                                                             -> opaque
LSTM*               input_size hidden_size num_layers=1 bias=True batch_first=False dropout=0.0 bidirectional=False -> recurrent
GRU*                input_size hidden_size num_layers=1 bias=True batch_first=False dropout=0.0 bidirectional=False -> recurrent
RNN*                input_size hidden_size num_layers=1 nonlinearity bias=True batch_first=False dropout=0.0 bidirectional=False -> recurrent
LSTMCell            input_size hidden_size bias=True                                                         -> recurrent_cell
GRUCell             input_size hidden_size bias=True                                                         -> recurrent_cell
RNNCell             input_size hidden_size bias=True                                                         -> recurrent_cell
MultiheadAttention* embed_dim num_heads dropout=0.0 bias=True add_bias_kv add_zero_attn kdim vdim batch_first=False -> attention
Transformer*        d_model nhead num_encoder_layers num_decoder_layers dim_feedforward dropout=0.1 activation custom_encoder custom_decoder layer_norm_eps batch_first=False -> opaque
TransformerEncoder* encoder_layer num_layers                                                                 -> opaque
TransformerDecoder* decoder_layer num_layers                                                                 -> opaque
TransformerEncoderLayer* d_model nhead dim_feedforward dropout=0.1 activation layer_norm_eps batch_first=False -> same_shape
TransformerDecoderLayer* d_model nhead dim_feedforward dropout=0.1 activation layer_norm_eps batch_first=False -> same_shape
CosineSimilarity    dim eps                                                                                  -> opaque
PairwiseDistance    p eps                                                                                    -> opaque
Fold                output_size kernel_size                                                                  -> opaque
Unfold              kernel_size                                                                              -> opaque
"""


@dataclass(frozen=True, slots=True)
class LayerInfo:
    """A torch layer: constructor parameters in order, defaults that matter, operation, mode."""

    kind: str
    parameters: tuple[str, ...]
    defaults: dict[str, object]
    operation: str
    has_mode: bool


def _read(table: str) -> dict[str, LayerInfo]:
    layers = {}
    for line in table.strip().splitlines():
        words, _, operation = line.partition("->")
        kind, *parameters = words.split()
        defaults = {}
        for parameter in parameters:
            name, equals, default = parameter.partition("=")
            if equals:
                defaults[name] = ast.literal_eval(default)
        names = tuple(parameter.partition("=")[0] for parameter in parameters)
        info = LayerInfo(kind.rstrip("*"), names, defaults, operation.strip(), kind.endswith("*"))
        layers["torch.nn." + info.kind] = info
    return layers


LAYERS = _read(_TABLE)

RATE_OF_MODE = {"dropout": "p", "recurrent": "dropout", "attention": "dropout", "same_shape": "dropout"}
"""Operations whose mode matters only when this constructor argument is not 0."""

BATCH_NORMS = frozenset(name for name in LAYERS if "BatchNorm" in name)

BIAS_CANCELLING_NORMS = BATCH_NORMS | frozenset(name for name in LAYERS if "InstanceNorm" in name)
"""Normalizations over each channel's own values: a constant added to a channel changes nothing."""

_WEIGHTED_OPERATIONS = frozenset(
    {"linear", "conv", "conv_transpose", "embedding", "recurrent", "recurrent_cell", "attention", "same_shape"}
)
_WEIGHTED_KINDS = frozenset(
    [
        "Bilinear",
        "EmbeddingBag",
        "PReLU",
        "LayerNorm",
        "RMSNorm",
        "GroupNorm",
        "Transformer",
        "TransformerEncoder",
        "TransformerDecoder",
    ]
)

WEIGHTED = BATCH_NORMS | frozenset(
    name for name, info in LAYERS.items() if info.operation in _WEIGHTED_OPERATIONS or info.kind in _WEIGHTED_KINDS
)
"""Layers that have parameters, whatever they are given."""

CONTAINERS = frozenset(
    "torch.nn." + name
    for name in ("Module", "Sequential", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict")
)

MODULE_BASES = frozenset(
    {"torch.nn.Module", "torch.jit.ScriptModule", "pytorch_lightning.LightningModule", "transformers.PreTrainedModel"}
)
"""Classes of which a subclass is a network."""

WRAPPERS = {
    "torch.nn.DataParallel": "module",
    "torch.nn.DistributedDataParallel": "module",
    "torch.distributed.fsdp.FullyShardedDataParallel": "module",
    "apex.parallel.DistributedDataParallel": "module",
    "deepspeed.DeepSpeedEngine": "module",
}
"""Modules that hold another as an attribute of this name and call it."""

SAME_MODULE = frozenset(
    {
        "torch.compile",
        "torch.nn.SyncBatchNorm.convert_sync_batchnorm",
        "torch.jit.script",
        "apex.parallel.convert_syncbn_model",
        "torch.nn.utils.weight_norm",
        "torch.nn.utils.spectral_norm",
        "torch.nn.utils.parametrizations.spectral_norm",
        "torch.nn.utils.parametrizations.weight_norm",
        "torch.nn.utils.parametrize.register_parametrization",
    }
)
"""Functions that return the module that they are given, in effect."""

_LEARNING = frozenset(
    {"linear", "conv", "conv_transpose", "embedding", "recurrent", "recurrent_cell", "attention", "same_shape"}
)
_LEARNING_TOO = frozenset(
    {"Bilinear", "EmbeddingBag", "PReLU", "Transformer", "TransformerEncoder", "TransformerDecoder"}
)  # by their class, not by their operation


def has_parameters(dotted: str, settings: dict[str, object]) -> bool:
    """Whether a layer that is constructed with these settings has parameters that are learned."""
    info = LAYERS.get(dotted)
    if info is None:
        return False
    if info.operation in ("norm", "channel_norm"):
        affine = settings.get("elementwise_affine", settings.get("affine", True))
        return affine is not False and info.kind != "LocalResponseNorm"
    return info.operation in _LEARNING or info.kind in _LEARNING_TOO
