"""Lines between a cloud and photos of it: numbered links that pass below the words between both, signs and crosses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, ConnectionPatch, Polygon, Rectangle
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError

from xviz.explain.links import Link
from xviz.figures.cloud import Camera
from xviz.figures.lettering import width_of, write
from xviz.figures.look import look
from xviz.figures.scanned import Room

ACCENT = (213, 94, 0)  #: of the picked supervoxel and of the links; Okabe and Ito's vermillion
DISC = 0.4  #: radius of the disc at what is too small to be seen, in text sizes
SEEN_OR_HIDDEN = (
    "outlined, seen or hidden, a disc where they are too small to be seen"  #: what ``ranked`` does, in words
)
LINES = 5  #: how high lines lie; words that they cross lie higher


def above_lines(axes: Axes) -> None:
    """Puts a strip over the lines, each of its words on white, so that lines pass below them."""
    axes.set_zorder(LINES + 1)
    for text in list(axes.texts):
        size, (x, base) = text.get_fontsize(), text.get_position()
        wide = width_of(text.get_text(), size, text.get_fontweight())
        left = x - {"left": 0.0, "center": 0.5, "right": 1.0}[text.get_horizontalalignment()] * wide
        room = 0.15 * size
        corner = (left - room, base - 0.85 * size)
        axes.add_patch(Rectangle(corner, wide + 2 * room, 1.15 * size, facecolor="white", linewidth=0, zorder=-1))


def ranked(
    axes: Axes,
    spots: NDArray[np.float64],
    text: str,
    size: float,
    taken: list[NDArray[np.float64]],
    colour: NDArray[np.uint8],
) -> None:
    """The outline of points (n, 2), seen or hidden, with a number at one of its corners where no other stands.

    Where they are too few to be seen, a disc in their colour stands at their middle.

    Args:
        axes: Of the cloud, in points.
        spots: Where the points are seen.
        text: The number.
        size: Of the text, in points.
        taken: Left and top of the numbers that stand already; this one is added.
        colour: RGB 0–255 of their score.
    """
    corners = spots
    if np.ptp(spots, axis=0).max() < size:
        middle, radius = spots.mean(0), DISC * size
        corners = middle + radius * np.array([(1, -1), (-1, -1), (1, 1), (-1, 1)])
        for edge, width in (("white", 1.8), ("black", 0.7)):
            axes.add_patch(Circle(middle, radius, facecolor=colour / 255, edgecolor=edge, linewidth=width, zorder=5))
    else:
        with suppress(QhullError, ValueError):  # all on a line
            corners = spots[ConvexHull(spots).vertices]
        for edge, width in (("white", 1.4), ("black", 0.6)) if look().outlines else ():
            axes.add_patch(Polygon(corners, fill=False, edgecolor=edge, linewidth=width, joinstyle="round", zorder=5))
    if not look().callouts:
        return
    room = np.array([width_of(text, size) + 0.5 * size, 1.3 * size])
    limit, middle = np.array([axes.get_xlim()[1], axes.get_ylim()[0]]) - room, corners.mean(0)
    places = []
    for step in range(9):  # outside of each corner, the highest first; then further away
        for at in corners[np.argsort(corners[:, 1])]:
            away = (0, step * room[1] * np.sign(at[1] - middle[1]))
            places.append(np.clip(np.where(at < middle, at - room, at) + away, 0, limit))
    free = [corner for corner in places if all((np.abs(corner - other) >= room).any() for other in taken)]
    others = [patch.get_path() for patch in axes.patches if isinstance(patch, Polygon)]
    alone = [corner for corner in free if not any(path.contains_point(corner + room / 2) for path in others)]
    corner = (alone or free or places)[0]
    taken.append(corner)
    axes.add_patch(Rectangle(corner, *room, facecolor="white", edgecolor="black", linewidth=0.25, zorder=6))
    write(axes, corner[0] + 0.25 * size, corner[1] + 1.02 * size, text, size=size, zorder=7)


def cross(axes: Axes, x: float, y: float, reach: float = 2.2) -> None:
    """A cross in points that shows on any ground."""
    for colour, width in (("white", 1.8), ("black", 0.8)):
        for slope in (-1, 1):
            axes.plot([x - reach, x + reach], [y - slope * reach, y + slope * reach], color=colour, linewidth=width)


def link_lines(
    figure: Figure,
    cloud: Axes,
    panels: Mapping[int, Axes],
    room: Room,
    camera: Camera,
    band: tuple[float, float],
    links: Sequence[Link],
    size: float,
) -> None:
    """Lines from supervoxels to patches, numbered at the end where they part."""
    if cloud not in figure.axes:
        return
    wide, tall = cloud.get_xlim()[1], cloud.get_ylim()[0]
    one_patch = len({link.patch for link in links}) == 1
    for index, link in enumerate(links, 1):
        ((x, y),), (depth,) = camera.project(room.segments.middles[link.supervoxel])
        photo = room.patches.place(link.patch)[0]
        y = (y - band[0]) / (band[1] - band[0])
        if not (depth > 0 and 0 <= x <= 1 and 0 <= y <= 1):
            continue
        start = (x * wide, y * tall)
        if photo in panels and panels[photo] in figure.axes:
            axes = panels[photo]
            spot = _spot(room, photo, link.patch, axes)
            line = ConnectionPatch(
                start, spot, cloud.transData, axes.transData, color=np.array(ACCENT) / 255, linewidth=0.6, alpha=0.75,
                zorder=LINES,
            )  # fmt: skip
            figure.add_artist(line)
            _sign(axes, *spot, "" if one_patch else str(index), size)
        _sign(cloud, *start, str(index) if one_patch else "", size)


def _spot(room: Room, photo: int, patch: int, axes: Axes) -> tuple[float, float]:
    """The middle of a patch in points of its photo's axes."""
    cells = room.patches.grid[0] * room.patches.grid[1]
    x0, y0, x1, y1 = room.boxes(photo)[patch % cells]
    tall, wide = room.images[photo].shape[:2]
    width, height = axes.get_xlim()[1], axes.get_ylim()[0]
    return (x0 + x1) / 2 / wide * width, (y0 + y1) / 2 / tall * height


def _sign(axes: Axes, x: float, y: float, text: str, size: float) -> None:
    """A number on a dark disc; a small one without it."""
    axes.add_patch(
        Circle(
            (x, y),
            (0.72 if text else 0.25) * size,
            facecolor="black",
            edgecolor="white",
            linewidth=0.5,
            zorder=6,
            clip_on=False,
        )
    )
    write(axes, x, y + 0.33 * 0.85 * size, text, size=0.85 * size, ha="center", color="white", zorder=7)
