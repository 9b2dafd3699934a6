"""Which tokens a network reads, and which of them its scores are compared with."""

from __future__ import annotations

import pytest

from nnlint.events import TokensScored
from tests.interpreting import events, pick

NET = """
class Net(nn.Module):
    def __init__(self, bidirectional=False):
        super().__init__()
        self.embed = nn.Embedding(50, 8)
        self.lstm = nn.LSTM(8, 8, batch_first=True, bidirectional=bidirectional)
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2), 2)
        self.attend = nn.MultiheadAttention(8, 2, batch_first=True)
        self.qkv = nn.Linear(8, 24)
        self.parts = nn.ModuleDict(dict(norm=nn.LayerNorm(8)))
        self.drop = nn.Dropout(0.1)
        self.decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(8, 2), 2)
        self.transformer = nn.Transformer(8, 2)
        self.head = nn.Linear(8, 50)

    def forward(self, tokens, mask=None, memory=None):
        x = self.embed(tokens)
        {layers}
        return self.head(x)
"""
TRAIN = """
net = Net({made})
for {batch} in loader:
    {setup}
    scores = net({read})
    loss = F.cross_entropy({scores}, {target})
    loss.backward()
"""
LSTM = "x = self.lstm(x)[0]"


def scored(
    read: str = "x",
    scores: str = "scores.view(-1, 50)",
    target: str = "x.view(-1)",
    layers: str = LSTM,
    batch: str = "x",
    setup: str = "pass",
    made: str = "",
    before: str = "loader = torch.load('x')",
) -> list[tuple[int, int]]:
    """Of each loss how many tokens ahead its targets are, and how many calls saw all tokens."""
    layers = layers.replace("\n", "\n        ")
    script = (
        before
        + NET.format(layers=layers)
        + TRAIN.format(read=read, scores=scores, target=target, batch=batch, setup=setup, made=made)
    )
    return sorted({(event.ahead, len(event.peeks)) for event in pick(TokensScored, events(script))})


@pytest.mark.parametrize(
    ("read", "scores", "target", "ahead"),
    [
        ("x", "scores.view(-1, 50)", "x.view(-1)", 0),
        ("x", "scores.reshape(-1, scores.size(-1))", "x.reshape(-1)", 0),
        ("x", "scores.flatten(0, 1)", "x.flatten()", 0),
        ("x", "scores.transpose(1, 2)", "x.clone().long()", 0),
        ("x.to('cuda')", "scores.permute(0, 2, 1)", "x.to('cuda')", 0),
        ("x[:, :-1]", "scores.transpose(1, 2)", "x[:, 1:]", 1),
        ("x[:, :-1]", "scores.transpose(1, 2)", "x[:, :-1]", 0),
        ("x[:-1]", "scores.view(-1, 50)", "x[1:].view(-1)", 1),
        ("x", "scores[:, :-1].transpose(1, 2)", "x[:, 1:]", 1),
        ("x", "scores[..., :-1, :].contiguous().view(-1, 50)", "x[..., 1:].contiguous().view(-1)", 1),
        ("x", "scores[:, 1:].transpose(1, 2)", "x[:, 1:]", 0),
        ("x", "F.log_softmax(scores, dim=-1).view(-1, 50)", "x.view(-1)", 0),
    ],
)
def test_scores_stand_for_the_positions_that_were_read(read: str, scores: str, target: str, ahead: int) -> None:
    assert scored(read, scores, target) == [(ahead, 0)]


@pytest.mark.parametrize(
    ("batch", "read", "target"),
    [
        ("x, y", "x", "y"),
        ("batch", "batch['input_ids']", "batch['labels']"),
        ("x", "x.masked_fill(torch.rand(9) < 0.1, 3)", "x"),
        ("x", "torch.roll(x, 1, 1)", "x"),
        ("x", "torch.cat([start, x], 1)", "x"),
        ("x", "torch.where(noise, 3, x)", "x"),
        ("x", "x", "x + 1"),
        ("x", "x", "x[:, n]"),
        ("x", "x[n]", "x[m]"),
    ],
)
def test_other_tokens_are_not_those_that_were_read(batch: str, read: str, target: str) -> None:
    assert scored(read, "scores.transpose(1, 2)", target, batch=batch) == []


@pytest.mark.parametrize(
    "setup",
    ["y = x.clone(); x[hidden] = 3", "y = x.clone(); y[~hidden] = -100", "y = x.clone(); x.masked_fill_(hidden, 3)"],
)
def test_what_is_written_into_has_other_tokens(setup: str) -> None:
    assert scored(target="y.view(-1)", setup=setup) == []


def test_the_padding_of_labels_does_not_matter() -> None:
    assert scored(target="y.view(-1)", setup="y = x.clone(); y[y == pad_id] = -100") == [(0, 0)]


def test_the_tokens_of_smoke_tests_do_not_matter() -> None:
    assert scored(setup="x = torch.randint(0, 50, (4, 9))") == []


@pytest.mark.parametrize(
    "layers",
    [
        "x = self.lstm(x)[0][:, -1]",
        "x = self.lstm(x)[1][0]",
        "x = self.lstm(x)[0].mean(1)",
        "x = x.view(4, -1)",
        "x = x * mask",
        "x = x.masked_fill(mask, 0)",
        "x = torch.cat([x, memory], 1)",
    ],
)
def test_positions_that_are_mixed_are_not_followed(layers: str) -> None:
    assert scored("x, torch.rand(4, 9, 1) > 0.5", layers=layers) == []


@pytest.mark.parametrize(
    "layers",
    [
        "x = F.layer_norm(x, (8,))",
        "x = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6)",
        "x = self.parts.norm(x)",
        "x = x * torch.sigmoid(self.qkv(x))",
        "x = self.attend(x, x, x)[0] if memory else self.lstm(x)[0]",
    ],
)
def test_positions_stay_apart(layers: str) -> None:
    assert [ahead for ahead, _ in scored(layers=layers)] == [0]


SHIFTED = {"read": "x[:, :-1]", "scores": "scores.transpose(1, 2)", "target": "x[:, 1:]"}


@pytest.mark.parametrize(
    ("layers", "peeks"),
    [
        ("x = self.encoder(x)", 1),
        ("x = self.encoder(x, mask)", 1),
        ("x = self.encoder(x, src_key_padding_mask=tokens == 0)", 1),
        ("x = self.encoder(x, mask=causal)", 0),
        ("x = self.encoder(x, None)", 1),
        ("x = x + self.attend(x, x, x)[0]", 1),
        ("x = x + self.attend(x, x, x, attn_mask=causal)[0]", 0),
        ("x = x + self.attend(x, memory, memory)[0]", 0),
        ("x = self.decoder(x, memory)", 1),
        ("x = self.decoder(x, memory, tgt_mask=causal)", 0),
        ("x = self.transformer(memory, x)", 1),
        ("x = self.transformer(memory, x, tgt_mask=causal)", 0),
        ("q, k, v = self.qkv(x).chunk(3, -1)\nx = x + F.scaled_dot_product_attention(q, k, v)", 1),
        ("q, k, v = self.qkv(x).chunk(3, -1)\nx = x + F.scaled_dot_product_attention(q, k, v, is_causal=True)", 0),
        (
            "q, k, v = self.qkv(x).view(4, 9, 3, 2, 4).permute(2, 0, 3, 1, 4)\n"
            "x = x + F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(4, 9, 8)",
            1,
        ),
        ("q, k, v = self.qkv(x).split(8, dim=2)\nx = x + F.scaled_dot_product_attention(q, k, v, attn_mask=causal)", 0),
    ],
)  # fmt: skip
def test_attention_without_a_causal_mask_sees_the_tokens_behind(layers: str, peeks: int) -> None:
    assert scored(layers=layers, **SHIFTED) == [(1, peeks)]


SCORES = "q, k, v = self.qkv(x).chunk(3, -1)\nscores = q @ k.transpose(-2, -1) / 8**0.5\n"


@pytest.mark.parametrize(
    ("attention", "peeks"),
    [
        ("x = x + F.softmax(scores, dim=-1) @ v", 1),
        ("x = x + torch.matmul(self.drop(scores.softmax(-1)), v)", 1),
        ("x = x + torch.cat([F.softmax(scores, dim=-1) @ v for _ in range(2)], dim=-1)", 1),
        ("x = x + F.softmax(scores.masked_fill(causal, -1e9), dim=-1) @ v", 0),
        ("scores = scores.masked_fill(causal, -1e9)\nx = x + F.softmax(scores, dim=-1) @ v", 0),
        ("scores.masked_fill_(causal, -1e9)\nx = x + F.softmax(scores, dim=-1) @ v", 0),
        ("scores[causal] = -1e9\nx = x + F.softmax(scores, dim=-1) @ v", 0),
        ("x = x + F.softmax(scores + causal, dim=-1) @ v", 0),
        ("x = x + F.softmax(torch.where(causal, scores, -1e9), dim=-1) @ v", 0),
        ("x = x + (F.softmax(scores, dim=-1) * causal) @ v", 0),
        ("if causal:\n    scores = scores + causal\nx = x + F.softmax(scores, dim=-1) @ v", 0),
    ],
)
def test_attention_by_hand_is_known_by_its_softmax(attention: str, peeks: int) -> None:
    assert scored(layers=SCORES + attention, **SHIFTED) == [(1, peeks)]


def test_a_recurrent_layer_of_both_directions_sees_them_too() -> None:
    assert scored(made="True", layers=LSTM, **SHIFTED) == [(1, 1)]


CHUNKS = """
from torch.utils.data import DataLoader, Dataset
class Chunks(Dataset):
    def __init__(self, ids, n):
        self.ids, self.n = ids, n
    def __len__(self):
        return len(self.ids) - self.n
    def __getitem__(self, i):
        {body}
loader = DataLoader(Chunks(torch.load("ids"), 9), batch_size=4)
"""


@pytest.mark.parametrize(
    ("body", "ahead"),
    [
        ("chunk = self.ids[i : i + self.n + 1]; return chunk[:-1], chunk[1:]", 1),
        ("return self.ids[i : i + self.n], self.ids[i + 1 : i + self.n + 1]", 1),
        ("return self.ids[i : i + self.n], self.ids[i : i + self.n]", 0),
        ("return torch.tensor(self.ids[i : i + self.n]), torch.tensor(self.ids[i + 1 : i + 1 + self.n])", 1),
    ],
)
def test_the_items_of_a_dataset_are_followed(body: str, ahead: int) -> None:
    before = CHUNKS.format(body=body)
    assert scored(batch="x, y", scores="scores.transpose(1, 2)", target="y", before=before) == [(ahead, 0)]


def test_arrays_of_numpy_are_followed() -> None:
    read = "torch.stack([torch.from_numpy(data[i + {} : i + 9].astype(int)) for i in starts])"
    setup = f"starts = torch.randint(9, (4,)); x = {read.format(0)}; y = {read.format(1)}"
    assert scored(batch="data", setup=setup, scores="scores.transpose(1, 2)", target="y") == [(1, 0)]


@pytest.mark.parametrize("starts", ["torch.randint(9, (4,))", "torch.randint(9, (4,)).tolist()", "places"])
def test_pieces_of_a_text_are_followed(starts: str) -> None:
    read = "x = torch.stack([data[i : i + 9] for i in starts])"
    setup = f"starts = {starts}; {read}; y = torch.stack([data[i + 1 : i + 10] for i in starts])"
    assert scored(batch="data", setup=setup, scores="scores.transpose(1, 2)", target="y") == [(1, 0)]
