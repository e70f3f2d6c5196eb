"""Figures of tokens of any space, by the form in which they are shown; ``panel`` is the panel of a form.

A form of one's own registers its panel: ``@panel.register``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import singledispatch

import numpy as np
from matplotlib.axes import Axes

from xviz.core.errors import ModelError
from xviz.core.explanation import Explanation
from xviz.core.forms import Form, InCloud, OnHead, OnPicture, OnPictures, Words
from xviz.core.tokens import Electrodes, Scores
from xviz.draw.scale import Scale, number, order
from xviz.explain import EVERY, columns
from xviz.figures.caption import caption, glyph_note, measured
from xviz.figures.cloud import Camera, still
from xviz.figures.figure import Figure
from xviz.figures.head import LEAST, Scalp, head_panel
from xviz.figures.joined import SEEN_OR_HIDDEN, ranked
from xviz.figures.lettering import width_of, words_height, write
from xviz.figures.look import look
from xviz.figures.names import plain
from xviz.figures.page import Page
from xviz.figures.pair import SPACE, TOP, bar, scale_for
from xviz.figures.panel import Marks, in_points, picture_panel, words_panel
from xviz.figures.raster import SHARE, mixed
from xviz.figures.style import MM, PRESETS, Preset, drawing
from xviz.geometry.thinning import thin

HIGH = 70.0  #: mm, the most that one panel takes
GREY, LIGHT = 190, 60  #: of points without a colour, and of black ones
GREYS = np.array([0.299, 0.587, 0.114])
POINTS = 60_000  #: of a cloud that are drawn


@dataclass(frozen=True)
class Place:
    """Where a panel goes, all in mm."""

    left: float
    top: float
    width: float
    most: float = HIGH  #: the most that it may be high


@dataclass(frozen=True, eq=False)
class Shown:
    """What several panels of a figure share."""

    forms: Mapping[str, Form]  #: leaf space → how its tokens are shown
    credit: str = ""  #: origin and licence of the sample
    nouns: Mapping[str, str] = field(default_factory=dict)  #: leaf space → what its tokens are; its name where none

    def noun(self, name: str) -> str:
        """What the tokens of a space are called."""
        return self.nouns.get(name) or plain(name)


@singledispatch
def panel(shown: Form, page: Page, at: Place, scores: Scores, scale: Scale, *, selected: int | None = None) -> float:
    """The tokens of a space under their scores; the height in mm that was taken.

    Args:
        shown: From ``core.forms.form``.
        page: Where it is drawn, inside ``style.drawing()``.
        at: Where on it.
        scores: One per token.
        scale: Colours and limits.
        selected: A token to mark.

    Raises:
        TypeError: nothing draws forms of this kind.
    """
    raise TypeError(f"nothing draws {type(shown).__name__} on paper; register it: @panel.register")


@panel.register
def _words(shown: Words, page: Page, at: Place, scores: Scores, scale: Scale, *, selected: int | None = None) -> float:
    size = page.preset.text_pt
    high = words_height(shown.labels, size, at.width * MM) / MM
    axes = page.axes(at.left, at.top, at.width, high)
    picked = () if selected is None else (shown.thing(selected),)
    words_panel(axes, shown.labels, shown.painted(scores), scale, selected=picked, size=size)
    return high


@panel.register
def _on_picture(
    shown: OnPicture, page: Page, at: Place, scores: Scores, scale: Scale, *, selected: int | None = None
) -> float:
    (tall, wide), size = shown.pixels.shape[:2], page.preset.small_pt
    across, down = shown.ticks
    side = max((width_of(text, size) for _, text in down), default=-2.0) / MM + 0.7
    foot = (1.4 * size * (bool(across) + bool(across and shown.names[0]))) / MM
    high = min((at.width - side) * tall / wide, at.most)
    place = Place(at.left + side, at.top, high * wide / tall)
    values = shown.painted(scores)
    marks = Marks(selected=selected, top=TOP if len(np.unique(values)) > 1 else 0)
    axes = page.axes(place.left, place.top, place.width, high)
    picture_panel(axes, shown.pixels, shown.boxes, values, scale, marks=marks, size=size)
    if down:
        names = page.axes(at.left, at.top, side, high)
        for share, text in down:
            write(names, (side - 0.7) * MM, share * high * MM + 0.36 * size, text, size=size, ha="right")
    if across:
        _times(page.axes(place.left, at.top + high, place.width, foot), shown, place.width * MM, size)
    return high + foot


def _times(axes: Axes, shown: OnPicture, width: float, size: float) -> None:
    """What the horizontal side means, below it."""
    ends = {0.0: "left", 1.0: "right"}
    for share, text in shown.ticks[0]:
        write(axes, share * width, 1.2 * size, text, size=size, ha=ends.get(share, "center"))
    if shown.names[0]:
        write(axes, width / 2, 2.5 * size, shown.names[0], size=size, ha="center")


@panel.register
def _on_pictures(
    shown: OnPictures, page: Page, at: Place, scores: Scores, scale: Scale, *, selected: int | None = None
) -> float:
    count = len(shown.images)
    across = min(count, max(1, int((at.width + 1) // 26)))
    width, top, values = (at.width - (across - 1)) / across, at.top, shown.split(np.asarray(scores, np.float64))
    chosen = None if selected is None else divmod(selected, values.shape[1])
    for start in range(0, count, across):
        highest = 0.0
        for column, picture in enumerate(range(start, min(start + across, count))):
            left = at.left + column * (width + 1)
            name = page.axes(left, top, width, 1.5 * page.preset.small_pt / MM)
            write(name, 0, 1.1 * page.preset.small_pt, shown.names[picture], size=page.preset.small_pt)
            below = top + 1.5 * page.preset.small_pt / MM
            marked = chosen[1] if chosen is not None and chosen[0] == picture else None
            alone, place = shown.alone(picture), Place(left, below, width, at.most)
            highest = max(highest, _on_picture(alone, page, place, values[picture], scale, selected=marked))
        top += highest + 1.5 * page.preset.small_pt / MM + 1
    return top - at.top - 1


@panel.register
def _on_head(
    shown: OnHead, page: Page, at: Place, scores: Scores, scale: Scale, *, selected: int | None = None
) -> float:
    values = shown.painted(scores)
    known = np.isfinite(shown.positions).all(1) & np.isfinite(values)
    if known.sum() < LEAST:
        return _words(_named(shown), page, at, scores, scale, selected=selected)
    side = min(at.width, at.most)
    scalp = Scalp(Electrodes("electrodes", shown.labels, shown.positions), f"{len(shown)} electrodes")
    axes = page.axes(at.left, at.top, side, side)
    head_panel(axes, scalp, values, scale, selected=selected, names=side > 40, size=page.preset.small_pt)
    return side


def _named(shown: Form) -> Words:
    return Words(labels=shown.labels, noun=shown.noun, of_token=np.arange(len(shown)))


@panel.register
def _in_cloud(
    shown: InCloud, page: Page, at: Place, scores: Scores, scale: Scale, *, selected: int | None = None
) -> float:
    kept = thin(shown.xyz, POINTS, shown.of_point).kept
    xyz, token = shown.xyz[kept], shown.of_point[kept]
    camera = Camera.opened(xyz)
    top, bottom = camera.band(xyz)  # white above and below is left away
    width = min(at.width, at.most * camera.aspect)
    high = width / camera.aspect * (bottom - top)
    values = np.where(token >= 0, shown.painted(scores)[np.maximum(token, 0)], np.nan)
    own = np.full((len(xyz), 3), GREY) if shown.rgb is None else shown.rgb[kept]
    colours = mixed(LIGHT + (1 - LIGHT / 255) * (own @ GREYS)[:, None].repeat(3, 1), scale.quantise(values), scale)
    painted_scores = scale.lut()[scale.quantise(scores)][:, :3]
    best, taken = [int(i) for i in order(np.asarray(scores))[: look().marked(TOP)] if scores[i]], list[np.ndarray]()
    seen = camera.shows(xyz) | np.isin(token, best)  # what is strongest is never cut away
    axes = page.axes(at.left, at.top, width, high)
    wide, tall = in_points(axes)
    painted = still(xyz[seen], colours[seen], camera, round(width / 25.4 * 600))
    first, last = (round(share * len(painted)) for share in (top, bottom))
    axes.imshow(painted[first:last], extent=(0, wide, tall, 0), aspect="auto")
    axes.set(xlim=(0, wide), ylim=(tall, 0))
    for rank, index in enumerate(best, 1):
        spots = (camera.project(xyz[seen & (token == index)])[0] - [0, top]) * [wide, tall / (bottom - top)]
        if len(spots):
            ranked(axes, spots, str(rank), page.preset.small_pt, taken, painted_scores[index])
    if selected is not None and (here := xyz[token == selected]).size:
        (x, y), *_ = camera.project(here.mean(0))[0]
        axes.plot(
            x * wide,
            (y - top) / (bottom - top) * tall,
            "o",
            color="none",
            markersize=5,
            markeredgecolor="black",
            markeredgewidth=0.8,
        )
    return high


def method_title(explanation: Explanation, focus: str = "") -> str:
    """A method for people; an attention with the token that it is of."""
    way = {"look": "from", columns.METHOD.key: "to"}.get(explanation.method)
    if way is not None and focus and explanation.focus is not None:
        return f"Attention {way} {focus}"
    return EVERY[explanation.method].title if explanation.method in EVERY else explanation.method


def tokens_figure(
    shown: Shown, explanations: Sequence[Explanation], *, focus: str = "", preset: Preset = PRESETS["nature-double"]
) -> Figure:
    """Every explanation on the tokens of all spaces that it scores, side by side where the page is wide enough.

    Args:
        shown: How tokens are shown.
        explanations: One or more.
        focus: The picked token in words; "" where the output itself is explained.
        preset: The venue's sizes.

    Raises:
        ModelError: no explanation, or none that scores a space that is shown.
    """
    scored = [(explanation, name) for explanation in explanations for name in shown.forms if name in explanation.scores]
    if not scored:
        raise ModelError("A figure needs at least one explanation that scores tokens; choose another method above.")
    sentences: list[str] = []
    texts = [word for name, own in shown.forms.items() if isinstance(own, Words) for word in own.labels]
    with drawing():
        page = Page(preset)
        beside = len(explanations) if page.inner >= 110 else 1
        width = (page.inner - SPACE * (beside - 1)) / beside
        tops = [0.0] * beside
        letters = iter("abcdefghijklmnopqrstuvwxyz")
        for number_, explanation in enumerate(explanations):
            column = number_ % beside
            left, y = column * (width + SPACE), max(tops) if beside == 1 else tops[column]
            for name in (name for explained, name in scored if explained is explanation):
                title = method_title(explanation, focus)
                y = _one(page, shown, explanation, (name, title), (left, y, width), next(letters), sentences)
            tops[column] = y
        figure = page.finish(max(tops) - SPACE)
    provenance = explanations[0].provenance.but(
        figure="tokens", preset=preset.key, method=", ".join(explanation.method for explanation in explanations)
    )
    notes = [*([f"Picked: {focus}."] if focus else []), *glyph_note(texts)]
    text = caption(preset, sentences, provenance, credit=shown.credit, notes=notes, about=explanations)
    alt = " ".join(_spoken(shown.forms[name], explanation, name, shown.noun(name)) for explanation, name in scored)
    return Figure(figure, text, provenance, alt)


def _one(
    page: Page, shown: Shown, explanation: Explanation, named: tuple[str, str], at: tuple[float, float, float],
    letter: str, sentences: list[str],
) -> float:  # fmt: skip
    """One panel with title and colour bar; where the next begins, in mm."""
    (left, y, width), (name, title) = at, named
    own, noun = shown.forms[name], shown.noun(name)
    scores = explanation.scores[name]
    values = own.painted(scores)
    scale = scale_for(explanation, values)
    y += page.title(letter, f"{title}: {noun}", left, y, width)
    picked = explanation.focus[1][0] if explanation.focus is not None and explanation.focus[0] == name else None
    y += panel(own, page, Place(left, y, width), scores, scale, selected=picked)
    y += bar(page, scale, values, left, y, width) + SPACE
    sentences.append(f"{title}, on {noun} ({measured(scale, values)}){_how(own, picked)}.")
    return y


def _how(own: Form, picked: int | None) -> str:
    """How scores of a form are drawn, in words."""
    if isinstance(own, Words):
        framed = "; framed: the picked one" if picked is not None else ""
        return framed
    if isinstance(own, OnPicture | OnPictures):
        grey = "" if own.real else " on grey, since the picture is not known"
        each = " of each picture" if isinstance(own, OnPictures) else ""
        outlined = look().told(TOP, place=each)
        return f"{grey}{'; ' if outlined else ''}{outlined}" + ("; S: the picked one" if picked is not None else "")
    if isinstance(own, InCloud):
        outlined = f"; {SEEN_OR_HIDDEN}: the strongest" if look().marked(TOP) else ""
        return f"; {look().mixed(SHARE, 'points', grey=True)}{outlined}{Camera.opened(own.xyz).cut(kept=True)}"
    return ""


def _spoken(own: Form, explanation: Explanation, name: str, noun: str) -> str:
    """A panel in a sentence."""
    values = own.painted(explanation.scores[name])
    strongest = ", ".join(
        f"{own.labels[i]} ({number(values[i])})" for i in order(values)[:TOP] if np.isfinite(values[i])
    )
    return f"{method_title(explanation)} over {len(own)} {noun}; strongest: {strongest}."
