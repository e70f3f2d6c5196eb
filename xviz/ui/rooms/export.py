"""What leaves the page of rooms: figures for paper, a page that opens offline, a coloured cloud, and a bundle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from xviz.core.errors import ModelError
from xviz.core.explanation import Explanation
from xviz.data.cloud.ply import write_ply
from xviz.export import bundle, safe_name
from xviz.figures.caption import tail
from xviz.figures.figure import Figure
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

    def figure(self, kind: str, preset: str) -> Figure:
        """The figure, from where the live camera is now."""
        opened, looked = self.opened, self.looked
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
        if looked.fine is not None:
            record, picked = looked.fine.record(), looked.selection
            record |= {} if picked.space == "class" else {"picked": [picked.space, picked.token]}
            del options["titles"]
            return saving.drawn(opened, kind, preset, known={"grain": looked.fine}, grain=record, **options)
        if looked.way is not None:
            return saving.drawn(opened, kind, preset, way=dict(looked.way), **options)
        return saving.drawn(opened, kind, preset, [explanation], **options)

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
    figures = Figures(opened, looked)
    stem = f"xviz-{opened.card.key}-{opened.sample.name}"
    saving.figures(
        "room", stem, KINDS, figures.figure, figures.zip, refused=lambda kind, preset: looked.explanation is None
    )
    with page.told(), st.container(horizontal=True):
        if looked.explanation is None:
            return
        saving.file("room", "Interactive page (HTML)", f"{safe_name(stem)}.html", "html", figures.html)
        saving.file("room", "Coloured cloud (PLY)", f"{safe_name(stem)}.ply", "ply", figures.ply)
    st.caption(
        "The figure shows the cloud from your current viewpoint.",
        help="The interactive page opens offline; a pick shows the mean attention of layers and heads. Points of the "
        "coloured cloud carry scores, supervoxels and predicted classes.",
    )
