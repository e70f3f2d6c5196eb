"""Electrodes on a head as a drawing: a topography whose electrodes can be picked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xviz.draw.scale import Scale, number, order
from xviz.draw.scalp import field, flat, rim
from xviz.drawings.drawing import PLAIN, Drawing, Surround, check_length, drawn_with
from xviz.drawings.payload import pack

HEIGHT = 400  #: CSS pixels
CELLS = 64  #: of a side of the field
REACH = 1.3  #: half the width of the drawing in radii of the head


@dataclass(frozen=True)
class Marks:
    """What is drawn over a head."""

    selected: int | None = None  #: the electrode to highlight; None leaves what the visitor picked
    absent: Sequence[int] = ()  #: electrodes that the model is not shown: crossed out, without part in the field
    invented: Sequence[int] = ()  #: electrodes whose signal was made from others, drawn as rings
    links: Sequence[tuple[int, int, float]] = ()  #: lines: from, to, and a strength from zero that gives the width


NOTHING = Marks()


def head(
    labels: Sequence[str],
    positions: ArrayLike,
    scores: ArrayLike | None = None,
    *,
    scale: Scale | None = None,
    marks: Marks = NOTHING,
    contours: bool = False,
    surround: Surround = PLAIN,
) -> Drawing:
    """A head seen from above, nose up.

    Args:
        labels: One per electrode.
        positions: (n, 3) metres, right, front, up; electrodes whose place is unknown are not drawn.
        scores: (n,), NaN for an electrode without one; None shows the places alone.
        scale: Colours and limits, needed with ``scores``.
        marks: What is drawn over it.
        contours: Whether lines join equal scores: whole ones above zero, dashed ones below.
        surround: Title, note and height.
    """
    places = flat(positions)
    check_length("labels", labels, len(places))
    levels = np.zeros(0, np.uint8)
    if scores is not None:
        scores = np.asarray(scores, np.float32).copy()
        check_length("scores", scores, len(places))
        scores[list(marks.absent)] = np.nan
    bar, arrays = drawn_with(scale, scores)
    lines: list[tuple[bool, NDArray[np.float64]]] = []
    if scores is not None and scale is not None:
        between = field(places, scores, cells=CELLS, reach=REACH)
        levels = scale.quantise(between)
        lines = _contours(between, scale) if contours else lines
    ranked = np.arange(len(places)) if scores is None else order(scores)
    unplaced = [str(labels[i]) for i in np.flatnonzero(~np.isfinite(places).all(1))]
    header = {
        "title": surround.title,
        "alt": _alt(surround.title, labels, scores, scale, ranked),
        "labels": [str(label) for label in labels],
        "selected": None if marks.selected is None else int(marks.selected),
        "absent": [int(i) for i in marks.absent],
        "invented": [int(i) for i in marks.invented],
        "cells": CELLS,
        "reach": REACH,
        "rim": rim(places),
        "dashed": [below for below, _ in lines],
        "height": surround.height or HEIGHT,
        "note": " ".join(
            [surround.note, f"Place unknown, not drawn: {', '.join(unplaced)}." if unplaced else ""]
        ).strip(),
        "scale": bar,
    }
    payload = pack(
        header,
        places=np.nan_to_num(places, nan=9.0).astype(np.float32),  # far outside the drawing
        ranked=ranked.astype(np.uint32),
        field=levels,
        links=np.array([pair[:2] for pair in marks.links], np.uint32).reshape(-1, 2),
        contours=np.concatenate([*(line for _, line in lines), np.zeros((0, 2))]).astype(np.float32),
        lengths=np.array([len(line) for _, line in lines], np.uint32),
        strength=np.array([pair[2] for pair in marks.links], np.float32),
        **arrays,
    )
    return Drawing(
        "head",
        payload,
        surround.height or HEIGHT,
        str(header["alt"]),
        _table(labels, scores, scale, ranked),
        (len(places),),
    )


def _contours(between: NDArray[np.float64], scale: Scale) -> list[tuple[bool, NDArray[np.float64]]]:
    """Lines of equal scores: whether they are below zero, and (point, 2) places in shares of the side."""
    from skimage.measure import find_contours

    limit = max(abs(scale.low), abs(scale.high))
    contours = []
    for level in (-0.75, -0.5, -0.25, 0.25, 0.5, 0.75):
        for line in find_contours(between, level * limit):
            contours.append((level < 0, (line[:, ::-1] + 0.5) / CELLS))
    return contours


def _alt(title: str, labels: Sequence[str], scores: NDArray | None, scale: Scale | None, ranked: NDArray) -> str:
    """The drawing in a sentence or two."""
    words = f"{title or 'Head'}, {len(labels)} electrodes"
    if scores is None or scale is None:
        return f"{words}."
    strongest = [i for i in ranked[:3] if np.isfinite(scores[i])]
    named = ", ".join(f"{labels[i]} {number(float(scores[i]))}" for i in strongest)
    return f"{words}, {scale.text()}." + (f" Strongest: {named}." if named else "")


def _table(labels: Sequence[str], scores: NDArray | None, scale: Scale | None, ranked: NDArray) -> tuple:
    """Every electrode, strongest first."""
    if scores is None or scale is None:
        return (("electrode",), *((str(label),) for label in labels))
    return (("electrode", scale.name()), *((str(labels[i]), float(scores[i])) for i in ranked))
