"""The photos of a room as a part: cameras in the coordinates of the cloud and held against it, depths in metres."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xviz.core.sample import Photos, PointCloud
from xviz.data.cloud import agree
from xviz.data.cloud.cameras import Cameras
from xviz.data.cloud.frame import Frame
from xviz.data.cloud.photos import Album


def views_of(album: Album, cameras: Cameras, cloud: PointCloud | None, frame: Frame | None) -> Photos:
    """The photos with their cameras in the coordinates of the cloud, held against it."""
    notes, warnings, poses = list(album.notes), list(album.warnings), album.poses
    known = np.isfinite(poses).all((1, 2))
    if known.any() and cameras.layout not in ("", "files of poses"):
        notes.append(f"Cameras as {cameras.layout} has them.")
    if known.any() and cloud is not None and frame is not None:
        poses = _held_against(album, cloud, frame, known, notes, warnings)
        known = np.isfinite(poses).all((1, 2))
    matrix = album.intrinsics if np.isfinite(album.intrinsics).any() else None
    if known.any() and matrix is None:
        notes.append("No intrinsics came, so that pixels and points cannot be compared by geometry.")
    depths = _depths(album, cameras, cloud, poses, notes, warnings)
    return Photos(
        tuple(album.images),
        album.short(),
        poses if known.any() else None,
        matrix,
        depths,
        tuple(notes),
        tuple(warnings),
    )


def _held_against(
    album: Album, cloud: PointCloud, frame: Frame, known: NDArray, notes: list[str], warnings: list[str]
) -> NDArray[np.float64]:
    """(photos, 4, 4) the cameras beside the cloud, in the variant that the photos agree with."""
    words, alike = agree.chosen(album.poses, album.intrinsics, tuple(album.images), cloud, frame.camera)
    out = np.full_like(album.poses, np.nan)
    for index in np.flatnonzero(known):
        out[index] = frame.camera(agree.VARIANTS[words](album.poses[index]))
    if words != "as they stand":
        warnings.append(
            f"Poses were taken {words}: only so do photos show the points in their colours (correlation {alike:.2f})."
        )
    elif alike is not None and alike < agree.BADLY:
        warnings.append(
            f"Photos hardly have the colours of the points that their cameras see (correlation {alike:.2f}): poses, "
            "intrinsics or the cloud may be of another room or convention."
        )
    return out


def _depths(
    album: Album,
    cameras: Cameras,
    cloud: PointCloud | None,
    poses: NDArray[np.float64],
    notes: list[str],
    warnings: list[str],
) -> tuple[NDArray[np.float32], ...] | None:
    """Metres for each pixel of each image, 0 where unknown; None where no depths came."""
    deep = [index for index, depth in enumerate(album.depths) if depth is not None]
    if not deep:
        return None
    scale, right = cameras.depth_scale or 1000.0, True
    known = [index for index in deep if np.isfinite(poses[index]).all() and np.isfinite(album.intrinsics[index]).all()]
    if cloud is not None and known:
        index = known[len(known) // 2]
        declared = scale
        scale, right = agree.depth_scale(
            album.depths[index], cloud.xyz, poses[index], album.intrinsics[index], declared
        )
        if scale != declared:
            notes.append(f"Depths fit the cloud where {scale:g} is a metre, not {declared:g}: read so.")
    elif cameras.depth_scale is None:
        notes.append("Nothing says the unit of the depth maps: their numbers were taken as millimetres.")
    if not right:
        warnings.append("Depth maps do not fit the cloud in any unit that is known, and were left out.")
        return None
    if (missing := len(album.depths) - len(deep)) > 0:
        notes.append(f"{missing} photos have no depth map that can be read.")
    return tuple(
        np.zeros(image.shape[:2], np.float32) if depth is None else (depth / scale).astype(np.float32)
        for image, depth in zip(album.images, album.depths, strict=True)
    )
