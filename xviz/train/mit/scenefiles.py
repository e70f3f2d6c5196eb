"""Write a scanned room as ScanNet lays out its scenes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from xviz.train.mit.photographs import HEIGHT, WIDTH, Photo, intrinsics
from xviz.train.mit.scanning import Scan

#: points, and share of all points, from which on a class counts as seen
FEWEST, SHARE = 100, 0.002
#: columns of both clouds
COLOURED = [("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("red", "u1"), ("green", "u1"), ("blue", "u1"), ("alpha", "u1")]
LABELLED = [*COLOURED, ("label", "<u2")]
_NAMES = {"<f4": "float", "u1": "uchar", "<u2": "ushort"}


def write_scene(
    folder: Path,
    scan: Scan,
    photos: Sequence[Photo],
    poses: Sequence[NDArray[np.float64]],
    metadata: dict[str, object],
    classes: Sequence[str],
) -> None:
    """Write everything into ``folder``, whose name is the scene's and which appears only when it is whole.

    Args:
        folder: For example ``DIR/train/scene0000_00``.
        scan: The cloud.
        photos: Photos to keep.
        poses: (4, 4) camera to world of each.
        metadata: What else is known, for ``tags.json``.
        classes: Names of labels 1, 2 and so on.
    """
    whole, folder = folder, folder.with_name(f".{folder.name}")
    for name in ("color", "depth", "pose", "intrinsic", "label"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for suffix, columns in (("_vh_clean_2.ply", COLOURED), ("_vh_clean_2.labels.ply", LABELLED)):
        (folder / f"{whole.name}{suffix}").write_bytes(cloud_bytes(scan, columns))
    for number, (photo, pose) in enumerate(zip(photos, poses, strict=True)):
        Image.fromarray(photo.rgb).save(folder / "color" / f"{number}.jpg", quality=90)
        Image.fromarray((photo.depth * 1000 + 0.5).astype(np.uint16)).save(folder / "depth" / f"{number}.png")
        Image.fromarray(photo.label).save(folder / "label" / f"{number}.png")
        np.savetxt(folder / "pose" / f"{number}.txt", pose, fmt="%.6f")
    camera = np.eye(4)
    camera[:3, :3] = intrinsics()
    for name in ("color", "depth"):
        np.savetxt(folder / "intrinsic" / f"intrinsic_{name}.txt", camera, fmt="%.6f")
    k = intrinsics()
    lines = [
        f"{sensor}{side} = {value}"
        for sensor in ("color", "depth")
        for side, value in (("Width", WIDTH), ("Height", HEIGHT))
    ]
    lines += [f"{name}_{sensor} = {value:.6f}" for sensor in ("color", "depth")
              for name, value in (("fx", k[0, 0]), ("fy", k[1, 1]), ("mx", k[0, 2]), ("my", k[1, 2]))]  # fmt: skip
    lines += ["axisAlignment = " + " ".join(f"{v:.1f}" for v in np.eye(4).ravel()), f"sceneType = {metadata['kind']}"]
    (folder / f"{whole.name}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    least = max(FEWEST, SHARE * len(scan.xyz))
    tags = [classes[label - 1] for label in np.unique(scan.label) if label and (scan.label == label).sum() >= least]
    text = json.dumps({"classes": tags, **metadata}, indent=1, ensure_ascii=False) + "\n"
    (folder / "tags.json").write_text(text, encoding="utf-8")
    folder.rename(whole)


def is_whole(folder: Path) -> bool:
    """Whether a scene has been written to its end."""
    return (folder / "tags.json").exists()


def cloud_bytes(scan: Scan, columns: Sequence[tuple[str, str]]) -> bytes:
    """A binary PLY of a cloud with `COLOURED` or `LABELLED` columns."""
    table = np.zeros(len(scan.xyz), list(columns))
    for axis, name in enumerate("xyz"):
        table[name] = scan.xyz[:, axis]
    for axis, name in enumerate(("red", "green", "blue")):
        table[name] = scan.rgb[:, axis]
    table["alpha"] = 255
    if "label" in dict(columns):
        table["label"] = scan.label
    head = ["ply", "format binary_little_endian 1.0", f"element vertex {len(table)}"]
    head += [f"property {_NAMES[kind]} {name}" for name, kind in columns] + ["end_header", ""]
    return "\n".join(head).encode() + table.tobytes()
