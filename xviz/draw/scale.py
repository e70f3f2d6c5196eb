"""Colour maps and limits, decided once: every view and its colour bar take them from a `Scale`.

Sequential scores use *cividis*: its lightness rises evenly and it was made to look the same with and without red-green
colour blindness. Signed scores use *coolwarm* (Moreland, "Diverging Color Maps for Scientific Visualization", 2009):
of the light-centred maps matplotlib ships, its two arms are closest in lightness (0.3 L* apart; BrBG 2.2, RdBu 4.4,
PuOr 24), so +x and -x weigh the same to the eye, and blue against red survives every common colour blindness.
Crameri's *vik* is not shipped; *berlin*, *managua* and *vanimo* are dark-centred, made for black backgrounds.

Classes have a colour each, `CLASS_COLOURS`: chosen so that the two most alike differ by 12.6 (CIEDE2000) to normal eyes
and under complete protanopia, deuteranopia and tritanopia alike (Machado et al., 2009; tests/views/test_scale.py takes
it again). Of matplotlib's tab20 the two most alike differ by 0.8. Names, and picking one class, still do what no
palette of fifteen can.

Level 0 is kept for "no value" (NaN) and is transparent. The other 255 levels are odd in number, so zero of a signed
scale has a level of its own, the exact middle.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import matplotlib as mpl
import numpy as np
from numpy.typing import ArrayLike, NDArray

#: perceptually uniform colour maps of one-sided scores, by matplotlib's names
SEQUENTIAL = {
    "cividis": "cividis", "viridis": "viridis", "magma": "magma", "inferno": "inferno", "plasma": "plasma",
    "gray": "greys",
}  # fmt: skip
#: light-centred colour maps of signed scores, whose arms are close in lightness
DIVERGING = {"coolwarm": "blue to red", "BrBG": "brown to teal", "RdBu": "red to blue"}
#: the levels of a scale that carry a value; level 0 is "no value"
LEVELS = 255
#: one colour a class, in an order that puts colours of like lightness apart
CLASS_COLOURS = (
    "#aaaaff", "#717139", "#1caa8e", "#8e0000", "#71e3e3", "#3900c6", "#ff3971", "#aaaa1c", "#711c39", "#ff8eaa",
    "#8e71ff", "#c6e300", "#aa3971", "#e3c68e", "#aa71aa",
)  # fmt: skip


@lru_cache(maxsize=32)
def _table(colours: str) -> NDArray[np.uint8]:
    """The colours of a map of matplotlib's, see ``Scale.lut``; nobody can write to them."""
    table = np.zeros((LEVELS + 1, 4), np.uint8)
    table[1:] = np.round(mpl.colormaps[colours](np.linspace(0, 1, LEVELS)) * 255)
    table.flags.writeable = False
    return table


@dataclass(frozen=True)
class Scale:
    """Which colour a score gets."""

    low: float  #: the score of the first colour, in `unit`
    high: float  #: the score of the last colour
    diverging: bool = False  #: True for signed scores, zero in the middle
    label: str = "score"  #: what is shown, "attention weight"
    unit: str = ""  #: its unit, "" where it has none
    colours: str = ""  #: matplotlib's name of the colour map; cividis or coolwarm where ""
    power: float = 1.0  #: colours follow the share of the range, from zero where signed, to this power

    def __post_init__(self) -> None:
        """Refuses limits that no colour bar could print."""
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ValueError(f"limits must be finite and rising; these are {self.low} and {self.high}")

    def lut(self) -> NDArray[np.uint8]:
        """The colour of each level, (256, 4) RGBA 0–255; level 0 is transparent."""
        return _table(self.colours or ("coolwarm" if self.diverging else "cividis"))

    def quantise(self, scores: ArrayLike) -> NDArray[np.uint8]:
        """The level of each score, same shape: 1–255 from `low` to `high`, 0 for NaN; see `clipped` for the rest."""
        scores = np.asarray(scores, np.float64)
        share = (np.clip(scores, self.low, self.high) - self.low) / (self.high - self.low)
        if self.power != 1:
            signed = 2 * share - 1
            bent = (1 + np.sign(signed) * np.abs(signed) ** self.power) / 2
            share = bent if self.diverging else share**self.power
        return np.where(np.isnan(scores), 0, 1 + np.round(np.nan_to_num(share) * (LEVELS - 1))).astype(np.uint8)

    def clipped(self, scores: ArrayLike) -> int:
        """How many scores lie outside the limits and get the colour of the nearer one; NaN is not counted."""
        # limits are float64, scores often float32: allow for the rounding between them
        scores, room = np.asarray(scores, np.float64), 1e-6 * (self.high - self.low)
        return int(np.sum((scores < self.low - room) | (scores > self.high + room)))

    def text(self) -> str:
        """The limits in words, "0 … 0.31 attention weight"."""
        bent = self.bent()
        return f"{number(self.low)} … {number(self.high)} {self.name()}{', ' if bent else ''}{bent}"

    def name(self) -> str:
        """Label and unit, "evidence (logits)"."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    def bent(self) -> str:
        """What is to be said of a power, "power 0.5, middle colour at 0.08"; "" where colours follow scores evenly."""
        if self.power == 1:
            return ""
        half = 0.5 ** (1 / self.power)
        middle = f"half-way colour at ±{number(self.high * half)}" if self.diverging else (
            f"middle colour at {number(self.low + half * (self.high - self.low))}"
        )  # fmt: skip
        return f"power {number(self.power)}, {middle}"

    def legend(self, scores: ArrayLike) -> str:
        """What stands beside the limits of some scores: name, how many lie beyond, how colours are bent."""
        return self.name() + self.remarks(scores)

    def remarks(self, scores: ArrayLike) -> str:
        """What limits alone do not say, ", 3 beyond, power 0.5, middle colour at 0.08"; "" for nothing."""
        count, bent = self.clipped(scores), self.bent()
        return f", {count} beyond" * bool(count) + f", {bent}" * bool(bent)

    def header(self, scores: ArrayLike) -> dict[str, object]:
        """What the colour bar under a view of these scores prints."""
        return {
            "low": self.low,
            "high": self.high,
            "lowText": number(self.low),
            "highText": number(self.high),
            "diverging": self.diverging,
            "name": self.name(),
            "clipped": self.clipped(scores),
        }


@dataclass(frozen=True)
class Categories:
    """Which colour a class gets; takes the place of a `Scale` where scores are numbers of classes."""

    names: tuple[str, ...]  #: at most as many as there are colours that can be told apart
    label: str = "class"  #: what is shown, "predicted class"

    def __post_init__(self) -> None:
        """Refuses more classes than there are colours."""
        if not 0 < len(self.names) <= len(CLASS_COLOURS):
            raise ValueError(
                f"{len(CLASS_COLOURS)} classes can be told apart by colour; {len(self.names)} came. "
                "Show one class at a time instead."
            )

    def lut(self) -> NDArray[np.uint8]:
        """The colour of each class, (256, 4) RGBA 0–255; level 0 is transparent."""
        table = np.zeros((LEVELS + 1, 4), np.uint8)
        for level, colour in enumerate(CLASS_COLOURS[: len(self.names)], 1):
            table[level] = [int(colour[i : i + 2], 16) for i in (1, 3, 5)] + [255]
        return table

    def quantise(self, classes: ArrayLike) -> NDArray[np.uint8]:
        """The level of each class number counted from 0, same shape; 0 for NaN."""
        classes = np.asarray(classes, np.float64)
        return np.where(np.isnan(classes), 0, np.nan_to_num(classes) + 1).astype(np.uint8)

    def text(self) -> str:
        """What the colours say, "a colour for each predicted class"."""
        return f"a colour for each {self.label}"

    def name(self) -> str:
        """What is shown."""
        return self.label

    def header(self, classes: ArrayLike) -> dict[str, object]:
        """What the legend under a view of these classes prints."""
        counts = np.bincount(_finite(classes).astype(int), minlength=len(self.names))
        return {"names": list(self.names), "counts": [int(n) for n in counts], "name": self.label}


def sequential(
    scores: ArrayLike, *, limits: tuple[float, float] | None = None, label: str = "score", unit: str = ""
) -> Scale:
    """A scale for one-sided scores; without `limits` from zero (or the least score, if negative) to the greatest.

    Starting at zero keeps an even attention looking even. Without any finite score, or where all are zero, the limits
    are 0 and 1; where all are the same negative number, they run from it to zero.
    """
    if limits is None:
        finite = _finite(scores)
        low, high = min(0.0, finite.min(initial=0.0)), float(finite.max(initial=-math.inf))
        limits = (float(low), high if high > low else (0.0 if low < 0 else 1.0))
    return Scale(float(limits[0]), float(limits[1]), diverging=False, label=label, unit=unit)


def diverging(scores: ArrayLike, *, limit: float | None = None, label: str = "score", unit: str = "") -> Scale:
    """A scale for signed scores, symmetric around zero; without `limit` out to the greatest magnitude (1 if none)."""
    if limit is None:
        limit = float(np.abs(_finite(scores)).max(initial=0.0)) or 1.0
    return Scale(-float(limit), float(limit), diverging=True, label=label, unit=unit)


def number(value: float) -> str:
    """A number for people, three digits, with a true minus sign; "no value" for NaN."""
    return "no value" if math.isnan(value) else f"{value:.3g}".replace("-", "−")


def signed(value: float, form: str = ".2f") -> str:
    """A change or a correlation for people, always with its sign, a true minus among them: "+0.25", "−1.50"."""
    return f"{value:+{form}}".replace("-", "−")


def order(scores: ArrayLike) -> NDArray[np.int64]:
    """Token numbers from the greatest magnitude to the least, NaN last; equal ones stay in order."""
    magnitude = np.abs(np.asarray(scores, np.float64))
    return np.argsort(np.where(np.isnan(magnitude), np.inf, -magnitude), kind="stable")


def _finite(scores: ArrayLike) -> NDArray[np.float64]:
    """The finite scores, flat."""
    scores = np.asarray(scores, np.float64).ravel()
    return scores[np.isfinite(scores)]
