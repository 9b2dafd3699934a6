"""What moves the things in an image, and what speaks of where they are."""

from __future__ import annotations

from collections.abc import Sequence

WHOLE_MAPS = frozenset({"mask", "masks", "seg", "segmap", "segmentation", "segmentations"})
PLACES = WHOLE_MAPS | {
    "bbox",
    "bboxes",
    "box",
    "boxes",
    "contour",
    "contours",
    "heatmap",
    "heatmaps",
    "joints",
    "keypoint",
    "keypoints",
    "kpts",
    "landmark",
    "landmarks",
    "polygon",
    "polygons",
}
"""Words in the names of what says where in an image something is."""

LABELS = frozenset({"class", "direction", "gt", "label", "labels", "side", "sides", "target"})
"""Words in the names of what an image is labelled with."""

DRAWN_LABELS = frozenset({"gt", "label", "labels"})
"""Words in the names of labels that say where something is, if they are transformed as images are; `target` may be an
image of another domain."""

IMAGES = frozenset({"image", "images", "img", "imgs"})

TEXTS = frozenset(
    {"attention", "caption", "captions", "ids", "pad", "padding", "prompt", "question", "text", "token", "tokens"}
)
"""Words in the names of what belongs to a text: the mask beside it is one of its words."""

NAMES = frozenset({"dir", "file", "filename", "fn", "id", "index", "name", "names", "path", "paths", "shape", "size"})
"""Words in the names of what tells of a mask or label without being it."""

CLASS_LISTS = ("classes", "class_names", "CLASSES", "CLASS_NAMES", "categories", "label_names", "LABELS")

OF_DATASETS: dict[str, tuple[str, tuple[str, str] | None]] = {
    "VOCSegmentation": ("the segmentation", None),
    "SBDataset": ("the segmentation", None),
    "Cityscapes": ("the segmentation", None),
    "VOCDetection": ("the boxes", None),
    "CocoDetection": ("the annotation", None),
    "Kitti": ("the boxes", None),
    "WIDERFace": ("the boxes", None),
    "GTSRB": ("the label", ("turn left ahead", "turn right ahead")),
}
"""What datasets of torchvision give with an image; with two classes that are each other's mirror image, if it is
flipping alone that changes it."""

RANDOM_FUNCTIONS = frozenset(
    {
        "bernoulli",
        "binomial",
        "choice",
        "choices",
        "gauss",
        "get_params",
        "getrandbits",
        "integers",
        "normal",
        "normal_",
        "rand",
        "randint",
        "randn",
        "random",
        "random_",
        "random_sample",
        "randrange",
        "sample",
        "uniform",
        "uniform_",
    }
)
"""Functions and methods that draw at random."""

SEEDS = frozenset(
    {
        "random.seed",
        "random.setstate",
        "numpy.random.seed",
        "numpy.random.set_state",
        "torch.manual_seed",
        "torch.random.manual_seed",
        "torch.set_rng_state",
        "torch.random.set_rng_state",
        "torch.random.fork_rng",
        "manual_seed",
    }
)
"""What makes two random transforms draw the same."""

_GEOMETRIC = frozenset(
    [
        "AutoAugment",
        "ElasticTransform",
        "RandAugment",
        "RandomAffine",
        "RandomCrop",
        "RandomHorizontalFlip",
        "RandomIoUCrop",
        "RandomPerspective",
        "RandomResizedCrop",
        "RandomRotation",
        "RandomShortestSize",
        "RandomVerticalFlip",
        "RandomZoomOut",
        "ScaleJitter",
        "TrivialAugmentWide",
        # of albumentations
        "Affine",
        "Flip",
        "HorizontalFlip",
        "RandomRotate90",
        "RandomScale",
        "RandomSizedCrop",
        "Rotate",
        "ShiftScaleRotate",
        "Transpose",
        "VerticalFlip",
    ]
)
_FUNCTIONS = frozenset(
    [
        *(
            f"torchvision.transforms.{package}.{name}"
            for package in ("functional", "v2.functional")
            for name in (
                "affine",
                "crop",
                "elastic",
                "elastic_transform",
                "hflip",
                "horizontal_flip",
                "perspective",
                "resized_crop",
                "rotate",
                "vertical_flip",
                "vflip",
            )
        ),
        "cv2.flip",
        "cv2.rotate",
        "cv2.warpAffine",
        "cv2.warpPerspective",
        "numpy.flip",
        "numpy.fliplr",
        "numpy.flipud",
        "numpy.rot90",
        "PIL.ImageOps.flip",
        "PIL.ImageOps.mirror",
        "torch.flip",
        "torch.fliplr",
        "torch.flipud",
        "torch.rot90",
    ]
)
_METHODS = frozenset({"crop", "flip", "rotate"})
_OF_SIDES = frozenset({"RandomHorizontalFlip", "HorizontalFlip", "hflip", "horizontal_flip", "mirror", "fliplr"})


def is_geometric(transform: str) -> bool:
    return transform in _GEOMETRIC


def moves_image(function: str, constants: Sequence[object]) -> bool:
    """Whether a function, or a method of an image, moves what is in it."""
    if function == "transpose":  # `picture.transpose(Image.FLIP_LEFT_RIGHT)`
        return any(isinstance(each, str) and each.rpartition(".")[2].startswith("FLIP_") for each in constants)
    return function in _FUNCTIONS or function in _METHODS


def flips_sides(name: str) -> bool:
    return name.rpartition(".")[2] in _OF_SIDES


def mirrors(names: Sequence[str]) -> tuple[str, str] | None:
    """Two names of classes that differ in left and right alone."""
    for name in names:
        other = name.lower().replace("left", "right")
        if other != name.lower() and any(each.lower() == other for each in names):
            return name, other
    return None
