"""`Look`: everything of a figure that a person may choose without changing what it shows, as plain JSON.

A figure is drawn in the look of its context, as matplotlib draws in its settings: ``with drawn_in(look)``. Colours and
limits come from here, so that no score is rescaled without a printed limit; the look stands in the figure's recipe, so
that the figure can be opened again, and another sample can be drawn alike.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, fields, replace
from functools import cache
from string import ascii_lowercase
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from xviz.core.errors import XvizError
from xviz.draw.scale import DIVERGING, SEQUENTIAL, Scale

FONT = "DejaVu Sans"  #: comes with matplotlib, so that every machine draws the same
LAYOUTS = {"grid": "As drawn, gaps closed", "column": "One below the other"}
LIMITS = {
    "panel": "Each panel its own",
    "shared": "Shared by panels of one unit",
    "percentile": "A percentile of each panel",
    "typed": "Typed",
}
BACKGROUNDS = {"white": "White", "none": "None (transparent)"}


@dataclass(frozen=True)
class Look:
    """What was chosen; the defaults are the figure as it is drawn without a choice."""

    panels: tuple[str, ...] = ()  #: letters of the panels that are shown, in their order; all where empty
    layout: str = "grid"  #: a key of ``LAYOUTS``
    titles: Mapping[str, str] = field(default_factory=dict)  #: letter → title
    letters: bool = True  #: whether panels are lettered
    caption: str = ""  #: in the place of the one that xviz writes
    sequential: str = "cividis"  #: a key of ``draw.scale.SEQUENTIAL``
    diverging: str = "coolwarm"  #: a key of ``draw.scale.DIVERGING``
    reversed: bool = False  #: whether colour maps run the other way
    limits: str = "panel"  #: a key of ``LIMITS``
    percentile: float = 99.0  #: of the magnitudes of a panel's scores, where limits are a percentile
    typed: Mapping[str, tuple[float, float]] = field(default_factory=dict)  #: what colours measure → limits
    power: float = 1.0  #: colours follow the share of the range to this power
    marks: int | None = None  #: how many regions are outlined on a picture; as the figure has it where None
    outlines: bool = True  #: whether they have an outline
    callouts: bool = True  #: whether they have their rank and score
    every: int | None = None  #: each how many-th label of a matrix is written; 0 none, None as many as fit
    labels: tuple[str, ...] = ()  #: the only labels of a matrix that are written; all that fit where empty
    blocks: bool | None = None  #: whether each block of a matrix has limits of its own; as the figure has it where None
    names: Mapping[str, str] = field(default_factory=dict)  #: text as drawn → what is written in its place
    text_pt: float | None = None  #: size of titles; labels are one point smaller
    family: str = FONT  #: of the text
    overlay: float | None = None  #: how much of a colour covers a picture, 0 to 1
    grey: bool = True  #: whether pictures under colours are grey
    background: str = "white"  #: a key of ``BACKGROUNDS``
    width_mm: float | None = None  #: in the place of the venue's
    height_mm: float | None = None  #: the most; in the place of the venue's

    def __post_init__(self) -> None:
        """Refuses what cannot be drawn, in words.

        Raises:
            XvizError: a value is none of those that may be chosen.
        """
        for name, among in (
            ("layout", LAYOUTS), ("limits", LIMITS), ("background", BACKGROUNDS), ("sequential", SEQUENTIAL),
            ("diverging", DIVERGING), ("family", families()),
        ):  # fmt: skip
            if getattr(self, name) not in among:
                have = ", ".join(among)
                raise XvizError(f"The {name} of a figure is one of {have}; “{getattr(self, name)}” is none of these.")
        for name, low, high in RANGES:
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and low <= value <= high):
                raise XvizError(f"The {name} of a figure lies between {low:g} and {high:g}; {value:g} came.")
        for name, (low, high) in self.typed.items():
            if not (math.isfinite(low) and math.isfinite(high) and low < high):
                raise XvizError(f"Limits rise from the first to the second; {low:g} and {high:g} came for “{name}”.")

    def record(self) -> dict[str, Any]:
        """What differs from the defaults, as plain JSON."""
        plain = {setting.name: getattr(self, setting.name) for setting in fields(self)}
        usual = Look()
        return json.loads(json.dumps({k: v for k, v in plain.items() if v != getattr(usual, k)}))

    @classmethod
    def parse(cls, record: Mapping[str, Any]) -> Look:
        """A look out of plain JSON.

        Raises:
            XvizError: it names something that no figure has, or a value of another kind.
        """
        known = {setting.name: setting for setting in fields(cls)}
        if unknown := sorted(set(record) - set(known)):
            raise XvizError(f"A look has no “{unknown[0]}”; it has {', '.join(known)}. Was it saved by a newer xviz?")
        try:
            return cls(**{name: CONVERT.get(name, _same)(value) for name, value in record.items()})
        except (TypeError, ValueError, AttributeError) as error:
            raise XvizError(f"This look cannot be read ({error}). Save it again from the app.") from error

    def renamed(self, text: str) -> str:
        """A text as it is written: names of one's own in the place of those that were drawn."""
        if not self.names:
            return text
        if text in self.names:
            return self.names[text]
        return _pattern(tuple(self.names)).sub(lambda match: self.names[match[0]], text)

    def order(self, count: int) -> list[int]:
        """Which of ``count`` panels are shown, in their order."""
        wanted = [ord(letter) - ord("a") for letter in self.panels]
        return [index for index in dict.fromkeys(wanted) if 0 <= index < count] or list(range(count))

    def letter(self, letter: str) -> str:
        """The letter that a panel gets by its place; "" where it is not shown or panels have none."""
        if not self.letters or (self.panels and letter not in self.panels):
            return ""
        return ascii_lowercase[self.panels.index(letter)] if self.panels else letter

    def marked(self, usual: int) -> int:
        """How many regions are marked, where a figure has ``usual``; one that marks none still marks none."""
        return usual if not usual or self.marks is None else self.marks

    def told(self, usual: int, noun: str = "", place: str = "") -> str:
        """What is marked, for a caption: "outlined: the 3 strongest regions with rank and score"; "" for nothing."""
        count = self.marked(usual)
        if not count or not (self.outlines or self.callouts):
            return ""
        how = "outlined" if self.outlines else "numbered"
        which = f"the {count} strongest" if count > 1 else "the strongest"
        ranks = " with rank and score" if self.callouts and self.outlines else ""
        return f"{how}: {which}{' ' if noun else ''}{noun}{place}{ranks}"

    def mixed(self, usual: tuple[float, float], ground: str, *, grey: bool | None = None) -> str:
        """How colours are mixed with what lies under them: "mixed half and half with the grey picture".

        Args:
            usual: How much the colours of no score and of the strongest cover without a choice.
            ground: What lies under them.
            grey: Whether that is grey; as chosen where None.
        """
        if (share := self.overlay) is None:
            low, high = (round(100 * part) for part in usual)
            kind = "grey " if (self.grey if grey is None else grey) else ""
            return f"covering the {kind}{ground} by {low} to {high} %, the more the stronger"
        parts = "half and half" if share == 0.5 else f"{round(100 * share)}:{round(100 * (1 - share))}"
        return f"mixed {parts} with the {'grey ' if (self.grey if grey is None else grey) else ''}{ground}"


RANGES = (
    ("percentile", 50.0, 100.0), ("power", 0.1, 4.0), ("marks", 0, 40), ("every", 0, 1000), ("text_pt", 5.0, 14.0),
    ("overlay", 0.0, 1.0), ("width_mm", 40.0, 400.0), ("height_mm", 20.0, 600.0),
)  # fmt: skip


def _same(value: Any) -> Any:
    return value


def _texts(value: Any) -> dict[str, str]:
    return {str(key): str(text) for key, text in value.items()}


def _strictly(kind: type) -> Callable[[Any], Any]:
    """A converter that takes a value of one kind alone."""

    def convert(value: Any) -> Any:
        if not isinstance(value, kind):
            raise TypeError(f"{value!r} is no {'text' if kind is str else 'yes or no'}")
        return value

    return convert


def _maybe(kind: type) -> Callable[[Any], Any]:
    return lambda value: None if value is None else kind(value)


CONVERT: Mapping[str, Callable[[Any], Any]] = {
    "panels": lambda value: tuple(str(letter) for letter in value),
    "labels": lambda value: tuple(str(label) for label in value),
    "blocks": lambda value: None if value is None else _strictly(bool)(value),
    "titles": _texts,
    "names": _texts,
    "typed": lambda value: {str(key): (float(low), float(high)) for key, (low, high) in value.items()},
    **dict.fromkeys(("letters", "reversed", "outlines", "callouts", "grey"), _strictly(bool)),
    **dict.fromkeys(("layout", "caption", "sequential", "diverging", "limits", "family", "background"), _strictly(str)),
    **dict.fromkeys(("percentile", "power"), float),
    **dict.fromkeys(("marks", "every"), _maybe(int)),
    **dict.fromkeys(("text_pt", "overlay", "width_mm", "height_mm"), _maybe(float)),
}


@cache
def families() -> tuple[str, ...]:
    """Families of fonts at hand: those that come with matplotlib first, then common ones of the machine."""
    from matplotlib.font_manager import fontManager

    have = {font.name for font in fontManager.ttflist}
    shipped = ("DejaVu Sans", "DejaVu Serif", "STIXGeneral")
    common = (
        "Arial", "Helvetica", "Liberation Sans", "Nimbus Sans", "Times New Roman", "Liberation Serif", "Nimbus Roman",
        "Noto Sans", "Noto Serif", "Open Sans", "Source Sans 3", "Roboto", "Inter",
    )  # fmt: skip
    return tuple(name for name in (*shipped, *common) if name in have)


@cache
def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    """Any of the names, the longest first, where no letter or digit goes on."""
    return re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in sorted(names, key=len, reverse=True)))


@dataclass
class Drawn:
    """What was found while a figure was drawn."""

    look: Look = field(default_factory=Look)
    scales: dict[str, Scale] = field(default_factory=dict)  #: what colours measure → their widest limits
    titles: dict[str, str] = field(default_factory=dict)  #: letter → title as xviz writes it
    filled: float = 1.0  #: how much of the width the panels take
    remarks: tuple[str, ...] = ()  #: sentences for the caption of whatever figure is drawn
    pooled: Mapping[str, Scale] = field(default_factory=dict)  #: the same, where panels share limits


_drawn: ContextVar[Drawn | None] = ContextVar("drawn", default=None)


def drawn() -> Drawn:
    """What is being drawn here; without a context, the look by default."""
    return _drawn.get() or Drawn()


def look() -> Look:
    """The look in which figures are drawn here."""
    return drawn().look


@contextmanager
def drawn_in(chosen: Look | None) -> Iterator[Drawn]:
    """Figures are drawn in a look; what was found while drawing stands in the record that is given.

    Args:
        chosen: The look; that of the context where None.
    """
    if chosen is None and (outer := _drawn.get()) is not None:
        yield outer
        return
    state = Drawn(chosen or Look())
    token = _drawn.set(state)
    try:
        yield state
    finally:
        _drawn.reset(token)


def dressed(scale: Scale, scores: ArrayLike, *, fixed: bool = False) -> Scale:
    """A scale in the colours and limits of the look.

    Args:
        scale: As the figure has it.
        scores: What is drawn with it.
        fixed: Whether its limits say something of their own, as −1 and 1 of a correlation; only typed ones change it.
    """
    context, chosen, name = drawn(), look(), scale.name()
    low, high = scale.low, scale.high
    if chosen.limits == "typed" and name in chosen.typed:
        low, high = chosen.typed[name]
    elif chosen.limits == "shared" and name in context.pooled and not fixed:
        low, high = context.pooled[name].low, context.pooled[name].high
    elif chosen.limits == "percentile" and not fixed:
        finite = np.asarray(scores, np.float64)
        finite = np.abs(finite[np.isfinite(finite)])
        reach = float(np.percentile(finite, chosen.percentile)) if finite.size else 0.0
        low, high = (-reach, reach) if scale.diverging and reach else (low, reach if reach > low else high)
    if scale.diverging and (low, high) != (scale.low, scale.high):
        low, high = -max(abs(low), abs(high)), max(abs(low), abs(high))
    colours = (chosen.diverging if scale.diverging else chosen.sequential) + "_r" * chosen.reversed
    result = replace(scale, low=low, high=high, colours=colours, power=chosen.power)
    known = context.scales.get(name, result)
    context.scales[name] = replace(result, low=min(known.low, result.low), high=max(known.high, result.high))
    return result
