"""Clouds in every format, written without the readers."""

from __future__ import annotations

import io
import struct
import zipfile

import laspy
import lzf
import numpy as np

COUNT = 400


def room(count: int = COUNT) -> tuple[np.ndarray, np.ndarray]:
    """(points, 3) metres and (points, 3) colours of a room of 4 × 3 × 2.5 m."""
    rng = np.random.default_rng(0)
    xyz = (rng.random((count, 3)) * [4, 3, 2.5]).round(3).astype(np.float32)
    return xyz, rng.integers(0, 256, (count, 3)).astype(np.uint8)


def furnished(count: int = 6000) -> tuple[np.ndarray, np.ndarray]:
    """A room of 4 × 5 × 2.6 m with floor, walls, ceiling and a bed, z up, its colours those of its parts with noise."""
    rng = np.random.default_rng(3)
    side = rng.random((count, 2))
    part = rng.choice(7, count, p=[0.3, 0.12, 0.12, 0.12, 0.12, 0.1, 0.12])
    xyz = np.zeros((count, 3))
    for i in range(count):
        u, v = side[i]
        xyz[i] = [
            (4 * u, 5 * v, 0), (0, 5 * u, 2.6 * v), (4, 5 * u, 2.6 * v), (4 * u, 0, 2.6 * v), (4 * u, 5, 2.6 * v),
            (4 * u, 2 + 3 * v, 2.6), (1 + 1.8 * u, 1.5 + 2 * v, 0.55),
        ][part[i]]  # fmt: skip
    tones = np.array(
        [[150, 110, 70], [210, 205, 190], [120, 140, 160], [90, 60, 40], [60, 90, 50], [240, 240, 235], [30, 40, 90]]
    )
    rgb = (tones[part] + rng.normal(0, 8, (count, 1)) + 20 * np.sin(3 * xyz[:, :1])).clip(0, 255).round()
    return (xyz + rng.normal(0, 0.004, xyz.shape)).round(4).astype(np.float32), rgb.astype(np.uint8)


def ply(xyz, rgb=None, *, form="binary_little_endian", faces=0, alpha=False, kind="float", colour="uchar") -> bytes:
    """A PLY, as ScanNet has it with ``alpha`` and ``faces``: triangles, and one square as its last."""
    names = [f"property {kind} {axis}" for axis in "xyz"]
    order = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}[form]
    types = [(axis, order + {"float": "f4", "double": "f8"}[kind]) for axis in "xyz"]
    columns = list(np.asarray(xyz).T)
    if rgb is not None:
        names += [f"property {colour} {name}" for name in ("red", "green", "blue")]
        types += [(name, order + {"uchar": "u1", "ushort": "u2", "float": "f4"}[colour]) for name in "rgb"]
        columns += list(np.asarray(rgb).T)
    if alpha:
        names.append("property uchar alpha")
        types.append(("alpha", order + "u1"))
        columns.append(np.full(len(xyz), 255))
    head = ["ply", f"format {form} 1.0", "comment made by a test", f"element vertex {len(xyz)}", *names]
    if faces:
        head += [f"element face {faces}", "property list uchar int vertex_indices"]
    start = "\n".join([*head, "end_header", ""]).encode()
    if form == "ascii":
        rows = [" ".join(f"{v:g}" for v in row) for row in zip(*columns, strict=True)]
        return start + "\n".join([*rows, *["3 0 1 2"] * faces, ""]).encode()
    body = np.empty(len(xyz), types)
    for (name, _), column in zip(types, columns, strict=True):
        body[name] = column
    end = struct.pack(order + "B3i", 3, 0, 1, 2) * max(0, faces - 1) + struct.pack(order + "B4i", 4, 0, 1, 2, 3) * bool(
        faces
    )
    return start + body.tobytes() + end


def pcd(xyz, rgb=None, *, form="binary", count=None) -> bytes:
    """A PCD; colours are packed into a float, as PCL has them."""
    fields = "x y z" + (" rgb" if rgb is not None else "")
    columns = list(np.asarray(xyz, np.float32).T)
    if rgb is not None:
        whole = np.asarray(rgb, np.uint32)
        columns.append(((whole[:, 0] << 16) | (whole[:, 1] << 8) | whole[:, 2]).view(np.float32))
    many = len(columns)
    head = (
        f"# .PCD v0.7 - Point Cloud Data file format\nVERSION 0.7\nFIELDS {fields}\nSIZE {'4 ' * many}\n"
        f"TYPE {'F ' * many}\nCOUNT {'1 ' * many}\nWIDTH {len(xyz)}\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\n"
        f"POINTS {len(xyz) if count is None else count}\nDATA {form}\n"
    ).encode()
    if form == "ascii":
        rows = (" ".join(np.format_float_scientific(v, unique=True) for v in row) for row in zip(*columns, strict=True))
        return head + "\n".join([*rows, ""]).encode()
    if form == "binary":
        return head + np.stack(columns, 1).tobytes()
    whole_body = b"".join(column.tobytes() for column in columns)
    packed = lzf.compress(whole_body, 2 * len(whole_body) + 64)
    return head + struct.pack("<II", len(packed), len(whole_body)) + packed


def las(xyz, rgb=None, *, packed=False, scale=0.001) -> bytes:
    """A LAS or LAZ file; 16-bit colours where ``rgb`` has them."""
    header = laspy.LasHeader(point_format=3 if rgb is not None else 1, version="1.2")
    header.scales, header.offsets = [scale] * 3, np.floor(np.min(xyz, 0))
    cloud = laspy.LasData(header)
    cloud.x, cloud.y, cloud.z = np.asarray(xyz, np.float64).T
    if rgb is not None:
        cloud.red, cloud.green, cloud.blue = np.asarray(rgb, np.uint16).T
    file = io.BytesIO()
    cloud.write(file, do_compress=packed)
    return file.getvalue()


def text(xyz, rgb=None, *, separator=" ", header="", form="%.6g") -> bytes:
    """A table of text."""
    rows = np.column_stack([xyz] if rgb is None else [xyz, rgb])
    file = io.BytesIO()
    np.savetxt(file, rows, fmt=form, delimiter=separator, header=header, comments="")
    return file.getvalue()


def npy(array) -> bytes:
    """One array."""
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def npz(**arrays) -> bytes:
    """Arrays with names."""
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def zipped(files: dict[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of files."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", kind) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()
