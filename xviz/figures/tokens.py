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
def panel(form: Form, page: Page, place: Place, scores: Scores, scale: Scale, *, selected: int | None = None) -> float:
    """The tokens of a space under their scores; the height in mm that was taken.

    Args:
        form: From ``core.forms.form``.
        page: Where it is drawn, inside ``style.drawing()``.
        place: Where on it.
        scores: One per token.
        scale: Colours and limits.
        selected: A token to mark.

    Raises:
        TypeError: nothing draws forms of this kind.
    """
    raise TypeError(f"nothing draws {type(form).__name__} on paper; register it: @panel.register")


@panel.register
def _words(
    form: Words, page: Page, place: Place, scores: Scores, scale: Scale, *, selected: int | None = None
) -> float:
    size = page.preset.text_pt
    high = words_height(form.labels, size, place.width * MM) / MM
    axes = page.axes(place.left, place.top, place.width, high)
    picked = () if selected is None else (form.thing(selected),)
    words_panel(axes, form.labels, form.painted(scores), scale, selected=picked, size=size)
    return high


@panel.register
def _on_picture(
    form: OnPicture, page: Page, place: Place, scores: Scores, scale: Scale, *, selected: int | None = None
) -> float:
    (tall, wide), size = form.pixels.shape[:2], page.preset.small_pt
    across, down = form.ticks
    side = max((width_of(text, size) for _, text in down), default=-2.0) / MM + 0.7
    foot = (1.4 * size * (bool(across) + bool(across and form.names[0]))) / MM
    high = min((place.width - side) * tall / wide, place.most)
    inner = Place(place.left + side, place.top, high * wide / tall)
    values = form.painted(scores)
    marks = Marks(selected=selected, top=TOP if len(np.unique(values)) > 1 else 0)
    axes = page.axes(inner.left, inner.top, inner.width, high)
    picture_panel(axes, form.pixels, form.boxes, values, scale, marks=marks, size=size)
    if down:
        names = page.axes(place.left, place.top, side, high)
        for share, text in down:
            write(names, (side - 0.7) * MM, share * high * MM + 0.36 * size, text, size=size, ha="right")
    if across:
        _times(page.axes(inner.left, place.top + high, inner.width, foot), form, inner.width * MM, size)
    return high + foot


def _times(axes: Axes, form: OnPicture, width: float, size: float) -> None:
    """What the horizontal side means, below it."""
    ends = {0.0: "left", 1.0: "right"}
    for share, text in form.ticks[0]:
        write(axes, share * width, 1.2 * size, text, size=size, ha=ends.get(share, "center"))
    if form.names[0]:
        write(axes, width / 2, 2.5 * size, form.names[0], size=size, ha="center")


@panel.register
def _on_pictures(
    form: OnPictures, page: Page, place: Place, scores: Scores, scale: Scale, *, selected: int | None = None
) -> float:
    count = len(form.images)
    across = min(count, max(1, int((place.width + 1) // 26)))
    width, top, values = (place.width - (across - 1)) / across, place.top, form.split(np.asarray(scores, np.float64))
    chosen = None if selected is None else divmod(selected, values.shape[1])
    for start in range(0, count, across):
        highest = 0.0
        for column, picture in enumerate(range(start, min(start + across, count))):
            left = place.left + column * (width + 1)
            name = page.axes(left, top, width, 1.5 * page.preset.small_pt / MM)
            write(name, 0, 1.1 * page.preset.small_pt, form.names[picture], size=page.preset.small_pt)
            below = top + 1.5 * page.preset.small_pt / MM
            marked = chosen[1] if chosen is not None and chosen[0] == picture else None
            alone, inner = form.alone(picture), Place(left, below, width, place.most)
            highest = max(highest, _on_picture(alone, page, inner, values[picture], scale, selected=marked))
        top += highest + 1.5 * page.preset.small_pt / MM + 1
    return top - place.top - 1


@panel.register
def _on_head(
    form: OnHead, page: Page, place: Place, scores: Scores, scale: Scale, *, selected: int | None = None
) -> float:
    values = form.painted(scores)
    known = np.isfinite(form.positions).all(1) & np.isfinite(values)
    if known.sum() < LEAST:
        return _words(_named(form), page, place, scores, scale, selected=selected)
    side = min(place.width, place.most)
    scalp = Scalp(Electrodes("electrodes", form.labels, form.positions), f"{len(form)} electrodes")
    axes = page.axes(place.left, place.top, side, side)
    head_panel(axes, scalp, values, scale, selected=selected, names=side > 40, size=page.preset.small_pt)
    return side


def _named(form: Form) -> Words:
    return Words(labels=form.labels, noun=form.noun, of_token=np.arange(len(form)))


@panel.register
def _in_cloud(
    form: InCloud, page: Page, place: Place, scores: Scores, scale: Scale, *, selected: int | None = None
) -> float:
    chosen = thin(form.xyz, POINTS, form.of_point).kept
    xyz, token = form.xyz[chosen], form.of_point[chosen]
    camera = Camera.opened(xyz)
    top, bottom = camera.band(xyz)  # white above and below is left away
    width = min(place.width, place.most * camera.aspect)
    high = width / camera.aspect * (bottom - top)
    values = np.where(token >= 0, form.painted(scores)[np.maximum(token, 0)], np.nan)
    own = np.full((len(xyz), 3), GREY) if form.rgb is None else form.rgb[chosen]
    colours = mixed(LIGHT + (1 - LIGHT / 255) * (own @ GREYS)[:, None].repeat(3, 1), scale.quantise(values), scale)
    painted_scores = scale.lut()[scale.quantise(scores)][:, :3]
    best, numbered = [int(i) for i in order(np.asarray(scores))[: look().marked(TOP)] if scores[i]], list[np.ndarray]()
    visible = camera.shows(xyz) | np.isin(token, best)  # what is strongest is never cut away
    axes = page.axes(place.left, place.top, width, high)
    wide, tall = in_points(axes)
    painted = still(xyz[visible], colours[visible], camera, round(width / 25.4 * 600))
    first, last = (round(share * len(painted)) for share in (top, bottom))
    axes.imshow(painted[first:last], extent=(0, wide, tall, 0), aspect="auto")
    axes.set(xlim=(0, wide), ylim=(tall, 0))
    for rank, index in enumerate(best, 1):
        spots = (camera.project(xyz[visible & (token == index)])[0] - [0, top]) * [wide, tall / (bottom - top)]
        if len(spots):
            ranked(axes, spots, str(rank), page.preset.small_pt, numbered, painted_scores[index])
    if selected is not None and (points := xyz[token == selected]).size:
        (x, y), *_ = camera.project(points.mean(0))[0]
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
    preposition = {"look": "from", columns.METHOD.key: "to"}.get(explanation.method)
    if preposition is not None and focus and explanation.focus is not None:
        return f"Attention {preposition} {focus}"
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
    page: Page, shown: Shown, explanation: Explanation, named: tuple[str, str], corner: tuple[float, float, float],
    letter: str, sentences: list[str],
) -> float:  # fmt: skip
    """One panel with title and colour bar; where the next begins, in mm."""
    (left, y, width), (name, title) = corner, named
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
