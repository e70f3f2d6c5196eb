"""What leaves the page of rooms: figures for paper, a page that opens offline, a coloured cloud, and a bundle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from xviz.core.errors import ModelError
from xviz.core.explanation import Explanation
from xviz.core.tokens import PatchGrid, Segments
from xviz.data.cloud.ply import write_ply
from xviz.export import bundle, safe_name
from xviz.figures.caption import tail
from xviz.figures.cloud import MOST, Camera
from xviz.figures.figure import Figure
from xviz.figures.recipes import Overlay, Room, room_figure
from xviz.figures.style import PRESETS
from xviz.geometry.thinning import thin
from xviz.ui import methods, page, saving
from xviz.ui.rooms import calls, draw, standalone
from xviz.ui.rooms.calls import PATCHES, POINTS
from xviz.ui.rooms.draw import Looked
from xviz.ui.rooms.sample import Opened, cameras
from xviz.ui.rooms.standalone import Rows

KINDS = {"room": "Cloud, photos and links"}


@dataclass(frozen=True, eq=False)
class Figures:
    """What is on the screen, as the exports need it."""

    opened: Opened
    looked: Looked

    def shown(self) -> Explanation:
        """The scores on the screen.

        Raises:
            ModelError: the method has not been computed yet.
        """
        if self.looked.explanation is None:
            raise ModelError("The chosen method has not been computed yet. Compute it above, then take the figure.")
        return self.looked.explanation

    def drawn(self) -> Explanation:
        """The scores as the figure draws them: of voxels and pixels where these are shown."""
        return self.shown() if self.looked.fine is None else self.looked.fine.drawn()

    def totals(self) -> NDArray[np.float64] | None:
        """(photos,) the sum over the patches of each."""
        scores = self.shown().scores.get(PATCHES)
        return None if scores is None else scores.reshape(len(self.opened.views.names), -1).sum(1)

    def figure(self, kind: str, preset: str) -> Figure:
        """The figure, from where the live camera is now."""
        opened, looked = self.opened, self.looked
        if looked.fine is not None:
            return self._finely(preset)
        explanation, whose = self.shown(), draw.whose(opened, looked)
        named = (("Cloud", POINTS), ("Photos", PATCHES))
        options = {
            "titles": [f"{name}: {whose}" if space in explanation.scores else name for name, space in named],
            "what": looked.what, "links": len(looked.links), "camera": looked.camera.get("camera"),
            "crosses": [list(cross) for cross in looked.crosses],
            "truth": None
            if looked.truth is None or looked.selection.space != "patch"
            else [float(v) for v in looked.truth],
        }  # fmt: skip
        if looked.way is not None:
            return saving.drawn(opened, kind, preset, way=dict(looked.way), **options)
        return saving.drawn(opened, kind, preset, [explanation], **options)

    def _finely(self, preset: str) -> Figure:
        """Voxels and pixels, as far as they are known."""
        opened, looked, explanation, fine = self.opened, self.looked, self.drawn(), self.looked.fine
        segments, patches = fine.source.voxels, fine.source.pixels
        kept = thin(opened.cloud.xyz, MOST, segments.of_point).kept
        room = Room(
            opened.cloud.xyz[kept],
            None if opened.cloud.rgb is None else opened.cloud.rgb[kept],
            Segments(segments.name, segments.of_point[kept], segments.middles),
            opened.views.images,
            PatchGrid(patches.name, opened.drawn.album.names, patches.grid),
            opened.drawn.album.frames,
            opened.sample.source,
            True,
            tuple(i for i in range(len(opened.views.names)) if i not in fine.photos),
        )
        overlay = Overlay(
            looked.links, looked.crosses, looked.truth if looked.selection.space == "patch" else None, self.totals(),
            Camera.told(looked.camera.get("camera"), opened.cloud.xyz),
        )  # fmt: skip
        return room_figure(
            room, explanation, overlay=overlay, notes=[f"{looked.what}."], preset=PRESETS[preset],
            titles=(f"Cloud: voxels for “{opened.output}”", f"Photos: pixels for “{opened.output}”"),
            limits=dict(zip((segments.name, patches.name), fine.limits(), strict=True)),
        )  # fmt: skip

    def zip(self, kind: str, preset: str) -> bytes:
        """The figure in all formats with the numbers behind it."""
        opened, explanation = self.opened, self.shown()
        arrays = {
            "supervoxel_of_point": opened.segments.of_point, "supervoxel_middles": opened.segments.middles,
            "class_activation": opened.activation(), "predicted_class": opened.predicted(),
            "class_activation_weighted": opened.maps().weighted, "class_activation_fused": opened.maps().fused,
            "patch_frames": opened.drawn.album.frames,
            "links": np.array([(k.patch, k.supervoxel, k.weight) for k in self.looked.links]).reshape(-1, 3),
        }  # fmt: skip
        if self.looked.fine is not None:
            arrays |= self.looked.fine.arrays()
        return bundle(
            {kind: self.figure(kind, preset)},
            [explanation],
            arrays=arrays,
            labels={
                POINTS: [opened.segments.label(i) for i in range(len(opened.segments))],
                PATCHES: [opened.drawn.album.label(i) for i in range(len(opened.patches))],
                **{name: list(opened.run.outputs) for name in ("classes_3d", "classes_2d")},
            },
            manifest={f"output_{name}": value for name, value in opened.run.outputs.items()},
        )

    def ply(self) -> bytes:
        """Every point with its colour, supervoxel, predicted class, and score where points have one."""
        opened, explanation = self.opened, self.shown()
        scalars: dict[str, NDArray] = {
            "supervoxel": opened.segments.of_point.astype(np.int32),
            "predicted": opened.predicted().astype(np.int32)[opened.segments.of_point],
        }
        unit = explanation.unit
        if (fine := self.looked.fine) is not None:
            unit += ", of the voxel of a point"
            of_point = fine.source.voxels.of_point
            scalars["score"] = fine.of_voxels.astype(np.float32)[of_point]
            scalars |= {f"score_{name}": part.astype(np.float32)[of_point] for name, part in fine.parts.items()}
        elif POINTS in explanation.scores:
            scalars["score"] = opened.segments.paint(explanation.scores[POINTS]).astype(np.float32)
        classes = ", ".join(f"{i} {name}" for i, name in enumerate(opened.run.outputs))
        origin, facts = tail(explanation.provenance, opened.sample.source), explanation.facts.sentences
        comments = [f"score: {unit}. {self.looked.what}", *facts, f"predicted: {classes}", origin]
        return write_ply(opened.cloud.xyz, opened.cloud.rgb, scalars, comments)

    def html(self) -> bytes:
        """The cloud and the photos as they are, with what each token attends to on the other side."""
        opened, looked = self.opened, self.looked
        cloud, album = draw.both(opened, looked, "scores")
        explanation = self.shown()
        facts = "".join(f"{sentence} " for sentence in explanation.facts.sentences)
        caption = f"{looked.what}. {facts}{tail(explanation.provenance, opened.sample.source)}"
        return standalone.page(
            cloud, album, title=f"{opened.sample.name}: points and photos", caption=caption, rows=self._rows()
        )

    def _rows(self) -> Rows:
        """The mean attention across, both ways."""
        opened, sides = self.opened, calls.sides(self.opened.run)
        rows = []
        for side, own, other in (("points", POINTS, PATCHES), ("photos", PATCHES, POINTS)):
            weights = [methods.weigh(opened.run.call(name), None) for name in sides[side]]
            classes = len(opened.run.outputs)  # class tokens stand before both
            rows.append(np.mean(weights, 0)[classes : classes + len(opened.run.spaces[own]), classes:])
            assert rows[-1].shape[1] == len(opened.run.spaces[other])
        poses = dict(cameras(opened.sample))
        eyes = [poses[str(i + 1)][:3, 3] if str(i + 1) in poses else None for i in range(len(opened.views.names))]
        return Rows(
            rows[0], rows[1], opened.segments.middles, opened.drawn.geometry.centre, eyes,
            opened.patches.grid[0] * opened.patches.grid[1], "attention weight, mean of layers and heads",
        )  # fmt: skip


def show(opened: Opened, looked: Looked) -> None:
    """Choose a figure and a venue, look at it, save it; then the page and the cloud."""
    shown = Figures(opened, looked)
    stem = f"xviz-{opened.card.key}-{opened.sample.name}"
    saving.figures(
        "room", stem, KINDS, shown.figure, shown.zip, refused=lambda kind, preset: looked.explanation is None
    )
    with page.told(), st.container(horizontal=True):
        if looked.explanation is None:
            return
        saving.file("room", "Interactive page (HTML)", f"{safe_name(stem)}.html", "html", shown.html)
        saving.file("room", "Coloured cloud (PLY)", f"{safe_name(stem)}.ply", "ply", shown.ply)
    st.caption(
        "The figure shows the cloud from your current viewpoint.",
        help="The interactive page opens offline; a pick shows the mean attention of layers and heads. Points of the "
        "coloured cloud carry scores, supervoxels and predicted classes.",
    )
