"""How far the answer for a room stays when its scan is turned about the vertical, thinner, or has lost a half.

Of each changed cloud: the share of its points that keep their predicted class, and the share of the outputs that stay
on their side of even odds. Photos stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xviz import engine
from xviz.core.sample import PointCloud, Sample
from xviz.core.tokens import Segments
from xviz.models.clouds import about_vertical

TURNS = (37.0, 90.0, 200.0)  #: degrees about the vertical
SHARES = (0.5, 0.25)  #: of the points that are kept, drawn evenly


def steadiness(loaded: engine.Loaded, samples: Sequence[Sample], seed: int = 0) -> dict[str, dict[str, float]]:
    """Change → what stays, in per cent, mean over some rooms.

    Args:
        loaded: The model.
        samples: Rooms with a cloud.
        seed: Draws which points are kept.

    Returns:
        For each change “points”, the points that keep their class, and “outputs”, the outputs that keep their side.
    """
    stays: dict[str, dict[str, list[float]]] = {}
    for sample in samples:
        classes, outputs = answer(loaded, sample)
        cloud = sample.part("points", PointCloud)
        for name, changed, kept in changes(cloud, np.random.default_rng(seed)):
            again, sides = answer(loaded, Sample(sample.name, {**sample.parts, "points": changed}))
            found = stays.setdefault(name, {"points": [], "outputs": []})
            found["points"].append(float((again == classes[kept]).mean()))
            found["outputs"].append(float((sides == outputs).mean()))
    return {
        name: {part: round(100 * float(np.mean(values)), 1) for part, values in found.items()}
        for name, found in stays.items()
    }


def answer(loaded: engine.Loaded, sample: Sample) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """(points,) the predicted class of every point, and (classes,) which outputs lie above even odds."""
    run = engine.run(loaded, sample)
    of_point = run.space("supervoxels", Segments).of_point
    predicted = run.inputs.context["second"].argmax(1).numpy()[of_point]
    return predicted, np.array([float(value) > 0 for value in run.outputs.values()])


def changes(cloud: PointCloud, rng: np.random.Generator) -> Iterator[tuple[str, PointCloud, NDArray[np.int64]]]:
    """What the change is called, the changed cloud, and which points of the cloud it has."""
    count = len(cloud.xyz)
    every = np.arange(count)
    for degrees in TURNS:
        yield f"turned by {degrees:.0f}°", replace(cloud, xyz=about_vertical(cloud.xyz, degrees)), every
    for share in SHARES:
        kept = np.sort(rng.choice(count, round(share * count), replace=False))
        yield f"{share:.0%} of the points".replace("%", " %"), only(cloud, kept), kept
    half = np.flatnonzero(cloud.xyz[:, 0] > np.median(cloud.xyz[:, 0]))
    yield "one half of the room", only(cloud, half), half


def only(cloud: PointCloud, kept: NDArray[np.int64]) -> PointCloud:
    """Some points of a cloud."""
    parts: dict[str, Any] = {name: getattr(cloud, name) for name in ("xyz", "rgb", "segment")}
    return replace(cloud, **{name: part[kept] for name, part in parts.items() if part is not None})
