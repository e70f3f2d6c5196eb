"""A picture with regions as a drawing: boxes coloured by score over the picture."""

from __future__ import annotations

import io
import weakref
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from xviz.draw.scale import Scale, number, order
from xviz.drawings.drawing import PLAIN, Drawing, Surround, check_length, drawn_with
from xviz.drawings.payload import pack, pack_still
from xviz.drawings.plane import Plane

#: pictures up to this many pixels are sent as they are (PNG), larger ones as fine JPEG
LOSSLESS = 256 * 256
HEIGHT = 480  #: CSS pixels


@dataclass(frozen=True, eq=False)
class Marks:
    """What is drawn over a picture."""

    selected: int | None = None  #: the region to highlight; None leaves what the visitor picked, −1 takes it away
    masked: Sequence[int] = ()  #: regions that the model is not shown, hatched
    crosses: ArrayLike = ()  #: (m, 2), x and y in pixels, of places to mark
    known: ArrayLike = ()  #: (m, 4), line segments around what is known to be meant, drawn dashed
    strongest: int = 5  #: how many regions get an outline, its width following the score


@dataclass(frozen=True, eq=False)
class Look:
    """How a picture with boxes is shown."""

    plane: Plane | None = None  #: axes around the picture and the clock that it follows
    noun: str = "region"  #: what a box is called, in one word
    compact: bool = False  #: without tools and hint, where many stand side by side


OUTLINES, REGIONS = Marks(), Look()


def regions(
    pixels: NDArray[np.uint8],
    boxes: ArrayLike,
    scores: ArrayLike | None = None,
    *,
    labels: Sequence[str],
    scale: Scale | None = None,
    marks: Marks = OUTLINES,
    look: Look = REGIONS,
    surround: Surround = PLAIN,
) -> Drawing:
    """A picture whose regions can be picked; under the cursor the smallest first, the next larger on a further click.

    Where boxes overlap, a pixel has the colour of the score of greatest magnitude among the boxes that cover it: no
    sum, no mean, so every colour seen is the score of some region. Pixels under no box stay as they are.

    Args:
        pixels: (h, w, 3), 0–255.
        boxes: (n, 4), left, top, right, bottom in pixels of the picture.
        scores: (n,), NaN for a region without one; None shows outlines alone.
        labels: one per region.
        scale: colours and limits, needed with `scores`.
        marks: what is drawn over the picture.
        look: axes, and what a box is called.
        surround: title and height.
    """
    boxes, noun, title = np.asarray(boxes, np.float32).reshape(-1, 4), look.noun, surround.title
    height = surround.height or HEIGHT
    check_length("labels", labels, len(boxes))
    if scores is not None:
        scores = np.asarray(scores, np.float32)
        check_length("scores", scores, len(boxes))
    ranked = np.arange(len(boxes)) if scores is None else order(scores)
    bar, arrays = drawn_with(scale, scores)
    digest, still = _encoded(pixels)
    plural = f"{noun}es" if noun.endswith("ch") else f"{noun}s"
    alt = f"{title or 'Picture'}, {len(boxes)} {plural}" + (f", {scale.text()}." if scores is not None else ".")
    named = [i for i in ranked[:3] if scores is not None and np.isfinite(scores[i])]
    if named:
        alt += f" Strongest: {', '.join(f'{labels[i]} {number(scores[i])}' for i in named)}."
    header = {
        "title": title,
        "alt": alt,
        "still": digest,
        "width": int(pixels.shape[1]),
        "tall": int(pixels.shape[0]),
        "labels": [str(label) for label in labels],
        "selected": None if marks.selected is None else int(marks.selected),
        "masked": [int(i) for i in marks.masked],
        "strongest": int(marks.strongest) if scores is not None else len(boxes),
        "height": height,
        "frame": None if look.plane is None else look.plane.header(),
        "compact": look.compact,
        "noun": noun,
        "scale": bar,
    }
    lines, crosses = np.asarray(marks.known, np.float32), np.asarray(marks.crosses, np.float32)
    payload = pack(header, boxes=boxes, ranked=ranked.astype(np.uint32), crosses=crosses, known=lines, **arrays)
    table = _table(boxes, scores, labels, scale, ranked, noun)
    return Drawing("picture", payload, height, alt, table, (len(boxes),), still=still)


_MESSAGES: dict[int, tuple[weakref.ref, tuple[str, bytes]]] = {}  #: of read-only pictures, by identity


def _encoded(pixels: NDArray[np.uint8]) -> tuple[str, bytes]:
    """The message that holds the picture, with its digest; made once for an array that is read-only."""
    key = id(pixels)
    entry = _MESSAGES.get(key)
    if entry is not None and entry[0]() is pixels:
        return entry[1]
    encoded = _message(pixels)
    if not pixels.flags.writeable:
        _MESSAGES[key] = (weakref.ref(pixels, lambda _: _MESSAGES.pop(key, None)), encoded)
    return encoded


def _message(pixels: NDArray[np.uint8]) -> tuple[str, bytes]:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise ValueError(f"pixels must be (h, w, 3) of uint8; these are {pixels.shape} of {pixels.dtype}")
    small = pixels.shape[0] * pixels.shape[1] <= LOSSLESS
    file = io.BytesIO()
    if small:
        Image.fromarray(pixels).save(file, "PNG")
    else:
        Image.fromarray(pixels).save(file, "JPEG", quality=92, subsampling=0)
    return pack_still({"type": "image/png" if small else "image/jpeg"}, file=np.frombuffer(file.getvalue(), np.uint8))


def _table(boxes, scores, labels, scale: Scale | None, ranked, noun: str) -> tuple:
    """Every region, strongest first, with its box in whole pixels."""
    heading = (noun, "left", "top", "right", "bottom", *(() if scores is None else (scale.name(),)))
    rows = (
        (str(labels[i]), *(int(v) for v in boxes[i]), *(() if scores is None else (float(scores[i]),))) for i in ranked
    )
    return (heading, *rows)
