"""Uploaded rooms as parts: ``read_scene`` reads a cloud with its photos, ``read_photos`` photos alone.

A room comes as an exported ScanNet scene (a folder, or a zip of it), as any cloud with photos and cameras beside it, or
as Pointcept's arrays. What belongs together is found by name, wherever it lies:

    scene0000_00_vh_clean_2.ply   the cloud; …segs.json holds its supervoxels
    color/40.jpg                  a photo
    pose/40.txt                   camera to world, 4 × 4, metres
    intrinsic/intrinsic_color.txt 3 × 3 or 4 × 4, pixels
    depth/40.png                  16-bit millimetres along the camera's axis; never trained on
    scene0000_00.txt              key = value, with the size that the intrinsics are for

Nothing is unpacked onto a disk, and only what is used is unpacked at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from xviz.core.errors import SampleError
from xviz.core.sample import Part, PointCloud, Views
from xviz.data.cloud.columns import UPS, moved
from xviz.data.cloud.photos import PHOTOS, Files, stem_of, views_of
from xviz.data.cloud.read import LIMIT_BYTES, SUFFIXES, read_cloud
from xviz.data.files import MOST_FILES, File, open_zip, read_bytes

MOST_PHOTOS = 16
_SETTINGS = re.compile(r"scene\d{4}_\d\d\.txt$|(^|/)(pose|poses|intrinsics?|extrinsics?)/|intrinsic|\.pose\.txt$")
_EVALUATION = re.compile(
    r"\.labels?\.ply$|(^|/)(label|instance)[^/]*/|_vh_clean\.ply$|(^|/)(segment|instance|normal)\w*\.npy$"
)

Sources = File | Sequence[tuple[str, bytes]]


def read_photos(sources: Sources, *, most: int = MOST_PHOTOS) -> Views:
    """Photos of any number and sizes, with cameras where there are files of them.

    Args:
        sources: names and bytes of files, a folder, or a zip; see the module for names.
        most: photos that are kept, taken evenly.

    Raises:
        SampleError: there is no photo, or one is damaged.
    """
    return views_of(_files(sources), most)


def read_scene(sources: Sources, *, most: int = MOST_PHOTOS, unit: str | None = None, up: str = "z") -> dict[str, Part]:
    """A cloud, "points", and its photos, "views", where there are any.

    Args:
        sources: a folder, a zip, or names and bytes of files, among which may be zips.
        most: photos that are kept, taken evenly.
        unit: of the cloud, see ``read_cloud``; a cloud with known cameras is in metres, as they are.
        up: the axis that points up in the cloud's file; cameras are turned along.

    Raises:
        SampleError: there is no cloud, or something is damaged or out of limits.
    """
    files = _files(sources)
    views = views_of(files, most) if any(PHOTOS.search(name.lower()) for name in files.names) else None
    with_cameras = views is not None and views.poses is not None
    cloud = _cloud(files, unit or ("m" if with_cameras else None), up)
    parts: dict[str, Part] = {"points": cloud}
    if views is not None:
        parts["views"] = _with_cloud(views, cloud, up)
    return parts


def _files(sources: Sources) -> Files:
    """What there is to read, zips opened.

    Raises:
        SampleError: a zip is refused, or there is too much.
    """
    if isinstance(sources, Path) and sources.is_dir():
        inside = [path for path in sorted(sources.rglob("*")) if path.is_file() and not path.is_symlink()]
        return Files(
            {path.relative_to(sources).as_posix(): (lambda path=path: read_bytes(path, LIMIT_BYTES)) for path in inside}
        )
    given = [("", read_bytes(sources, LIMIT_BYTES))] if isinstance(sources, bytes | Path) else sources
    if not isinstance(given, Sequence):
        given = [("", read_bytes(given, LIMIT_BYTES))]
    if not given or len(given) > MOST_FILES:
        raise SampleError(f"A room is 1 to {MOST_FILES:,} files; {len(given):,} came. Bring a cloud and some photos.")
    found = {}
    for name, data in given:
        if data[:2] == b"PK" and not name.lower().endswith(".npz"):
            archive = open_zip(data)
            found.update({path: (lambda archive=archive, path=path: archive.read(path)) for path in archive.members})
        else:
            found[name or "file"] = lambda data=data: data
    return Files(found)


def _cloud(files: Files, unit: str | None, up: str) -> PointCloud:
    """The cloud among the files, with supervoxels where a file of them fits."""
    names = [name for name in files.names if not _EVALUATION.search(name.lower())]
    frames = {stem_of(name) for name in names if PHOTOS.search(name.lower())}
    names = [name for name in names if not (name.lower().endswith(".txt") and stem_of(name) in frames)]
    clouds = sorted((name for name in names if _rank(name) < len(_RANKS)), key=lambda name: (_rank(name), name))
    places = next((name for name in names if Path(name).name == "coord.npy"), None)
    if not clouds and len(files.names) == 1 and not Path(files.names[0]).suffix:
        clouds = list(files.names)
    if not clouds and places is None:
        raise SampleError(
            f"A room needs a cloud: a file that ends in {', '.join(SUFFIXES)}. {_seen(files.names)} Add it, or bring "
            "the mesh of a ScanNet scene (…_vh_clean_2.ply) with its photos."
        )
    if places is not None and (not clouds or _rank(clouds[0]) > 2):
        cloud = read_cloud(files.read(places), name=places, unit=unit, up=up)
        colours = str(Path(places).with_name("color.npy"))
        return _with_colours(cloud, files, colours) if colours in files.names else cloud
    cloud = read_cloud(files.read(clouds[0]), name=Path(clouds[0]).name, unit=unit, up=up)
    if len(clouds) > 1 and _rank(clouds[1]) == _rank(clouds[0]):
        cloud = replace(cloud, notes=(*cloud.notes, f"{len(clouds)} clouds came; “{Path(clouds[0]).name}” was read."))
    segments = next((name for name in names if name.endswith(".segs.json")), None)
    return cloud if segments is None or cloud.segment is not None else _with_segments(cloud, files, segments)


#: what names of clouds end in, the likeliest first
_RANKS = ("_vh_clean_2.ply", ".ply", ".pcd", ".laz", ".las", ".npz", ".pts", ".xyz", ".asc", ".csv", ".npy", ".txt")


def _rank(name: str) -> int:
    """How likely a name is that of the cloud, zero the most; beyond the list where it cannot be."""
    low = name.lower()
    if _SETTINGS.search(low) or Path(low).name in ("coord.npy", "color.npy"):
        return len(_RANKS)
    return next((i for i, end in enumerate(_RANKS) if low.endswith(end)), len(_RANKS))


def _seen(names: Sequence[str]) -> str:
    """What came instead of a cloud, in a sentence."""
    ends = sorted({Path(name).suffix.lower() or "no ending" for name in names})
    said = f"{len(names):,} file{'' if len(names) == 1 else 's'} came, of {', '.join(ends[:8]) or 'no kind'}."
    return said + (" ScanNet's .sens is not read: export its frames first." if ".sens" in ends else "")


def _with_colours(cloud: PointCloud, files: Files, name: str) -> PointCloud:
    """The cloud of Pointcept's coord.npy with the colours of its color.npy, of which each point has one."""
    colours = read_cloud(files.read(name), name=name, unit="m")
    if len(colours.xyz) != len(cloud.xyz):
        return replace(cloud, notes=(*cloud.notes, "color.npy has another number of points and was not read."))
    values = colours.xyz * (255 if colours.xyz.max() <= 1 else 1)
    return replace(cloud, rgb=values.round().clip(0, 255).astype(np.uint8))


def _with_segments(cloud: PointCloud, files: Files, name: str) -> PointCloud:
    """The cloud with the supervoxels of ScanNet's segs.json, counted from zero; a note where they do not fit."""
    try:
        said = json.loads(files.read(name))["segIndices"]
        held = np.asarray(said, np.int64)
        if held.shape != (len(cloud.xyz),):
            raise ValueError(f"{held.size:,} for {len(cloud.xyz):,} points")
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError) as error:
        told = f"The supervoxels of {Path(name).name} do not fit and were not read ({error!s:.80})."
        return replace(cloud, notes=(*cloud.notes, told))
    return replace(cloud, segment=np.unique(held, return_inverse=True)[1].reshape(-1).astype(np.int64))


def _with_cloud(views: Views, cloud: PointCloud, up: str) -> Views:
    """The photos with their cameras turned as the cloud was; without them where the cloud was moved."""
    if views.poses is None or (up == "z" and not moved(cloud)):
        return views
    if moved(cloud):
        told = "The cloud lies far from zero and was moved; the cameras were left out, as they were not."
        return replace(views, poses=None, notes=(*views.notes, told))
    turn = np.zeros((4, 4))
    turn[3, 3] = 1
    for row, (axis, sign) in enumerate(UPS[up]):
        turn[row, axis] = sign
    return replace(views, poses=turn @ views.poses)
