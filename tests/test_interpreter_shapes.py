"""Shapes: how large tensors are, and whether a view moves what it reads."""

from __future__ import annotations

import pytest

from nnlint.finding import Confidence
from tests.interpreting import shape_of, views, wrong

# --- shapes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "shape"),
    [
        ("z", "2 3 4"),
        ("z.transpose(1, 2)", "2 4 3"),
        ("z.transpose(-1, -2)", "2 4 3"),
        ("z.mT", "2 4 3"),
        ("z.permute(2, 0, 1)", "4 2 3"),
        ("z.permute((2, 0, 1))", "4 2 3"),
        ("torch.permute(z, (2, 0, 1))", "4 2 3"),
        ("z.movedim(0, -1)", "3 4 2"),
        ("z.unsqueeze(0)", "1 2 3 4"),
        ("z.unsqueeze(-1)", "2 3 4 1"),
        ("z[:, None]", "2 1 3 4"),
        ("z[None].squeeze(0)", "2 3 4"),
        ("z[None].squeeze()", "2 3 4"),
        ("z.flatten(1)", "2 12"),
        ("z.flatten(0, 1)", "6 4"),
        ("nn.Flatten()(z)", "2 12"),
        ("z.unflatten(2, (2, 2))", "2 3 2 2"),
        ("z.view(6, 4)", "6 4"),
        ("z.view(6, -1)", "6 4"),
        ("z.reshape(-1, 2, 2)", "6 2 2"),
        ("z[0]", "3 4"),
        ("z[-1]", "3 4"),
        ("z[:, 0]", "2 4"),
        ("z[..., 0]", "2 3"),
        ("z[:, 1:]", "2 2 4"),
        ("z[:, ::2]", "2 2 4"),
        ("z[:, -2:]", "2 2 4"),
        ("z[:, :, :1]", "2 3 1"),
        ("z.sum(1)", "2 4"),
        ("z.mean(dim=1, keepdim=True)", "2 1 4"),
        ("z.mean((1, 2))", "2"),
        ("z.max(dim=1)[0]", "2 4"),
        ("z.argmax(-1)", "2 3"),
        ("z.expand(5, 2, 3, 4)", "5 2 3 4"),
        ("z.repeat(2, 1, 1)", "4 3 4"),
        ("torch.cat([z, z], dim=1)", "2 6 4"),
        ("torch.stack([z, z], dim=1)", "2 2 3 4"),
        ("z.chunk(2, dim=-1)[0]", "2 3 2"),
        ("z.split(1, dim=1)[0]", "2 1 4"),
        ("z.unbind(1)[0]", "2 4"),
        ("z + torch.zeros(4)", "2 3 4"),
        ("z * torch.zeros(5, 1, 1, 1)", "5 2 3 4"),
        ("z @ torch.zeros(4, 5)", "2 3 5"),
        ("torch.matmul(z, torch.zeros(2, 4, 5))", "2 3 5"),
        ("torch.bmm(z, torch.zeros(2, 4, 5))", "2 3 5"),
        ("z.softmax(-1)", "2 3 4"),
        ("F.pad(z, (1, 1))", "2 3 6"),
        ("torch.einsum('bij,bjk->bik', z, torch.zeros(2, 4, 5))", "2 3 5"),
        ("torch.einsum('b i j -> j b i', z)", "4 2 3"),
        ("torch.einsum('bij->bji', [z])", "2 4 3"),
        ("einops.rearrange(z, 'b t c -> c b t')", "4 2 3"),
        ("einops.rearrange(z, 'b t c -> b (t c)')", "2 12"),
        ("einops.rearrange(z, 'b t (h d) -> b h t d', h=2)", "2 2 3 2"),
        ("einops.rearrange(z, 'b t c -> b 1 t c')", "2 1 3 4"),
        ("einops.reduce(z, 'b t c -> b c', 'mean')", "2 4"),
        ("einops.repeat(z, 'b t c -> b k t c', k=5)", "2 5 3 4"),
        ("torch.zeros_like(z)", "2 3 4"),
        ("torch.zeros(z.shape[0], z.size(1))", "2 3"),
        ("torch.zeros(*z.shape)", "2 3 4"),
        ("torch.zeros(z.shape)", "2 3 4"),
        ("torch.zeros((z.size(0), z.shape[-1]))", "2 4"),
        ("z.new_zeros(5, 6)", "5 6"),
    ],
)
def test_shapes_are_those_of_torch_or_not_known(operation: str, shape: str) -> None:
    found = shape_of(operation, "import einops\nz = torch.zeros(2, 3, 4)")
    assert agrees(found, tuple(shape.split()))


def agrees(found: tuple[str, ...] | None, shape: tuple[str, ...]) -> bool:
    """Whether nothing is claimed of a shape that is not so: sizes may be unknown, and have names then."""
    if found is None:
        return True
    return len(found) == len(shape) and all(
        size == wanted or not size.isdigit() for size, wanted in zip(found, shape, strict=True)
    )


@pytest.mark.parametrize(
    ("layer", "before", "after"),
    [
        ("nn.Linear(4, 7)", (2, 3, 4), (2, 3, 7)),
        ("nn.Conv1d(3, 8, 3)", (2, 3, 10), (2, 8, 8)),
        ("nn.Conv2d(3, 8, 3)", (2, 3, 10, 12), (2, 8, 8, 10)),
        ("nn.Conv2d(3, 8, 3, padding=1)", (2, 3, 10, 12), (2, 8, 10, 12)),
        ("nn.Conv2d(3, 8, 3, 2, 1)", (2, 3, 10, 12), (2, 8, 5, 6)),
        ("nn.Conv2d(3, 8, kernel_size=(3, 5), padding=(1, 2))", (2, 3, 10, 12), (2, 8, 10, 12)),
        ("nn.Conv2d(3, 8, 3, padding='same')", (2, 3, 10, 12), (2, 8, 10, 12)),
        ("nn.Conv2d(3, 8, 3, dilation=2)", (2, 3, 10, 12), (2, 8, 6, 8)),
        ("nn.ConvTranspose2d(3, 8, 2, stride=2)", (2, 3, 10, 12), (2, 8, 20, 24)),
        ("nn.MaxPool2d(2)", (2, 3, 10, 12), (2, 3, 5, 6)),
        ("nn.MaxPool2d(3, stride=2, padding=1)", (2, 3, 10, 12), (2, 3, 5, 6)),
        ("nn.AvgPool1d(2)", (2, 3, 10), (2, 3, 5)),
        ("nn.AdaptiveAvgPool2d(1)", (2, 3, 10, 12), (2, 3, 1, 1)),
        ("nn.AdaptiveAvgPool2d((4, 5))", (2, 3, 10, 12), (2, 3, 4, 5)),
        ("nn.Flatten()", (2, 3, 10), (2, 30)),
        ("nn.Flatten(0, 1)", (2, 3, 10), (6, 10)),
        ("nn.Unflatten(1, (3, 2))", (2, 6), (2, 3, 2)),
        ("nn.BatchNorm2d(3)", (2, 3, 10, 12), (2, 3, 10, 12)),
        ("nn.LayerNorm(4)", (2, 3, 4), (2, 3, 4)),
        ("nn.Dropout()", (2, 3), (2, 3)),
        ("nn.ReLU()", (2, 3), (2, 3)),
        ("nn.Embedding(100, 16)", (2, 3), (2, 3, 16)),
        ("nn.Upsample(scale_factor=2)", (2, 3, 10, 12), (2, 3, 20, 24)),
        ("nn.PixelShuffle(2)", (2, 12, 10, 12), (2, 3, 20, 24)),
        ("nn.PixelUnshuffle(2)", (2, 3, 10, 12), (2, 12, 5, 6)),
        ("nn.TransformerEncoderLayer(4, 2)", (2, 3, 4), (2, 3, 4)),
        ("nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(640, 5))", (2, 3, 10, 12), (2, 5)),
        ("nn.Identity()", (2, 3), (2, 3)),
    ],
)
def test_layers_make_the_sizes_that_torch_makes_or_unknown_ones(
    layer: str, before: tuple[int, ...], after: tuple[int, ...]
) -> None:
    assert agrees(shape_of(f"{layer}(torch.zeros{before})"), tuple(map(str, after)))


@pytest.mark.parametrize(
    ("layer", "part", "after"),
    [
        ("nn.LSTM(4, 8, batch_first=True)", "[0]", "2 3 8"),
        ("nn.LSTM(4, 8)", "[0]", "2 3 8"),
        ("nn.LSTM(4, 8, bidirectional=True)", "[0]", "2 3 16"),
        ("nn.GRU(4, 8, batch_first=True)", "[1]", "1 2 8"),
        ("nn.GRU(4, 8)", "[1]", "1 3 8"),
        ("nn.GRU(4, 8, num_layers=2, bidirectional=True)", "[1]", "4 3 8"),
        pytest.param(
            "nn.LSTM(4, 8, batch_first=True)",
            "[1][0]",
            "1 2 8",
            marks=wrong("called where it is made it has no cell state"),
        ),
    ],
)
def test_a_recurrent_layer_returns_outputs_and_state(layer: str, part: str, after: str) -> None:
    assert shape_of(f"{layer}(torch.zeros(2, 3, 4)){part}") == tuple(after.split())


def test_names_of_unknown_sizes_are_the_users_own() -> None:
    setup = "z = torch.load('z')\nbatch, time, width = z.shape"
    assert shape_of("z.transpose(0, 1)", setup) == ("time", "batch", "width")


# --- views -------------------------------------------------------------------------------------------------------


def moved(view: str) -> tuple[str, ...]:
    """The sizes that a view of `z` [b, t, c] or `image` [b, c, h, w] has moved."""
    setup = """
z, image = torch.load("z"), torch.load("image")
def forward(z, image):
    b, t, c = z.shape
    n, k, h, w = image.shape
    """
    told = views(f"{setup}return {view}\nforward(z, image)")
    return told[-1].moved if told else ()


@pytest.mark.parametrize(
    "view",
    [
        "z.view(b, t * c)",
        "z.view(b * t, c)",
        "z.view(-1, c)",
        "z.view(b, -1)",
        "z.view(b, t, 4, c // 4)",
        "z.reshape(b, 1, t, c)",
        "z.transpose(1, 2).reshape(b, c, t)",
        "z.permute(1, 0, 2).reshape(t, b * c)",
        "z.transpose(0, 1).contiguous().view(t, b, c)",
        "image.view(n, k, h * w)",
        "image.flatten(2).transpose(1, 2).reshape(n, h, w, k)",
        "image.permute(0, 2, 3, 1).reshape(-1, k)",
        "z.view(z.size(0), -1)",
        "z.reshape(z.shape)",
        "z.view(b, t, 4, c // 4).transpose(1, 2).reshape(b * 4, t, c // 4)",
        "torch.reshape(z, (b, t * c))",
        "image.reshape(n, k // 2, 2, h, w).transpose(1, 2).reshape(n, k, h, w)",
        "z.view_as(z)",
    ],
)
def test_a_view_that_splits_and_merges_neighbours_moves_nothing(view: str) -> None:
    assert moved(view) == ()


@pytest.mark.parametrize(
    "view",
    [
        "z.view(t, b, c)",
        "z.reshape(b, c, t)",
        "z.reshape(c, t, b)",
        "z.view(-1, b, c)",
        "torch.reshape(z, (b, c, t))",
        "z.reshape([b, c, t])",
        "z.transpose(0, 1).reshape(b, t, c)",
        "z.transpose(1, 2).reshape(b, t, c)",
        "z.permute(1, 0, 2).reshape(b, t * c)",
        "image.view(n, h, w, k)",
        "image.reshape(n, h * w, k)",
        "image.flatten(2).reshape(n, h * w, k)",
        "z.view(b, 4, t, c // 4)",
        "z.view(z.size(1), z.size(0), -1)",
        "z.reshape(z.shape[0], z.shape[2], z.shape[1])",
        "image.permute(0, 2, 3, 1).reshape(n, k, h, w)",
        pytest.param("(z + 1).reshape(b, c, t)", marks=wrong("arithmetic loses the shape of something unknown")),
        "F.relu(z).reshape(b, c, t)",
        "nn.Dropout()(z).reshape(b, c, t)",
    ],
)
def test_a_view_with_the_old_sizes_in_another_order_moves_them(view: str) -> None:
    assert moved(view) != ()


def test_a_view_says_what_it_was_and_became() -> None:
    (view,) = views("z = torch.load('z')\nb, t, c = z.shape\nz.view(t, b, c)")
    assert (view.call, view.before, view.after, view.moved) == (
        "z.view(t, b, c)",
        ("b", "t", "c"),
        ("t", "b", "c"),
        ("t", "b"),
    )


@pytest.mark.parametrize(
    "view", ["z.view(b, 4, t, c // 4)", "z.view(b, t, 4, c // 4).transpose(1, 2).reshape(b, t, c)"]
)
def test_heads_that_are_split_or_merged_by_a_view_are_called_heads(view: str) -> None:
    told = views(f"z = torch.load('z')\nb, t, c = z.shape\n{view}")
    assert [each.heads for each in told][-1] is True


def test_sizes_that_turn_out_equal_are_not_moved() -> None:
    assert [view.moved for view in views("z = torch.zeros(4, 4, 3)\nz.reshape(4, 4, 3)")] == [()]


def test_a_view_of_a_tensor_of_unknown_shape_is_not_judged() -> None:
    assert [view.moved for view in views("z, b = torch.load('z')\nz.view(b, 3)") if view.moved] == []


# --- of tensors of unknown rank ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "view",
    [
        "nn.Linear(32, heads * d)(x).view(x.size(0) * heads, -1, d)",
        "nn.Linear(32, 64)(x).relu().view(x.size(0) * 8, -1, 8)",
        "nn.Linear(32, dim)(x).view(x.size(0) * heads, -1, dim // heads)",
    ],
)
def test_a_view_that_leaves_the_length_open_says_that_there_is_one(view: str) -> None:
    event = views(f"def project(x, heads, d, dim): {view}")[-1]
    assert event.heads
    assert event.confidence is Confidence.LIKELY


@pytest.mark.parametrize(
    "view",
    [
        "nn.Linear(32, heads * d)(x).view(-1, x.size(0) * heads, d)",
        "nn.Linear(32, heads * d)(x).view(x.size(0), -1, heads * d)",
        "x.view(x.size(0) * heads, -1, d)",
        "nn.Linear(32, heads * d)(x).view(x.size(0), -1, heads, d)",
    ],
)
def test_other_views_of_unknown_rank_say_nothing(view: str) -> None:
    assert not any(event.moved for event in views(f"def project(x, heads, d): {view}"))


# --- packed sequences ----------------------------------------------------------------------------------------------

PACKED = """
def encode(x, lengths, layers, bidirectional):
    lengths, order = lengths.sort(descending=True)
    batch, directions = x.size(0), 2 if bidirectional else 1
    packed = nn.utils.rnn.pack_padded_sequence(x[order], lengths, batch_first=True)
    out, state = nn.GRU(8, 16, layers, bidirectional=bidirectional)(packed)
    out, lengths = nn.utils.rnn.pad_packed_sequence(out{first})
    return {view}
"""


@pytest.mark.parametrize(
    ("view", "moved"),
    [
        ("state.view(batch, 16 * directions * layers)", True),
        ("state.transpose(0, 1).reshape(batch, 16 * directions * layers)", False),
        ("state.view(layers, directions, batch, 16)", False),
        ("out.view(batch, -1, directions, 16)", False),
        ("out.view(out.size(1), batch, 16 * directions)", True),
    ],
)
def test_a_recurrent_layer_sees_through_packing(view: str, moved: bool) -> None:
    told = views(PACKED.format(view=view, first=", batch_first=True"))
    assert [bool(event.moved) for event in told] == [moved]


def test_sequences_are_unpacked_time_first_unless_told_otherwise() -> None:
    told = views(PACKED.format(view="out.view(batch, -1, 16 * directions)", first=""))
    assert [bool(event.moved) for event in told] == [True]
