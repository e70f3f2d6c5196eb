"""``room_figure``: a cloud as the live camera sees it, photos under their patches, and the links between both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as MatplotlibFigure
from numpy.typing import NDArray

from xviz.core.explanation import Explanation
from xviz.core.tokens import TokenSpace
from xviz.draw.scale import Scale, number, order
from xviz.figures.caption import caption, glyph_note
from xviz.figures.caption import measured as told_of
from xviz.figures.cloud import Camera, from_to, still
from xviz.figures.figure import Figure
from xviz.figures.joined import ACCENT, SEEN_OR_HIDDEN, above_lines, cross, link_lines, ranked
from xviz.figures.lettering import fit, width_of, write
from xviz.figures.look import look
from xviz.figures.page import Page
from xviz.figures.pair import SPACE, TOP, bar, bar_height, scale_for
from xviz.figures.panel import Marks, in_points, outline, picture_panel
from xviz.figures.raster import SHARE, heat_of_cells, mixed, shrunk
from xviz.figures.scales import diverging
from xviz.figures.scanned import NOTHING, Overlay, Room, Shown
from xviz.figures.style import INCH, PRESETS, Preset, drawing

EMPTY = 200  #: grey of points without a score
PALE = 0.45  #: how much of its own colour a point keeps where colours are no scores
LIGHT = 60  #: grey of a black point under its score's colour
DPI = 450  #: of the cloud
NARROW = 125.0  #: mm; below it photos stand under the cloud, else beside it
PHOTOS, BESIDE = 6, 4  #: at most, below the cloud and beside it


def room_figure(
    room: Room,
    explanation: Explanation,
    *,
    titles: tuple[str, str],
    overlay: Overlay = NOTHING,
    shared: bool = False,
    limits: Mapping[str, float | None] = MappingProxyType({}),
    notes: Sequence[str] = (),
    preset: Preset = PRESETS["nature-double"],
) -> Figure:
    """(a) the cloud, (b) photos, each with its colour bar where it has scores.

    Args:
        room: What is shown.
        explanation: Scores of supervoxels, patches or both; a focus on either is marked.
        titles: Of the cloud and of the photos.
        overlay: Links, crosses, totals and the camera.
        shared: Whether both sides have the same limits, or each its own.
        limits: Space → the magnitude that its colours reach, in the place of the greatest; only of signed scores.
        notes: Sentences for the caption.
        preset: The venue's sizes.
    """
    scores = {
        space.name: explanation.scores[space.name]
        for space in (room.segments, room.patches)
        if space.name in explanation.scores
    }
    scales = {
        name: _scale(explanation, values, limits.get(name), f"per {name.removesuffix('s')}: " if room.fine else "")
        for name, values in scores.items()
    }
    if shared and scores:
        scales = dict.fromkeys(scores, scale_for(explanation, np.concatenate(list(scores.values()))))
    wide = preset.width_mm >= NARROW
    photos = _order(room, explanation, overlay, BESIDE if wide else PHOTOS)
    shown = Shown(room, explanation, scores, scales, overlay, overlay.camera or Camera.opened(room.xyz), photos)
    with drawing():
        figure = _page(shown, titles, preset)
    provenance = explanation.provenance.but(figure="room", preset=preset.key, camera=from_to(shown.camera))
    sentences, notes = _sentences(shown), [*notes, *glyph_note(titles)]
    text = caption(preset, sentences, provenance, credit=room.credit, notes=notes, about=[explanation])
    return Figure(figure, text, provenance, " ".join([f"{titles[0]}; {titles[1]}.", *sentences]))


def _page(shown: Shown, titles: tuple[str, str], preset: Preset) -> MatplotlibFigure:
    """Both panels, side by side or one below the other."""
    room, camera, page = shown.room, shown.camera, Page(preset)
    inner, wide = page.inner, page.inner >= NARROW
    left = 0.6 * inner if wide else inner
    top = page.title("a", titles[0], 0, 0, left)
    whole = min(left / camera.aspect, (preset.max_height_mm or 200.0) * (0.8 if wide else 0.45))
    band = camera.band(room.xyz)  # white above and below is left away
    height = whole * (band[1] - band[0])
    cloud = page.axes((left - whole * camera.aspect) / 2, top, whole * camera.aspect, height)
    _cloud(cloud, shown, band, preset.small_pt)
    height += top
    if (scale := shown.scale(room.segments)) is not None:
        height += bar(page, scale, shown.scores[room.segments.name], 0, height, left)
        if shown.overlay.links and not wide:
            above_lines(page.last())
    start = (left + SPACE, 0.0, inner - left - SPACE) if wide else (0.0, height + SPACE, inner)
    room_left = (preset.max_height_mm or 220.0) - start[1] - bar_height(page) - 4
    panels, bottom = _photos(page, shown, titles[1], start, room_left)
    if (scale := shown.scale(room.patches)) is not None:
        bottom += bar(page, scale, shown.scores[room.patches.name], start[0], bottom, start[2])
    figure = page.finish(max(height, bottom))
    link_lines(figure, cloud, panels, room, camera, band, shown.overlay.links, page.preset.small_pt)
    return figure


def _scale(explanation: Explanation, scores: NDArray[np.float64], limit: float | None, prefix: str) -> Scale:
    """Colours of one side; ``of`` says what each score is of."""
    if limit is None:
        return scale_for(explanation, scores)
    return diverging(scores, limit=limit, label=prefix + explanation.unit)


def _order(room: Room, explanation: Explanation, overlay: Overlay, limit: int) -> list[int]:
    """Which photos are shown: those with links or a focus first, then by their totals."""
    count, totals = len(room.images), overlay.totals
    worth = np.zeros(count) if totals is None else np.nan_to_num(np.asarray(totals, np.float64), nan=-np.inf)
    ranked = [int(i) for i in np.lexsort((-worth, np.isin(np.arange(count), room.bare)))]
    needed = [room.patches.place(link.patch)[0] for link in overlay.links]
    if explanation.focus is not None and explanation.focus[0] == room.patches.name:
        needed.insert(0, room.patches.place(explanation.focus[1][0])[0])
    crossed = [int(photo) for photo, *_ in overlay.crosses]
    photos = list(dict.fromkeys([*needed, *(ranked if totals is not None else [*crossed, *ranked])]))[:limit]
    return photos if totals is None else [photo for photo in ranked if photo in photos]


def _colours(shown: Shown) -> NDArray[np.uint8]:
    """(n, 3) the colour of each point."""
    room, scale = shown.room, shown.scale(shown.room.segments)
    token = room.segments.of_point
    own = np.full((len(room.xyz), 3), EMPTY, np.uint8) if room.rgb is None else room.rgb
    if scale is not None:
        levels = scale.quantise(shown.scores[room.segments.name])[token] * (token >= 0)
        grey = np.repeat((own @ np.array([0.299, 0.587, 0.114]))[:, None], 3, axis=1)
        return np.where((levels > 0)[:, None], mixed(LIGHT + (1 - LIGHT / 255) * grey, levels, scale), EMPTY)
    pale = np.round(255 - PALE * (255.0 - own)).astype(np.uint8)
    pale[np.isin(token, shown.focused(room.segments))] = ACCENT
    return pale


def _cloud(axes: Axes, shown: Shown, band: tuple[float, float], size: float) -> None:
    """The points as a picture no finer than print, numbers at the strongest, and a cross at the true place."""
    room, camera, truth = shown.room, shown.camera, shown.overlay.truth
    width, height = in_points(axes)
    visible = camera.shows(room.xyz)
    if shown.kept:
        visible |= np.isin(room.segments.of_point, list(_ranks(shown.scores[room.segments.name])))
    painted = still(room.xyz[visible], _colours(shown)[visible], camera, round(width / 72 * DPI))
    first, last = (round(share * len(painted)) for share in band)
    axes.imshow(painted[first:last], extent=(0, width, height, 0), interpolation="none", aspect="auto")
    axes.set(xlim=(0, width), ylim=(height, 0))
    if room.segments.name in shown.scores and not room.fine and not shown.overlay.links:
        numbered: list[NDArray] = []
        scores = shown.scores[room.segments.name]
        scale = shown.scales[room.segments.name]
        colours = scale.lut()[scale.quantise(scores)][:, :3]
        for token, rank in _ranks(scores).items():
            spots, depth = camera.project(room.xyz[visible & (room.segments.of_point == token)])
            spots = (spots - [0, band[0]]) * [width, height / (band[1] - band[0])]
            if len(spots := spots[(depth > 0) & (spots >= 0).all(1) & (spots <= [width, height]).all(1)]):
                ranked(axes, spots, str(rank), size, numbered, colours[token])
    if truth is not None and np.isfinite(truth).all():
        ((x, y),), (depth,) = camera.project(truth)
        if depth > 0:
            cross(axes, x * width, (y - band[0]) / (band[1] - band[0]) * height)


def _ranks(scores: NDArray[np.float64]) -> dict[int, int]:
    """Token → rank of the strongest that are marked."""
    strongest = [int(index) for index in order(scores)[: look().marked(TOP)] if scores[index]]
    return {index: rank for rank, index in enumerate(strongest, 1)}


def _photos(
    page: Page, shown: Shown, title: str, start: tuple[float, float, float], limit: float
) -> tuple[dict[int, Axes], float]:
    """Photos in rows; their axes, and where they end in mm."""
    (left, top, width), images = start, shown.room.images
    y = top + page.title("b", title, left, top, width)
    above_lines(page.last())
    size = page.preset.small_pt
    named = [_names(shown, photo) for photo in shown.photos]
    least = max((sum(width_of(text, size) for text in texts) + 1.1 * size for texts in named), default=0.0) / 72 * INCH
    most_beside = 2 if width < 75 else 3
    beside = next((n for n in range(most_beside, 1, -1) if (width - SPACE * (n - 1)) / n >= least), 1)
    line = 1.6 * size / 72 * INCH
    wide = (width - SPACE * (beside - 1)) / beside
    panels: dict[int, Axes] = {}
    for begin in range(0, len(shown.photos), beside):
        row = shown.photos[begin : begin + beside]
        tall = max(min(wide * images[photo].shape[0] / images[photo].shape[1], 1.3 * wide) for photo in row)
        if panels and y + line + tall > top + limit:
            break
        for column, photo in enumerate(row):
            x = left + column * (wide + SPACE)
            _name(page, shown, photo, (x, y, wide, line))
            shape = images[photo].shape
            own = min(wide, tall * shape[1] / shape[0])
            panels[photo] = page.axes(x, y + line, own, own * shape[0] / shape[1])
            _photo(panels[photo], shown, photo, size)
        y += line + tall + 1.0
    return panels, y - 1.0


def _names(shown: Shown, photo: int) -> tuple[str, str]:
    """A photo's number and its total, as both stand above it."""
    totals = shown.overlay.totals
    return f"Photo {photo + 1}", "" if totals is None else number(float(np.asarray(totals)[photo]))


def _name(page: Page, shown: Shown, photo: int, corner: tuple[float, float, float, float]) -> None:
    """A photo's number, and its total at the right."""
    size, (name, total) = page.preset.small_pt, _names(shown, photo)
    axes = page.axes(*corner)
    width, _ = in_points(axes)
    write(axes, width, 1.1 * size, total, size=size, ha="right")
    write(axes, 0, 1.1 * size, fit(name, size, width - width_of(total, size) - size), size=size)
    above_lines(axes)


def _photo(axes: Axes, shown: Shown, photo: int, size: float) -> None:
    """One photo under its patches, the picked one dashed."""
    room, scores, scale = shown.room, shown.scores.get(shown.room.patches.name), shown.scale(shown.room.patches)
    cells = room.patches.grid[0] * room.patches.grid[1]
    own = slice(photo * cells, (photo + 1) * cells)
    if room.fine:
        return _fine_photo(axes, room, photo, None if scores is None or photo in room.bare else scores[own], scale)
    boxes, focus = room.boxes(photo), None
    picked = shown.focused(room.patches)
    if picked and own.start <= picked[0] < own.stop:
        focus = boxes[picked[0] - own.start]
    image = np.ascontiguousarray(room.images[photo])
    if scores is not None and scale is not None:
        ranks = {index - own.start: rank for index, rank in _ranks(scores).items() if own.start <= index < own.stop}
        marks = Marks(focus=focus, scores=False, ranks=ranks)
        picture_panel(axes, image, boxes, scores[own], scale, marks=marks, size=size)
    else:
        width, height = in_points(axes)
        axes.imshow(shrunk(image, width / 72)[0], extent=(0, width, height, 0), interpolation="none", aspect="auto")
        axes.set(xlim=(0, width), ylim=(height, 0))
        if focus is not None:
            outline(axes, focus * ([width / image.shape[1], height / image.shape[0]] * 2), dashed=True)
    width, height = in_points(axes)
    for crossed, x, y in shown.overlay.crosses:
        if int(crossed) == photo:
            cross(axes, x / image.shape[1] * width, y / image.shape[0] * height)


def _fine_photo(axes: Axes, room: Room, photo: int, scores: NDArray | None, scale: Scale | None) -> None:
    """One photo under its pixels' scores."""
    width, height = in_points(axes)
    small, factor = shrunk(np.ascontiguousarray(room.images[photo]), width / 72)
    if scores is not None and scale is not None:
        small = heat_of_cells(small, room.frames[photo] * factor, scores.reshape(room.patches.grid), scale)
    axes.imshow(small, extent=(0, width, height, 0), interpolation="none", aspect="auto")
    axes.set(xlim=(0, width), ylim=(height, 0))


def _sentences(shown: Shown) -> list[str]:
    """A sentence or two per panel for the caption."""
    room, scores, overlay = shown.room, shown.scores, shown.overlay
    points, patches = room.segments.name, room.patches.name
    measured = {name: told_of(shown.scales[name], values) for name, values in scores.items()}
    cloud = f"Cloud of {len(room.xyz)} points in {len(room.segments)} {points}"
    if points in scores:
        cloud += f" ({measured[points]}, {look().mixed(SHARE, 'points', grey=True)})"
        outlined = f"{SEEN_OR_HIDDEN}: " if not overlay.links and look().marked(TOP) else ""
        cloud += "" if room.fine else f"; {outlined}strongest: {_strongest(room.segments, scores[points])}"
    else:
        picked = "; the picked supervoxel in orange" if shown.focused(room.segments) else ""
        cloud += f" in its own colours, paler{picked}"
    count, (rows, columns) = len(room.images), room.patches.grid
    photos = f"{len(shown.photos)} of {count} photo{'s' * (count != 1)} of {rows} × {columns} {patches}"
    if patches in scores:
        photos += f" ({measured[patches]}, {look().mixed(SHARE, 'photo')})"
        photos += "" if room.fine else f"; strongest: {_strongest(room.patches, scores[patches])}"
    if overlay.totals is not None:
        photos += "; at the right of each photo's number: the sum over its patches"
    if bare := set(room.bare) & set(shown.photos):
        photos += f"; {len(bare)} without scores"
    if shown.focused(room.patches):
        photos += "; dashed: the picked patch"
    cloud += shown.camera.cut(kept=shown.kept)
    links = overlay.links
    lines = f" Numbered lines: the {len(links)} strongest links, first {number(links[0].weight)} " if links else ""
    lines += f"{shown.explanation.unit}." if links else ""
    crosses = " Crosses: where the known cameras see the same point."
    return [f"{cloud}.", f"{photos}.{lines}{crosses if overlay.truth is not None or len(overlay.crosses) else ''}"]


def _strongest(space: TokenSpace, scores: NDArray[np.float64]) -> str:
    """The tokens with the strongest scores, and these."""
    best = enumerate(order(scores)[:TOP], 1)
    return ", ".join(f"{rank}: {space.label(int(i))} ({number(scores[i])})" for rank, i in best)
