"""Formats beyond tables: names that stand twice, splats, meshes, E57, gzip, raw floats, COLMAP."""

from __future__ import annotations

import base64
import gzip
import io
import json
import struct

import laspy
import numpy as np
import pytest
from clouds import furnished, las, npy, npz, pcd, ply, text, zipped
from e57_file import e57
from PIL import Image

from xviz.core.errors import SampleError
from xviz.data.cloud.columns import SPLAT
from xviz.data.cloud.mesh import read_mesh
from xviz.data.cloud.read import read_cloud

XYZ, RGB = furnished(900)
COUNT = len(XYZ)


def words_of(cloud) -> str:
    """Everything that reading said."""
    return " | ".join((*cloud.notes, *cloud.warnings))


def ply_of(
    columns: list[tuple[str, str, np.ndarray]], *, order: str = "<", before: bytes = b"", head: str = ""
) -> bytes:
    """A binary PLY of any properties, in which names may stand twice."""
    kinds = {"float": "f4", "uchar": "u1", "double": "f8", "int": "i4", "ushort": "u2"}
    body = np.empty(COUNT, [(str(i), order + kinds[kind]) for i, (_, kind, _) in enumerate(columns)])
    for i, (_, _, values) in enumerate(columns):
        body[str(i)] = values
    form = "binary_little_endian" if order == "<" else "binary_big_endian"
    names = "".join(f"property {kind} {name}\n" for name, kind, _ in columns)
    return (
        f"ply\nformat {form} 1.0\n{head}element vertex {COUNT}\n{names}end_header\n".encode() + before + body.tobytes()
    )


PLACES = [(axis, "float", XYZ[:, i]) for i, axis in enumerate("xyz")]
COLOURS = [(name, "uchar", RGB[:, i]) for i, name in enumerate(("red", "green", "blue"))]
TWICE = [("scalar_s", "float", XYZ[:, 0]), ("scalar_s", "float", XYZ[:, 1])]


def pcd_twice() -> bytes:
    """A PCD whose field “s” stands twice before its colours."""
    whole = RGB.astype(np.uint32) @ np.array([65536, 256, 1], np.uint32)
    body = np.empty(COUNT, [(str(i), "<f4") for i in range(6)])
    for i, column in enumerate([*XYZ.T, XYZ[:, 0], XYZ[:, 1], whole.astype(np.uint32).view(np.float32)]):
        body[str(i)] = column
    head = (
        pcd(XYZ[:1]).split(b"FIELDS")[0]
        + b"FIELDS x y z s s rgb\nSIZE 4 4 4 4 4 4\nTYPE F F F F F F\nCOUNT 1 1 1 1 1 1\n"
    )
    return (
        head
        + f"WIDTH {COUNT}\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS {COUNT}\nDATA binary\n".encode()
        + body.tobytes()
    )


def las_twice() -> bytes:
    """A LAS with two extra fields of one name."""
    header = laspy.LasHeader(point_format=3, version="1.2")
    header.add_extra_dims([laspy.ExtraBytesParams("first", np.float32), laspy.ExtraBytesParams("other", np.float32)])
    header.scales, header.offsets = [0.0001] * 3, [0, 0, 0]
    twice = laspy.LasData(header)
    twice.x, twice.y, twice.z = XYZ.astype(float).T
    twice.red, twice.green, twice.blue = RGB.astype(np.uint16).T
    file = io.BytesIO()
    twice.write(file)
    return file.getvalue().replace(b"other", b"first")


def npy_twice() -> bytes:
    """A structured array in whose header a name stands twice."""
    kind = [("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("s", "<f4"), ("t", "<f4"), ("r", "u1"), ("g", "u1"), ("b", "u1")]
    held = np.empty(COUNT, kind)
    for name, column in zip("xyzst", [*XYZ.T, XYZ[:, 0], XYZ[:, 1]], strict=True):
        held[name] = column
    for name, column in zip("rgb", RGB.T, strict=True):
        held[name] = column
    return npy(held).replace(b"('t', '<f4')", b"('s', '<f4')")


def points3d() -> bytes:
    """A sparse model of COLMAP as binary."""
    out = struct.pack("<Q", COUNT)
    for i in range(COUNT):
        out += struct.pack("<Q3d3BdQ", 5 * i + 2, *XYZ[i].astype(float), *RGB[i].tolist(), 0.7, i % 4) + bytes(
            8 * (i % 4)
        )
    return out


def glb(*, form: str = "glb", faces: bool = False) -> bytes:
    """A glTF of points or of a mesh, y up, colours at its vertices."""
    place = np.ascontiguousarray(XYZ[:, [0, 2, 1]] * [1, 1, -1], "<f4")
    colour = np.column_stack([RGB, np.full(COUNT, 255, np.uint8)])
    parts = [place.tobytes(), colour.tobytes()]
    low, high = place.min(0).tolist(), place.max(0).tolist()
    said_ = {
        "asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": [0]}], "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0, "COLOR_0": 1}, "mode": 0}]}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": COUNT, "type": "VEC3", "min": low, "max": high},
            {"bufferView": 1, "componentType": 5121, "count": COUNT, "type": "VEC4", "normalized": True},
        ],
        "bufferViews": [
            {"buffer": 0, "byteOffset": 0, "byteLength": len(parts[0])},
            {"buffer": 0, "byteOffset": len(parts[0]), "byteLength": len(parts[1])},
        ],
        "buffers": [{"byteLength": sum(map(len, parts))}],
    }  # fmt: skip
    body = b"".join(parts)
    if form == "gltf":
        said_["buffers"][0]["uri"] = "data:application/octet-stream;base64," + base64.b64encode(body).decode()
        return json.dumps(said_).encode()
    header = json.dumps(said_).encode()
    header += b" " * (-len(header) % 4)
    body += b"\0" * (-len(body) % 4)
    chunks = struct.pack("<II", len(header), 0x4E4F534A) + header + struct.pack("<II", len(body), 0x004E4942) + body
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def obj(rgb: bool = True) -> bytes:
    """An OBJ of vertices, with colours behind their places."""
    rows = [
        "v " + " ".join(f"{v:.4f}" for v in XYZ[i]) + (" " + " ".join(f"{c / 255:.5f}" for c in RGB[i]) if rgb else "")
        for i in range(COUNT)
    ]
    return ("# made by a phone\no room\n" + "\n".join(rows) + "\n").encode()


SAME: dict[str, tuple[bytes, str]] = {
    "PLY with a name twice": (ply_of([*PLACES, *TWICE, *COLOURS]), "scalar_s stands in the PLY file more than once"),
    "PLY with x twice": (ply_of([*PLACES, ("x", "float", XYZ[:, 1]), *COLOURS]), "x stands in the PLY file more than"),
    "big-endian PLY with a name twice": (ply_of([*PLACES, *TWICE, *COLOURS], order=">"), "more than once"),
    "PLY with faces first": (
        ply_of(
            [*PLACES, *COLOURS],
            head="element face 2\nproperty list uchar int vertex_indices\n",
            before=struct.pack("<B3iB4i", 3, 0, 1, 2, 4, 0, 1, 2, 3),
        ),
        "",
    ),
    "PLY with CR line ends": (
        (lambda data, at: data[:at].replace(b"\n", b"\r") + data[at:])(
            made := ply_of([*PLACES, *COLOURS]), made.index(b"end_header\n") + 11
        ),
        "",
    ),
    "PLY of other names": (ply_of([*PLACES, *((f"diffuse_{name}", kind, v) for name, kind, v in COLOURS)]), ""),
    "PCD with a name twice": (pcd_twice(), "s stands in the PCD file more than once"),
    "LAS with a name twice": (las_twice(), "first stands among the fields of points more than once"),
    "NPY with a name twice": (npy_twice(), "Not used: s"),
    "NPY on its side": (npy(np.column_stack([XYZ, RGB]).T), "its rows were read as columns"),
    "NPY as a grid": (npy(np.column_stack([XYZ, RGB]).reshape(30, 30, 6)), "A grid of 30 × 30 points"),
    "NPZ with an array of objects beside": (npz(xyz=XYZ, rgb=RGB, meta=np.array([{"a": 1}], object)), "Not used: meta"),
    "NPZ of unknown names": (npz(tiny=np.zeros((4, 3)), whole=np.column_stack([XYZ, RGB])), "Not used: tiny"),
    "splats": (
        ply_of([*PLACES, *((f"f_dc_{i}", "float", (RGB[:, i] / 255 - 0.5) / SPLAT) for i in range(3)), *TWICE]),
        "Gaussian splats",
    ),
    "E57": (e57(XYZ, RGB), "One scan"),
    "GLB": (glb(), ""),
    "glTF": (glb(form="gltf"), ""),
    "OBJ": (obj(), "Colours range from 0 to 1"),
    "gzip": (gzip.compress(ply_of([*PLACES, *COLOURS])), ""),
    "gzip of text": (gzip.compress(text(XYZ, RGB)), "no names"),
    "COLMAP as binary": (points3d(), "the first column is the point's id"),
}


@pytest.mark.parametrize("case", SAME)
def test_every_format_gives_the_same_cloud(case: str) -> None:
    data, note = SAME[case]
    cloud = read_cloud(data, unit="m", up="y" if case in ("GLB", "glTF") else "z")
    assert cloud.xyz == pytest.approx(XYZ, abs=2e-4)
    assert cloud.rgb is not None
    assert np.abs(cloud.rgb.astype(int) - RGB).max() <= 1
    assert note in words_of(cloud) if note else not words_of(cloud)


def test_floats_without_a_header_are_read_by_their_columns_and_said() -> None:
    for held in (np.column_stack([XYZ, RGB]), np.column_stack([XYZ, RGB[:, 0] / 255])):
        cloud = read_cloud(held.astype("<f4").tobytes(), name="000001.bin")
        assert cloud.xyz == pytest.approx(XYZ, abs=1e-5)
        assert f"read as {held.shape[1]} floats a point" in words_of(cloud)
    with pytest.raises(SampleError, match="such as labels"):
        read_cloud(np.arange(COUNT).astype("<i8").tobytes(), name="000001.bin")


def test_glb_is_y_up_and_in_metres_by_its_format() -> None:
    cloud = read_cloud(glb())
    assert cloud.xyz == pytest.approx(XYZ, abs=2e-4)
    assert any("y was taken as up: its format has it so" in text for text in cloud.warnings)


def test_an_e57_scan_stands_at_its_place_and_its_intensities_are_no_colours() -> None:
    cells = "".join(f'<{name} type="Float">{v}</{name}>' for name, v in zip("xyz", (10.0, 0.0, 0.0), strict=True))
    turn = '<w type="Float">1</w><x type="Float">0</x><y type="Float">0</y><z type="Float">0</z>'
    pose = (
        f'<pose type="Structure"><rotation type="Structure">{turn}</rotation>'
        f'<translation type="Structure">{cells}</translation></pose>'
    )
    cloud = read_cloud(e57(XYZ - [10, 0, 0], pose=pose))
    assert cloud.xyz == pytest.approx(XYZ, abs=1e-4)
    assert cloud.rgb is None
    assert "Intensities are no colours" in words_of(cloud)


@pytest.mark.parametrize("cut", [0.3, 0.7, 0.99])
def test_a_damaged_e57_is_refused(cut: float) -> None:
    whole = e57(XYZ, RGB)
    with pytest.raises(SampleError, match="E57 file is cut short or damaged"):
        read_cloud(whole[: int(cut * len(whole))])
    hurt = bytearray(whole)
    hurt[int(cut * len(whole) * 0.5) + 200] ^= 0xFF
    with pytest.raises(SampleError, match=r"E57 file is (damaged|cut short)"):
        read_cloud(bytes(hurt))


def stl(binary: bool) -> bytes:
    """A box of 4 × 3 × 2.5 m as twelve triangles."""
    import trimesh

    box = trimesh.creation.box((4, 3, 2.5))
    return box.export(file_type="stl") if binary else box.export(file_type="stl_ascii").encode()


@pytest.mark.parametrize("binary", [True, False])
def test_a_mesh_of_large_faces_is_covered_with_points(binary: bool) -> None:
    cloud = read_cloud(stl(binary))
    assert len(cloud.xyz) > 100_000
    assert np.ptp(cloud.xyz, axis=0) == pytest.approx([4, 3, 2.5], abs=0.01)
    assert "A mesh with large faces" in words_of(cloud)


def test_an_obj_takes_its_colours_from_the_pictures_beside_it() -> None:
    file = io.BytesIO()
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[:, :4], pixels[:, 4:] = [200, 30, 30], [30, 30, 200]
    Image.fromarray(pixels).save(file, "PNG")
    mesh = b"mtllib a.mtl\nv 0 0 0\nv 4 0 0\nv 4 3 0\nv 0 3 0\nvt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\n"
    mesh += b"usemtl m\nf 1/1 2/2 3/3\nf 1/1 3/3 4/4\n"
    beside = {"a.mtl": b"newmtl m\nmap_Kd a.png\n", "a.png": file.getvalue()}
    raw = read_mesh(mesh, "OBJ", beside.get)
    assert raw.rgb is not None
    left = raw.xyz[:, 0] < 1.5
    assert (np.median(raw.rgb[left], 0) == [200, 30, 30]).all()
    assert (np.median(raw.rgb[raw.xyz[:, 0] > 2.5], 0) == [30, 30, 200]).all()
    alone = read_mesh(mesh, "OBJ")
    assert any("did not come" in text for text in alone.warnings)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (gzip.compress(bytes(70 * 2**20)), "unpacks to more than"),
        (gzip.compress(ply(XYZ))[:-30], "gzip file is damaged or cut short"),
        (gzip.compress(zipped({"a": b"b"})), "no NumPy arrays"),
        (glb()[:-400], "glTF file is damaged"),
        (points3d()[:-60], "none of these|cut short"),
        (
            ply_of([(f"packed_{name}", "int", XYZ[:, 0]) for name in ("position", "color")]),
            "compressed Gaussian splats",
        ),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "Git LFS pointer"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"v 1 2\nv 2 3\n", "fewer than three numbers"),
        (las(XYZ)[:300], "promises"),
    ],
    ids=["bomb", "gzip cut", "gzip zip", "GLB cut", "COLMAP cut", "packed splats", "pointer", "web page", "OBJ", "LAS"],
)
def test_what_cannot_be_read_is_refused_with_its_cause(data: bytes, message: str) -> None:
    with pytest.raises(SampleError, match=message):
        read_cloud(data)


def test_feet_of_a_las_are_read_from_its_system_of_places() -> None:
    header = laspy.LasHeader(point_format=1, version="1.2")
    header.vlrs.append(laspy.VLR("LASF_Projection", 34735, "", struct.pack("<8H", 1, 1, 0, 1, 3076, 0, 1, 9003)))
    header.scales = [0.001] * 3
    in_feet = laspy.LasData(header)
    in_feet.x, in_feet.y, in_feet.z = (XYZ / 0.3048).astype(float).T
    file = io.BytesIO()
    in_feet.write(file)
    cloud = read_cloud(file.getvalue())
    assert cloud.xyz == pytest.approx(XYZ, abs=2e-3)
    assert "numbers in feet" in words_of(cloud)
