"""Clouds as text: every line is read, or counted and named; columns are told apart by what they hold."""

from __future__ import annotations

import numpy as np
import pytest
from clouds import furnished, pcd, ply, text

from xviz.core.errors import SampleError
from xviz.data.cloud.read import read_cloud

XYZ, RGB = furnished(1500)
COUNT = len(XYZ)
PLAIN = text(XYZ, RGB)
LINES = PLAIN.split(b"\n")[:-1]
RNG = np.random.default_rng(1)
INTENSITY = RNG.integers(0, 256, COUNT)
NORMALS = RNG.normal(size=(COUNT, 3)).round(4)
LABEL = np.arange(COUNT) // 90

UNNAMED = "The columns have no names: columns 1–3 as x, y, z, columns 4–6 as colours."


def words_of(cloud) -> str:
    """Everything that reading said."""
    return " | ".join((*cloud.notes, *cloud.warnings))


def table(*columns, separator=" ") -> bytes:
    """Columns side by side, whole numbers without decimals."""
    rows = zip(*[column for part in columns for column in np.asarray(part).reshape(COUNT, -1).T], strict=True)
    return b"".join(separator.join(f"{v:.6g}" for v in row).encode() + b"\n" for row in rows)


def numbered(first: int = 1) -> np.ndarray:
    """Ids."""
    return np.arange(first, COUNT + first)


def colmap_text() -> bytes:
    """A sparse model whose tracks have different lengths."""
    head = b"# 3D point list with one line of data per point:\n#   POINT3D_ID, X, Y, Z, R, G, B, ERROR, TRACK[]\n"
    head += f"# Number of points: {COUNT}, mean track length: 3\n".encode()
    rows = [
        f"{7 * i + 3} {' '.join(f'{v:.4f}' for v in XYZ[i])} {' '.join(map(str, RGB[i]))} 0.8 " + "1 2 " * (1 + i % 5)
        for i in range(COUNT)
    ]
    return head + "\n".join(rows).encode() + b"\n"


def packed() -> bytes:
    """Places, and colours as one number each."""
    whole = RGB.astype(int) @ [65536, 256, 1]
    return b"".join(f"{x:.4f} {y:.4f} {z:.4f} {c}\n".encode() for (x, y, z), c in zip(XYZ, whole, strict=True))


def ptx(*, parts: int = 1, columns: int = 7) -> bytes:
    """Scans of a scanner, each moved by 10 m and brought back by its matrix; every fifth direction gave no echo."""
    out = b""
    for part in np.array_split(np.arange(COUNT), parts):
        rows = []
        for k, i in enumerate(part):
            cells = [f"{v:.4f}" for v in XYZ[i] - [10, 0, 0]] + ["0.5"] + [str(v) for v in RGB[i]]
            rows.append(" ".join(cells[:columns]))
            if k % 4 == 3:
                rows.append(" ".join(["0", "0", "0", "0.5", "0", "0", "0"][:columns]))
        out += f"{len(rows)}\n1\n0 0 0\n1 0 0\n0 1 0\n0 0 1\n1 0 0 0\n0 1 0 0\n0 0 1 0\n10 0 0 1\n".encode()
        out += "\n".join(rows).encode() + b"\n"
    return out


SAME: dict[str, tuple[bytes, str]] = {
    "first line is the scanner's place": (b"0 0 0\n" + PLAIN, "above the points left out: “0 0 0”"),
    "two header lines": (b"Leica scan 12\n0 0 0\n" + PLAIN, "2 lines above the points left out: “Leica scan 12” first"),
    "count": (f"{COUNT}\n".encode() + PLAIN, "columns 4–6 as colours"),
    "comments #": (b"# made by a scanner\n# x y z r g b\n" + PLAIN, ""),
    "comments //": (b"//X Y Z R G B\n" + PLAIN, ""),
    "CloudCompare with a count": (f"//X Y Z R G B\n{COUNT}\n".encode() + PLAIN, ""),
    "trailing blank lines": (PLAIN + b"\n\n  \n", ""),
    "blank lines within": (b"\n\n".join(LINES) + b"\n", ""),
    "CRLF": (PLAIN.replace(b"\n", b"\r\n"), ""),
    "CR alone": (PLAIN.replace(b"\n", b"\r"), ""),
    "byte order mark": (b"\xef\xbb\xbf" + PLAIN, ""),
    "UTF-16": (PLAIN.decode().encode("utf-16"), ""),
    "no last line end": (PLAIN.rstrip(b"\n"), ""),
    "cut in the last line": (PLAIN + b"1.5 2.0", "ends within a point|something else than the numbers"),
    "comment at the end": (PLAIN + b"# end of file\n", "1 comment among the points left out"),
    "tabs": (text(XYZ, RGB, separator="\t"), ""),
    "semicolons": (text(XYZ, RGB, separator=";"), ""),
    "trailing semicolons": (text(XYZ, RGB, separator=";").replace(b"\n", b";\n"), ""),
    "comma and space": (text(XYZ, RGB, separator=", "), ""),
    "bars": (text(XYZ, RGB, separator="|"), ""),
    "brackets": (b"".join(b"(" + line.replace(b" ", b", ") + b")\n" for line in LINES), ""),
    "quotes": (b"".join(b'"' + line.replace(b" ", b'","') + b'"\n' for line in LINES), ""),
    "decimal commas and spaces": (PLAIN.replace(b".", b","), ""),
    "decimal commas and tabs": (text(XYZ, RGB, separator="\t").replace(b".", b","), ""),
    "decimal commas and semicolons": (text(XYZ, RGB, separator=";").replace(b".", b","), ""),
    "whole first line, then decimal commas": (b"0 0 0 0 0 0\n" + PLAIN.replace(b".", b","), ""),
    "normals before colours": (table(XYZ, NORMALS, RGB), "columns 7–9 as colours"),
    "normals behind colours": (table(XYZ, RGB, NORMALS), "columns 4–6 as colours"),
    "intensity before colours": (table(XYZ, INTENSITY, RGB), "columns 5–7 as colours"),
    "negative intensity, as Semantic3D": (table(XYZ, INTENSITY - 2000, RGB), "columns 5–7 as colours"),
    "intensity and label": (table(XYZ, INTENSITY, RGB, LABEL), "columns 5–7 as colours"),
    "label behind colours": (table(XYZ, RGB, LABEL), "columns 4–6 as colours; not used: column 7"),
    "two labels": (table(XYZ, RGB, LABEL, LABEL % 3), "columns 4–6 as colours"),
    "alpha": (table(XYZ, RGB, np.full(COUNT, 255)), "columns 4–6 as colours"),
    "id before places": (table(numbered(), XYZ, RGB), "column 1 as an id, columns 2–4 as x, y, z, columns 5–7"),
    "id from zero": (table(numbered(0), XYZ, RGB), "column 1 as an id"),
    "packed colours": (packed(), "column 4 as packed colours"),
    "shares": (table(XYZ, (RGB / 255).round(5)), "from 0 to 1"),
    "named in another order": (b"r,g,b,z,y,x\n" + table(RGB, XYZ[:, ::-1], separator=","), ""),
    "ParaView": (b'"RGB:0","RGB:1","RGB:2","Points:0","Points:1","Points:2"\n' + table(RGB, XYZ, separator=","), ""),
    "Rf Gf Bf": (b"//X Y Z Rf Gf Bf Intensity\n" + table(XYZ, (RGB / 255).round(5), INTENSITY), "Not used: Intensity"),
    "names with units": (b"x [m];y [m];z [m];R;G;B\n" + table(XYZ, RGB, separator=";"), ""),
    "duplicate names": (b"x y z r g b r\n" + table(XYZ, RGB, INTENSITY), "r stands in the text file more than once"),
    "COLMAP": (colmap_text(), "the first column is the point's id"),
    "PTX": (ptx(), "gave no echo"),
    "PTX of three scans": (ptx(parts=3), "3 scans, each at its place"),
    "several counts in a PTS": (
        b"".join(f"{len(part)}\n".encode() + b"\n".join(part) + b"\n" for part in (LINES[:500], LINES[500:])),
        "",
    ),
    "ASCII PLY with decimal commas": (
        ply(XYZ, RGB, form="ascii").replace(b".", b",").replace(b"1,0\n", b"1.0\n", 1),
        "commas",
    ),
    "ASCII PLY with faces and blank lines": (
        ply(XYZ, RGB, form="ascii", faces=5).replace(b"end_header\n", b"end_header\n\n"),
        "",
    ),
    "ASCII PLY with CRLF": (ply(XYZ, RGB, form="ascii", faces=5).replace(b"\n", b"\r\n"), ""),
}  # fmt: skip


@pytest.mark.parametrize("case", SAME)
def test_every_way_of_writing_a_cloud_gives_the_cloud(case: str) -> None:
    import re

    data, note = SAME[case]
    cloud = read_cloud(data, name="points3D.txt" if case == "COLMAP" else "", up="z", unit="m")
    extra = 1 if case.startswith("whole first") else 0
    assert cloud.xyz[extra:] == pytest.approx(XYZ, abs=2e-4)
    assert cloud.rgb is not None
    assert (cloud.rgb[extra:] == RGB).all()
    assert re.search(note, words_of(cloud)) if note else words_of(cloud) in ("", UNNAMED)


def test_a_ptx_without_colours_has_none() -> None:
    cloud = read_cloud(ptx(columns=4))
    assert cloud.xyz == pytest.approx(XYZ, abs=2e-4)
    assert cloud.rgb is None
    assert "Intensities are no colours" in words_of(cloud)


def test_every_line_is_accounted_for() -> None:
    lines = [*LINES, b"no numbers", b"1 2", b"1 2 3 4 5 6 7 8 9", b"", b"1 2 3 x 5 6"]
    cloud = read_cloud(b"\n".join(lines) + b"\n")
    assert len(cloud.xyz) == COUNT
    assert "4 lines hold something else than the numbers of a point and were left out" in words_of(cloud)
    assert f"the first in line {COUNT + 1:,}" in words_of(cloud)


def test_a_count_that_is_not_reached_is_a_warning() -> None:
    cloud = read_cloud(b"9999\n" + PLAIN)
    assert any(f"says that it has 9,999 points and holds {COUNT:,}" in text for text in cloud.warnings)


def test_points_without_a_colour_are_grey_and_counted() -> None:
    cloud = read_cloud(PLAIN + b"1 1 1 nan nan nan\n" * 3)
    assert (cloud.rgb[-3:] == 127).all()
    assert "3 points have no colour and are drawn grey" in words_of(cloud)


def test_which_columns_are_colours_is_asked_where_it_is_doubtful() -> None:
    grey = np.repeat(INTENSITY[:, None], 3, 1)
    cloud = read_cloud(table(XYZ, INTENSITY, grey))
    assert any("It is doubtful which of the 7 columns are colours" in text for text in cloud.warnings)
    assert not any("doubtful which" in text for text in read_cloud(PLAIN).warnings)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\n".join(line.replace(b".", b",").replace(b" ", b",") for line in LINES), "Commas stand both between"),
        (b"3\n1\n2\n" * 40, "1 column, as files of labels"),
        (b"lat,lon,height\n" + table(XYZ, separator=","), "Degrees of longitude and latitude"),
        (b"a b c\n" + b"one two three\n" * 40, "most lines have something else"),
        (b"\n".join(line if i % 9 else b"1 2" for i, line in enumerate(LINES)), "166 of 1,499 lines have something"),
        (ptx()[: len(ptx()) // 2], "cut short|ends within"),
        (b"5\n1\n0 0 0\n1 0 0\n0 1 0\n0 0 1\n1 0 0 0\n0 1 0 0\n0 0 1 0\n0 0 0 1\n1 2 3\n", "cut short|promises"),
    ],
    ids=["commas twice", "labels", "degrees", "words", "ragged", "PTX cut", "PTX promise"],
)  # fmt: skip
def test_what_is_no_table_of_points_is_refused_with_its_cause(data: bytes, message: str) -> None:
    with pytest.raises(SampleError, match=message):
        read_cloud(data)


def test_packed_colours_of_a_pcd_may_be_written_as_whole_numbers() -> None:
    head = pcd(XYZ[:1], form="ascii").split(b"DATA")[0].replace(b"x y z", b"x y z rgb").replace(b"4 4 4 ", b"4 4 4 4 ")
    head = (
        head.replace(b"F F F ", b"F F F F ")
        .replace(b"1 1 1 ", b"1 1 1 1 ")
        .replace(b"POINTS 1\n", b"POINTS %d\n" % COUNT)
    )
    cloud = read_cloud(head + b"DATA ascii\n" + packed())
    assert (cloud.rgb == RGB).all()


def test_lines_that_any_scan_of_a_ptx_loses_are_counted_once_for_the_file() -> None:
    lines = ptx(parts=2).split(b"\n")
    second = 10 + COUNT // 2 + COUNT // 2 // 4 + 10
    bad = [*lines[: second + 3], b"1 2 3 x 0 0 0", *lines[second + 4 :]]
    bad[5 + 10] = b"not measured"
    words = words_of(read_cloud(b"\n".join(bad)))
    assert "2 lines hold something else than the numbers of a point and were left out, the first in line 16." in words
    bad[5 + 10] = lines[5 + 10]
    bad.insert(0, b"")  # an empty line before the head counts as a line too
    words = words_of(read_cloud(b"\n".join(bad)))
    assert (
        f"1 line holds something else than the numbers of a point and was left out, the first in line {second + 5:,}."
        in words
    )


@pytest.mark.parametrize("line", [b"", b"# turned"])
def test_empty_lines_and_comments_in_a_ptx_stand_among_points_or_for_them(line: bytes) -> None:
    lines = ptx(parts=2).split(b"\n")
    among = read_cloud(b"\n".join([*lines[:15], line, *lines[15:20], line, *lines[20:]]))
    assert among.xyz == pytest.approx(XYZ, abs=2e-4)
    stand_for = read_cloud(b"\n".join([*lines[:15], line, *lines[16:20], line, *lines[21:]]))
    assert len(stand_for.xyz) == COUNT - 2
    said = "2 lines without a number among the points" if not line else "2 comments among the points"
    assert all(said in words_of(cloud) for cloud in (among, stand_for))


def test_a_ptx_of_many_scans_that_each_lose_little_is_refused_for_what_they_lose_together() -> None:
    head = b"12\n1\n0 0 0\n1 0 0\n0 1 0\n0 0 1\n1 0 0 0\n0 1 0 0\n0 0 1 0\n0 0 0 1\n"
    with pytest.raises(SampleError, match="40 of 240 lines have something else, the first in line 21"):
        read_cloud((head + b"1 2 3 0.5\n" * 10 + b"1 x 3 0.5\n" * 2) * 20)
