"""``room_figure``: a cloud as the live camera sees it, photos under their patches, and the links between both."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from xviz.core.explanation import Explanation
from xviz.core.tokens import TokenSpace
from xviz.draw.scale import Scale, diverging, number, order
from xviz.explain.links import Link
from xviz.figures.caption import caption, glyph_note, limits
from xviz.figures.cloud import Camera, still
from xviz.figures.figure import Figure
from xviz.figures.joined import ACCENT, above_lines, cross, link_lines
from xviz.figures.lettering import fit, width_of, write
from xviz.figures.page import Page
from xviz.figures.pair import SPACE, TOP, bar, bar_height, scale_for
from xviz.figures.panel import in_points, outline, picture_panel
from xviz.figures.raster import heat_of_cells, shrunk
from xviz.figures.scanned import Room
from xviz.figures.style import INCH, PRESETS, Preset, drawing

EMPTY = 200  #: grey of points without a score
PALE = 0.45  #: how much of its own colour a point keeps where colours are no scores
SHARE = 0.7  #: how much of the score's colour covers a point's own in grey, which lets shapes be seen
DPI = 450  #: of the cloud
NARROW = 110.0  #: mm; below it photos stand under the cloud, else beside it
PHOTOS = 6  #: at most


def room_figure(
    room: Room,
    found: Explanation,
    *,
    titles: tuple[str, str],
    links: Sequence[Link] = (),
    crosses: Sequence[tuple[int, float, float]] = (),
    truth: ArrayLike | None = None,
    totals: ArrayLike | None = None,
    camera: Camera | None = None,
    shared: bool = False,
    limits: Mapping[str, float | None] = MappingProxyType({}),
    notes: Sequence[str] = (),
    preset: Preset = PRESETS["nature-double"],
) -> Figure:
    """(a) the cloud, (b) photos, each with its colour bar where it has scores.

    Args:
        room: What is shown.
        found: Scores of supervoxels, patches or both; a focus on either is marked.
        titles: Of the cloud and of the photos.
        links: Drawn as numbered lines from the cloud to the photos.
        crosses: Photo, x and y in its pixels, where geometry sees the picked token.
        truth: (3,) metres, where geometry says that the picked patch looks.
        totals: (photos,) printed over them, which stand in this order.
        camera: From where the cloud is seen; the whole of it where None.
        shared: Whether both sides have the same limits, or each its own.
        limits: Space → the magnitude that its colours reach, in the place of the greatest; only of signed scores.
        notes: Sentences for the caption.
        preset: The venue's sizes.
    """
    camera = camera or Camera.whole(room.xyz)
    scores = {name: found.scores[name] for name in (room.segments.name, room.patches.name) if name in found.scores}
    scales = {
        name: _scale(found, values, limits.get(name), f"per {name.removesuffix('s')}: " if room.fine else "")
        for name, values in scores.items()
    }
    if shared and scores:
        scales = dict.fromkeys(scores, scale_for(found, np.concatenate(list(scores.values()))))
    order_of = _order(room, found, scores, links, crosses, totals)
    with drawing():
        page = Page(preset)
        inner, wide = page.inner, page.inner >= NARROW
        left = 0.6 * inner if wide else inner
        top = page.title("a", titles[0], 0, 0, left)
        whole = min(left / camera.aspect, (preset.max_height_mm or 200.0) * (0.8 if wide else 0.45))
        band = _band(room, camera)  # white above and below is left away
        height = whole * (band[1] - band[0])
        cloud = page.axes((left - whole * camera.aspect) / 2, top, whole * camera.aspect, height)
        _cloud(cloud, room, found, scores, scales.get(room.segments.name), camera, band, truth)
        height += top
        if room.segments.name in scales:
            height += bar(page, scales[room.segments.name], scores[room.segments.name], 0, height, left)
            if links and not wide:
                above_lines(page.last())
        start = (left + SPACE, 0.0, inner - left - SPACE) if wide else (0.0, height + SPACE, inner)
        room_left = (preset.max_height_mm or 220.0) - start[1] - bar_height(page) - 4
        panels, bottom = _photos(
            page,
            room,
            found,
            scores,
            scales.get(room.patches.name),
            order_of,
            totals,
            crosses,
            titles[1],
            start,
            room_left,
        )
        if room.patches.name in scales:
            bottom += bar(page, scales[room.patches.name], scores[room.patches.name], start[0], bottom, start[2])
        y = max(height, bottom)
        figure = page.finish(y)
        link_lines(figure, cloud, panels, room, camera, band, links, page.preset.small_pt)
    provenance = found.provenance.but(figure="room", preset=preset.key, camera=_said(camera))
    told = _told(room, found, scores, scales, camera, links, order_of, crosses, truth)
    said = [*notes, *glyph_note(titles)]
    text = caption(preset, told, provenance, credit=room.credit, notes=said, about=[found])
    return Figure(figure, text, provenance, " ".join([f"{titles[0]}; {titles[1]}.", *told]))


def _scale(found: Explanation, scores: NDArray[np.float64], limit: float | None, of: str) -> Scale:
    """Colours of one side; ``of`` says what each score is of."""
    if limit is None:
        return scale_for(found, scores)
    return diverging(scores, limit=limit, label=of + found.unit)


def _order(room: Room, found, scores, links, crosses, totals) -> list[int]:
    """Which photos are shown: those with links or a focus first, then by their totals."""
    count = len(room.images)
    worth = np.zeros(count) if totals is None else np.nan_to_num(np.asarray(totals, np.float64), nan=-np.inf)
    ranked = [int(i) for i in np.lexsort((-worth, np.isin(np.arange(count), room.bare)))]
    needed = [room.patches.place(link.patch)[0] for link in links]
    if found.focus is not None and found.focus[0] == room.patches.name:
        needed.insert(0, room.patches.place(found.focus[1][0])[0])
    crossed = [int(photo) for photo, *_ in crosses]
    shown = list(dict.fromkeys([*needed, *(ranked if totals is not None else [*crossed, *ranked])]))[:PHOTOS]
    return shown if totals is None else [photo for photo in ranked if photo in shown]


def _colours(room: Room, found: Explanation, scores: Mapping[str, NDArray], scale: Scale | None) -> NDArray[np.uint8]:
    """(n, 3) the colour of each point."""
    token = room.segments.of_point
    own = np.full((len(room.xyz), 3), EMPTY, np.uint8) if room.rgb is None else room.rgb
    if room.segments.name in scores and scale is not None:
        painted = scale.lut()[scale.quantise(scores[room.segments.name])][token]
        grey = own @ np.array([0.299, 0.587, 0.114])
        mixed = np.round(SHARE * painted[:, :3] + (1 - SHARE) * grey[:, None])
        return np.where((token >= 0)[:, None] & (painted[:, 3:] > 0), mixed, EMPTY).astype(np.uint8)
    pale = np.round(255 - PALE * (255.0 - own)).astype(np.uint8)
    if found.focus is not None and found.focus[0] == room.segments.name:
        pale[np.isin(token, found.focus[1])] = ACCENT
    return pale


def _band(room: Room, camera: Camera) -> tuple[float, float]:
    """The part of the picture's height that points are seen in, with a little room, as shares from the top."""
    places, depth = camera.project(room.xyz[camera.shows(room.xyz)])
    seen = (depth > 0) & (places >= 0).all(1) & (places <= 1).all(1)
    if not seen.any():
        return 0.0, 1.0
    return max(0.0, float(places[seen, 1].min()) - 0.02), min(1.0, float(places[seen, 1].max()) + 0.02)


def _cloud(axes: Axes, room: Room, found, scores, scale, camera: Camera, band: tuple[float, float], truth) -> None:
    """The points as a picture no finer than print, and a cross at the true place."""
    width, height = in_points(axes)
    seen = camera.shows(room.xyz)
    painted = still(room.xyz[seen], _colours(room, found, scores, scale)[seen], camera, round(width / 72 * DPI))
    first, last = (round(share * len(painted)) for share in band)
    axes.imshow(painted[first:last], extent=(0, width, height, 0), interpolation="none", aspect="auto")
    axes.set(xlim=(0, width), ylim=(height, 0))
    if truth is not None and np.isfinite(truth).all():
        ((x, y),), (depth,) = camera.project(truth)
        if depth > 0:
            cross(axes, x * width, (y - band[0]) / (band[1] - band[0]) * height)


def _photos(
    page: Page, room: Room, found, scores, scale, shown: Sequence[int], totals, crosses, title: str, start, most: float
) -> tuple[dict[int, Axes], float]:
    """Photos in rows; their axes, and where they end in mm."""
    left, top, width = start
    y = top + page.title("b", title, left, top, width)
    above_lines(page.last())
    beside = 2 if width < 75 else 3
    line = 1.6 * page.preset.small_pt / 72 * INCH
    wide = (width - SPACE * (beside - 1)) / beside
    panels: dict[int, Axes] = {}
    for begin in range(0, len(shown), beside):
        row = shown[begin : begin + beside]
        tall = max(min(wide * room.images[p].shape[0] / room.images[p].shape[1], 1.3 * wide) for p in row)
        if panels and y + line + tall > top + most:
            break
        for column, photo in enumerate(row):
            x = left + column * (wide + SPACE)
            _name(page, room, photo, totals, x, y, wide, line)
            shape = room.images[photo].shape
            own = min(wide, tall * shape[1] / shape[0])
            panels[photo] = page.axes(x, y + line, own, own * shape[0] / shape[1])
            _photo(panels[photo], room, photo, found, scores, scale, crosses, page.preset.small_pt)
        y += line + tall + 1.0
    return panels, y - 1.0


def _name(page: Page, room: Room, photo: int, totals, x: float, y: float, wide: float, line: float) -> None:
    """A photo's name, and its total at the right."""
    size = page.preset.small_pt
    axes = page.axes(x, y, wide, line)
    width, _ = in_points(axes)
    said = "" if totals is None else number(float(np.asarray(totals)[photo]))
    write(axes, width, 1.1 * size, said, size=size, ha="right")
    write(axes, 0, 1.1 * size, fit(room.patches.photos[photo], size, width - width_of(said, size) - size), size=size)
    above_lines(axes)


def _photo(axes: Axes, room: Room, photo: int, found, scores, scale, crosses, size: float) -> None:
    """One photo under its patches, the picked one dashed."""
    cells = room.patches.grid[0] * room.patches.grid[1]
    own = slice(photo * cells, (photo + 1) * cells)
    if room.fine:
        return _fine_photo(axes, room, photo, None if photo in room.bare else scores[room.patches.name][own], scale)
    boxes, asking = room.boxes(photo), None
    if found.focus is not None and found.focus[0] == room.patches.name and own.start <= found.focus[1][0] < own.stop:
        asking = boxes[found.focus[1][0] - own.start]
    image = np.ascontiguousarray(room.images[photo])
    if room.patches.name in scores:
        picture_panel(axes, image, boxes, scores[room.patches.name][own], scale, top=0, size=size, asking=asking)
    else:
        width, height = in_points(axes)
        axes.imshow(shrunk(image, width / 72)[0], extent=(0, width, height, 0), interpolation="none", aspect="auto")
        axes.set(xlim=(0, width), ylim=(height, 0))
        if asking is not None:
            outline(axes, asking * ([width / image.shape[1], height / image.shape[0]] * 2), dashed=True)
    width, height = in_points(axes)
    for seen, x, y in crosses:
        if int(seen) == photo:
            cross(axes, x / image.shape[1] * width, y / image.shape[0] * height)


def _fine_photo(axes: Axes, room: Room, photo: int, scores, scale: Scale) -> None:
    """One photo under its pixels' scores."""
    width, height = in_points(axes)
    small, factor = shrunk(np.ascontiguousarray(room.images[photo]), width / 72)
    if scores is not None:
        small = heat_of_cells(small, room.frames[photo] * factor, scores.reshape(room.patches.grid), scale)
    axes.imshow(small, extent=(0, width, height, 0), interpolation="none", aspect="auto")
    axes.set(xlim=(0, width), ylim=(height, 0))


def _said(camera: Camera) -> str:
    """The camera in a few numbers, for provenance."""
    eye, focus = (", ".join(f"{v:.3f}" for v in place) for place in (camera.eye, camera.focus))
    return f"from ({eye}) to ({focus}) m"


def _told(room: Room, found, scores, scales, camera, links, shown, crosses, truth) -> list[str]:
    """A sentence or two per panel for the caption."""
    points, patches = room.segments.name, room.patches.name
    measured = {name: limits(scales[name], scales[name].clipped(values)) for name, values in scores.items()}
    cloud = f"Cloud of {len(room.xyz)} points in {len(room.segments)} {points}"
    if points in scores:
        shares = f"{round(10 * SHARE)}:{round(10 * (1 - SHARE))}"
        cloud += f" ({measured[points]}, mixed {shares} with the grey points)"
        cloud += "" if room.fine else f"; strongest: {_strongest(room.segments, scores[points])}"
    else:
        cloud += " in its own colours, paler" + ("; the picked supervoxel in orange" if _on(found, points) else "")
    photos = f"{len(shown)} of {len(room.images)} photos of {room.patches.grid[0]} × {room.patches.grid[1]} {patches}"
    if patches in scores:
        photos += f" ({measured[patches]}, mixed half and half with the grey photo)"
        photos += "" if room.fine else f"; strongest: {_strongest(room.patches, scores[patches])}"
    if bare := set(room.bare) & set(shown):
        photos += f"; {len(bare)} without scores"
    if _on(found, patches):
        photos += "; dashed: the picked patch"
    if math.isfinite(camera.top) or math.isfinite(camera.front):
        above = [f"above {camera.top:.2f} m"] if math.isfinite(camera.top) else []
        near = [f"nearer than {camera.front:.2f} m to the camera"] if math.isfinite(camera.front) else []
        cloud += f"; cut away: points {' and '.join(above + near)}"
    said = [f"{cloud}.", f"{photos}."]
    if links:
        said[1] += f" Numbered lines: the {len(links)} strongest links, first {number(links[0].weight)} {found.unit}."
    if truth is not None or len(crosses):
        said[1] += " Crosses: where the known cameras see the same point."
    return said


def _strongest(space: TokenSpace, scores: NDArray[np.float64]) -> str:
    """The tokens with the strongest scores, and these."""
    return "; ".join(f"{space.label(int(i))} ({number(scores[i])})" for i in order(scores)[:TOP])


def _on(found: Explanation, space: str) -> bool:
    """Whether the explanation is the view of a token of a space."""
    return found.focus is not None and found.focus[0] == space
