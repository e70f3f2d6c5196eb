"""Scores of voxels and pixels of a room: as far as they are known, or computed as a recipe names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xviz.core.explanation import Explanation
from xviz.core.run import Run, Target
from xviz.draw import scale
from xviz.drawings.drawing import Finer
from xviz.engine import Session
from xviz.explain import voxels as finer
from xviz.explain.voxels import Reading, Traced
from xviz.models.voxels import VoxelsAndPixels, voxels_and_pixels

ALL = "all features"
WITHIN = 0.995  #: of scores that are not zero lie within the limits of the colours; the rest are counted and said


@dataclass(frozen=True, eq=False)
class FineScores:
    """Scores of voxels and pixels, as far as they are known."""

    run: Run
    source: VoxelsAndPixels
    reading: Reading
    voxels: Traced
    photos: Mapping[int, Traced]  #: those that were followed
    feature: str  #: what of the voxels is shown: ``ALL`` or a key of ``FEATURES``

    def record(self) -> dict[str, Any]:
        """By what the same is computed again, as plain JSON."""
        target = self.reading.target
        return {
            "method": self.reading.method.key, "output": target.output, "feature": self.feature,
            "photos": sorted(self.photos),
        }  # fmt: skip

    @cached_property
    def explanations(self) -> tuple[Explanation, Explanation]:
        """Voxels and pixels, and their sums over supervoxels and patches."""
        return finer.collect(self.run, self.source, self.reading, self.voxels, self.photos)

    @cached_property
    def parts(self) -> dict[str, NDArray[np.float64]]:
        """Feature of voxels → (voxels,) what is attributed to it."""
        return finer.by_name(self.source, self.voxels)

    @property
    def of_voxels(self) -> NDArray[np.float64]:
        """(voxels,) what is shown of them."""
        return self.explanations[0].scores["voxels"] if self.feature == ALL else self.parts[self.feature]

    @cached_property
    def of_pixels(self) -> NDArray[np.float64]:
        """(photos, height, width) scores of pixels; NaN beside photos and in those not computed."""
        scores = self.explanations[0].scores["pixels"].reshape(len(self.source.pictures), *self.source.pixels.grid)
        known = self.source.inside.numpy() & np.isin(np.arange(len(scores)), list(self.photos))[:, None, None]
        return np.where(known, scores, np.nan)

    def drawn(self) -> Explanation:
        """Voxels and pixels as they are drawn; zero where nothing is known."""
        scores = {"voxels": self.of_voxels, "pixels": np.nan_to_num(self.of_pixels.reshape(-1))}
        return replace(
            self.explanations[0], scores=scores, provenance=self.explanations[0].provenance.but(voxels=self.feature)
        )

    def limits(self) -> tuple[float | None, float | None]:
        """The magnitudes that the colours of voxels and of pixels reach."""
        return _limit(self.of_voxels), _limit(self.of_pixels)

    def arrays(self) -> dict[str, NDArray]:
        """What a bundle keeps of them."""
        return {
            "voxel_of_point": self.source.voxels.of_point, "voxel_middles": self.source.voxels.middles,
            "voxel_scores": self.voxels.scores, "voxel_says": np.array(self.source.said),
            "pixel_scores": self.of_pixels,
        }  # fmt: skip

    def scales(self) -> tuple[scale.Scale, scale.Scale]:
        """Of voxels and of pixels, each around zero; a few of the largest lie beyond the limits."""
        unit = self.reading.method.unit
        both = ((self.of_voxels, "voxel"), (self.of_pixels, "pixel"))
        voxels, pixels = (scale.diverging(s, limit=_limit(s), label=f"per {name}: {unit}") for s, name in both)
        return voxels, pixels

    def finer(self) -> tuple[Finer, Finer]:
        """The scores as the cloud and the photos draw them."""
        return (
            Finer("voxel", self.of_voxels, of_point=self.source.voxels.of_point),
            Finer("pixel", self.of_pixels.reshape(-1), size=self.source.pixels.grid),
        )


def _limit(scores: NDArray[np.float64]) -> float | None:
    """The magnitude that most scores stay within; None where there are none."""
    sizes = np.abs(scores[np.isfinite(scores) & (scores != 0)])
    return float(np.quantile(sizes, WITHIN)) if len(sizes) else None


def computed(session: Session, record: Mapping[str, Any]) -> FineScores:
    """The scores that ``FineScores.record`` names, computed again; attributions take minutes.

    Args:
        session: A room.
        record: Method, output, feature and photos.

    Raises:
        ModelError: there is no such method or output.
    """
    loaded, run = session.model, session.run
    source = voxels_and_pixels(session.sample, loaded.card.settings)
    reading = finer.read(loaded, run, source, Target(str(record["output"])), str(record["method"]))
    photos = {int(i): finer.trace_photo(loaded, source, reading, int(i)) for i in record["photos"]}
    return FineScores(run, source, reading, finer.trace_voxels(loaded, source, reading), photos, str(record["feature"]))
