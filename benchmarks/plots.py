"""Draws what `scaling.py` measured: `python plots.py FIGURES.json FOLDER`, with matplotlib's own environment."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    figures, folder = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for figure in figures:
        _draw(figure, folder / f"{figure['name']}.svg")


def _draw(figure: dict[str, Any], path: Path) -> None:
    import matplotlib  # type: ignore[import-not-found, unused-ignore]

    matplotlib.use("svg")
    import matplotlib.ticker  # type: ignore[import-not-found, unused-ignore]
    from matplotlib import pyplot  # type: ignore[import-not-found, unused-ignore]

    # Text stays text, and the same figures make the same file.
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "nnlint", "font.size": 9})
    canvas, axes = pyplot.subplots(figsize=(5.5, 3.4))
    for (name, points), marker in zip(figure["lines"].items(), "os^Dvx*P<>", strict=False):
        axes.plot(*zip(*points, strict=True), marker=marker, markersize=4, linewidth=1.2, label=name)
    axes.set(xlabel=figure["across"], ylabel=figure["up"], title=figure["title"])
    axes.set_xscale("log", base=2)
    if figure["is_logarithmic"]:
        axes.set_yscale("log")
        for set_formatter in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
            set_formatter("{x:g}")
        axes.yaxis.set_minor_locator(matplotlib.ticker.LogLocator(subs=(2, 5)))
    ticks = sorted({point[0] for points in figure["lines"].values() for point in points})
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.grid(visible=True, linewidth=0.3)
    axes.legend(frameon=False, fontsize=8)
    canvas.tight_layout()
    canvas.savefig(path, metadata={"Date": None})
    pyplot.close(canvas)


if __name__ == "__main__":
    main()
