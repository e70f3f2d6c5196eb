"""Two explanations side by side on one scale, and their signed difference around zero where tokens correspond."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from xviz.core.explanation import Explanation
from xviz.core.forms import Form, Words
from xviz.core.provenance import Provenance
from xviz.draw.scale import number, order
from xviz.figures.caption import caption, glyph_note, letters, measured
from xviz.figures.figure import Figure
from xviz.figures.page import Page
from xviz.figures.pair import SPACE, TOP, bar, scale_for
from xviz.figures.style import PRESETS, Preset, drawing
from xviz.figures.tokens import Place, panel

WIDE = 110  #: mm, from which sides stand beside each other
GAP = "B − A"


@dataclass(frozen=True, eq=False)
class Beside:
    """One side of a comparison."""

    title: str  #: for people
    explanation: Explanation
    forms: Mapping[str, Form]  #: leaf space that is scored → how its tokens are shown

    def painted(self, space: str) -> np.ndarray:
        """The scores of a space as its things have them: words have the sum over their pieces."""
        return self.forms[space].painted(self.explanation.scores[space])


def alike(first: Explanation, second: Explanation) -> bool:
    """Whether two explanations measure the same, so that they share a scale and have a difference."""
    return (first.unit, first.signed) == (second.unit, second.signed)


def compare_figure(
    first: Beside,
    second: Beside,
    apart: Mapping[str, str],
    provenance: Provenance,
    *,
    credit: str = "",
    preset: Preset = PRESETS["nature-double"],
) -> Figure:
    """Every space of both sides: A, B, and B minus A where tokens correspond and both measure the same.

    Args:
        first: A.
        second: B.
        apart: Space that both score → why its tokens do not correspond, in words.
        provenance: Of A, with what B is.
        credit: Origin and licence of the samples.
        preset: The venue's sizes.
    """
    same, both = alike(first.explanation, second.explanation), (("A", first), ("B", second))
    sentences: list[str] = []
    spoken: list[str] = []
    with drawing():
        page, top = Page(preset), 0.0
        for name in dict.fromkeys([*first.forms, *second.forms]):
            panels = [(title, side) for title, side in both if name in side.forms]
            values = np.concatenate([side.painted(name) for _, side in panels])
            shared = scale_for(first.explanation, values) if same else None
            if same and len(panels) == 2 and name not in apart:
                panels.append((GAP, difference(first, second, name)))
            across = len(panels) if page.inner >= WIDE else 1
            width, start = (page.inner - SPACE * (across - 1)) / across, top
            for index, (title, side) in enumerate(panels):
                own = shared if shared is not None and title != GAP else scale_for(side.explanation, side.painted(name))
                letter, left = letters()[len(sentences) % 26], (index % across) * (width + SPACE)
                y = start if across > 1 else top
                y += page.title(letter, f"{name}: {title}", left, y, width)
                scores, focus = side.explanation.scores[name], side.explanation.focus
                picked = focus[1][0] if focus is not None and focus[0] == name else None
                y += panel(side.forms[name], page, Place(left, y, width), scores, own, selected=picked)
                top = max(top, y + bar(page, own, side.painted(name), left, y, width) + SPACE)
                sentences.append(f"{title}, {name} ({measured(own, side.painted(name))}).")
                spoken.append(f"{title}, {name}; strongest: {_strongest(side, name)}.")
        drawn = page.finish(top - SPACE)
    notes = [f"A: {first.title}.", f"B: {second.title}.", *(f"No difference is drawn: {why}" for why in apart.values())]
    if not same:
        units = f"A measures {first.explanation.unit}, B {second.explanation.unit}"
        notes.append(f"{units}: each has a scale of its own, and there is no difference.")
    words = [w for _, side in both for form in side.forms.values() if isinstance(form, Words) for w in form.labels]
    methods = ", ".join(dict.fromkeys(side.explanation.method for _, side in both))
    origin = provenance.but(figure="compare", preset=preset.key, method=methods)
    about = [side.explanation for _, side in both]
    text = caption(preset, sentences, origin, credit=credit, notes=[*notes, *glyph_note(words)], about=about)
    return Figure(drawn, text, origin, f"Two explanations side by side. {' '.join(spoken)}")


def difference(first: Beside, second: Beside, space: str) -> Beside:
    """B minus A on a space whose tokens correspond."""
    left, right = first.explanation, second.explanation
    gap = replace(
        right, scores={space: right.scores[space] - left.scores[space]}, signed=True, unit=f"difference of {left.unit}"
    )
    return Beside(GAP, gap, {space: second.forms[space]})


def _strongest(side: Beside, name: str) -> str:
    values, form = side.painted(name), side.forms[name]
    return ", ".join(f"{form.labels[i]} ({number(values[i])})" for i in order(values)[:TOP] if np.isfinite(values[i]))
