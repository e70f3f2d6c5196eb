"""Text in points: written as it stands, measured, fitted to a width, wrapped like a paragraph, spread apart."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure
from matplotlib.patheffects import Stroke, withStroke
from matplotlib.text import Text
from numpy.typing import ArrayLike, NDArray

from xviz.figures.fonts import drawn_by_dejavu
from xviz.figures.look import look
from xviz.figures.style import Written, composed, drawable, drawing

LINE = 1.85  #: height of a line of words, in text sizes
PAD = 0.28  #: room left and right of a word inside its ground, in text sizes
GAP = 0.36  #: room between the grounds of two words, in text sizes
CUT = "…"  #: ends a text that had no room


def write(axes: Axes, x: float, y: float, text: str, *, size: float, **looks: object) -> Text:
    """Text on its baseline at (x, y) of the axes, never taken for mathematics, never clipped."""
    looks = {"va": "baseline", "ha": "left", "color": "black", **looks}
    lettered = axes.text(x, y, drawable(text), fontsize=size, parse_math=False, clip_on=False, **looks)
    lettered.set_label(text)  # labels are not drawn; this one keeps characters that are “□”
    return lettered


class Haloed(Text):
    """Text over its own rim: the rim is drawn as outlines, the letters are letters, so that files can be searched."""

    def draw(self, renderer: RendererBase) -> None:
        """Draw the rim, then the text."""
        rim = self.get_path_effects()
        super().draw(renderer)
        self.set_path_effects([])
        try:
            super().draw(renderer)
        finally:
            self.set_path_effects(rim)


def write_haloed(axes: Axes, x: float, y: float, text: str, *, size: float, ground: str, **looks: object) -> Text:
    """Text as ``write`` does, with a thin rim of the colour ``ground``."""
    lettered = write(axes, x, y, text, size=size, **looks)
    if drawn_by_dejavu().issuperset(map(ord, lettered.get_text())):
        lettered.__class__ = Haloed
        lettered.set_path_effects([Stroke(linewidth=1.0, foreground=ground, alpha=0.6)])
    else:  # letters of further fonts are outlines in some formats
        lettered.set_path_effects([withStroke(linewidth=1.0, foreground=ground, alpha=0.6)])
    return lettered


def original(lettered: Text) -> str:
    """The text that was to be written, with the characters that the font has not."""
    return str(lettered.get_label()) or lettered.get_text()


def width_of(text: str, size: float, weight: str = "normal") -> float:
    """The width of a text in points."""
    return _advance(drawable(text), weight, look().family) * size


@lru_cache(maxsize=4096)
def _advance(text: str, weight: str, family: str) -> float:
    """The width of a text in text sizes, measured at 50 pt and 300 dpi, in the family of the look."""
    with drawing():
        lettered = Figure(figsize=(1, 1), dpi=300).text(0, 0, text, fontsize=50, fontweight=weight, parse_math=False)
        return lettered.get_window_extent().width * 72 / 300 / 50


def fit(text: str, size: float, room: float) -> str:
    """The text in one line, shortened with “…” until it is at most ``room`` points wide."""
    text = composed(text)
    if width_of(text, size) <= room:
        return text
    keep = len(text)
    while keep and width_of(Written(text[:keep] + CUT), size) > room:
        keep -= 1
    return Written(text[:keep].rstrip() + CUT)


def wrap(text: str, size: float, room: float) -> list[str]:
    """The text in lines at most ``room`` points wide, none of it cut: a word that is wider goes on in the next line."""
    lines = [Written()]
    for word in map(Written, composed(text).split()):
        joined = Written(f"{lines[-1]} {word}".strip())
        if width_of(joined, size) <= room:
            lines[-1] = joined
            continue
        if lines[-1]:
            lines.append(Written())
        while width_of(word, size) > room and len(word) > 1:
            keep = next((n for n in range(len(word) - 1, 1, -1) if width_of(Written(word[:n]), size) <= room), 1)
            lines[-1], word = Written(word[:keep]), Written(word[keep:])
            lines.append(Written())
        lines[-1] = word
    return [line for line in lines if line]


@dataclass(frozen=True)
class Chip:
    """One word and where its ground lies, in points from the top left of the panel."""

    text: str
    x: float
    y: float
    width: float
    height: float


def flow(words: Sequence[str], size: float, room: float) -> tuple[Chip, ...]:
    """Words in lines at most ``room`` points wide; from right to left where most of the words are."""
    chips, x, y = [], 0.0, 0.0
    for word in words:
        text = fit(word, size, room - 2 * PAD * size)
        width = width_of(text, size) + 2 * PAD * size
        if x and x + width > room + 1e-6:
            x, y = 0.0, y + LINE * size
        chips.append((text, x, y, width))
        x += width + GAP * size
    mirrored = _right_to_left(words)
    return tuple(Chip(text, room - x - width if mirrored else x, y, width, 1.5 * size) for text, x, y, width in chips)


def words_height(words: Sequence[str], size: float, room: float) -> float:
    """The height in points that ``flow`` needs."""
    return max((chip.y + chip.height for chip in flow(words, size, room)), default=0.0) + 1.2


def _right_to_left(words: Sequence[str]) -> bool:
    """Whether most words that have a direction run from right to left."""
    kinds = [next((k for k in map(unicodedata.bidirectional, word) if k in ("L", "R", "AL")), "") for word in words]
    return sum(k in ("R", "AL") for k in kinds) > kinds.count("L")


def spread(wanted: ArrayLike, gap: float, low: float, high: float) -> NDArray[np.float64]:
    """Places near the wanted ones (rising), at least ``gap`` apart and between ``low`` and ``high`` where they fit.

    Least squares under the order: pool adjacent violators on wanted − i · gap.
    """
    steps = np.arange(len(wanted)) * gap
    pools: list[list[float]] = []  # mean, count
    for value in np.asarray(wanted, np.float64) - steps:
        pools.append([float(value), 1])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (a, m), (b, n) = pools[-2:]
            pools[-2:] = [[(a * m + b * n) / (m + n), m + n]]
    level = np.repeat([mean for mean, _ in pools], [int(count) for _, count in pools])
    return np.clip(level, low, max(low, high - steps[-1] if len(steps) else high)) + steps


def contrasting(colour: ArrayLike) -> str:
    """Black or white, whichever stands out more (WCAG 2.1 contrast) on an RGB colour 0–255."""
    share = np.asarray(colour, np.float64)[:3] / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    luminance = float(linear @ (0.2126, 0.7152, 0.0722))
    return "black" if (luminance + 0.05) / 0.05 >= 1.05 / (luminance + 0.05) else "white"
