"""What leaves the page of rooms: figures for paper, a page that opens offline, a coloured cloud, and a bundle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from xviz.core.errors import ModelError
from xviz.core.explanation import Explanation
from xviz.core.tokens import PatchGrid, Segments
from xviz.export import bundle, safe_name
from xviz.figures.caption import tail
from xviz.figures.cloud import MOST, Camera
from xviz.figures.figure import Figure
from xviz.figures.recipes import Room, room_figure
from xviz.figures.style import PRESETS
from xviz.geometry.ply import ply
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

    def found(self) -> Explanation:
        """The scores on the screen.

        Raises:
            ModelError: the method has not answered yet.
        """
        if self.looked.explanation is None:
            raise ModelError("The chosen method has no answer yet. Compute it above, then take the figure.")
        return self.looked.explanation

    def drawn(self) -> Explanation:
        """The scores as the figure draws them: of voxels and pixels where these are shown."""
        return self.found() if self.looked.grained is None else self.looked.grained.drawn()

    def totals(self) -> NDArray[np.float64] | None:
        """(photos,) what the patches of each get together."""
        scores = self.found().scores.get(PATCHES)
        return None if scores is None else scores.reshape(len(self.opened.views.names), -1).sum(1)

    def figure(self, kind: str, preset: str) -> Figure:
        """The figure, from where the live camera is now."""
        opened, looked, found = self.opened, self.looked, self.drawn()
        grained = looked.grained
        segments = opened.segments if grained is None else grained.grains.voxels
        patches = opened.patches if grained is None else grained.grains.pixels
        kept = thin(opened.cloud.xyz, MOST, segments.of_point).kept
        room = Room(
            opened.cloud.xyz[kept],
            None if opened.cloud.rgb is None else opened.cloud.rgb[kept],
            Segments(segments.name, segments.of_point[kept], segments.middles),
            opened.views.images,
            PatchGrid(patches.name, opened.drawn.album.names, patches.grid),
            opened.drawn.album.frames,
            opened.sample.source,
            grained is not None,
            () if grained is None else tuple(i for i in range(len(opened.views.names)) if i not in grained.photos),
        )
        called = opened.called(looked.selection)
        titles = [
            f"{name}: answers to {called}" if space.name in found.scores else name
            for name, space in (("Cloud", segments), ("Photos", patches))
        ]
        if grained is not None:
            titles = [f"Cloud: voxels for “{opened.output}”", f"Photos: pixels for “{opened.output}”"]
        return room_figure(
            room, found, titles=(titles[0], titles[1]), links=looked.links, crosses=looked.crosses,
            truth=looked.truth if looked.selection.space == "patch" else None, totals=self.totals(),
            shared=found.method not in draw.OWN and grained is None,
            limits={} if grained is None else dict(zip((segments.name, patches.name), grained.limits(), strict=True)),
            camera=Camera.told(looked.camera.get("camera"), opened.cloud.xyz), notes=[f"{looked.what}."],  # type: ignore[arg-type]
            preset=PRESETS[preset],
        )  # fmt: skip

    def zip(self, kind: str, preset: str) -> bytes:
        """The figure in all formats with the numbers behind it."""
        opened, found = self.opened, self.found()
        arrays = {
            "supervoxel_of_point": opened.segments.of_point, "supervoxel_middles": opened.segments.middles,
            "class_activation": opened.activation(), "predicted_class": opened.predicted(),
            "class_activation_weighted": opened.maps().weighted, "class_activation_fused": opened.maps().fused,
            "patch_frames": opened.drawn.album.frames,
            "links": np.array([(k.patch, k.supervoxel, k.weight) for k in self.looked.links]).reshape(-1, 3),
        }  # fmt: skip
        if self.looked.grained is not None:
            arrays |= self.looked.grained.arrays()
        return bundle(
            {kind: self.figure(kind, preset)},
            [found],
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
        opened, found = self.opened, self.found()
        scalars: dict[str, NDArray] = {
            "supervoxel": opened.segments.of_point.astype(np.int32),
            "predicted": opened.predicted().astype(np.int32)[opened.segments.of_point],
        }
        said = found.unit
        if (grained := self.looked.grained) is not None:
            said += ", of a point's voxel"
            of_point = grained.grains.voxels.of_point
            scalars["score"] = grained.of_voxels.astype(np.float32)[of_point]
            scalars |= {f"score_{name}": part.astype(np.float32)[of_point] for name, part in grained.parts.items()}
        elif POINTS in found.scores:
            scalars["score"] = opened.segments.paint(found.scores[POINTS]).astype(np.float32)
        classes = ", ".join(f"{i} {name}" for i, name in enumerate(opened.run.outputs))
        origin = tail(found.provenance, opened.sample.source)
        facts = found.facts.sentences
        comments = [f"score: {said}. {self.looked.what}", *facts, f"predicted: {classes}", origin]
        return ply(opened.cloud.xyz, opened.cloud.rgb, scalars, comments)

    def html(self) -> bytes:
        """The cloud and the photos as they are, with what each token attends to on the other side."""
        opened, looked = self.opened, self.looked
        cloud, album = draw.views(opened, looked, "scores")
        facts = "".join(f"{sentence} " for sentence in self.found().facts.sentences)
        caption = f"{looked.what}. {facts}{tail(self.found().provenance, opened.sample.source)}"
        return standalone.page(
            cloud, album, title=f"{opened.sample.name}: points and photos", caption=caption, rows=self._rows()
        )

    def _rows(self) -> Rows:
        """The mean attention across, both ways."""
        opened, sides = self.opened, calls.sides(self.opened.run)
        rows = []
        for side, own, other in (("points", POINTS, PATCHES), ("photos", PATCHES, POINTS)):
            weights = [methods.weigh(opened.run.call(name), None) for name in sides[side]]
            ahead = len(opened.run.outputs)  # class tokens stand before both
            rows.append(np.mean(weights, 0)[ahead : ahead + len(opened.run.spaces[own]), ahead:])
            assert rows[-1].shape[1] == len(opened.run.spaces[other])
        poses = dict(cameras(opened.sample))
        eyes = [poses[str(i + 1)][:3, 3] if str(i + 1) in poses else None for i in range(len(opened.views.names))]
        return Rows(
            rows[0], rows[1], opened.segments.middles, opened.drawn.geometry.centre, eyes,
            opened.patches.grid[0] * opened.patches.grid[1], "attention weight, mean of layers and heads",
        )  # fmt: skip


def show(opened: Opened, looked: Looked) -> None:
    """Choose a figure and a venue, look at it, take it; then the page and the cloud."""
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
        "The figure sees the cloud from where you have turned it. The page opens without a network and answers picks "
        "with the mean attention of layers and heads. The cloud carries scores, supervoxels and predicted classes."
    )
