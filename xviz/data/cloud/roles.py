"""What each file of a room is: photo, depth, confidence, label, texture, cloud; told by content, then by names.

Pictures of one folder and one pattern of names are a series, of which a few are looked at. Whatever is not used is
listed with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePosixPath

import numpy as np
from PIL import Image

from xviz.core.errors import SampleError
from xviz.data.cloud.folder import Files
from xviz.data.cloud.frames import numbers
from xviz.data.cloud.read import SUFFIXES

#: what names of pictures end in
PICTURES = re.compile(r"\.(jpe?g|jfif|png|webp|hei[cf]|avif|tiff?|bmp|gif|pgm|ppm|exr|jxl|dng)$")
_NO_PHOTO = re.compile(
    r"(^|/)(\w*depth|label|instance|semantic|mask|conf|seg|normal|albedo|disparity)[^/]*/"
    r"|(^|[/._-])(depth|labels?|masks?|confidence|conf|semantic|instances?|seg|normals?|thumb(nail)?)[._-]?\d*\.[a-z]+$"
    r"|domain_(depth|semantic|normals?|global_xyz)"
)
_LABELLED = re.compile(r"label|instance|semantic|mask|seg")
_COLOUR = re.compile(
    r"(^|/)(colou?rs?|rgb|images?|photos?|posed_images|results|lowres_wide|wide|vga_wide|frames?)[^/]*/"
)
_VIDEO = re.compile(r"\.(mp4|mov|avi|mkv|m4v|webm)$")
_LOOKED_AT = 2  #: pictures of a series that are judged
_FEW = 64  #: values of a picture of labels, at most
_CERTAIN = 4  #: values of a map of confidence, at most

#: files that are of the cloud's labels, or of parts of it
_EVALUATION = re.compile(
    r"\.labels?(\.ply)?$|(^|/)(label|instance|semantic|super_point|seg)[^/]*/|(^|[/._-])(labels?|semantic|instances?|semseg)[^/]*\."
    r"(ply|obj|txt|npy|bin)$|(^|/)(segment|instance|normal)\w*\.npy$"
)  # fmt: skip
_PARTS = re.compile(r"(^|/)annotations?/", re.IGNORECASE)
_LABELS = "labels or masks of points or pixels, which are never shown to the model"
#: kinds of clouds by name, the likeliest first
_RANKS = (
    re.compile(r"_vh_clean_2\.ply$"),
    re.compile(r"\.(ply|pcd|laz|las|e57|npz|pts|ptx|xyz|xyzrgb|xyzn|npts|asc|csv|tsv)(\.gz)?$"),
    re.compile(r"\.(glb|gltf|obj|stl)(\.gz)?$"),
    re.compile(r"(^|/)(coord|points?|xyz)\.npy$|points3d[^/]*\.(bin|txt)$|(^|/)points/[^/]+\.bin$"),
    re.compile(r"\.(npy|txt|bin|dat)(\.gz)?$"),
)
_NEVER = re.compile(
    r"\.(json|md|html?|pdf|mtl|yaml|yml|xml|ini|db|py|log|sens|zip|mp4|mov|traj|pincam|svg|rtf|docx?|mat|ipynb)$|(^|/)(readme|licen[cs]e)[^/]*$"
)
_CAMERAS = (4, 9, 12, 16)  #: numbers of a file of intrinsics or of a pose


@dataclass(frozen=True)
class Series:
    """Pictures of one folder whose names have one pattern."""

    key: str  #: how people see it, such as “color/#.jpg”
    names: tuple[str, ...]  #: in the order of their numbers
    kind: str  #: photo, depth, confidence, label, drawing or texture


def natural(name: str) -> list[tuple[int, int | str]]:
    """A key that sorts 2.jpg before 10.jpg."""
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in re.split(r"(\d{1,18})", name) if part]


def series_of(files: Files) -> list[Series]:
    """All pictures, by folder and pattern of names, with what they are."""
    textures = _textures(files)
    groups: dict[str, list[str]] = {}
    for name in files.names:
        if PICTURES.search(name.lower()):
            folder, _, short = name.rpartition("/")
            pattern = re.sub(r"[0-9a-f]{16,}|\d+([._]\d+)*(?=\D)", "#", short)
            groups.setdefault(f"{folder}/{pattern}" if folder else pattern, []).append(name)
    out = []
    for key, names in _split(files, groups).items():
        names.sort(key=natural)
        kind = "texture" if all(PurePosixPath(name).name.lower() in textures for name in names) else _kind(files, names)
        out.append(Series(key, tuple(names), kind))
    return out


def _split(files: Files, groups: dict[str, list[str]]) -> dict[str, list[str]]:
    """The series, those in two of which greys of 16 bits, as depth maps have them, stand among other pictures."""
    out: dict[str, list[str]] = {}
    for key, names in groups.items():
        few = {*names[:2], names[len(names) // 2], *names[-2:]} if key.lower().endswith(".png") else set()
        if len({_deep(files, name) for name in few}) < 2:
            out[key] = names
            continue
        deep = [name for name in names if _deep(files, name)]
        out[key] = [name for name in names if name not in set(deep)]
        out[f"{key} (16-bit greys)"] = deep
    return out


def _deep(files: Files, name: str) -> bool:
    """True for a PNG of greys of 16 bits, by its header."""
    return files.peek(name, 26)[24:26] == b"\x10\0"


def _textures(files: Files) -> set[str]:
    """Pictures that materials of a mesh name."""
    named: set[str] = set()
    for name in files.named(r"\.mtl$"):
        text = files.peek(name, 1 << 20).decode("latin-1")
        named |= {
            PurePosixPath(texture.strip().replace("\\", "/")).name.lower()
            for texture in re.findall(r"^\s*map_\w+\s+(.*)$", text, re.MULTILINE)
        }
    return named


def _kind(files: Files, names: Sequence[str]) -> str:
    """What a series is, by the pictures in it and then by its name."""
    if names[0].lower().endswith(".exr"):
        return "depth"
    by_name = _NO_PHOTO.search(names[0].lower())
    for name in (names[len(names) // 2], names[0])[:_LOOKED_AT]:
        try:
            with Image.open(BytesIO(files.read(name))) as image:
                if image.mode.startswith("I") or image.mode == "F":
                    return "depth"
                if image.mode in ("L", "P", "1") and image.width * image.height < 50_000_000:
                    values = len(np.unique(np.asarray(image)))
                    if values <= _CERTAIN and (by_name or image.mode != "P"):
                        return "label" if _LABELLED.search(names[0].lower()) else "confidence"
                    if values <= _FEW and (by_name or image.mode == "L"):
                        return "label"
                break
        except Exception:  # Pillow fails in many ways; what reads the photo says why
            continue
    return "drawing" if by_name else "photo"


#: kind of a series → why it is no photo, for people
WHY = {
    "depth": "depth maps, which are no photos",
    "confidence": "maps of confidence, which are no photos",
    "label": _LABELS,
    "drawing": "drawings of depth, labels, normals or masks by their names, which are no photos",
    "texture": "the picture that a mesh is coloured from, which is no photo",
}


def photos_among(series: Sequence[Series]) -> list[Series]:
    """The series that can be photos, by where pictures of a room lie: in a folder of colour before anywhere else."""
    able = [group for group in series if group.kind == "photo"] or [
        group for group in series if group.kind == "drawing"
    ]
    return [group for group in able if _COLOUR.search(group.key.lower())] or able


def clouds_among(files: Files, used: set[str]) -> list[str]:
    """The files that can be the room's cloud, the likeliest first; others are left out with their reason.

    Args:
        files: all files; why some cannot be the cloud is added to those left out.
        used: files that are of cameras.
    """
    able: dict[str, tuple[int, int, str]] = {}
    for name in files.names:
        low = name.lower()
        rank = next((i for i, pattern in enumerate(_RANKS) if pattern.search(low)), len(_RANKS))
        if rank == len(_RANKS) and not (_NEVER.search(low) or PICTURES.search(low)):
            rank += 1
        if PICTURES.search(low) or name in used:
            continue
        if _VIDEO.search(low):
            files.left_out[name] = "a video, of which frames are not read: export them as photos first"
        elif _PARTS.search(low):
            files.left_out[name] = "a part of a room (Annotations), not the room"
        elif _EVALUATION.search(low):
            files.left_out[name] = _LABELS
        elif _NEVER.search(low):
            files.left_out.setdefault(name, "no cloud and no photo")
        elif rank == 4 and low.endswith(".txt") and (why := _no_table(files, name)):
            files.left_out[name] = why
        else:
            path = PurePosixPath(low)
            rank = 1 if path.suffix == ".txt" and path.stem == path.parent.name else rank  # a room of S3DIS
            able[name] = (rank, -files.sizes.get(name, 0), low)
    if not able:  # labels have their points with them, mostly: what else came is no cloud
        for name in [name for name in files.names if files.left_out.get(name) == _LABELS and _likely(name)]:
            del files.left_out[name]
            able[name] = (len(_RANKS), -files.sizes.get(name, 0), name.lower())
    return sorted(able, key=lambda name: able[name])


def _likely(name: str) -> bool:
    """True for a name that ends as those of clouds do, and not as those of arrays of labels."""
    return bool(re.search(r"\.(ply|pcd|laz|las|e57|obj|txt|csv|xyz)$", name.lower()))


def _no_table(files: Files, name: str) -> str:
    """Why a text is no cloud; empty where it may be one."""
    text = files.peek(name, 1 << 16)
    values = numbers(text)
    if values is not None and values.size in _CAMERAS and len(text) < 1 << 12:
        return f"{values.size} numbers, as files of cameras have, and no photo of its name"
    if text and not re.search(rb"^[ \t\"(\[]*[-+.]?\d", text.replace(b"\0", b""), re.MULTILINE):
        return "a text without lines of numbers"
    return ""


def tried(files: Files, clouds: Sequence[str], error: SampleError | None) -> SampleError:
    """What to say where no file is a cloud.

    Args:
        files: all files.
        clouds: those that were tried.
        error: what reading the first of them said.
    """
    if error is not None:
        more = f" So were {len(clouds) - 1} others." if len(clouds) > 1 else ""
        return SampleError(f"{error}{more}")
    reasons = {why for name, why in files.left_out.items() if not PICTURES.search(name.lower())}
    if {"a part of a room (Annotations), not the room"} & reasons:
        return SampleError(
            "Only parts of a room came (Annotations of S3DIS), not the room. Add its own file, such as "
            "office_1/office_1.txt."
        )
    ends = sorted({PurePosixPath(name).suffix.lower() or "no ending" for name in (*files.names, *files.left_out)})
    count = len({*files.names, *files.left_out})
    came = f"{count:,} file{'' if count == 1 else 's'} came, of {', '.join(ends[:8]) or 'no kind'}."
    came += " ScanNet's .sens is not read: export its frames first." if ".sens" in ends else ""
    return SampleError(
        f"A room needs a cloud: a file that ends in {', '.join(SUFFIXES)}. {came} Add it, or bring the mesh of a "
        "ScanNet scene (…_vh_clean_2.ply) with its photos."
    )
