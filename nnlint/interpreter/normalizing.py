"""By what images are normalized before a network sees them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nnlint.events import InputsNormalized
from nnlint.interpreter.hyperparameters import number_of
from nnlint.interpreter.objects import Const, External, Instance
from nnlint.interpreter.transforms import TRANSFORM, parts
from nnlint.source import Place
from nnlint.values import Split

if TYPE_CHECKING:
    from nnlint.interpreter.interpreter import Interpreter

Statistics = tuple[tuple[float, ...], tuple[float, ...]]


def normalizations(run: Interpreter) -> Iterator[InputsNormalized]:
    """Those of all transforms that are composed, and those of an evaluation that differ from those of the training."""
    told: set[tuple[Place, int, bool]] = set()
    for composed in run.composed:
        for event in _of_pipeline(parts(composed) or []):
            key = (event.place, event.times, event.scaled)
            if key not in told:
                told.add(key)
                yield event
    yield from _differing(run)


def _of_pipeline(pipeline: list[Instance]) -> Iterator[InputsNormalized]:
    times = 0
    for index, transform in enumerate(pipeline):
        if not _normalizes(transform) or transform.made is None:
            continue
        times += 1
        known = statistics(transform)
        yield InputsNormalized(
            place=transform.made,
            mean=known[0] if known is not None else None,
            std=known[1] if known is not None else None,
            times=times,
            scaled=any(map(_scales, pipeline[:index])),
            scaled_later=any(map(_scales, pipeline[index + 1 :])),
            trained_with="",
            trained_place=None,
        )


def _differing(run: Interpreter) -> Iterator[InputsNormalized]:
    """Where all that is trained on is normalized in one way, and what is evaluated on in another."""
    trained = [batch for batch in run.roles.batches if batch.trained]
    ways = {_way(batch.pipeline) for batch in trained}
    if len(ways) != 1:
        return
    (way,) = ways
    normalize = next((t for batch in trained for t in batch.pipeline or () if _normalizes(t)), None)
    if way is None or normalize is None or normalize.made is None:
        return
    for batch in run.roles.batches:
        held_out = batch.split in (Split.VALIDATION, Split.TEST) and batch.evaluated is not None
        other = _way(batch.pipeline)
        if not held_out or batch.trained or other is None or other == way or len(batch.pipeline or ()) == 0:
            continue
        place = next((t.made for t in batch.pipeline or () if _normalizes(t)), None)
        if place is not None:
            yield InputsNormalized(
                place=place,
                mean=other[0],
                std=other[1],
                times=1,
                scaled=True,
                scaled_later=False,
                trained_with=f"mean {_shown(way[0])}, std {_shown(way[1])}",
                trained_place=normalize.made,
            )


def _way(pipeline: tuple[Instance, ...] | None) -> Statistics | None:
    """The mean and deviation of the one normalization of a pipeline, if they are known."""
    found = [transform for transform in pipeline or () if _normalizes(transform)]
    return statistics(found[0]) if len(found) == 1 else None


def statistics(transform: Instance) -> Statistics | None:
    mean, std = (number_of(transform.arguments.get(name)) for name in ("mean", "std"))
    if mean is None or std is None or mean[1] is not None or std[1] is not None:
        return None
    first, second = mean[0], std[0]
    if isinstance(first, tuple) and isinstance(second, tuple):
        return tuple(map(float, first)), tuple(map(float, second))
    return None


def _normalizes(transform: Instance) -> bool:
    return transform.lazies.get(TRANSFORM) == "Normalize" and _is_of_torchvision(transform)


def _scales(transform: Instance) -> bool:
    """Whether it brings values to [0, 1]."""
    name = transform.lazies.get(TRANSFORM)
    scale = transform.arguments.get("scale")
    by_type = name == "ToDtype" and isinstance(scale, Const) and scale.value is True
    return _is_of_torchvision(transform) and (name in ("ToTensor", "ConvertImageDtype", "ConvertDtype") or by_type)


def _is_of_torchvision(transform: Instance) -> bool:
    return isinstance(transform.cls, External) and transform.cls.dotted.startswith("torchvision.")


def _shown(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in values)
