"""`Pair`: a picture with regions and a sentence with word pieces, and what every recipe asks of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xviz.core.explanation import Explanation
from xviz.core.tokens import Boxes, Pieces
from xviz.draw.scale import Scale
from xviz.figures.lettering import wrap, write
from xviz.figures.page import Page
from xviz.figures.panel import bar_width, colour_bar
from xviz.figures.scales import diverging, sequential
from xviz.figures.style import MM

SPACE = 2.5  #: mm between panels
TOP = 3  #: outlined regions


@dataclass(frozen=True, eq=False)
class Pair:
    """A picture with its regions and a sentence, as both recipes need them."""

    pixels: NDArray[np.uint8]  #: (height, width, 3)
    regions: Boxes
    text: Pieces
    credit: str = ""  #: origin and licence of the sample, for the caption

    def words(self, explanation: Explanation) -> NDArray[np.float64]:
        """(words,) scores: the sum over the pieces of each word."""
        return self.text.paint(explanation.scores[self.text.name])

    def asked_by(self, explanation: Explanation) -> str:
        """The focus of an explanation in a few words; "" without one."""
        if explanation.focus is None:
            return ""
        space, tokens = explanation.focus
        if space == self.regions.name:
            return ", ".join(f"region {token + 1}" for token in tokens)
        return ", ".join(f"“{self.text.words[word]}”" for word in self.asked_words(explanation))

    def asked_words(self, explanation: Explanation) -> tuple[int, ...]:
        """The words in the focus, none where it lies in the picture."""
        if explanation.focus is None or explanation.focus[0] != self.text.name:
            return ()
        return tuple(dict.fromkeys(int(self.text.of_word[token]) for token in explanation.focus[1]))

    def asked_region(self, explanation: Explanation) -> int | None:
        """The first region in the focus."""
        if explanation.focus is None or explanation.focus[0] != self.regions.name:
            return None
        return int(explanation.focus[1][0])


def scale_for(explanation: Explanation, scores: ArrayLike) -> Scale:
    """A scale for some scores of an explanation: around zero where it is signed, from zero where not."""
    make = diverging if explanation.signed else sequential
    return make(scores, label=explanation.unit)


def bar(page: Page, scale: Scale, scores: ArrayLike, left: float, y: float, width: float) -> float:
    """A colour bar below what it explains, its name below it where it has no room; height in mm with the room above."""
    size, height, lines = page.preset.small_pt, bar_height(page), _below(page, scale, scores, width)
    colour_bar(page.axes(left, y + 1.0, width, height - 1.0), scale, scores, size=size, named=not lines)
    for line in lines:
        write(page.axes(left, y + height, width, 1.3 * size / MM), 0, size, line, size=size)
        height += 1.3 * size / MM
    return height


def bar_tall(page: Page, scale: Scale, scores: ArrayLike, width: float) -> float:
    """The height in mm that ``bar`` takes."""
    return bar_height(page) + len(_below(page, scale, scores, width)) * 1.3 * page.preset.small_pt / MM


def _below(page: Page, scale: Scale, scores: ArrayLike, width: float) -> list[str]:
    """What stands below a colour bar since it has no room beside it, in lines."""
    size = page.preset.small_pt
    fits = bar_width(scale, scores, size) / MM <= width
    return [] if fits else wrap(scale.legend(scores), size, width * MM)


def bar_height(page: Page) -> float:
    """The height in mm of a colour bar with the room above it."""
    return 1.5 * page.preset.small_pt / MM + 1.0
