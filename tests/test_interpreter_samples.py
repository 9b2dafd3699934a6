"""Items of datasets and batches of them: what moves, and how many there are, seen through events."""

from __future__ import annotations

import pytest

from nnlint.events import BatchNormalized, ImageMoved
from tests.interpreting import events, pick

BASE = """
import random
import cv2
import numpy as np
from PIL import Image
from torch.utils.data import Dataset
from torchvision import transforms
from torchvision.transforms import functional as TF

flip = transforms.Compose([transforms.RandomHorizontalFlip(), transforms.ToTensor()])

class Data(Dataset):
    def __init__(self, images, masks, transform):
        self.images, self.masks, self.transform = images, masks, transform
    def __len__(self):
        return len(self.images)
    def __getitem__(self, i):
        image, mask, boxes = Image.open(self.images[i]), Image.open(self.masks[i]), np.loadtxt(self.images[i] + ".txt")
"""


def moved(body: str) -> list[ImageMoved]:
    indented = "".join(f"        {line}\n" for line in body.strip("\n").splitlines())
    return pick(ImageMoved, events(f"{BASE}{indented}\ndata = Data(unknown(), unknown(), flip)\n"))


@pytest.mark.parametrize(
    "body",
    [
        "return self.transform(image), mask",
        "image = self.transform(image)\nreturn {'image': image, 'mask': mask}",
        "if random.random() < 0.5:\n    image = image.transpose(Image.FLIP_LEFT_RIGHT)\nreturn image, boxes",
        "angle = random.uniform(-9, 9)\nimage = TF.rotate(image, angle)\nreturn image, mask",
        "if np.random.rand() < 0.5:\n    image = np.array(image)[:, ::-1]\nreturn image, {'boxes': boxes}",
    ],
)
def test_what_stays_while_its_image_moves_is_told(body: str) -> None:
    assert [event.anew for event in moved(body)] == [False]


def test_two_draws_of_one_transform_are_two() -> None:
    assert [event.anew for event in moved("image = self.transform(image)\nreturn image, self.transform(mask)")] == [
        True
    ]


@pytest.mark.parametrize(
    "body",
    [
        "torch.manual_seed(i)\nimage = self.transform(image)\ntorch.manual_seed(i)\nreturn image, self.transform(mask)",
        "image, mask = self.transform(image, mask)\nreturn image, mask",
        "if random.random() < 0.5:\n    image = TF.hflip(image)\n"
        "    boxes[:, 0] = 9 - boxes[:, 0]\nreturn image, boxes",
        "p = random.random()\nif p < 0.5:\n    image = TF.hflip(image)\n"
        "if p < 0.5:\n    mask = TF.hflip(mask)\nreturn image, mask",
        "on = random.random() < 0.5\nif on:\n    image = TF.hflip(image)\n"
        "boxes = unknown(boxes, on)\nreturn image, boxes",
        "angle = random.uniform(-9, 9)\nimage, mask = TF.rotate(image, angle), TF.rotate(mask, angle)\n"
        "return image, mask",
        "turn = transforms.RandomRotation((90 * random.randint(0, 3),) * 2)\nreturn turn(image), turn(mask)",
        "hole = self.transform(Image.open(random.choice(self.masks)))\nreturn self.transform(image), hole",
        "mask_path = self.masks[i]\nreturn self.transform(image), mask_path",
        "class_images = Image.open(self.masks[i])\nreturn self.transform(image), self.transform(class_images)",
        "label = self.masks[i]\nreturn self.transform(image), label",
    ],
)
def test_what_moves_with_its_image_or_need_not_is_not(body: str) -> None:
    assert moved(body) == []


def test_datasets_of_torchvision_are_known_by_what_they_give() -> None:
    source = """
from torchvision import datasets, transforms
crop = transforms.Compose([transforms.RandomCrop(9), transforms.ToTensor()])
datasets.VOCSegmentation("x", transform=crop)
datasets.GTSRB("x", transform=crop)
datasets.GTSRB("x", transform=transforms.RandomHorizontalFlip())
"""
    told = pick(ImageMoved, events(source))
    assert [(event.target, event.sides is not None) for event in told] == [
        ("the segmentation", False),
        ("the label", True),
    ]


SCORER = """
from torch.utils.data import DataLoader, TensorDataset
data = TensorDataset(torch.zeros(33, 6), torch.zeros(33, 1))
model = nn.Sequential(nn.Linear(6, 4, bias=False), nn.BatchNorm1d(4), nn.Linear(4, 1))
for x, y in DataLoader(data, {}):
    F.mse_loss(model(x), y).backward()
"""


@pytest.mark.parametrize(
    ("given", "values"),
    [
        ("batch_size=1", [(1, None)]),
        ("batch_size=16, shuffle=True", [(1, 33)]),
        ("batch_size=16, drop_last=True", []),
        ("batch_size=16, drop_last=unknown", []),
        ("batch_size=11", []),
        ("batch_size=unknown", []),
    ],
)
def test_the_fewest_values_of_a_batch_norm_are_those_of_the_last_batch(
    given: str, values: list[tuple[int, int | None]]
) -> None:
    told = pick(BatchNormalized, events(f"unknown = torch.load('x')\n{SCORER.format(given)}"))
    assert list(dict.fromkeys((event.values, event.items) for event in told)) == values
