"""A point cloud as a drawing: geometry sent once, its beginning before the rest; levels of tokens with every pick."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xviz.draw.scale import Categories, Scale, number, order
from xviz.drawings.drawing import PLAIN, Drawing, Finer, Surround, check_length, drawn_with
from xviz.drawings.payload import pack, pack_still, unpack
from xviz.geometry.thinning import evenly, thin
from xviz.geometry.viewpoint import FIELD, TILT, TURN

HEIGHT = 480  #: CSS pixels
MOST = 1_000_000  #: more points than this are thinned before they are sent, and the drawing says so
FIRST = (
    72 * 2048
)  #: points that are sent and drawn before the rest, rows of a texture; pages without a server have no more
CEILING = 0.2  #: metres below the highest point in which a ceiling lies
STEPS = 65_535  #: of which positions are multiples, along the longest side of the cloud
FINE = 1e-3  #: metres; steps no longer than this are always fine enough
MERGED = 0.01  #: of the points may share a place in longer steps; where more would, positions are sent as they are


@dataclass(frozen=True, eq=False)
class Geometry:
    """What of a cloud stays the same from pick to pick."""

    digest: str
    still: bytes  #: the message, with the first points
    rest: bytes | None  #: a message with all others; None where there are none
    count: int  #: points of the whole cloud
    tokens: int
    labels: tuple[str, ...] | None  #: one per token
    segmented: bool  #: whether a token is a segment rather than a point
    centre: NDArray[np.float64]  #: (3,) metres; positions are sent around it to keep their digits
    extent: NDArray[np.float64]  #: (3,) metres
    note: str  #: what thinning left out
    kept: NDArray[
        np.int32
    ]  #: points of the whole cloud that are drawn, in their order; any beginning is an even sample

    def label(self, token: int) -> str:
        """What a token is called."""
        return f"#{token}" if self.labels is None else self.labels[token]


@dataclass(frozen=True, eq=False)
class Marks:
    """What is drawn over a cloud; places in metres."""

    links: ArrayLike = ()  #: (m, 2, 3) both ends of lines
    strengths: ArrayLike = ()  #: (m,) 0–1, the width of each line; all as wide where empty
    numbers: Sequence[tuple[str, ArrayLike]] = ()  #: a sign on a plate, and where
    crosses: ArrayLike = ()  #: (m, 3)
    selected: int | None = None  #: the token to highlight; None leaves what the visitor picked, −1 takes it away
    cameras: Sequence[tuple[str, ArrayLike]] = ()  #: a name, and camera to world (4, 4), x right, y down, z ahead


NOTHING = Marks()


def geometry(
    xyz: ArrayLike,
    *,
    colours: NDArray[np.uint8] | None = None,
    segments: ArrayLike | None = None,
    labels: Sequence[str] | None = None,
) -> Geometry:
    """The part of a cloud that is sent once.

    Args:
        xyz: (n, 3), metres, z up.
        colours: (n, 3), 0–255, each point's own colour.
        segments: (n,), the token each point belongs to, negative for none; None makes each point a token.
        labels: one per token.

    Raises:
        ValueError: a coordinate that is not finite, or an array of the wrong length.
    """
    xyz = np.asarray(xyz, np.float64).reshape(-1, 3)
    if not np.isfinite(xyz).all():
        raise ValueError("xyz must be finite; drop points without a position before drawing")
    tokens, count = _tokens(len(xyz), segments)
    if labels is not None:
        check_length("labels", labels, count)
    if colours is not None:
        check_length("colours", colours, len(xyz))
    thinned = thin(xyz, MOST, segments)
    low = xyz.min(0) if len(xyz) else np.zeros(3)
    extent = np.ptp(xyz, axis=0) if len(xyz) else np.ones(3)
    centre = low + extent / 2 if len(xyz) else np.zeros(3)
    step = float(extent.max()) / STEPS or 1.0
    shown = xyz if len(thinned) == len(xyz) else xyz[thinned.kept]
    cells = np.round((shown - low) / step).astype(np.uint16)
    order = evenly(cells)
    indices = thinned.kept[order]
    indices = _each_first(indices, tokens[indices], count) if segments is not None else indices
    arrays: dict[str, NDArray] = {"token": tokens[indices]}
    if step <= FINE or _merged(cells) <= MERGED:
        arrays["position"] = cells[np.searchsorted(thinned.kept, indices)] if thinned.side else cells[indices]
        origin = low - centre
    else:
        arrays["position"], origin, step = (xyz[indices] - centre).astype(np.float32), np.zeros(3), 1.0
    if colours is not None:
        arrays["rgb"] = np.asarray(colours, np.uint8)[indices]
    digest, rest = None, None
    if len(indices) > FIRST:
        digest, rest = pack_still({}, **{name: array[FIRST:] for name, array in arrays.items()})
    header = {
        "centre": [float(v) for v in centre],
        "extent": [float(v) for v in extent],
        "radius": float(np.linalg.norm(extent) / 2) or 1.0,
        "origin": [float(v) for v in origin],
        "step": step,
        "points": len(xyz),
        "drawn": len(indices),
        "rest": digest,
        "segmented": segments is not None,
        "roof": _roof(xyz),
        "view": {"field": FIELD, "turn": TURN, "tilt": TILT},
        "labels": None if labels is None else [str(label) for label in labels],
    }
    middles = {} if segments is None else {"middles": _middles(xyz, tokens, count, centre)}
    digest, still = pack_still(header, **{name: array[:FIRST] for name, array in arrays.items()}, **middles)
    named = None if labels is None else tuple(str(label) for label in labels)
    return Geometry(
        digest, still, rest, len(xyz), count, named, segments is not None, centre, extent, thinned.note(),
        indices.astype(np.int32),
    )  # fmt: skip


def points(
    cloud: Geometry,
    scores: ArrayLike | None = None,
    *,
    scale: Scale | Categories | None = None,
    marks: Marks = NOTHING,
    finer: Finer | None = None,
    name: str = "",
    surround: Surround = PLAIN,
) -> Drawing:
    """A cloud whose tokens can be picked; a token is a point, or all points of a segment.

    Args:
        cloud: what is sent once; with own colours the visitor may switch between these and scores.
        scores: (tokens,), NaN for a token without one; numbers of classes where the scale is of categories.
        scale: colours and limits, needed with `scores`.
        marks: what is drawn over the cloud.
        finer: scores of parts of tokens with `of_point`, which are coloured in their place; `scores` are then sums over
            each token, which are said, and the scale is that of the parts.
        name: under which the browser tells where the camera is, see `components.camera`; "" tells nothing.
        surround: title and height; the note is the cloud's own.
    """
    height = surround.height or HEIGHT
    if scores is not None:
        scores = np.asarray(scores, np.float32)
        check_length("scores", scores, cloud.tokens)
    bar, arrays = drawn_with(scale, scores)
    if finer is not None and finer.of_point is not None and scale is not None:
        check_length("finer.of_point", finer.of_point, cloud.count)
        each = np.asarray(finer.scores, np.float32)
        bar = scale.header(finer.scores)
        cells = _smallest(finer.of_point[cloud.kept], len(each))
        arrays |= {"fineCell": cells, "fineLevel": scale.quantise(each), "fineValue": each}
    ranked = np.zeros(0, np.int64) if scores is None else order(scores)
    header = {
        "title": surround.title,
        "alt": _alt(surround.title, cloud, scores, scale, ranked, finer),
        "still": cloud.digest,
        "tokens": cloud.tokens,
        "selected": None if marks.selected is None else int(marks.selected),
        "numbers": [{"text": str(text), "place": _around(cloud, position)} for text, position in marks.numbers],
        "cameras": [
            {"text": str(text), "corners": _around(cloud, _corners(pose, 0.06 * float(cloud.extent.max())))}
            for text, pose in marks.cameras
        ],
        "name": name,
        "note": cloud.note,
        "height": height,
        "scale": bar,
        "fine": None if finer is None else finer.name,
    }
    payload = pack(
        header,
        ends=np.float32(_around(cloud, marks.links)),
        strength=np.asarray(marks.strengths, np.float32),
        crosses=np.float32(_around(cloud, marks.crosses)),
        **arrays,
    )
    table = _table(scores, cloud, scale, ranked, finer)
    return Drawing(
        "cloud", payload, height, str(header["alt"]), table, (cloud.tokens,), still=cloud.still, rest=cloud.rest
    )


def beginning(drawing: Drawing) -> Drawing:
    """The same drawing of the first points alone, for a page without a server; its note says how many these are."""
    if drawing.still is None or drawing.rest is None:
        return drawing
    once, still = unpack(drawing.still)
    header, arrays = unpack(drawing.payload)
    count = len(still["token"])
    header["note"] = f"{count:,} of {once['points']:,} points drawn, an even sample."
    if "fineCell" in arrays:
        arrays["fineCell"] = arrays["fineCell"][:count]
    digest, message = pack_still({**once, "rest": None, "drawn": count}, **still)
    return replace(drawing, payload=pack({**header, "still": digest}, **arrays), still=message, rest=None)


def _tokens(n: int, segments: ArrayLike | None) -> tuple[NDArray, int]:
    """The token of each point, and how many tokens there are; the greatest number of the type for a point of none."""
    if segments is None:
        return _smallest(np.arange(n), n), n
    segments = np.asarray(segments)
    check_length("segments", segments, n)
    count = int(segments.max(initial=-1)) + 1
    return _smallest(segments, count), count


def _smallest(numbers: NDArray, count: int) -> NDArray:
    """Numbers below a count in the smallest type that has one more, its greatest, for those that are negative."""
    kind = next(kind for kind in (np.uint8, np.uint16, np.uint32) if count <= np.iinfo(kind).max)
    return np.where(numbers < 0, np.iinfo(kind).max, numbers).astype(kind)


def _each_first(indices: NDArray, tokens: NDArray, count: int) -> NDArray:
    """Points with those that are the only ones of their segment so far moved into the first, if they fit there."""
    first = np.full(count, len(indices))
    known = np.flatnonzero(tokens < count)[::-1]
    first[tokens[known]] = known  # the last one that is written stays: the earliest
    late = first[(first >= FIRST) & (first < len(indices))]
    return np.concatenate([indices[late], np.delete(indices, late)]) if 0 < len(late) <= FIRST else indices


def _merged(cells: NDArray[np.uint16]) -> float:
    """The share of points that have the place of another one."""
    wide = cells.astype(np.uint64)
    places = np.sort((wide[:, 0] << np.uint64(32)) | (wide[:, 1] << np.uint64(16)) | wide[:, 2])
    return float(np.mean(places[1:] == places[:-1])) if len(places) > 1 else 0.0


def _middles(xyz: NDArray, tokens: NDArray, count: int, centre: NDArray) -> NDArray[np.float32]:
    """(tokens, 3) the middle of each segment around the centre of the cloud, NaN for one without points."""
    sizes = np.bincount(tokens, minlength=count)[:count]
    sums = np.stack([np.bincount(tokens, xyz[:, k] - centre[k], minlength=count)[:count] for k in range(3)], 1)
    return np.where(sizes[:, None] > 0, sums / np.maximum(sizes, 1)[:, None], np.nan).astype(np.float32)


def _roof(xyz: NDArray[np.float64]) -> float:
    """The share of the height to cut away to begin with, so that one looks into a room: that of its ceiling, or 0."""
    tall = float(np.ptp(xyz[:, 2])) if len(xyz) else 0.0
    if not 1.8 < tall < 5 or np.mean(xyz[:, 2] > xyz[:, 2].max() - CEILING) < 0.04:
        return 0.0
    return round(1.6 * CEILING / tall, 2)


def _around(cloud: Geometry, places: ArrayLike) -> list[float]:
    """Places (…, 3) around the centre of a cloud, flat."""
    return [float(v) for v in (np.asarray(places, np.float64).reshape(-1, 3) - cloud.centre).ravel()]


def _corners(pose: ArrayLike, depth: float) -> NDArray[np.float64]:
    """(5, 3): where a camera stands, and the corners of a frame ahead of it."""
    pose = np.asarray(pose, np.float64)
    frame = depth * np.array([[0, 0, 0], [-0.5, -0.375, 1], [0.5, -0.375, 1], [0.5, 0.375, 1], [-0.5, 0.375, 1]])
    return frame @ pose[:3, :3].T + pose[:3, 3]


def _alt(title: str, cloud: Geometry, scores, scale: Scale | Categories | None, ranked, finer: Finer | None) -> str:
    """The drawing in a sentence or two."""
    words = f"{title or 'Point cloud'}, {cloud.count} points" + (
        f" in {cloud.tokens} supervoxels" if cloud.segmented else ""
    )
    if cloud.count:
        words += f", {' × '.join(number(v) for v in cloud.extent)} m"
    if scores is None or scale is None:
        return words + "."
    words += f", {scale.text()}" + (f" of each {finer.name}." if finer else ".")
    if isinstance(scale, Categories):
        return words
    strongest = [f"{cloud.label(int(i))} {number(scores[i])}" for i in ranked[:3] if np.isfinite(scores[i])]
    return words + (f" Strongest{' sums' if finer else ''}: {', '.join(strongest)}." if strongest else "")


def _table(scores, cloud: Geometry, scale: Scale | Categories | None, ranked, finer: Finer | None) -> tuple:
    """The twenty strongest tokens."""
    if scores is None or scale is None:
        return (("token",),)
    summed = f", sum over its {finer.name}s" if finer else ""
    return (("token", scale.name() + summed), *((cloud.label(int(i)), float(scores[i])) for i in ranked[:20]))
