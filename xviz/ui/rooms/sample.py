"""A room on the screen: which classes are found in it, and how cloud and photos are drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from xviz import checkpoints
from xviz.core.run import Run, Target
from xviz.core.sample import Photos, PointCloud, Sample
from xviz.core.tokens import PatchGrid, Segments
from xviz.draw import scale
from xviz.drawings import photos, points
from xviz.drawings.drawing import Surround
from xviz.explain.class_map import Fused, fused
from xviz.models.card import ModelCard
from xviz.models.photos import Frame
from xviz.ui import cache, components, memory, methods, records
from xviz.ui.rooms.calls import PATCHES, POINTS
from xviz.ui.rooms.geometry import Truth, of
from xviz.ui.state import Choices, Selection

NO_WEIGHTS = (
    "This model has no weights yet, so there are no outputs and no attention. The cloud and the photos are shown as "
    "they were read."
)


@dataclass(frozen=True, eq=False)
class Drawn:
    """What of a room is sent to the browser once."""

    geometry: points.Geometry
    album: photos.Album

    @contextmanager
    def held(self) -> Iterator[None]:
        """Around what picks run again: the first points of the cloud before it, the others after it."""
        components.hold(self.geometry.still, key=self.geometry.digest[:16])
        yield
        components.hold(self.geometry.rest, key=f"{self.geometry.digest[:16]} rest")


@dataclass(frozen=True, eq=False, kw_only=True)
class Opened(records.Opened):
    """A room, and the class that is explained."""

    before: Run  #: with nothing left out
    drawn: Drawn
    truth: Truth | None  #: where cameras are known
    late: Callable[[], None] = lambda: None  #: draws the chart of classes; called after the first map

    @property
    def cloud(self) -> PointCloud:
        """The points."""
        return self.sample.part("points", PointCloud)

    @property
    def views(self) -> Photos:
        """The photos."""
        return self.sample.part("views", Photos)

    @property
    def segments(self) -> Segments:
        """The supervoxels."""
        return self.run.space(POINTS, Segments)

    @property
    def patches(self) -> PatchGrid:
        """The patches of the photos."""
        return self.run.space(PATCHES, PatchGrid)

    @property
    def present(self) -> dict[str, NDArray[np.bool_]]:
        """Space → which of its tokens take part."""
        return {name: mask.numpy() for name, mask in self.run.inputs.present.items()}

    @property
    def gone(self) -> tuple[int, ...]:
        """The photos that the model is not shown."""
        now, whole = (run.inputs.present[PATCHES].reshape(len(self.views.names), -1) for run in (self.run, self.before))
        return tuple(int(i) for i in np.flatnonzero(whole.any(1) & ~now.any(1)))

    def picked(self) -> Selection:
        """What the visitor has picked; see ``taken``."""
        return self.taken(self.choices.selection)

    def taken(self, selection: Selection | None) -> Selection:
        """The picked patch or supervoxel; the token of the explained class where there is none."""
        space = {"patch": PATCHES, "supervoxel": POINTS}.get(selection.space if selection else "")
        if (
            selection
            and space
            and selection.token < len(self.run.spaces[space])
            and self.present[space][selection.token]
        ):
            return selection
        return Selection("class", list(self.run.outputs).index(self.output))

    def called(self, picked: Selection) -> str:
        """A picked token for people."""
        if picked.space == "class":
            return f"the class “{self.run.spaces['classes_3d'].label(picked.token)}”"
        return self.drawn.album.label(picked.token) if picked.space == "patch" else self.segments.label(picked.token)

    def target(self, selection: Selection | None = None) -> Target:
        """The explained class, or as seen from its token where a method needs one."""
        if selection is None or selection.space != "class":
            return Target(self.output)
        return Target(self.output, "classes_3d", (selection.token,))

    def maps(self) -> Fused:
        """The class-activation map, alone and with the attention of class tokens."""
        return cache.of_run(self.run, fused, "class maps")

    def activation(self) -> NDArray[np.float64]:
        """(supervoxels, classes) class-activation map."""
        return self.maps().map

    def predicted(self, *, alone: bool = False) -> NDArray[np.float64]:
        """(supervoxels,) the number of the most probable class; of the second stage where there is one.

        Args:
            alone: Whether points alone say it, where photos have a say too.
        """
        context = self.run.inputs.context
        second = context.get("second_points") if alone and self.photos_say else context.get("second")
        return np.argmax(self.activation() if second is None else second.numpy(), 1).astype(np.float64)

    @property
    def photos_say(self) -> bool:
        """Whether photos have a say in the predicted classes."""
        return "second_points" in self.run.inputs.context


# Showing


def show(card: ModelCard, sample: Sample) -> Opened | None:
    """The sample, its classes, and the class that the rest of the page explains.

    Without weights the cloud and the photos alone, and None.
    """
    choices = Choices(card.key)
    choices.start(sample.digest)
    if card.checkpoint not in checkpoints.manifest():
        _bare(card, sample)
        return None
    gone = hidden(choices, sample, card)
    before = cache.run(card.key, sample)
    run = cache.run(card.key, sample, gone=gone) if gone else before
    best = card.telling(run.outputs)
    left, right = st.columns([1, 1.4], gap="medium")
    with left:
        chosen = st.selectbox(
            "Class to explain", [methods.MOST_PROBABLE, *card.outputs], key="class", bind="query-params",
            help="Methods explain the output of this class; until you pick, attention is that of its class token. The "
            f"most probable is taken without {', '.join(card.everywhere)}, which nearly every room has.",
        )  # fmt: skip
        _facts(sample, run)
    output = best if chosen == methods.MOST_PROBABLE else chosen
    with right:
        late = _classes(card, run, before, output)
    run = cache.run(card.key, sample, gone=gone, target=output)
    drawn = drawing(card, sample, run)
    truth = of(sample, drawn.album.frames, card.settings.grid)
    return Opened(
        card=card,
        choices=choices,
        sample=sample,
        run=run,
        output=output,
        before=before,
        drawn=drawn,
        truth=truth,
        late=late,
    )


def hidden(choices: Choices, sample: Sample, card: ModelCard) -> cache.Gone:
    """The tokens that the visitor leaves out: single supervoxels, and all patches of some photos."""
    views = sample.part("views", Photos)
    each = card.settings.grid[0] * card.settings.grid[1]
    left_out = [photo for photo in choices.photos if photo < len(views.names)][: len(views.names) - 1]  # one is kept
    patches = tuple(photo * each + i for photo in left_out for i in range(each))
    return tuple((space, tokens) for space, tokens in ((POINTS, choices.masked), (PATCHES, patches)) if tokens)


def _facts(sample: Sample, run: Run) -> None:
    """The sample in numbers."""
    cloud, views = sample.part("points", PointCloud), sample.part("views", Photos)
    size = " × ".join(scale.number(float(v)) for v in np.ptp(cloud.xyz, axis=0))
    known = 0 if views.poses is None else int(np.isfinite(views.poses).all((1, 2)).sum())
    st.caption(
        f"{len(cloud.xyz):,} points in {len(run.spaces[POINTS])} supervoxels, {size} m; {len(views.names)} "
        f"photo{'s' * (len(views.names) != 1)} of {' × '.join(map(str, run.space(PATCHES, PatchGrid).grid))} "
        f"patches, {known} with a known camera.",
        help="The model is never shown cameras or depths; they only serve to check its attention.",
    )


def _classes(card: ModelCard, run: Run, before: Run, output: str) -> Callable[[], None]:
    """Every class with its probability, the most probable first; beside it the one with nothing left out."""
    ranked = sorted(run.outputs, key=lambda name: -run.outputs[name])
    series = {"probability": card.probabilities(run.outputs)}
    if run is not before:
        series["nothing left out"] = card.probabilities(before.outputs)
    late = methods.class_bars(card, series, output, key="class")
    likely = [name for name in ranked if run.outputs[name] > 0]
    st.caption(
        f"Probability above 0.5: {', '.join(likely) or 'none'}. Explained below: **{output}**.",
        help="A room can have many classes: each has a probability of its own, and they do not add up to one.",
    )
    return late


def drawing(card: ModelCard, sample: Sample, run: Run | None) -> Drawn:
    """Geometry and photos as the browser is sent them, made once for a sample."""
    return _drawing(card.key, sample.digest, run is None, card, sample, run)


@memory.kept("Preparing the drawing …")
def _drawing(key: str, digest: str, bare: bool, _card: ModelCard, _sample: Sample, _run: Run | None) -> Drawn:
    cloud, views = _sample.part("points", PointCloud), _sample.part("views", Photos)
    segments = None if _run is None else _run.space(POINTS, Segments)
    geometry = points.geometry(
        cloud.xyz,
        colours=cloud.rgb,
        segments=None if segments is None else segments.of_point,
        labels=None if segments is None else [segments.label(i) for i in range(len(segments))],
    )
    names = [f"{i + 1} · {name}" for i, name in enumerate(views.names)]
    grid = _card.settings.grid
    return Drawn(
        geometry,
        photos.album(views.images, grid, names=names, frames=[Frame(i.shape[:2], grid).edges for i in views.images]),
    )


def cameras(sample: Sample) -> list[tuple[str, NDArray[np.float64]]]:
    """Number and pose of every photo whose camera is known."""
    views = sample.part("views", Photos)
    if views.poses is None:
        return []
    return [(str(i + 1), pose) for i, pose in enumerate(views.poses) if np.isfinite(pose).all()]


def _bare(card: ModelCard, sample: Sample) -> None:
    """Cloud and photos alone."""
    st.info(NO_WEIGHTS, icon=":material/hourglass_empty:")
    drawn = drawing(card, sample, None)
    left, right = st.columns([1.25, 1], gap="medium")
    with left:
        marks = points.Marks(cameras=cameras(sample))
        components.mount(
            points.points(drawn.geometry, marks=marks, surround=Surround("Cloud", height=620)),
            key=f"bare {sample.digest[:16]}",
        )
    with right:
        components.mount(
            photos.photos(drawn.album, surround=Surround("Photos")), key=f"bare photos {sample.digest[:16]}"
        )
