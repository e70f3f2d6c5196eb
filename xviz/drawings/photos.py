"""Photos as a drawing: each under a grid of patches coloured by score, all with the same limits."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from xviz.draw.scale import Categories, Scale, number, order
from xviz.drawings.drawing import PLAIN, Drawing, Finer, Surround, check_length, drawn_with
from xviz.drawings.payload import pack, pack_still

HEIGHT = 620  #: CSS pixels
MOST = 640  #: pixels of the longer side of a photo as it is sent; larger ones are made smaller


@dataclass(frozen=True, eq=False)
class Album:
    """What of the photos stays the same from pick to pick."""

    digest: str
    still: bytes  #: the message
    names: tuple[str, ...]
    sizes: NDArray[np.float32]  #: (photos, 2) width and height in pixels
    frames: NDArray[np.float32]  #: (photos, 4) left, top, right, bottom of the grid in pixels of the photo
    grid: tuple[int, int]  #: rows and columns of patches

    def __len__(self) -> int:
        """The number of patches of all photos."""
        return len(self.names) * self.grid[0] * self.grid[1]

    def label(self, patch: int) -> str:
        """Photo, row and column."""
        photo, cell = divmod(patch, self.grid[0] * self.grid[1])
        row, column = divmod(cell, self.grid[1])
        return f"{self.names[photo]}, row {row + 1}, column {column + 1}"


@dataclass(frozen=True, eq=False)
class Marks:
    """What is drawn over photos."""

    selected: int | None = None  #: the patch to highlight; None leaves what the visitor picked, −1 takes it away
    absent: Sequence[int] = ()  #: photos that the model is not shown, hatched
    numbers: Sequence[tuple[str, int]] = ()  #: a sign, and the patch that it stands on
    crosses: ArrayLike = ()  #: (m, 3), photo, x and y in its pixels, of places to mark


NOTHING = Marks()


def album(
    images: Sequence[NDArray[np.uint8]],
    grid: tuple[int, int],
    *,
    names: Sequence[str],
    frames: ArrayLike | None = None,
) -> Album:
    """The part of the photos that is sent once.

    Args:
        images: each (height, width, 3), 0–255.
        grid: rows and columns of patches.
        names: one per photo.
        frames: (photos, 4), where the grid lies in pixels of each photo; it may reach beyond the photo where a model
            pads. None: the grid covers the photo.

    Raises:
        ValueError: names or frames of another number, or images of another shape.
    """
    check_length("names", names, len(images))
    for image in images:
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise ValueError(f"photos must be (height, width, 3) of uint8; one is {image.shape} of {image.dtype}")
    sizes = np.float32([image.shape[1::-1] for image in images]).reshape(-1, 2)
    if frames is None:
        frames = np.concatenate([np.zeros_like(sizes), sizes], 1)
    frames = np.asarray(frames, np.float32).reshape(-1, 4)
    check_length("frames", frames, len(images))
    files = {f"file{i}": np.frombuffer(_encoded(image), np.uint8) for i, image in enumerate(images)}
    digest, still = pack_still({"types": ["image/jpeg"] * len(images)}, **files)
    return Album(digest, still, tuple(str(name) for name in names), sizes, frames, grid)


def photos(
    shown: Album,
    scores: ArrayLike | None = None,
    *,
    scale: Scale | Categories | None = None,
    totals: ArrayLike | None = None,
    sequence: Sequence[int] | None = None,
    finer: Finer | None = None,
    marks: Marks = NOTHING,
    surround: Surround = PLAIN,
) -> Drawing:
    """Photos whose patches can be picked, a patch being numbered photo by photo and row by row.

    Args:
        shown: the photos.
        scores: (patches,), NaN for a patch without one; None shows the photos alone.
        scale: colours and limits, needed with `scores`.
        totals: (photos,), printed over each photo, which stand in this order, the greatest first; None prints none.
        sequence: the order of the photos in the place of that of their totals.
        finer: scores of the cells, photo by photo and row by row, into which the grid of each photo is cut by `size`;
            they are coloured in the place of patches, `scores` are then sums over each patch, which are said, and the
            scale is that of the cells.
        marks: what is drawn over the photos.
        surround: title, note and height; more photos are scrolled to.
    """
    height = surround.height or HEIGHT
    if scores is not None:
        scores = np.asarray(scores, np.float32)
        check_length("scores", scores, len(shown))
    bar, arrays = drawn_with(scale, scores)
    if finer is not None and finer.size is not None and scale is not None:
        check_length("finer.scores", finer.scores, len(shown.names) * finer.size[0] * finer.size[1])
        bar = scale.header(finer.scores)
        arrays |= {"fineLevel": scale.quantise(finer.scores)}
    ranked = np.zeros(0, np.int64) if scores is None else order(scores)[: int(np.isfinite(scores).sum())]
    count = len(shown.names)
    if totals is not None:
        totals = np.asarray(totals, np.float64)
        check_length("totals", totals, count)
    sequence = ordered(count, totals) if sequence is None else sequence
    header = {
        "title": surround.title,
        "alt": _alt(surround.title, shown, scores, scale, ranked, totals, sequence, finer),
        "still": shown.digest,
        "names": list(shown.names),
        "grid": list(shown.grid),
        "order": [int(i) for i in sequence],
        "totals": [""] * count if totals is None else [number(float(v)) for v in totals],
        "selected": None if marks.selected is None else int(marks.selected),
        "absent": [int(i) for i in marks.absent],
        "numbers": [{"text": str(text), "patch": int(patch)} for text, patch in marks.numbers],
        "note": surround.note,
        "height": height,
        "scale": bar,
        "fine": None if finer is None or finer.size is None else {"name": finer.name, "size": list(finer.size)},
    }
    payload = pack(
        header,
        sizes=shown.sizes,
        frames=shown.frames,
        ranked=ranked.astype(np.uint32),
        crosses=np.asarray(marks.crosses, np.float32).reshape(-1, 3),
        **arrays,
    )
    table = _table(shown, scores, scale, ranked, finer)
    return Drawing("photos", payload, height, str(header["alt"]), table, (len(shown),), still=shown.still)


def ordered(count: int, totals: NDArray[np.floating] | None) -> list[int]:
    """Photos by their totals, the greatest first and those without one last; as they came where there are none."""
    if totals is None:
        return list(range(count))
    return [int(i) for i in np.argsort(-np.nan_to_num(totals, nan=-np.inf), kind="stable")]


def _encoded(image: NDArray[np.uint8]) -> bytes:
    """A photo as a fine JPEG of at most ``MOST`` pixels."""
    photo, file = Image.fromarray(image), io.BytesIO()
    photo.thumbnail((MOST, MOST), Image.Resampling.LANCZOS)
    photo.save(file, "JPEG", quality=90, subsampling=0)
    return file.getvalue()


def _alt(title, shown: Album, scores, scale, ranked, totals, sequence, finer: Finer | None) -> str:
    """The drawing in a sentence or two."""
    words = f"{title or 'Photos'}, {len(shown.names)} photos of {shown.grid[0]} × {shown.grid[1]} patches"
    if scores is None or scale is None:
        return f"{words}."
    words += f", {scale.text()}" + (f" of each {finer.name}." if finer else ".")
    if totals is not None and len(sequence):
        words += f" First: {shown.names[int(sequence[0])]} with {number(float(totals[int(sequence[0])]))} in all."
    if len(ranked) and not isinstance(scale, Categories):
        words += f" Strongest: {', '.join(f'{shown.label(int(i))} {number(float(scores[i]))}' for i in ranked[:3])}."
    return words


def _table(shown: Album, scores, scale, ranked, finer: Finer | None) -> tuple:
    """The twenty strongest patches."""
    if scores is None or scale is None:
        return (("photo",), *((name,) for name in shown.names))
    summed = f", sum over its {finer.name}s" if finer else ""
    return (("patch", scale.name() + summed), *((shown.label(int(i)), float(scores[i])) for i in ranked[:20]))
