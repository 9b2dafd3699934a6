"""The functions and methods of tensors: which operation each one is, and its parameters in order.

One line an operation: `operation: name(parameters) …`. A name stands for `torch.name`, `torch.nn.functional.name` and the
method `tensor.name`, whichever of them exist; the first parameter is the tensor itself.
"""

from __future__ import annotations

import re

_TABLE = """
softmax:      softmax(dim _stacklevel dtype) softmin(dim)
log_softmax:  log_softmax(dim _stacklevel dtype)
gumbel_softmax: gumbel_softmax(tau hard eps dim)
sigmoid:      sigmoid() sigmoid_() hardsigmoid()
logsigmoid:   logsigmoid()
relu:         relu(inplace) relu_() relu6(inplace)
softplus:     softplus(beta threshold)
tanh:         tanh() tanh_() hardtanh(min_val max_val)
activation:   leaky_relu(negative_slope inplace) gelu(approximate) elu(alpha inplace) selu(inplace) silu(inplace) mish(inplace) hardswish(inplace) prelu(weight) rrelu(lower upper training) celu(alpha) leaky_relu_(negative_slope) elu_() glu(dim)
dropout:      dropout(p training inplace) dropout1d(p training inplace) dropout2d(p training inplace) dropout3d(p training inplace) alpha_dropout(p training inplace) feature_dropout(p training)
exp:          exp() exp_()
log:          log() log_() log2() log10()
identity:     contiguous(memory_format) to(device dtype) cuda(device) cpu() float() double() half() bfloat16() clone(memory_format) type(dtype) type_as(other) to_dense() requires_grad_(requires_grad) retain_grad() pin_memory() nan_to_num() nan_to_num_() register_hook(hook) as_tensor() astype(dtype)
detach:       detach() detach_() item() tolist() numpy()
clamp:        clamp(min max) clamp_(min max) clip(min max) clip_(min max) clamp_min(min) clamp_max(max) clamp_min_(min) clamp_max_(max)
keep:         masked_fill(mask value) masked_fill_(mask value)
round:        round(decimals) round_()
view:         view() reshape() view_as(other) reshape_as(other) _unsafe_view()
resize:       resize() resize_() resize_as_(other)
flatten:      flatten(start_dim end_dim) ravel()
unflatten:    unflatten(dim sizes)
transpose:    transpose(dim0 dim1) swapaxes(dim0 dim1) swapdims(dim0 dim1) transpose_(dim0 dim1)
t:            t()
permute:      permute() moveaxis(source destination) movedim(source destination)
squeeze:      squeeze(dim) squeeze_(dim)
unsqueeze:    unsqueeze(dim) unsqueeze_(dim)
expand:       expand() expand_as(other) broadcast_to(size) repeat() tile() repeat_interleave(repeats dim)
select:       index_select(dim index) gather(dim index) select(dim index) narrow(dim start length) masked_select(mask) take(index) index_copy(dim index source) roll(shifts dims) flip(dims)
chunk:        chunk(chunks dim) split(split_size dim) tensor_split(indices dim)
unbind:       unbind(dim)
cat:          cat(dim) concat(dim) concatenate(dim)
stack:        stack(dim)
matmul:       matmul(other) mm(other) bmm(other) mv(other) dot(other)
einsum:       einsum()
attention:    scaled_dot_product_attention(key value attn_mask dropout_p is_causal)
argmax:       argmax(dim keepdim) argmin(dim keepdim)
step:         sign() floor() ceil() trunc() heaviside(values)
extreme:      max(dim keepdim) min(dim keepdim) topk(k dim) median(dim) kthvalue(k dim)
sort:         sort(dim descending stable)
argsort:      argsort(dim descending stable)
sum:          sum(dim keepdim) nansum(dim keepdim)
mean:         mean(dim keepdim) nanmean(dim keepdim)
reduce:       prod(dim keepdim) amax(dim keepdim) amin(dim keepdim) std(dim) var(dim) norm(p dim) logsumexp(dim keepdim) all(dim) any(dim)
one_hot:      one_hot(num_classes)
scatter:      scatter(dim index src) scatter_(dim index src)
compare:      eq(other) ne(other) gt(other) lt(other) ge(other) le(other) isnan() isinf() isfinite() equal(other) allclose(other)
add:          add(other) add_(other) sub(other) sub_(other)
scale:        mul(other) mul_(other) div(other) div_(other) true_divide(other) multiply(other) divide(other)
sqrt:         sqrt() sqrt_() rsqrt()
pow:          pow(exponent) pow_(exponent)
elementwise:  abs() neg() square() sin() cos() log1p() expm1() reciprocal() erf() tan() cumsum(dim) cumprod(dim) scatter_add_(dim index src) index_add_(dim index source) copy_(src) fill_(value) zero_() normal_() uniform_() masked_scatter(mask source) logical_not() int() long() short() bool() byte() char() bernoulli() triu(diagonal) tril(diagonal) normalize(p dim eps) layer_norm(shape) group_norm(groups) instance_norm() batch_norm() xlogy(other) erfinv() local_response_norm(size)
various:      lerp(end weight) where(x y) addcmul(a b) atan2(other) fmod(other) remainder(other) maximum(other) minimum(other) addmm(a b) baddbmm(a b) logical_and(other) logical_or(other) multinomial(n) bucketize(b) diag() diagonal() trace() inverse() pad(pad mode value) unfold() fold() grid_sample(grid) affine_grid(size) cosine_similarity(other dim) pairwise_distance(other) cdist(other) outer(other) cross(other) bincount() unique() nonzero() histc() addmv(a b) baddmm(a b) kron(other) logaddexp(other) embedding_bag(weight)
embedding:    embedding(weight)
linear:       linear(weight bias)
conv:         conv1d(weight bias stride padding dilation groups) conv2d(weight bias stride padding dilation groups) conv3d(weight bias stride padding dilation groups) conv_transpose1d(weight bias) conv_transpose2d(weight bias)
pool:         max_pool1d(kernel_size stride padding) max_pool2d(kernel_size stride padding) max_pool3d(kernel_size stride padding) avg_pool1d(kernel_size stride padding) avg_pool2d(kernel_size stride padding) avg_pool3d(kernel_size stride padding)
adaptive_pool: adaptive_avg_pool1d(output_size) adaptive_avg_pool2d(output_size) adaptive_avg_pool3d(output_size) adaptive_max_pool1d(output_size) adaptive_max_pool2d(output_size)
resample:     interpolate(size scale_factor mode align_corners) upsample(size scale_factor mode)
shuffle:      pixel_shuffle(upscale_factor) pixel_unshuffle(downscale_factor) channel_shuffle(groups)
"""

_CALL = re.compile(r"(\w+)\(([^)]*)\)")

OPERATIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    name: (line.partition(":")[0].strip(), tuple(parameters.split()))
    for line in _TABLE.strip().splitlines()
    for name, parameters in _CALL.findall(line.partition(":")[2])
}
"""Name -> (operation, parameters after the tensor)."""

FACTORIES = frozenset(
    "torch." + name
    for name in [
        "zeros",
        "ones",
        "empty",
        "full",
        "rand",
        "randn",
        "randint",
        "arange",
        "linspace",
        "eye",
        "tensor",
        "from_numpy",
        "zeros_like",
        "ones_like",
        "rand_like",
        "randn_like",
        "full_like",
        "empty_like",
        "randperm",
        "logspace",
        "normal",
        "FloatTensor",
        "LongTensor",
        "Tensor",
        "IntTensor",
        "ByteTensor",
    ]
)
"""Functions that make a tensor of nothing: what they make hangs on no graph."""

SIZED_FACTORIES = frozenset("torch." + name for name in ["zeros", "ones", "empty", "rand", "randn"])
"""Of these the arguments are the sizes."""

TENSOR_CASTS = frozenset(
    "torch." + name for name in ["from_numpy", "FloatTensor", "LongTensor", "Tensor", "IntTensor", "ByteTensor"]
)
"""Of these the one argument is what the tensor is made of, if it is a tensor or an array."""

NOT_TENSOR_METHODS = frozenset(
    {
        "astype",
        "round",
        "type",
        "select",
        "max",
        "min",
        "sum",
        "all",
        "any",
        "sort",
        "split",
        "take",
        "to",
        "cpu",
        "cuda",
        "half",
        "float",
        "double",
        "train",
        "eval",
        "dot",
        "diff",
        "fill_",
        "unique",
        "pad",
        "normalize",
        "dropout",
        "embedding",
        "linear",
        "where",
        "fold",
        "unfold",
        "cross",
        "add",
        "copy_",
        "int",
        "bool",
        "item",
        "norm",
        "register_hook",
        "requires_grad_",
        "repeat",
        "pow",
        "log",
        "mean",
        "std",
        "var",
    }
)
"""Methods that objects other than tensors have too: calling them proves no tensor."""

HARMLESS = frozenset(
    {
        "print", "len", "isinstance", "issubclass", "type", "id", "repr", "str", "hasattr", "callable", "format", "vars", "dir", "hash",
        "torch.save", "torch.is_tensor", "torch.numel", "torch.isnan", "torch.utils.data.DataLoader", "os.path.join", "warnings.warn",
        "torchsummary.summary", "torchinfo.summary", "wandb.watch", "wandb.log", "wandb.init", "copy.deepcopy", "copy.copy",
        "torch.nn.utils.clip_grad_norm_", "torch.nn.utils.clip_grad_value_", "torch.nn.utils.clip_grad_norm", "torch.nn.utils.clip_grad.clip_grad_norm_",
        "torch.nn.utils.parameters_to_vector", "torch.cuda.synchronize", "torch.distributed.barrier", "tqdm.tqdm.write", "json.dump",
        "pickle.dump", "inspect.signature", "logging.info", "logging.debug", "torch.onnx.export", "sys.getsizeof", "gc.collect",
        "thop.profile", "ptflops.get_model_complexity_info", "np.save", "numpy.save",
    }
)  # fmt: skip
"""Functions that change neither the mode nor the gradients of what they are given."""

DROPS_BY_DEFAULT = frozenset({"dropout", "dropout1d", "dropout2d", "dropout3d"})
"""Functions whose `training` is True where it is not given; that of `alpha_dropout` is False."""
