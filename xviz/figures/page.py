"""A page measured in millimetres from its top left corner, whose height follows what was put on it.

Panels stand at fixed places instead of being solved for at each draw: words must wrap to a width that is known, and
what is saved second must equal what is saved first.
"""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.axis import Tick, XAxis, YAxis
from matplotlib.figure import Figure

from xviz.figures.arranging import Panel, arranged
from xviz.figures.lettering import width_of, wrap, write
from xviz.figures.look import drawn, look
from xviz.figures.style import INCH, MM, Preset

_TALL = 1000.0  #: provisional height in mm; places are fractions of the page until its height is known
DPI = 300.0  #: resolution at which text is measured
TITLE_LINE = 1.25  #: distance of two lines of a title, in text sizes
TITLE = "title"  #: label of the axes that hold a panel's letter and title


class _NoTicks:
    """An axis without ticks, which panels never draw; matplotlib makes four for each panel, most of a panel's time."""

    majorTicks = minorTicks = property(lambda self: [])

    def get_major_ticks(self, numticks: int | None = None) -> list[Tick]:
        return []

    get_minor_ticks = get_major_ticks


class _XAxis(_NoTicks, XAxis):
    pass


class _YAxis(_NoTicks, YAxis):
    pass


class _Bare(Axes):
    """Axes that only hold what is drawn in them."""

    def _init_axis(self) -> None:  # as matplotlib's own axes, and its example of a projection
        self.xaxis, self.yaxis = _XAxis(self, clear=False), _YAxis(self, clear=False)
        for spine, axis in zip(("bottom", "top", "left", "right"), (*[self.xaxis] * 2, *[self.yaxis] * 2), strict=True):
            self.spines[spine].register_axis(axis)


class Page:
    """A figure under construction.

    Args:
        preset: Gives width and text sizes.
        margin: Empty border in mm, kept free on all sides.
    """

    def __init__(self, preset: Preset, margin: float = 0.8) -> None:
        """Starts an empty page."""
        self.preset, self.margin = preset, margin
        ground = look().background
        self.figure = Figure(figsize=(preset.width_mm / INCH, _TALL / INCH), dpi=DPI, facecolor=ground)
        self._placed: list[Panel] = []
        self._letter = ""  #: of the panel that is being drawn; "" before the first and for what all share

    @property
    def inner(self) -> float:
        """Width between the margins in mm."""
        return self.preset.width_mm - 2 * self.margin

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """An empty panel; all in mm, left and top from the margins."""
        left, top = left + self.margin, top + self.margin
        panel = self.figure.add_axes(self._place(left, top, width, height, _TALL), axes_class=_Bare)
        panel.set_axis_off()
        panel.set(xlim=(0, width * MM), ylim=(height * MM, 0))
        self._placed.append(Panel(self._letter, panel, left, top, width, height))
        return panel

    def title(self, letter: str, text: str, left: float, top: float, width: float) -> float:
        """A panel letter and title in a strip of ``width`` mm, in lines as they need; returns its height in mm.

        What is placed next belongs to this panel, until the next title or ``shared``.
        """
        preset, chosen, start = self.preset, look(), self._indent(letter)
        self._letter = letter
        drawn().titles[letter] = text
        height = self.title_height(letter, text, width)
        axes, base = self.axes(left, top, width, height), 1.15 * max(preset.text_pt, preset.letter_pt)
        axes.set_label(TITLE)
        if sign := chosen.letter(letter):
            write(axes, 0, base, preset.sign(sign), size=preset.letter_pt, weight=preset.letter_weight)
        for line in wrap(chosen.titles.get(letter, text), preset.text_pt, width * MM - start):
            write(axes, start, base, line, size=preset.text_pt)
            base += TITLE_LINE * preset.text_pt
        return height

    def title_height(self, letter: str, text: str, width: float) -> float:
        """The height in mm of a title in a strip of ``width`` mm."""
        preset, named = self.preset, look().titles.get(letter, text)
        lines = len(wrap(named, preset.text_pt, width * MM - self._indent(letter)))
        return (1.7 * max(preset.text_pt, preset.letter_pt) + max(lines - 1, 0) * TITLE_LINE * preset.text_pt) / MM

    def _indent(self, letter: str) -> float:
        """Where a title begins, in points."""
        preset = self.preset
        if not (sign := look().letter(letter)):
            return 0.0
        return width_of(preset.sign(sign), preset.letter_pt, preset.letter_weight) + 0.6 * preset.text_pt

    def shared(self) -> None:
        """What is placed next belongs to no panel; it is shown below those that are shown."""
        self._letter = ""

    def last(self) -> Axes:
        """The panel that was placed last."""
        return self._placed[-1].axes

    def finish(self, height: float) -> Figure:
        """The figure, cut to ``height`` mm plus margins; panels as the look has them."""
        chosen = look()
        if chosen.panels or chosen.layout != "grid":
            self._placed, height = arranged(self._placed, chosen, self.inner, self.margin)
            drawn().filled = (max(panel.left + panel.width for panel in self._placed) - self.margin) / self.inner
        height += 2 * self.margin
        self.figure.set_size_inches(self.preset.width_mm / INCH, height / INCH)
        for panel in self._placed:
            panel.axes.set_position(self._place(panel.left, panel.top, panel.width, panel.height, height))
        return self.figure

    def _place(self, left: float, top: float, width: float, height: float, tall: float) -> tuple[float, ...]:
        """Millimetres from the top left corner as matplotlib's fractions from the bottom left."""
        wide = self.preset.width_mm
        return left / wide, 1 - (top + height) / tall, width / wide, height / tall
