"""A point cloud as a view: geometry sent once, colours with every pick."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xviz.scale import Scale, number, order
from xviz.views.payload import pack, pack_still
from xviz.views.view import View, check_length, drawn_with

#: more points than this are thinned evenly before they are sent, and the view says so
MOST = 200_000
#: the token of a point that belongs to none
NONE = np.uint32(0xFFFFFFFF)


def points(
    xyz: ArrayLike,
    scores: ArrayLike | None = None,
    *,
    colours: NDArray[np.uint8] | None = None,
    segments: ArrayLike | None = None,
    labels: Sequence[str] | None = None,
    scale: Scale | None = None,
    selected: int | None = None,
    links: ArrayLike | None = None,
    title: str = "",
    height: int = 480,
) -> View:
    """A cloud whose tokens can be picked; a token is a point, or with `segments` all points of a segment.

    Args:
        xyz: (n, 3), metres, z up.
        scores: (tokens,), NaN for a token without one.
        colours: (n, 3), 0–255, each point's own colour; with `scores` the visitor may switch between the two.
        segments: (n,), the token each point belongs to, negative for none; None makes each point a token.
        labels: one per token.
        scale: colours and limits, needed with `scores`.
        selected: the token to highlight; None leaves what the visitor picked.
        links: (m, 2, 3), both ends of lines to draw, metres.
        title: printed above.
        height: the most it takes, CSS pixels.

    Raises:
        ValueError: a coordinate that is not finite, or an array of the wrong length.
    """
    xyz = np.asarray(xyz, np.float64).reshape(-1, 3)
    if not np.isfinite(xyz).all():
        raise ValueError("xyz must be finite; drop points without a position before drawing")
    tokens, count = _tokens(len(xyz), segments)
    if labels is not None:
        check_length("labels", labels, count)
    if scores is not None:
        scores = np.asarray(scores, np.float32)
        check_length("scores", scores, count)
    if colours is not None:
        check_length("colours", colours, len(xyz))
    step = max(1, -(-len(xyz) // MOST))
    centre = (xyz.min(0) + xyz.max(0)) / 2 if len(xyz) else np.zeros(3)
    own = None if colours is None else colours[::step]
    digest, still = _geometry(xyz[::step], tokens[::step], own, centre, segments is not None)
    bar, arrays = drawn_with(scale, scores)
    ranked = np.zeros(0, np.int64) if scores is None else order(scores)
    header = {
        "title": title,
        "alt": _alt(title, xyz, scores, labels, scale, ranked, None if segments is None else count),
        "still": digest,
        "tokens": count,
        "labels": None if labels is None else [str(label) for label in labels],
        "selected": None if selected is None else int(selected),
        "note": f"1 of {step} points drawn, {len(xyz)} in all." if step > 1 else "",
        "height": height,
        "scale": bar,
    }
    ends = np.zeros(0, np.float32) if links is None else (np.asarray(links, np.float64) - centre).astype(np.float32)
    payload = pack(header, ends=ends, **arrays)
    return View("cloud", payload, height, header["alt"], _table(scores, labels, scale, ranked), (count,), still=still)


def _tokens(n: int, segments: ArrayLike | None) -> tuple[NDArray[np.uint32], int]:
    """The token of each point, and how many tokens there are."""
    if segments is None:
        return np.arange(n, dtype=np.uint32), n
    segments = np.asarray(segments)
    check_length("segments", segments, n)
    return np.where(segments < 0, NONE, segments).astype(np.uint32), int(segments.max(initial=-1)) + 1


def _geometry(xyz, tokens, colours, centre, segmented: bool) -> tuple[str, bytes]:
    """The geometry's message, with its digest; positions are sent around the centre to keep their digits."""
    extent = np.ptp(xyz, axis=0) if len(xyz) else np.ones(3)
    header = {
        "centre": [float(v) for v in centre],
        "extent": [float(v) for v in extent],
        "radius": float(np.linalg.norm(extent) / 2) or 1.0,
        "segmented": segmented,
    }
    arrays = {} if colours is None else {"rgb": np.asarray(colours, np.uint8)}
    return pack_still(header, position=(xyz - centre).astype(np.float32), token=tokens, **arrays)


def _name(labels: Sequence[str] | None, token: int) -> str:
    """What a token is called."""
    return f"#{token}" if labels is None else str(labels[token])


def _alt(title, xyz, scores, labels, scale: Scale | None, ranked, segments: int | None) -> str:
    """The drawing in a sentence or two."""
    said = f"{title or 'Point cloud'}, {len(xyz)} points" + (f" in {segments} segments" if segments is not None else "")
    if len(xyz):
        said += f", {' × '.join(number(v) for v in np.ptp(xyz, axis=0))} m"
    if scores is None:
        return said + "."
    said += f", {scale.text()}."
    strongest = [int(i) for i in ranked[:3] if np.isfinite(scores[i])]
    return said + (
        f" Strongest: {', '.join(f'{_name(labels, i)} {number(scores[i])}' for i in strongest)}." if strongest else ""
    )


def _table(scores, labels, scale: Scale | None, ranked) -> tuple:
    """The twenty strongest tokens."""
    if scores is None:
        return (("token",),)
    return (("token", scale.name()), *((_name(labels, int(i)), float(scores[i])) for i in ranked[:20]))
