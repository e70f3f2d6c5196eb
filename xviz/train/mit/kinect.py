"""Make the real room among the samples: one frame of a depth camera, from the data sets of MRPT.

    xviz samples mit-kinect --cache DIR

The frame is tests_rgbd.rawlog of Debian's mrpt-common (BSD-3-Clause): 640 × 480 depths in millimetres and a photo,
taken through OpenNI2 with a camera of the Kinect's kind. The driver had already laid the depths over the photo, but not
exactly. What is left, a scale and a shift, is fitted here so that jumps in depth fall on edges of the photo; the
calibration that the file records seems to be of the cameras before that, and fits worse. Lengths follow the nominal
focal length.
"""

from __future__ import annotations

import gzip
import io
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage, optimize

from xviz.data.shipped import ShippedSample, Truth
from xviz.geometry import pinhole
from xviz.geometry.thinning import thin
from xviz.train.common.sources import PACKAGES, SourceError, fetch, version_of
from xviz.train.mit.packing import ship

RECORD, RIGHTS = "usr/share/mrpt/datasets/tests_rgbd.rawlog", "usr/share/doc/mrpt-common/copyright"
SIZE = (480, 640)
FOCAL = 525.0  #: pixels; nominal for a Kinect whose depths are laid over its photo
MOST = 60_000  #: points of the sample
JUMP = 0.06  #: metres between neighbours that make an edge
#: camera to world: the camera looks ahead along y, z is up
POSE = np.array([[1.0, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]])


@dataclass(frozen=True, eq=False)
class Frame:
    """What the camera gave."""

    depth: NDArray[np.float64]  #: (height, width) metres, 0 where unknown
    photo: NDArray[np.uint8]  #: (height, width, 3) RGB


def read_frame(file: Path) -> Frame:
    """The first observation of the record.

    Raises:
        SourceError: it is laid out otherwise.
    """
    data = gzip.decompress(file.read_bytes())
    offset = data.find(b"CPose3D") + 8 + 12 * 8 + 2  # the sensor's pose: a version, twelve doubles, an end, a flag
    (count,) = struct.unpack_from("<I", data, offset)
    offset += 4 + 16 * count  # x, y, z as floats, column and row as shorts of each point that MRPT made
    rows, columns = struct.unpack_from("<II", data, offset + 5)
    image = data.find(b"CImage", offset)
    if b"CObservation3DRangeScan" not in data[:64] or (rows, columns) != SIZE or image < 0:
        raise SourceError(f"Expected a frame of {SIZE[1]} × {SIZE[0]} in {file}; it is laid out otherwise.")
    depth = np.frombuffer(data, "<u2", rows * columns, offset + 13).reshape(SIZE) / 1000
    colours = np.frombuffer(data, np.uint8, rows * columns * 3, image + 17).reshape(*SIZE, 3)
    return Frame(depth, np.ascontiguousarray(colours[..., ::-1]))


def edges(photo: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(height, width) how strong an edge of the photo is, 0–1, blurred so that a near miss counts."""
    grey = ndimage.gaussian_filter(photo.astype(np.float64).mean(2), 1)
    slope = np.hypot(ndimage.sobel(grey, 0), ndimage.sobel(grey, 1))
    return ndimage.gaussian_filter(np.minimum(slope / np.percentile(slope, 99), 1), 1.5)


def jumps(depth: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 2) column and row of pixels in front of a jump in depth, away from the border."""
    steps = np.zeros(SIZE, bool)
    for shift in ((0, 1), (1, 0), (0, -1), (-1, 0)):
        beside = np.roll(depth, shift, (0, 1))
        steps |= (depth > 0) & (beside - depth > JUMP)
    row, column = np.nonzero(steps[2:-2, 2:-2])
    return np.column_stack([column, row]) + 2.0


def overlay(frame: Frame) -> tuple[NDArray[np.float64], float, float]:
    """How depths lie over the photo: (scale x, scale y, shift x, shift y) about the middle.

    Returns:
        The fit, and the mean strength of edges under the jumps before and after it.
    """
    strong, places = edges(frame.photo), jumps(frame.depth)

    def weak(fit: NDArray[np.float64]) -> float:
        column, row = moved(places, fit).T
        return -float(ndimage.map_coordinates(strong, [row, column], order=1).mean())

    start = np.array([1.0, 1.0, 2.0, 0.0])
    simplex = start + np.vstack([np.zeros(4), np.diag([0.02, 0.02, 6, 8])])
    optimum = optimize.minimize(weak, start, method="Nelder-Mead", options={"initial_simplex": simplex, "xatol": 1e-3})
    return optimum.x, -weak(np.array([1.0, 1, 0, 0])), -float(optimum.fun)


def moved(places: NDArray[np.float64], fit: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 2) pixels of the depths → pixels of the photo."""
    middle = np.array([SIZE[1] / 2, SIZE[0] / 2])
    return (places - middle) * fit[:2] + middle + fit[2:]


def room(frame: Frame, fit: NDArray[np.float64]) -> dict[str, bytes]:
    """The files of the sample, in ScanNet's layout."""
    nominal = np.array([[FOCAL, 0, SIZE[1] / 2], [0, FOCAL, SIZE[0] / 2], [0, 0, 1]])
    row, column = np.nonzero(frame.depth)
    places = np.column_stack([column, row]) + 0.5
    xyz = pinhole.back_project(places, frame.depth[row, column], POSE, nominal).round(4)
    camera = nominal.copy()  # the photo's own, through which the points fall where the fit says
    camera[[0, 1], [0, 1]] *= fit[:2]
    camera[:2, 2] += fit[2:]
    pixels = moved(places, fit).astype(int).clip(0, [SIZE[1] - 1, SIZE[0] - 1])
    indices = thin(xyz, MOST).kept
    return {
        "kinect_vh_clean_2.ply": _ply(xyz[indices], frame.photo[pixels[indices, 1], pixels[indices, 0]]),
        "color/0.jpg": _picture(frame.photo, "JPEG"),
        "depth/0.png": _picture(_warped(frame.depth, fit), "PNG"),
        "pose/0.txt": _text(POSE),
        "intrinsic/intrinsic_color.txt": _text(camera),
    }


def _warped(depth: NDArray[np.float64], fit: NDArray[np.float64]) -> NDArray[np.uint16]:
    """Depths as the photo's pixels see them, millimetres, by nearest pixels."""
    row, column = np.mgrid[: SIZE[0], : SIZE[1]].reshape(2, -1) + 0.5
    middle = np.array([SIZE[1] / 2, SIZE[0] / 2])
    back = ((np.column_stack([column, row]) - middle - fit[2:]) / fit[:2] + middle).astype(int)
    inside = ((back >= 0) & (back < [SIZE[1], SIZE[0]])).all(1)
    out = np.zeros(len(back))
    out[inside] = depth[back[inside, 1], back[inside, 0]]
    return (1000 * out.reshape(SIZE)).round().astype(np.uint16)


def _ply(xyz: NDArray[np.float64], rgb: NDArray[np.uint8]) -> bytes:
    """A binary PLY of places and colours."""
    kinds = [("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("red", "u1"), ("green", "u1"), ("blue", "u1")]
    table = np.zeros(len(xyz), kinds)
    for (name, _), values in zip(kinds, [*xyz.T, *rgb.T], strict=True):
        table[name] = values
    names = [f"property {'float' if kind == '<f4' else 'uchar'} {name}" for name, kind in kinds]
    head = ["ply", "format binary_little_endian 1.0", f"element vertex {len(xyz)}", *names, "end_header", ""]
    return "\n".join(head).encode() + table.tobytes()


def _picture(pixels: NDArray, form: str) -> bytes:
    """A picture file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, form, **({"quality": 90} if form == "JPEG" else {"optimize": True}))
    return file.getvalue()


def _text(matrix: NDArray[np.float64]) -> bytes:
    """A matrix as text."""
    file = io.BytesIO()
    np.savetxt(file, matrix, fmt="%.6f")
    return file.getvalue()


def licence(rights: str) -> str:
    """The holders of all files and the text of their licence, out of Debian's copyright file."""
    parts = rights.split("\n\n")
    holders = next(part for part in parts if part.startswith("Files: *\n"))
    text = next(part for part in parts if part.startswith("License: BSD-3-clause\n"))
    lines = [line.strip() for line in f"{holders.partition(chr(10))[2]}\n\n{text}".splitlines()]
    return "\n".join("" if line == "." else line for line in lines) + "\n"


def make(cache: Path) -> None:
    """Fetch the package into a folder, make the sample, and print how well depths and photo fit."""
    folder = fetch(cache, keys=("mrpt",))["mrpt"]
    frame = read_frame(folder / RECORD)
    fit, before, after = overlay(frame)
    print("scale {:.4f} × {:.4f}, shift {:.1f}, {:.1f} pixels".format(*fit))
    print(f"strength of edges under jumps in depth: {before:.3f} as recorded, {after:.3f} fitted, "
          f"{edges(frame.photo).mean():.3f} anywhere")  # fmt: skip
    credit = (
        f"One frame of a Kinect-like depth camera, tests_rgbd.rawlog of MRPT (Debian mrpt-common "
        f"{version_of(PACKAGES['mrpt'], cache)}), © 2005–2023 Jose-Luis Blanco-Claraco, University of Almeria and the "
        f"MAPIR group, University of Malaga, BSD-3-Clause. Thinned; depths laid over the photo by a fitted scale and "
        f"shift; focal length {FOCAL:.0f} px is nominal, so that lengths are approximate."
    )
    example = ShippedSample(
        "mit", "kinect", "A real bookcase", "real", credit, {"room": "kinect.zip"},
        truth=Truth(classes=("wall", "bookcase")),
    )  # fmt: skip
    to = ship(example, room(frame, fit))
    to.with_name("kinect-licence.txt").write_text(licence((folder / RIGHTS).read_text("utf-8")), encoding="utf-8")
    print(f"{to.name}: {to.stat().st_size / 2**10:.0f} KiB")
