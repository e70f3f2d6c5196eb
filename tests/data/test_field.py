"""Files as people really have them: each was once read wrongly without a word, or refused with a wrong cause.

The properties are those of public reports: colmap#1321 (tracks of different lengths), PTX renamed to XYZ,
CloudCompare#14 (a name twice), ARKitScenes#19 (confidence beside photos), colmap#1456 (EXIF), Open3D#1771 (intensity in
PTS), PoissonRecon#141 (normals before colours), PCL#1069 (decimal commas), gsplat#793 (y up), files of macOS in zips,
Mask3D#87 (S3DIS with Annotations).
"""

from __future__ import annotations

import numpy as np
import pytest
import rooms
from clouds import ply, text, zipped

from xviz.core.errors import SampleError
from xviz.core.sample import PointCloud
from xviz.data.cloud.scene import read_room

XYZ, RGB = rooms.XYZ, rooms.RGB
RNG = np.random.default_rng(0)
PLAIN = text(XYZ, RGB, form="%.4f %.4f %.4f %d %d %d")


def beside(*columns: np.ndarray) -> bytes:
    """Columns as text."""
    held = np.column_stack(columns)
    return "\n".join(" ".join(f"{v:g}" for v in row) for row in held.round(4)).encode() + b"\n"


def twice() -> bytes:
    """A binary PLY with a property name twice."""
    head = ply(XYZ, RGB).split(b"end_header\n")[0] + b"property float scalar_s\n" * 2 + b"end_header\n"
    body = np.empty(len(XYZ), [("p", "<f4", 3), ("c", "u1", 3), ("s", "<f4", 2)])
    body["p"], body["c"], body["s"] = XYZ, RGB, 1
    return head + body.tobytes()


DOUBLE = b"\0\5\x16\7"  #: how the files begin that macOS puts beside others
BROKEN = PLAIN.replace(b"\n", b"\n1.0 2.0 0.5 185\x10187 186\n", 1)
FIELD: dict[str, tuple[list[tuple[str, bytes]], str]] = {
    "colmap": ([("points3D.txt", rooms.colmap_text()["sparse/0/points3D.txt"])], "first column is the point's id"),
    "txt-first-short": ([("c.xyz", b"0 0 0\n" + PLAIN)], "“0 0 0”"),
    "ply-duplicate": ([("c.ply", twice())], "scalar_s stands in the PLY file more than once"),
    "pts-intensity": (
        [("c.pts", b"%d\n" % len(XYZ) + beside(XYZ, RNG.integers(0, 256, len(XYZ)), RGB))],
        "columns 5–7 as colours",
    ),
    "txt-normals": ([("c.txt", beside(XYZ, RNG.normal(size=XYZ.shape), RGB))], "columns 7–9 as colours"),
    "ply-decimal-comma": (
        [("c.ply", ply(XYZ, RGB, form="ascii").replace(b".", b",").replace(b"ascii 1,0", b"ascii 1.0"))],
        "Decimal commas",
    ),
    "y-up": ([("c.ply", ply(XYZ[:, [0, 2, 1]] * [1, 1, -1], RGB))], "y was taken as up"),
    "zip-appledouble": (
        [("r.zip", zipped({"._r.ply": DOUBLE, "r.ply": ply(XYZ, RGB), "._a.jpg": DOUBLE, "a.jpg": rooms.jpeg(0)}))],
        "",
    ),
    "s3dis-zip": (
        [("o.zip", zipped({"o/o.txt": BROKEN, "o/Annotations/ceiling_1.txt": PLAIN, "o/rgb/1.jpg": rooms.jpeg(0)}))],
        "1 line holds something else",
    ),
    "arkitscenes": ([("47.zip", zipped(rooms.arkitscenes()))], ""),
}  # fmt: skip


@pytest.mark.parametrize("case", FIELD)
def test_a_person_sees_the_room_and_what_was_done(case: str) -> None:
    folder, note = FIELD[case]
    room = read_room(folder)
    cloud = room.parts["points"]
    assert isinstance(cloud, PointCloud)
    step = 3 if case == "colmap" else 1
    assert cloud.xyz == pytest.approx(XYZ[::step], abs=1e-3)
    assert (cloud.rgb == RGB[::step]).all()
    texts = (*cloud.notes, *cloud.warnings)
    assert any(note in text_ for text_ in texts) if note else not texts


def test_damage_to_the_directory_of_a_zip_is_one_sentence() -> None:
    whole = bytearray(zipped({"room/cloud.ply": ply(XYZ[:500])}))
    at = whole.rindex(b"PK\5\6") + 16
    for offset in (-3, 7, 90_000):
        whole[at : at + 4] = (offset % 2**32).to_bytes(4, "little")
        with pytest.raises(SampleError, match=r"(?i)zip"):
            read_room(bytes(whole))
