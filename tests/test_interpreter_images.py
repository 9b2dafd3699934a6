"""Images: what libraries give has its channels last, and a view does not move them."""

from __future__ import annotations

import pytest

from tests.interpreting import views

IMAGE = "import cv2\nimport numpy as np\nfrom PIL import Image\nimage = cv2.imread('cat.png')\n"


@pytest.mark.parametrize(
    "view",
    [
        "image.reshape(3, 224, 224)",
        "np.reshape(image, (3, 224, 224))",
        "torch.from_numpy(image).view(3, 224, 224)",
        "torch.tensor(image.astype(np.float32) / 255).reshape(1, 3, 224, 224)",
        "cv2.resize(image, (64, 48)).reshape(3, 48, 64)",
        "cv2.cvtColor(image, cv2.COLOR_BGR2RGB).reshape(3, 48, 64)",
        "np.array(Image.open('cat.png').convert('RGB').resize((64, 64))).reshape(3, 64, 64)",
        "torch.zeros(16, 32, 48, 3).view(16, 3, 32, 48)",
        "nn.Conv2d(8, 3, 5)(torch.load('x.pt')).reshape(-1, 32, 48, 3)",
    ],
)
def test_channels_and_sides_that_change_places_are_an_image_layout(view: str) -> None:
    assert views(IMAGE + view)[-1].image


@pytest.mark.parametrize(
    "view",
    [
        "image.transpose(2, 0, 1).reshape(3, 224, 224)",
        "np.transpose(image, (2, 0, 1)).reshape(3, 224, 224)",
        "image.reshape(-1, 3)",
        "cv2.imread('cat.png', 0).reshape(3, 224, 224)",
        "cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).reshape(1, 224, 224)",
        "np.array(Image.open('cat.png')).reshape(3, 64, 64)",
        "torch.zeros(16, 48, 32, 1).view(16, 1, 48, 32)",
        "torch.zeros(16, 3 * 32 * 32).view(16, 3, 32, 32)",
        "torch.zeros(16, 20, 8, 40).view(16, 40, 20, 8)",
        "torch.zeros(16, 3, 9, 9).view(16, 27, 3, 3)",
    ],
)
def test_other_views_are_none(view: str) -> None:
    assert not any(event.image for event in views(IMAGE + view))
