"""Figures of attention itself, whatever its tokens are: the matrix of a layer, and every layer and head at a glance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xviz.core.explanation import Explanation
from xviz.draw.scale import Scale, number
from xviz.explain.glance import Small
from xviz.figures.caption import caption, measured
from xviz.figures.figure import Figure
from xviz.figures.grid import matrix_panel
from xviz.figures.lettering import width_of, wrap, write
from xviz.figures.page import Page
from xviz.figures.pair import bar
from xviz.figures.scales import sequential
from xviz.figures.style import MM, PRESETS, Preset, drawing

SMALL = 17.0  #: mm, the least width of a small map


def glance_figure(
    layers: Sequence[Small], about: Explanation, *, focus: str, asking: bool = True, credit: str = "",
    preset: Preset = PRESETS["nature-double"],
) -> Figure:  # fmt: skip
    """Small maps of the same token's attention in every layer and head, on one scale.

    Args:
        layers: From ``explain.glance``.
        about: An explanation of the same run, for the origin.
        focus: The token in words.
        asking: Whether the token is a query, so that every map is a row.
        credit: Origin and licence of the sample.
        preset: The venue's sizes.
    """
    every = np.concatenate([layer.maps.ravel() for layer in layers])
    scale = sequential(every, label="attention weight")
    with drawing():
        page, size, y = Page(preset), preset.small_pt, 0.0
        y += page.title("a", f"Attention {'from' if asking else 'to'} {focus}", 0, y, page.inner)
        across = min(max(len(layer.mass) for layer in layers), max(1, int((page.inner + 1) // (SMALL + 1))))
        width = min((page.inner - (across - 1)) / across, 30.0)
        for layer in layers:
            lines = wrap(layer.title, size, page.inner * MM)
            head = page.axes(0, y, page.inner, (0.3 + 1.2 * len(lines)) * size / MM)
            for index, text in enumerate(lines):
                write(head, 0, (1.1 + 1.2 * index) * size, text, size=size)
            y = _maps(page, layer, scale, across, width, y + (0.3 + 1.2 * len(lines)) * size / MM) + 1
        y += bar(page, scale, every, 0, y, page.inner)
        figure = page.finish(y)
    under_each = (
        "the sum of the row shown and its entropy in bits" if asking else "the sum of the weights and their entropy"
    )
    sentences = [
        f"Attention {'from' if asking else 'to'} {focus} in every layer (rows) and head "
        f"({measured(scale, every)}, the same in all maps); under each map: head, {under_each}."
    ]
    provenance = about.provenance.but(figure="glance", preset=preset.key, focus=focus)
    sharp = min(
        ((layer.entropy[h], layer.title, h) for layer in layers for h in range(len(layer.mass))), key=lambda x: x[0]
    )
    alt = f"{sentences[0]} Most concentrated: {sharp[1]}, head {sharp[2] + 1}, {number(float(sharp[0]))} bits."
    return Figure(figure, caption(preset, sentences, provenance, credit=credit), provenance, alt)


def _maps(page: Page, layer: Small, scale: Scale, across: int, width: float, y: float) -> float:
    """The heads of a layer; where the next layer begins, in mm."""
    size = page.preset.small_pt
    tall = min(max(width * layer.maps.shape[1] / layer.maps.shape[2], 3.0), 1.5 * width)
    line = 1.5 * size / MM
    for start in range(0, len(layer.mass), across):
        for column, head in enumerate(range(start, min(start + across, len(layer.mass)))):
            left = column * (width + 1)
            axes = page.axes(left, y, width, tall)
            matrix_panel(axes, layer.maps[head], scale, size=size)
            text = page.axes(left, y + tall, width, line)
            numbers = f"{layer.mass[head]:.2f} · {layer.entropy[head]:.1f} bit"
            write(text, 0, 1.1 * size, str(head + 1), size=size, weight="bold")
            if width_of(f"{head + 1}  {numbers}", size) < width * MM:
                write(text, width * MM, 1.1 * size, numbers, size=size, ha="right")
        y += tall + line + 0.5
    return y
