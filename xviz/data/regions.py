"""Region features that somebody else made, as parts: ``read_regions``. Nothing is unpickled."""

from __future__ import annotations

import struct
import zipfile
import zlib
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.core.sample import Regions
from xviz.data.files import NUMBERS, File, read_bytes, read_npy

LIMIT_BYTES = 64 * 2**20
#: what NumPy's reader is known to raise on damaged files
_DAMAGE = (OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, OverflowError, struct.error, zlib.error)
_MOST_REGIONS, _MOST_FEATURES, _MOST_MEMBERS = 100, 8192, 16
_FEATURES, _BOXES = ("features", "x", "feat"), ("boxes", "bbox")


def read_regions(file: File) -> Regions:
    """Region features of an ``.npz`` file, as bottom-up attention gives them: (36, 2048) features, (36, 4) boxes.

    Arrays are called features, x or feat, and boxes or bbox. The layout of MCAN, x as (2048, n), is turned. Boxes are
    x0, y0, x1, y1 in pixels; SCAN's files have none. Where image_w and image_h are given, boxes must lie inside.

    Raises:
        SampleError: the file is damaged, too large, or does not hold such arrays.
    """
    arrays = _arrays(read_bytes(file, LIMIT_BYTES))
    name = next((name for name in _FEATURES if name in arrays), None)
    if name is None:
        raise SampleError(
            f"A region file needs an array called {', '.join(_FEATURES[:-1])} or {_FEATURES[-1]}; "
            f"this one has {', '.join(sorted(arrays)) or 'none'}. Rename it."
        )
    features = _finite(arrays[name], "features")
    boxes = next((_finite(arrays[name], "boxes") for name in _BOXES if name in arrays), None)
    if features.ndim == 3 and len(features) == 1:
        features = features[0]
    notes = ("Boxes are not in the file: regions have no place in the picture.",) if boxes is None else ()
    if features.ndim == 2 and name == "x" and _lies_on_side(features, boxes):
        features = features.T
    if features.ndim != 2 or not 1 <= len(features) <= _MOST_REGIONS or not 1 <= features.shape[1] <= _MOST_FEATURES:
        raise SampleError(
            f"Region features must be (regions, features), such as (36, 2048), with at most {_MOST_REGIONS} regions "
            f"and {_MOST_FEATURES} features; these are {features.shape}. Save one picture's array."
        )
    if boxes is not None:
        _check_boxes(boxes, len(features), arrays)
    return Regions(boxes, np.ascontiguousarray(features), notes)


def _arrays(data: bytes) -> dict[str, NDArray]:
    """All plain arrays of an ``.npz`` file, each only as large as the zip directory says it is."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            members = archive.infolist()
            size = sum(member.file_size for member in members)
            if any(member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for member in members):
                raise NotImplementedError("its compression is not that of numpy")
            if len(members) > _MOST_MEMBERS or size > LIMIT_BYTES:
                raise SampleError(
                    f"A region file may hold {_MOST_MEMBERS} arrays and {LIMIT_BYTES // 2**20} MB unpacked; this one "
                    f"holds {len(members)} and {size / 2**20:.0f} MB. Save one picture's regions."
                )
            arrays = {}
            for member in members:
                with archive.open(member) as opened:
                    arrays[member.filename.removesuffix(".npy")] = read_npy(opened, member.filename, NUMBERS + "U")
            return arrays
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, *_DAMAGE) as error:
        raise SampleError(
            f"Regions come as an .npz file of numpy arrays; this one cannot be read ({error}). "
            f"Save it with numpy.savez(file, features=…, boxes=…)."
        ) from error


def _finite(values: NDArray, name: str) -> NDArray[np.float32]:
    """The values as float32, refused where any is no finite number."""
    if values.dtype.kind not in "fiu":
        raise SampleError(f"Region {name} must be numbers; these are {values.dtype}. Save them as float32.")
    with np.errstate(over="ignore"):
        values = values.astype(np.float32)
    if wrong := int((~np.isfinite(values)).sum()):
        raise SampleError(f"Region {name} must be finite; {wrong} of {values.size} are not. Extract them again.")
    return values


def _lies_on_side(features: NDArray, boxes: NDArray | None) -> bool:
    """True where (features, regions) was saved instead of (regions, features)."""
    rows, columns = features.shape
    return rows > columns if boxes is None else rows != len(boxes) == columns


def _check_boxes(boxes: NDArray[np.float32], count: int, arrays: dict[str, NDArray]) -> None:
    """Refuse boxes that are not x0, y0, x1, y1 in pixels, one for each region, inside the picture."""
    if boxes.shape != (count, 4):
        raise SampleError(
            f"{count} regions need boxes of shape ({count}, 4); these are {boxes.shape}. Save both alike."
        )
    if boxes.max() <= 1:
        raise SampleError("Boxes must be in pixels; these are shares, 0 to 1. Multiply by the picture's sides.")
    if (wrong := (boxes[:, 2:] <= boxes[:, :2]).any(axis=1) | (boxes < 0).any(axis=1)).any():
        first = int(wrong.argmax())
        raise SampleError(
            f"Boxes must be x0, y0, x1, y1 with x0 < x1, y0 < y1 and nothing negative; box {first + 1} is "
            f"{boxes[first].round(1).tolist()}. Convert x, y, width, height."
        )
    if {"image_w", "image_h"} <= arrays.keys():
        sides = np.array([_finite(arrays[side], side).max() for side in ("image_w", "image_h")])
        if (boxes[:, 2:] > sides + 1).any():
            raise SampleError(
                f"Boxes must lie inside the picture of {sides[0]:g} × {sides[1]:g} pixels that the file names; one "
                f"reaches {boxes[:, 2].max():g}, {boxes[:, 3].max():g}. Use the sides the boxes were found on."
            )
