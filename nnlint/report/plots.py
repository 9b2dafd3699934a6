"""The plots of a probe's page, drawn by plotly, each as a piece of HTML that needs plotly's script on the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
import plotly.io

COLORS = ("#4c78a8", "#f58518", "#54a24b", "#e45756", "#72b7b2", "#b279a2")
GREY = "rgba(128,128,128,0.25)"
MOST_ROWS = 60  # layers or parameters in one plot


def script() -> str:
    """Plotly's own script, so that the page needs nothing from elsewhere."""
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs())


def curves(series: Mapping[str, Sequence[float]], title: str, levels: Mapping[str, float] | None = None) -> str:
    """Losses by step; `levels` are lines to compare with."""
    figure = go.Figure()
    for number, (name, values) in enumerate(series.items()):
        line = {"color": COLORS[number % len(COLORS)], "width": 2}
        mode = "lines+markers" if len(values) < 30 else "lines"
        steps = list(range(1, len(values) + 1))
        figure.add_trace(go.Scatter(x=steps, y=list(values), mode=mode, name=name, line=line))
    for name, value in (levels or {}).items():
        figure.add_hline(y=value, line_dash="dot", line_color="grey", annotation_text=name)
    figure.update_layout(xaxis_title="step", yaxis_title="loss", showlegend=len(series) > 1)
    return _drawn(figure, title)


def dependency(matrix: Sequence[Sequence[float]], rows: Sequence[int], title: str) -> str:
    """By how much what sample i gets depends on the input of sample j; colours by powers of ten, 0 is empty."""
    import math

    shown = [[math.log10(value) if value > 0 else None for value in row] for row in matrix]
    text = [[f"{value:.2e}" for value in row] for row in matrix]
    names = [f"#{row}" for row in rows]
    trace = go.Heatmap(
        z=shown,
        x=names,
        y=names,
        text=text,
        hovertemplate="output of %{y} by input of %{x}: %{text}<extra></extra>",
        colorscale="Blues",
        colorbar={"title": "log10", "thickness": 12},
    )
    figure = go.Figure(trace)
    figure.update_layout(xaxis_title="input of sample", yaxis_title="output of sample", height=380)
    figure.update_yaxes(autorange="reversed")
    return _drawn(figure, title)


def activations(layers: Sequence[Mapping[str, Any]], title: str) -> str:
    """The distribution of what each layer returned, one row a layer, on a scale of its own."""
    shown = [layer for layer in layers if layer["histogram"]][:MOST_ROWS]
    peaks = [[value / (max(layer["histogram"]) or 1) for value in layer["histogram"]] for layer in shown]
    names = [f"{number}  {layer['name']} ({layer['kind']})" for number, layer in enumerate(shown, 1)]
    text = [
        [f"{layer['edges'][0]:.3g} … {layer['edges'][1]:.3g}<br>mean {layer['mean']:.3g}, std {layer['std']:.3g}"]
        * len(layer["histogram"])
        for layer in shown
    ]
    trace = go.Heatmap(
        z=peaks,
        y=names,
        text=text,
        hovertemplate="%{y}<br>%{text}<extra></extra>",
        colorscale="Viridis",
        showscale=False,
    )
    figure = go.Figure(trace)
    figure.update_xaxes(title="from the least to the greatest value", showticklabels=False)
    figure.update_yaxes(autorange="reversed")
    figure.update_layout(height=140 + 20 * len(shown))
    return _drawn(figure, title)


def spreads(layers: Sequence[Mapping[str, Any]], title: str) -> str:
    """Mean and standard deviation of what each layer returned, from the first layer to the last."""
    names = [f"{number}  {layer['name']}" for number, layer in enumerate(layers[:MOST_ROWS], 1)]
    figure = go.Figure()
    for number, key in enumerate(("mean", "std")):
        values = [layer[key] for layer in layers[:MOST_ROWS]]
        figure.add_trace(go.Scatter(x=names, y=values, mode="lines+markers", name=key, line_color=COLORS[number]))
    figure.update_xaxes(tickangle=-40)
    return _drawn(figure, title)


def bars(values: Mapping[str, float], title: str, axis: str, *, log: bool = False) -> str:
    """One number for each layer or parameter."""
    names, heights = list(values)[:MOST_ROWS], list(values.values())[:MOST_ROWS]
    figure = go.Figure(go.Bar(x=heights, y=names, orientation="h", marker_color=COLORS[0]))
    figure.update_xaxes(title=axis, type="log" if log else "linear")
    figure.update_yaxes(autorange="reversed")
    figure.update_layout(height=140 + 20 * len(names))
    return _drawn(figure, title)


def pictures(samples: Sequence[Any], labels: Sequence[Any], title: str) -> str:
    """The samples as the network sees them, with their labels."""
    from plotly.subplots import make_subplots

    names = [str(labels[number]) if number < len(labels) else "" for number in range(len(samples))]
    figure = make_subplots(1, len(samples), subplot_titles=names, horizontal_spacing=0.01)
    for number, sample in enumerate(samples, 1):
        coloured = [[pixel if len(pixel) == 3 else pixel * 3 for pixel in row] for row in sample]
        figure.add_trace(go.Image(z=coloured), 1, number)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    figure.update_layout(height=200)
    return _drawn(figure, title)


def samples(rows: Sequence[Sequence[float]], labels: Sequence[Any], title: str) -> str:
    """The first numbers of some samples, one row a sample."""
    names = [f"#{number}" + (f": {labels[number]}" if number < len(labels) else "") for number in range(len(rows))]
    figure = go.Figure(
        go.Heatmap(z=[list(row) for row in rows], y=names, colorscale="RdBu", colorbar={"thickness": 12})
    )
    figure.update_yaxes(autorange="reversed")
    figure.update_layout(height=140 + 24 * len(rows))
    return _drawn(figure, title)


def _drawn(figure: go.Figure, title: str) -> str:
    figure.update_layout(
        title={"text": title, "font": {"size": 14}},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "system-ui, sans-serif", "size": 12, "color": "#888"},
        margin={"l": 10, "r": 10, "t": 44, "b": 10},
        colorway=list(COLORS),
        hoverlabel={"font": {"family": "ui-monospace, monospace"}},
    )
    figure.update_xaxes(gridcolor=GREY, zerolinecolor=GREY, automargin=True)
    figure.update_yaxes(gridcolor=GREY, zerolinecolor=GREY, automargin=True)
    config = {"displaylogo": False, "responsive": True, "displayModeBar": False}
    return str(plotly.io.to_html(figure, include_plotlyjs=False, full_html=False, config=config))
