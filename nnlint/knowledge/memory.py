"""Which operations keep what for their backward pass, and which return a tensor in the same memory.

Tried out, one by one, by writing in place between the operation and `backward`.
"""

from __future__ import annotations

KEEPS_OUTPUT = frozenset(
    ["sigmoid", "tanh", "softmax", "softmax2d", "log_softmax", "logsoftmax", "exp", "sqrt", "rsqrt", "reciprocal", "relu"]
)  # fmt: skip
"""Functions and layers, in lower case, whose gradient is computed of their output."""

KEEPS_OUTPUT_IN_PLACE = KEEPS_OUTPUT | {"leaky_relu", "leakyrelu"}
"""Those of which that holds where they are done in place."""

KEEPS_INPUT = frozenset(
    [
        "leaky_relu", "leakyrelu", "elu", "gelu", "silu", "softplus", "hardsigmoid", "relu6", "hardtanh", "hardswish", "mish",
        "log", "abs", "pow", "square", "sin", "cos", "std", "var", "norm", "prod", "logsumexp",
        "max_pool1d", "max_pool2d", "max_pool3d", "maxpool1d", "maxpool2d", "maxpool3d", "layer_norm", "batch_norm",
    ]
)  # fmt: skip
"""Those whose gradient is computed of their input."""

WRITES = frozenset(
    [
        "add_", "sub_", "mul_", "div_", "clamp_", "clip_", "clamp_min_", "clamp_max_", "copy_", "fill_", "zero_", "normal_",
        "uniform_", "masked_fill_", "addcmul_", "addcdiv_", "lerp_", "pow_", "round_", "scatter_", "index_add_", "index_fill_",
    ]
)  # fmt: skip
"""Methods that write into their tensor."""

SAME_MEMORY = frozenset({"transpose", "t", "permute", "squeeze", "unsqueeze", "unbind", "chunk", "view", "view_as"})
"""What returns views. A `reshape` may do so."""

NEW_MEMORY = KEEPS_OUTPUT | KEEPS_INPUT | {
    "linear", "conv", "conv_transpose", "norm", "channel_norm", "matmul", "sum", "mean", "cat", "stack", "clone", "pool",
    "adaptive_pool", "activation", "scale", "add", "clamp", "keep", "recurrent_cell", "elementwise", "various", "embedding",
}  # fmt: skip
"""Operations that never return what they were given."""
