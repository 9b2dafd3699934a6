"""Which dimension is time: what a layer of sequences takes for it, is given, and what is read of its output."""

from __future__ import annotations

import pytest

from nnlint.events import SequenceRead
from tests.interpreting import events, pick

NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.images = nn.Conv2d(3, 8, 4, 4)
        self.words = nn.Embedding(50, 8)
        self.lstm = nn.LSTM(8, 8, {options})
        self.attend = nn.MultiheadAttention(8, 2, {options})
        self.encode = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, {options}), 2)

    def forward(self, x):
        return {output}
"""


def read(output: str, options: str = "") -> SequenceRead:
    (event,) = pick(SequenceRead, events(NET.format(options=options, output=output)))
    return event


@pytest.mark.parametrize(
    ("output", "axis"),
    [
        ("self.lstm(x)[0][:, -1]", 1),
        ("self.lstm(x)[0][:, -1, :]", 1),
        ("self.lstm(x)[0][-1]", 0),
        ("self.lstm(x)[0].relu().mean(dim=1)", 1),
        ("self.lstm(x)[0].transpose(0, 1)[:, -1]", 0),
        ("self.lstm(x)[0].permute(1, 0, 2)[-1]", 1),
        ("self.encode(x)[:, 0]", 1),
        ("(x + self.attend(x, x, x)[0]).sum(1)", 1),
        ("self.lstm(x)[0]", None),
        ("self.lstm(x)[0][:, :, -1]", None),
        ("self.lstm(x)[0].transpose(1, 2).mean(1)", None),
        ("self.lstm(x)[1][0][-1]", None),
    ],
)
def test_what_is_read_of_the_output_shows_what_the_program_takes_for_time(output: str, axis: int | None) -> None:
    event = read(output)
    assert event.time == axis


@pytest.mark.parametrize(
    ("given", "batch"),
    [
        ("self.images(x).flatten(2).transpose(1, 2)", 0),
        ("self.images(x).flatten(2).permute(2, 0, 1)", 1),
        ("self.words(x)", None),
        ("x", None),
    ],
)
def test_the_dimension_of_the_samples_is_followed_into_the_layer(given: str, batch: int | None) -> None:
    assert read(f"self.lstm({given})").batch == batch


def test_one_step_or_one_sample_is_nothing_to_mistake() -> None:
    assert not pick(SequenceRead, events(NET.format(options="", output="self.lstm(x.unsqueeze(1))[0][:, -1]")))


def test_a_packed_sequence_knows_its_order() -> None:
    packed = "self.lstm(nn.utils.rnn.pack_padded_sequence(x, [3], batch_first=True))"
    assert not pick(SequenceRead, events(NET.format(options="", output=packed)))


@pytest.mark.parametrize("rows", ["torch.randperm(80)[:20]", "torch.randperm(80).split(20)[0]"])
def test_rows_drawn_by_a_permutation_are_samples(rows: str) -> None:
    data = f"\nrows = {rows}\nNet()(torch.rand(80, 9, 8)[rows])"
    told = pick(SequenceRead, events(NET.format(options="batch_first=True", output="self.lstm(x)") + data))
    assert [event.batch for event in told] == [0]
