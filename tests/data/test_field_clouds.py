"""Clouds of the field that were once read wrongly without a word, or refused with a wrong cause: places and colours."""

from __future__ import annotations

import io
import json
import struct

import laspy
import numpy as np
import pytest
from clouds import furnished, npy, npz, pcd, ply, text, zipped

from xviz.core.errors import SampleError
from xviz.core.sample import PointCloud
from xviz.data.cloud.read import read_cloud
from xviz.data.cloud.scene import read_room

XYZ, RGB = furnished(2000)
COUNT = len(XYZ)
RNG = np.random.default_rng(0)
SEEN = np.arange(COUNT) % 7 > 0


def said(cloud: PointCloud) -> str:
    """Everything that reading said."""
    return " | ".join((*cloud.notes, *cloud.warnings))


def rows(*columns: np.ndarray, separator: str = " ", form: str = "%.6g") -> bytes:
    """Columns side by side."""
    table = np.column_stack(columns)
    return "\n".join(separator.join(form % v for v in row) for row in table).encode() + b"\n"


def same(cloud: PointCloud, within: float = 2e-3) -> None:
    """The cloud is the room."""
    assert cloud.xyz == pytest.approx(XYZ, abs=within)
    assert cloud.rgb is not None
    assert np.abs(cloud.rgb.astype(int) - RGB).max() <= 1


@pytest.mark.parametrize("stray", [(1000, 0, 0), (-9_999_999, -9_999_999, -9_999_999)])
def test_a_point_far_from_all_others_takes_nothing_from_them(stray: tuple[float, ...]) -> None:
    whole = np.vstack([XYZ.astype(float), [stray]])
    cloud = read_cloud(ply(whole, np.vstack([RGB, [[1, 2, 3]]]), kind="double"))
    same(cloud, 1e-4)
    assert "1 point lies more than 10 times the size of the cloud away" in said(cloud)


def test_a_place_that_was_never_set_does_not_coarsen_a_cloud_far_from_zero() -> None:
    whole = np.vstack([XYZ + np.array([512_000.0, 5_400_000, 300]), np.zeros((1, 3))])
    cloud = read_cloud(ply(whole, np.vstack([RGB, RGB[:1]]), kind="double"), up="z", unit="m")
    assert np.diff(cloud.xyz[:50], axis=0) == pytest.approx(np.diff(XYZ[:50], axis=0), abs=1e-4)


def test_pixels_without_a_distance_are_no_points() -> None:
    places = np.where(SEEN[:, None], XYZ + np.float32([0, 0, 1]), np.float32(0))
    cloud = read_cloud(pcd(places, RGB), up="z", unit="m")
    assert cloud.xyz == pytest.approx(places[SEEN], abs=1e-5)
    assert f"{(~SEEN).sum()} points lie at exactly 0, 0, 0" in said(cloud)


def test_colours_and_supervoxels_beside_a_cloud_follow_the_points_that_are_left() -> None:
    places = np.where(SEEN[:, None], XYZ, np.float32(0))
    colours = RGB.copy()
    colours[1:40] = 0  # black is a colour
    room = read_room([("coord.npy", npy(places)), ("color.npy", npy(colours))], up="z", unit="m")
    cloud = room.parts["points"]
    assert isinstance(cloud, PointCloud)
    assert cloud.rgb is not None
    assert (cloud.rgb == colours[SEEN]).all()
    segments = (np.arange(COUNT) // 50).astype("<i8").tobytes()
    files = {"points/a.bin": np.column_stack([places, RGB]).astype("<f4").tobytes(), "super_points/a.bin": segments}
    held = read_room(zipped(files), up="z", unit="m").parts["points"]
    assert isinstance(held, PointCloud)
    assert held.segment is not None
    assert (held.segment == (np.arange(COUNT) // 50)[SEEN]).all()


def las(system: bytes, number: int, xyz: np.ndarray, scale: float = 0.001) -> bytes:
    """A LAS file with a record of its system of places."""
    header = laspy.LasHeader(point_format=6, version="1.4")
    header.scales, header.offsets = [scale] * 3, np.floor(np.min(xyz, 0))
    header.vlrs.append(laspy.VLR("LASF_Projection", number, "", system))
    cloud = laspy.LasData(header)
    cloud.x, cloud.y, cloud.z = np.asarray(xyz, float).T
    cloud.write(file := io.BytesIO())
    return file.getvalue()


def wkt(plan: str, height: str) -> bytes:
    """A system of places with units in the plan and upwards."""
    return (
        f'COMPD_CS["c",PROJCS["p",GEOGCS["g",UNIT["degree",0.0174]],UNIT["{plan}",1]],VERT_CS["v",UNIT["{height}",1]]]'
    ).encode()


@pytest.mark.parametrize(("plan", "height"), [("metre", "foot"), ("US survey foot", "metre")])
def test_a_las_of_two_units_is_refused(plan: str, height: str) -> None:
    with pytest.raises(SampleError, match="two units"):
        read_cloud(las(wkt(plan, height), 2112, XYZ))


@pytest.mark.parametrize(
    ("system", "number"),
    [
        (wkt("US survey foot", "US survey foot"), 2112),
        (b'PROJCRS["p",BASEGEOGCRS["g",LENGTHUNIT["metre",1]],CS[Cartesian,2],LENGTHUNIT["US survey foot",0.3]]', 2112),
        (struct.pack("<8H", 1, 1, 0, 1, 3076, 0, 1, 9003), 34735),
    ],
    ids=["WKT 1", "WKT 2", "GeoTIFF"],
)
def test_feet_of_a_las_are_read_however_they_are_written(system: bytes, number: int) -> None:
    assert read_cloud(las(system, number, XYZ / 0.3048), up="z").xyz == pytest.approx(XYZ, abs=2e-3)


def test_degrees_of_a_las_are_no_places_and_local_places_under_their_name_are() -> None:
    degrees = b'GEOGCS["WGS 84",UNIT["degree",0.0174]]'
    with pytest.raises(SampleError, match="Degrees of longitude and latitude"):
        read_cloud(las(degrees, 2112, XYZ * [1e-5, 1e-5, 1] + [8.5, 47.3, 400], 1e-7))
    assert read_cloud(las(degrees, 2112, XYZ), up="z").xyz == pytest.approx(XYZ, abs=2e-3)


@pytest.mark.parametrize("alpha", [1.0, 255])
def test_opacity_behind_the_colours_of_an_obj_is_no_blue(alpha: float) -> None:
    colours = RGB / 255 if alpha == 1 else RGB
    lines = (f"v {x} {y} {z} {r} {g} {b} {alpha}\n" for (x, y, z), (r, g, b) in zip(XYZ, colours, strict=True))
    same(read_cloud("".join(lines).encode(), name="a.obj", up="z"))


def test_colours_that_a_text_has_lost_are_grey_and_counted() -> None:
    packed = (RGB.astype(np.uint32) @ np.array([65536, 256, 1], np.uint32) | np.uint32(0xFF000000)).astype(np.uint32)
    values = packed.view(np.float32)
    lines = [f"{x} {y} {z} {c!r}" for (x, y, z), c in zip(XYZ.tolist(), values.tolist(), strict=True)]
    head = pcd(XYZ, RGB).split(b"DATA")[0] + b"DATA ascii\n"
    cloud = read_cloud(head + "\n".join(lines).encode() + b"\n", up="z")
    assert cloud.rgb is not None
    lost = np.isnan(values)
    assert (cloud.rgb[lost] == 127).all()
    assert (cloud.rgb[~lost] == RGB[~lost]).all()
    assert f"{lost.sum():,} points have no colour" in said(cloud)


FIRST = {
    "an id": (np.arange(COUNT) + 1, 1000, "column 1 as an id"),
    "a class": (RNG.integers(0, 9, COUNT), 1, "column 1 as a class"),
    "a time": (1.6e9 + np.arange(COUNT) / 100, 1, "column 1 as a time"),
}


@pytest.mark.parametrize("what", FIRST)
def test_what_stands_before_the_places_is_no_place(what: str) -> None:
    column, scale, note = FIRST[what]
    places = np.round(XYZ * 1000) if scale == 1000 else XYZ
    cloud = read_cloud(rows(column, places, RGB, form="%.12g"), up="z")
    same(cloud)
    assert note in said(cloud)


def test_a_head_without_known_names_is_warned_of() -> None:
    cloud = read_cloud(
        "Punkt;Rechts;Hoch;Höhe;Rot;Grün;Blau\n".encode() + rows(FIRST["an id"][0], XYZ, RGB, separator=";")
    )
    assert any("“Punkt;Rechts;Hoch;Höhe;Rot;Grün;Blau” names no x, y and z" in text_ for text_ in cloud.warnings)


def test_the_names_that_veloview_writes_are_places() -> None:
    head = b'intensity,laser_id,azimuth,"Points_m_XYZ:0","Points_m_XYZ:1","Points_m_XYZ:2"\n'
    lasers = RNG.integers(0, 32, (COUNT, 3))
    assert read_cloud(head + rows(lasers, XYZ, separator=","), up="z").xyz == pytest.approx(XYZ, abs=1e-4)


def test_feet_in_words_above_columns_are_feet() -> None:
    same(read_cloud(b"X [feet],Y [feet],Z [feet],R,G,B\n" + rows(XYZ / 0.3048, RGB, separator=","), up="z"))


LINES = text(XYZ, RGB).split(b"\n")[:-1]


@pytest.mark.parametrize("case", ["comments", "marks", "PLY"])
def test_lines_of_several_kinds_are_read(case: str) -> None:
    if case == "comments":
        data = b"".join(b"# line %d\n" % i * (i % 20 == 0) + line + b"\n" for i, line in enumerate(LINES))
    elif case == "marks":
        data = b"".join(line.replace(b" ", b"; " if i % 5 < 2 else b"\t") + b"\n" for i, line in enumerate(LINES))
    else:
        data = ply(XYZ, RGB, form="ascii").replace(b"\n" + LINES[50], b"\n# half of it\n" + LINES[50])
    same(read_cloud(data, up="z"))


@pytest.mark.parametrize("word", [b"comment", b"obj_info"])
def test_a_comment_does_not_end_the_head_of_a_ply(word: bytes) -> None:
    same(read_cloud(ply(XYZ, RGB).replace(b"comment made", word + b" what stands before end_header was made"), up="z"))


def scans(*columns: int) -> bytes:
    """A PTX of as many scans, the second of them without a point."""
    out = b""
    head = b"0 0 0\n1 0 0\n0 1 0\n0 0 1\n1 0 0 0\n0 1 0 0\n0 0 1 0\n0 0 0 1\n"
    for at, many in zip(np.array_split(np.arange(COUNT), len(columns)), columns, strict=True):
        table = np.column_stack([XYZ[at], np.full(len(at), 0.5), RGB[at]])
        out += b"%d\n1\n" % len(at) + head + rows(table[:, :many]) + b"0\n0\n" + head
    return out


def test_a_scan_without_points_or_without_colours_takes_none_from_the_others() -> None:
    same(read_cloud(scans(7, 7)))
    cloud = read_cloud(scans(7, 4))
    assert cloud.rgb is not None
    assert (cloud.rgb[: COUNT // 2] == RGB[: COUNT // 2]).all()
    assert "1 of 2 scans have no colours" in said(cloud)


def test_arrays_with_fields_of_three_numbers_or_one_for_each_axis_are_clouds() -> None:
    held = np.empty(COUNT, [("position", "<f4", (3,)), ("color", "u1", (3,)), ("label", "<i4")])
    held["position"], held["color"], held["label"] = XYZ, RGB, 0
    same(read_cloud(npy(held), up="z"))
    columns = dict(zip("xyzrgb", [*XYZ.T, *RGB.T], strict=True))
    same(read_cloud(npz(**columns), up="z"))
    same(read_cloud(npz(vertices=XYZ, faces=np.zeros((9, 3), int), vertex_colors=RGB), up="z"))


@pytest.mark.parametrize("name", ["KHR_draco_mesh_compression", "EXT_meshopt_compression"])
def test_a_mesh_of_compressed_points_is_refused_and_no_cloud_of_zeros(name: str) -> None:
    held = {
        "asset": {"version": "2.0"}, "extensionsRequired": [name], "scene": 0, "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}], "accessors": [{"componentType": 5126, "count": 3, "type": "VEC3"}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "extensions": {name: {"bufferView": 0}}}]}],
        "bufferViews": [{"buffer": 0, "byteLength": 4}],
        "buffers": [{"byteLength": 4, "uri": "data:application/octet-stream;base64,AAAAAA=="}],
    }  # fmt: skip
    with pytest.raises(SampleError, match=r"compressed \((Draco|Meshopt)\)"):
        read_cloud(json.dumps(held).encode(), name="a.gltf")


@pytest.mark.parametrize("form", ["binary", "binary_compressed", "PLY"])
def test_bytes_after_the_points_are_counted(form: str) -> None:
    whole = ply(XYZ, RGB) if form == "PLY" else pcd(XYZ, RGB, form=form)
    same(read_cloud(whole, up="z"))
    assert "follow" not in said(read_cloud(whole))
    longer = read_cloud(whole + b"\1" * 40, up="z")
    same(longer)
    assert f"The header says {COUNT:,} points; 40 bytes follow them" in said(longer)
    assert ("room for 2 more" in said(longer)) == (form != "binary_compressed")
    assert "follow" not in said(read_cloud(ply(XYZ, RGB, faces=4) + b"\1" * 40)), (
        "faces of any length come after points"
    )


def test_a_viewpoint_of_a_pcd_moves_no_point_and_is_said() -> None:
    for form in ("ascii", "binary", "binary_compressed"):
        moved = pcd(XYZ, RGB, form=form).replace(b"VIEWPOINT 0 0 0 1 0 0 0", b"VIEWPOINT 1 2 0.5 0.7 0 0.7 0")
        same(read_cloud(moved, up="z"))
        assert "VIEWPOINT (1 2 0.5 0.7 0 0.7 0) was not applied" in said(read_cloud(moved))
        assert "VIEWPOINT" not in said(read_cloud(pcd(XYZ, RGB, form=form)))
        plain = pcd(XYZ, RGB, form=form).replace(b"VIEWPOINT 0 0 0 1 0 0 0", b"VIEWPOINT 0.0 0.0 0 1.000 0 0 0")
        assert "VIEWPOINT" not in said(read_cloud(plain))
