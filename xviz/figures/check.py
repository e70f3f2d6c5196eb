"""``check``: what a reviewer would send a drawn figure back for, measured on the artists that are on the page.

Boxes of texts are those of their letters, not of their lines, so that a line may stand close to the next. Sizes are in
points at the printed size, places in millimetres from the page's top left corner.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure as MatplotlibFigure
from matplotlib.image import AxesImage
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from xviz.figures.figure import Figure
from xviz.figures.lettering import CUT, original
from xviz.figures.page import TITLE
from xviz.figures.style import LEAST_PT, MM, drawing, undrawable

TOUCH = 0.35  #: points by which letters of two texts may run into each other: less than the eye sees
EDGE = 0.5  #: points by which a line may pass the page's edge: half of its own width
SAID = 3  #: findings of a kind that sentences name


@dataclass(frozen=True)
class Mark:
    """Something on the page."""

    text: str  #: what it reads, or what it is where it is no text
    box: tuple[float, float, float, float]  #: left, top, right, bottom in mm
    pt: float = 0.0  #: size of the text
    title: bool = False  #: whether it is the title of a panel


@dataclass(frozen=True)
class Check:
    """What was found; a figure without findings is ``fine``."""

    smallest: Mark | None  #: the smallest text; None where there is none
    overlaps: tuple[tuple[Mark, Mark], ...]  #: texts that run into each other
    cut: tuple[Mark, ...]  #: texts that end in “…” for want of room
    outside: tuple[Mark, ...]  #: what reaches beyond the page
    missing: tuple[str, ...]  #: characters that no font here can draw, which are “□”
    type3: tuple[str, ...] = ()  #: Type 3 fonts of the PDF, which venues refuse; none where no PDF was given

    @property
    def smallest_pt(self) -> float:
        """Size of the smallest text in points; 0 where there is no text."""
        return 0.0 if self.smallest is None else self.smallest.pt

    @property
    def fine(self) -> bool:
        """Whether nothing was found and no text is under 5 pt."""
        small = self.smallest is not None and self.smallest.pt < LEAST_PT
        return not (small or self.overlaps or self.cut or self.outside or self.missing or self.type3)

    def sentences(self) -> tuple[str, ...]:
        """The findings for people, the size of the smallest text first."""
        findings = []
        if self.smallest is not None:
            below = f", below the {LEAST_PT:g} pt that can be read" if self.smallest.pt < LEAST_PT else ""
            findings.append(f"Smallest text: {self.smallest.pt:g} pt (“{self.smallest.text}”){below}.")
        if self.overlaps:
            pairs = [f"“{first.text}” and “{second.text}”" for first, second in self.overlaps]
            findings.append(f"Texts overlap {_times(pairs)}: {_some(pairs)}.")
        if titles := [f"“{mark.text}”" for mark in self.cut if mark.title]:
            findings.append(f"Titles are cut: {_some(titles)}.")
        if labels := [f"“{mark.text}”" for mark in self.cut if not mark.title]:
            findings.append(f"Labels are cut: {_some(labels)}.")
        if self.outside:
            findings.append(f"Beyond the page: {_some([f'“{mark.text}”' for mark in self.outside])}.")
        if self.missing:
            listed = " ".join(self.missing[:12]) + " …" * (len(self.missing) > 12)
            findings.append(f"No font here draws {listed}; “□” stands for each.")
        if self.type3:
            findings.append(f"The PDF has Type 3 fonts, which many venues refuse: {_some(list(self.type3))}.")
        return tuple(findings)


def check(figure: Figure, pdf: bytes | None = None) -> Check:
    """Looks at every artist of a figure; changes nothing on it.

    Args:
        figure: Drawn.
        pdf: The figure as PDF, whose fonts are then looked at too.
    """
    drawn = figure.drawing
    with drawing():
        before, canvas = drawn.canvas, FigureCanvasAgg(drawn)
        try:
            with _without_pictures(drawn):
                drawn.draw_without_rendering()  # places axes that keep their aspect, and lines between axes
            renderer = canvas.get_renderer()
            inked = [(text, _letters(text, renderer), title) for text, title in _texts(drawn)]
            outside = [*_beyond(drawn, renderer)]
        finally:
            drawn.set_canvas(before)
    unit, page = drawn.dpi / 72, drawn.bbox
    marks = [
        Mark(text.get_text(), _millimetres(box, page, drawn.dpi), text.get_fontsize(), title)
        for text, box, title in inked
    ]
    texts = [mark for mark, (_, box, _) in zip(marks, inked, strict=True) if _leaves(box, page, TOUCH * unit)]
    return Check(
        min(marks, key=lambda mark: mark.pt, default=None),
        tuple(
            (marks[i], marks[j])
            for i, j in combinations(range(len(inked)), 2)
            if _meet(inked[i][1], inked[j][1], TOUCH * unit)
        ),
        tuple(mark for mark in marks if mark.text.endswith(CUT)),
        (*texts, *outside),
        tuple(dict.fromkeys(character for text, *_ in inked for character in undrawable(original(text)))),
        () if pdf is None else type3(pdf),
    )


@contextmanager
def _without_pictures(drawn: MatplotlibFigure) -> Iterator[None]:
    """Draws no pictures, which take longest and place no text."""
    pictures = [picture for picture in drawn.findobj(AxesImage) if picture.get_visible()]
    try:
        for picture in pictures:
            picture.set_visible(False)
        yield
    finally:
        for picture in pictures:
            picture.set_visible(True)


def type3(pdf: bytes) -> tuple[str, ...]:
    """Names of the Type 3 fonts of a PDF that matplotlib wrote, whose dictionaries of fonts are not compressed."""
    fonts = [part for part in re.split(rb"\bendobj\b", pdf) if re.search(rb"/Subtype\s*/Type3\b", part)]
    names = [re.search(rb"/(?:BaseFont|Name)\s*/([^\s/<>\[\]()]+)", part) for part in fonts]
    return tuple(name.group(1).decode("latin-1") if name else "unnamed" for name in names)


def _texts(drawn: MatplotlibFigure) -> Iterator[tuple[Text, bool]]:
    """Every text that says something, and whether it is a title."""
    for text in drawn.findobj(Text):
        if text.get_visible() and text.get_text().strip() and (text.axes is None or _shown(text)):
            yield text, text.axes is not None and text.axes.get_label() == TITLE


def _shown(text: Text) -> bool:
    """Whether a text of axes is drawn: those of switched-off axes' own ticks and labels are not."""
    axes = text.axes
    return axes.get_visible() and (axes.axison or text in axes.texts)


def _letters(text: Text, renderer: RendererAgg) -> Bbox:
    """The box of a text's letters in pixels; that of its line where it is turned by other than a right angle."""
    line, turn = text.get_window_extent(renderer), text.get_rotation() % 360
    if turn not in (0, 90) or "\n" in text.get_text():
        return line
    font = text.get_fontproperties()
    _, tall, below = renderer.get_text_width_height_descent(text.get_text(), font, ismath=False)
    _, _, lowest = renderer.get_text_width_height_descent("lp", font, ismath=False)
    if turn == 0:
        base = line.y0 + max(below, lowest)
        return Bbox.from_extents(line.x0, base - below, line.x1, base - below + tall)
    base = line.x1 - max(below, lowest)
    return Bbox.from_extents(base + below - tall, line.y0, base + below, line.y1)


def _meet(first: Bbox, second: Bbox, slack: float) -> bool:
    wide = min(first.x1, second.x1) - max(first.x0, second.x0)
    tall = min(first.y1, second.y1) - max(first.y0, second.y0)
    return wide > slack and tall > slack


def _leaves(box: Bbox, page: Bbox, slack: float) -> bool:
    return bool(
        box.x0 < page.x0 - slack or box.y0 < page.y0 - slack or box.x1 > page.x1 + slack or box.y1 > page.y1 + slack
    )


def _beyond(drawn: MatplotlibFigure, renderer: RendererAgg) -> Iterator[Mark]:
    """What is no text and reaches beyond the page."""
    for artist in [*drawn.artists, *(child for axes in drawn.axes for child in _children(axes))]:
        box = artist.get_tightbbox(renderer)
        known = box is not None and all(map(abs, (box.width, box.height))) and box.width < 1e9
        if artist.get_visible() and known and _leaves(box, drawn.bbox, EDGE * drawn.dpi / 72):
            yield Mark(type(artist).__name__, _millimetres(box, drawn.bbox, drawn.dpi))


def _children(axes: Axes) -> Sequence[Artist]:
    """What was drawn into axes."""
    return [*axes.patches, *axes.lines, *axes.images, *axes.collections, *axes.artists]


def _millimetres(box: Bbox, page: Bbox, dpi: float) -> tuple[float, float, float, float]:
    """A box in pixels as millimetres from the top left."""
    unit = dpi / 72 * MM
    sides = (box.x0 - page.x0, page.y1 - box.y1, box.x1 - page.x0, page.y1 - box.y0)
    left, top, right, bottom = (round(float(side) / unit, 3) for side in sides)
    return left, top, right, bottom


def _some(items: Sequence[str]) -> str:
    """The first few, and how many more."""
    more = len(items) - SAID
    return ", ".join(items[:SAID]) + (f" and {more} more" if more > 0 else "")


def _times(items: Sequence[str]) -> str:
    return "once" if len(items) == 1 else f"{len(items)} times"
