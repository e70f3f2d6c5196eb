"""The tokens of any space as the drawing of a live component, by the form in which they are shown.

``form`` (``core.forms``) says how tokens of a type are shown; ``draw`` makes the drawing of a form. A type of its own
is one class with a method ``form``; a form of its own registers how it is drawn: ``@draw.register``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from xviz.core.forms import Form, InCloud, OnHead, OnPicture, OnPictures, Words, squares
from xviz.core.grounds import GREY
from xviz.core.tokens import Scores
from xviz.draw.scale import Scale, diverging, sequential
from xviz.drawings import head, image, photos, plane, points, words
from xviz.drawings.drawing import PLAIN, Drawing, Surround

MANY = 800  #: names above which they are cells
_stills: WeakKeyDictionary[Form, object] = WeakKeyDictionary()  #: what of a form is sent once, made once


@dataclass(frozen=True, eq=False)
class Marks:
    """What is drawn over the tokens of a space."""

    selected: int | None = None  #: the token to highlight; None leaves what the visitor picked
    absent: Sequence[int] = ()  #: tokens that the model is not shown
    strongest: int = 5  #: how many boxes get an outline
    compact: bool = False  #: without tools and hint, where many stand side by side


NOTHING = Marks()


def scaled(form: Form, scores: Scores, *, signed: bool, label: str) -> Scale:
    """Colours and limits for the scores of a space, as its things have them: words have the sum over their pieces."""
    return (diverging if signed else sequential)(form.painted(scores), label=label)


@singledispatch
def draw(
    form: Form,
    scores: Scores | None = None,
    *,
    scale: Scale | None = None,
    marks: Marks = NOTHING,
    surround: Surround = PLAIN,
) -> Drawing:
    """The drawing of a space's tokens; a pick in it is a thing of the form, see ``Form.tokens``.

    Args:
        form: From ``core.forms.form``.
        scores: One per token; None shows the tokens alone.
        scale: Colours and limits, needed with ``scores``; ``scaled`` makes one.
        marks: What is drawn over them.
        surround: Title, note and height.

    Raises:
        TypeError: nothing draws forms of this kind.
    """
    raise TypeError(f"nothing draws {type(form).__name__}; register it: @draw.register")


def _values(form: Form, scores: Scores | None, absent: Sequence[int] = ()) -> NDArray[np.float64] | None:
    """Scores of things; NaN where all tokens of one are absent."""
    if scores is None:
        return None
    values = np.array(form.painted(scores), np.float64)
    for index in {form.thing(token) for token in absent}:
        if set(form.tokens(index)) <= set(absent):
            values[index] = np.nan
    return values


def _selected(form: Form, marks: Marks) -> int | None:
    return None if marks.selected is None else form.thing(marks.selected)


@draw.register
def _words(
    form: Words, scores: Scores | None = None, *, scale: Scale | None = None, marks: Marks = NOTHING,
    surround: Surround = PLAIN,
) -> Drawing:  # fmt: skip
    if len(form) > MANY:
        return _on_picture(gridded(form), scores, scale=scale, marks=marks, surround=surround)
    picked = _selected(form, marks)
    return words.words(
        form.labels, _values(form, scores, marks.absent), scale=scale, selected=() if picked is None else (picked,),
        title=surround.title, **({"height": surround.height} if surround.height else {}),
    )  # fmt: skip


def gridded(form: Words) -> OnPicture:
    """Very many names as cells in lines, each told under the cursor."""
    if (grid := _stills.get(form)) is None:
        wide = math.ceil(math.sqrt(2 * len(form)))
        lines, cell = -(-len(form) // wide), max(4, 900 // wide)
        pixels = np.full((lines * cell, wide * cell, 3), GREY, np.uint8)
        boxes = squares((lines, wide), pixels.shape[:2])[: len(form)]
        grid = _stills[form] = _Gridded(labels=form.labels, noun=form.noun, pixels=pixels, boxes=boxes, of=form)
    return grid


@dataclass(frozen=True, eq=False, kw_only=True)
class _Gridded(OnPicture):
    """Boxes in the place of words."""

    of: Words

    @property
    def count(self) -> int:
        return self.of.count

    def tokens(self, thing: int) -> tuple[int, ...]:
        return self.of.tokens(thing)

    def thing(self, token: int) -> int:
        return self.of.thing(token)

    def painted(self, scores: Scores) -> NDArray[np.float64]:
        return self.of.painted(scores)


@draw.register
def _on_picture(
    form: OnPicture, scores: Scores | None = None, *, scale: Scale | None = None, marks: Marks = NOTHING,
    surround: Surround = PLAIN,
) -> Drawing:  # fmt: skip
    framed = any(form.ticks) or any(form.names)
    frame = plane.Plane(form.pixels, form.pixels.shape[:2], *form.ticks, form.names) if framed else None
    values = _values(form, scores)
    strongest = 0 if values is not None and len(np.unique(values)) == 1 else marks.strongest  # none is stronger
    return image.regions(
        form.pixels, form.boxes, values, labels=form.labels, scale=scale,
        marks=image.Marks(_selected(form, marks), marks.absent, strongest=strongest),
        look=image.Look(frame, form.noun, marks.compact), surround=surround,
    )  # fmt: skip


@draw.register
def _on_pictures(
    form: OnPictures, scores: Scores | None = None, *, scale: Scale | None = None, marks: Marks = NOTHING,
    surround: Surround = PLAIN,
) -> Drawing:  # fmt: skip
    if (album := _stills.get(form)) is None:
        album = _stills[form] = photos.album(form.images, form.grid, names=form.names)
    values, each = _values(form, scores, marks.absent), form.grid[0] * form.grid[1]
    gone = [i for i in range(len(form.images)) if set(range(i * each, (i + 1) * each)) <= set(marks.absent)]
    return photos.photos(
        album, values, scale=scale, sequence=range(len(form.images)),
        totals=None if values is None else np.nansum(form.split(values), 1),
        marks=photos.Marks(_selected(form, marks), gone), surround=surround,
    )  # fmt: skip


@draw.register
def _on_head(
    form: OnHead, scores: Scores | None = None, *, scale: Scale | None = None, marks: Marks = NOTHING,
    surround: Surround = PLAIN,
) -> Drawing:  # fmt: skip
    return head.head(
        form.labels, form.positions, _values(form, scores), scale=scale,
        marks=head.Marks(_selected(form, marks), marks.absent), surround=surround,
    )  # fmt: skip


@draw.register
def _in_cloud(
    form: InCloud, scores: Scores | None = None, *, scale: Scale | None = None, marks: Marks = NOTHING,
    surround: Surround = PLAIN,
) -> Drawing:  # fmt: skip
    if (cloud := _stills.get(form)) is None:
        cloud = points.geometry(form.xyz, colours=form.rgb, segments=form.of_point, labels=form.labels)
        _stills[form] = cloud
    return points.points(
        cloud, _values(form, scores, marks.absent), scale=scale,
        marks=points.Marks(selected=_selected(form, marks)), surround=surround,
    )  # fmt: skip
