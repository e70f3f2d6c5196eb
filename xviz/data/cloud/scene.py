"""Uploaded rooms as parts: ``read_room`` reads a cloud with its photos and says what it chose.

What files are is told by their content and by the layouts that programs and data sets have: ScanNet (both exporters),
ARKitScenes, Replica, Stray Scanner, Polycam, Record3D, nerfstudio, COLMAP, 3RScan, S3DIS, mmdetection3d, Pointcept, or
any cloud with photos beside it. Candidates for the cloud are tried until one can be read; what is left out is listed
with its reason, and one bad file never refuses the rest. Nothing is unpacked onto a disk, and only what is used is
unpacked at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.core.sample import Part, Photos, PointCloud
from xviz.data.cloud.beside import with_arrays
from xviz.data.cloud.cameras import Cameras
from xviz.data.cloud.folder import Files, Sources, files_of
from xviz.data.cloud.frame import Frame
from xviz.data.cloud.layouts import cameras_of
from xviz.data.cloud.photos import Album, album_of
from xviz.data.cloud.read import read_placed
from xviz.data.cloud.roles import WHY, Series, clouds_among, natural, photos_among, series_of, tried
from xviz.data.cloud.views import views_of
from xviz.data.kinds import READ

MOST_PHOTOS = 16
_MOST_TRIED = 12  #: candidates for the cloud


@dataclass(frozen=True, eq=False)
class Room:
    """What was read, what was chosen, and what else could have been."""

    parts: dict[str, Part]
    cloud: str  #: path of the cloud that was read
    clouds: tuple[str, ...]  #: all that can be the cloud
    photos: tuple[str, ...]  #: the series of photos that were taken
    series: tuple[str, ...]  #: all that can be photos
    layout: str  #: where cameras came from; empty where none are known
    unit: str  #: of the cloud's file
    up: str  #: axis up in the cloud's file
    left_out: dict[str, str]  #: path → why it was not used


def read_photos(sources: Sources, *, most: int = MOST_PHOTOS) -> Photos:
    """Photos of any number and sizes, with cameras where there are files of them.

    Args:
        sources: names and bytes of files, a folder, or a zip.
        most: photos that are kept, taken evenly.

    Raises:
        SampleError: there is no photo, or none can be read.
    """
    files = files_of(sources)
    album, cameras, _ = _album(files, most, None)
    if album is None:
        raise SampleError(f"Photos are {READ} files; none came. Add some, such as every 20th of a recording.")
    return views_of(album, cameras, None, None)


def read_scene(
    sources: Sources, *, most: int = MOST_PHOTOS, unit: str | None = None, up: str | None = None
) -> dict[str, Part]:
    """A cloud, "points", and its photos, "views", where there are any; see ``read_room``."""
    return read_room(sources, most=most, unit=unit, up=up).parts


def read_room(
    sources: Sources,
    *,
    most: int = MOST_PHOTOS,
    unit: str | None = None,
    up: str | None = None,
    cloud: str | None = None,
    photos: str | None = None,
) -> Room:
    """A room with what was chosen and what was left out.

    Args:
        sources: a folder, a zip, or names and bytes of files, among which may be zips.
        most: photos that are kept, taken evenly.
        unit: of the cloud, see ``read_cloud``; cameras are scaled along.
        up: the axis that points up in the cloud's file; None judges it. Cameras are turned along.
        cloud: path of the cloud, one of ``Room.clouds``; None takes the likeliest that can be read.
        photos: the series of photos, one of ``Room.series``; None takes the likeliest.

    Raises:
        SampleError: there is no cloud, nothing that came can be read, or something is out of limits.
    """
    files = files_of(sources)
    every = clouds_among(files, set())
    root = _root(cloud or (every[0] if every else ""), every)
    files = _of_one_room(files, root, every)
    album, cameras, series = _album(files, most, photos)
    able = clouds_among(files, cameras.used)
    clouds = able if cloud is None else [cloud, *(name for name in able if name != cloud)]
    known = album is not None and np.isfinite(album.poses).all((1, 2)).any()
    ahead = -album.poses[:, :3, 1] if album is not None and known else None
    read, frame, which = _cloud(files, clouds, unit, up, cameras, ahead, cloud is not None)
    every = [name for name in every if name not in cameras.used or name == which]
    parts: dict[str, Part] = {"points": _with_choice(files, read, which, every, cloud)}
    series_used: tuple[str, ...] = ()
    if album is not None:
        parts["views"] = views_of(album, cameras, read, frame)
        series_used = tuple(group.key for group in series if set(group.names) & set(album.names))
    _leave_out(files, series, series_used, cameras, which)
    layout = cameras.layout if known else ""
    able_photos = tuple(group.key for group in series if group.kind in ("photo", "drawing"))
    return Room(
        parts, which, tuple(dict.fromkeys([*clouds, *every])), series_used, able_photos, layout, frame.unit, frame.up,
        dict(files.left_out),
    )  # fmt: skip


def candidates(sources: Sources) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What can be chosen: the files that can be the cloud, and the series that can be photos, the likeliest first.

    Args:
        sources: see ``read_room``.

    Raises:
        SampleError: a zip is refused, or there is too much.
    """
    files = files_of(sources)
    series = [group for group in series_of(files) if group.kind in ("photo", "drawing")]
    return tuple(clouds_among(files, set())), tuple(group.key for group in series)


def _root(cloud: str, every: Sequence[str]) -> str:
    """The folder of the room that a cloud belongs to, where clouds of several rooms came; empty where of one."""
    folder = PurePosixPath(cloud).parent
    others = {PurePosixPath(name).parent for name in every} - {folder}
    apart = [o for o in others if not o.is_relative_to(folder) and not folder.is_relative_to(o)]
    return folder.as_posix() if apart and folder.as_posix() != "." else ""


def _of_one_room(files: Files, root: str, every: Sequence[str]) -> Files:
    """The files without those in folders of other rooms."""
    if not root:
        return files
    others = {PurePosixPath(name).parent.as_posix() for name in every if not name.startswith(root + "/")}
    others = {o for o in others if o not in (".", "") and not (root + "/").startswith(o + "/")}
    own = []
    for name in files.names:
        if any(name.startswith(other + "/") for other in others):
            files.left_out[name] = "of another room, or of another cloud beside it"
        else:
            own.append(name)
    return files.within(own)


def _album(files: Files, limit: int, wanted: str | None) -> tuple[Album | None, Cameras, list[Series]]:
    """The photos that are shown, their cameras, and all series of pictures; no album where there is no photo."""
    series = series_of(files)
    able = [group for group in series if group.kind == "photo"] or [
        group for group in series if group.kind == "drawing"
    ]
    every = [name for group in able for name in group.names]
    cameras = cameras_of(files, every)
    chosen = [group for group in series if group.key == wanted]
    if not chosen:
        likely = photos_among(series)
        known = {
            group.key: sum(cameras.of[n].pose is not None for n in group.names if n in cameras.of) for group in able
        }
        with_pose = [group for group in able if known[group.key] and group.kind == "photo"]
        chosen = _once(with_pose or likely, known)
    names = sorted((name for group in chosen for name in group.names), key=natural)
    if set(names) != set(every):
        used, cameras = cameras.used, cameras_of(files, names)
        cameras.used |= used
    return (album_of(files, names, cameras, series, limit) if names else None), cameras, series


def _once(series: Sequence[Series], known: dict[str, int]) -> list[Series]:
    """The series without those that have the same frames again, smaller or otherwise, as images_2 beside images."""
    out: list[Series] = []
    for group in sorted(
        series, key=lambda group: (-known[group.key], "corrected" not in group.key, len(group.key), group.key)
    ):
        stems = {PurePosixPath(name).stem for name in group.names}
        if len(stems) > 1 and any(stems <= {PurePosixPath(name).stem for name in other.names} for other in out):
            continue
        out.append(group)
    return out


def _cloud(
    files: Files,
    clouds: Sequence[str],
    unit: str | None,
    up: str | None,
    cameras: Cameras,
    ahead: NDArray[np.float64] | None,
    wanted: bool,
) -> tuple[PointCloud, Frame, str]:
    """The first of the candidates that can be read, with supervoxels where a file of them fits.

    Raises:
        SampleError: none can be read, or the one that a person chose cannot.
    """
    first = None
    for name in clouds[:_MOST_TRIED]:
        try:
            cloud, frame = read_placed(
                files.read(name),
                name=PurePosixPath(name).name,
                unit=unit,
                up=up,
                hint=_hint(name, cameras),
                ahead=ahead,
                beside=files.beside(name),
            )
        except SampleError as error:
            if wanted:
                raise
            first = first or error
            files.left_out[name] = str(error)
            continue
        return with_arrays(files, name, cloud, frame.kept, files.named(r"\.segs\.json$")), frame, name
    raise tried(files, clouds, first)


def _hint(name: str, cameras: Cameras) -> str | None:
    """The axis up that files of the layout have, mostly; None where the layout is unknown."""
    path = PurePosixPath(name)
    if path.name.lower().endswith(("_vh_clean_2.ply", "_vh_clean.ply")) or path.stem == path.parent.name:
        return "z"  # ScanNet, S3DIS
    return cameras.up if cameras.of else None


def _with_choice(files: Files, cloud: PointCloud, which: str, every: Sequence[str], wanted: str | None) -> PointCloud:
    """The cloud with a warning where others could have been it."""
    others = [name for name in every if name != which and name not in _failed(files)]
    if not others or wanted is not None:
        return cloud
    more = f" and {len(others) - 3} more" if len(others) > 3 else ""
    warning = (
        f"{len(others) + 1} files can be the cloud; “{which}” was taken, not {', '.join(others[:3])}{more}. Choose "
        "another if it is not the room."
    )
    return replace(cloud, warnings=(*cloud.warnings, warning))


def _failed(files: Files) -> set[str]:
    """Files that cannot be the cloud after all."""
    return {name for name, why in files.left_out.items() if "another room" not in why}


def _leave_out(
    files: Files, series: Sequence[Series], series_used: tuple[str, ...], cameras: Cameras, which: str
) -> None:
    """Give every file that was not used its reason."""
    for group in series:
        if group.key in series_used or group.kind == "depth":
            continue
        why = WHY.get(group.kind, "the same frames again, or photos elsewhere than where this layout has them")
        for name in group.names:
            files.left_out.setdefault(name, why)
    for name in cameras.used:
        if not cameras.of:
            files.left_out.setdefault(name, "of cameras, and no photo fits it")
    for name in (which, *cameras.used):
        if cameras.of or name == which:
            files.left_out.pop(name, None)
