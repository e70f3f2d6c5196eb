"""What lies beside a cloud and belongs to its points: colours of Pointcept, supervoxels of ScanNet, mmdetection3d."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.core.sample import PointCloud
from xviz.data.cloud.arrays import read_array
from xviz.data.cloud.folder import Files
from xviz.data.cloud.frame import counted


def with_arrays(
    files: Files, name: str, cloud: PointCloud, mask: NDArray[np.bool_], segments: Sequence[str]
) -> PointCloud:
    """The cloud with Pointcept's colours beside it, and ScanNet's or mmdetection3d's supervoxels.

    Args:
        files: all files of the room.
        name: path of the cloud.
        cloud: as it was read.
        mask: (points of the file,) true for those that are in the cloud.
        segments: ScanNet's files of supervoxels.
    """
    colours = str(PurePosixPath(name).with_name("color.npy"))
    if PurePosixPath(name).name == "coord.npy" and colours in files.names:
        cloud = _with_colours(cloud, files, colours, mask)
        files.left_out.pop(colours, None)
    if cloud.segment is not None:
        return cloud
    points = files.named(rf"super_points?/{PurePosixPath(name).stem.lower()}\.bin$")
    for path in (*segments[:1], *points[:1]):
        files.left_out.pop(path, None)
        return _with_segments(cloud, files, path, mask)
    return cloud


def _with_colours(cloud: PointCloud, files: Files, name: str, mask: NDArray[np.bool_]) -> PointCloud:
    """The cloud of Pointcept's coord.npy with the colours of its color.npy, of which each point has one."""
    try:
        colours = read_array(files.read(name)).xyz
        if len(colours) != len(mask):
            raise SampleError("color.npy has another number of points and was not read.")
    except SampleError as error:
        return replace(cloud, warnings=(*cloud.warnings, str(error)))
    values = np.nan_to_num(colours[mask])
    values = values * (255 if values.max() <= 1 else 1)
    return replace(cloud, rgb=values.round().clip(0, 255).astype(np.uint8))


def _with_segments(cloud: PointCloud, files: Files, name: str, mask: NDArray[np.bool_]) -> PointCloud:
    """The cloud with supervoxels counted from zero; a note where they do not fit."""
    try:
        data = files.read(name)
        segment = (
            np.frombuffer(data, "<i8")
            if name.endswith(".bin")
            else np.asarray(json.loads(data)["segIndices"], np.int64)
        )
        if segment.shape != mask.shape:
            raise ValueError(f"{segment.size:,} for {len(mask):,} points")
    except (SampleError, ValueError, TypeError, KeyError, RecursionError, OverflowError) as error:
        note = f"The supervoxels of {PurePosixPath(name).name} do not fit and were not read ({error!s:.80})."
        return replace(cloud, notes=(*cloud.notes, note))
    return replace(cloud, segment=counted(segment[mask]))
