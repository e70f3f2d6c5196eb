"""Units, the axis up and colours are judged by what rooms are, said where they were changed, asked where doubtful."""

from __future__ import annotations

import numpy as np
import pytest
from clouds import furnished, las, npz, ply, text
from samples_rooms import shipped

from xviz.data.cloud.frame import UPS
from xviz.data.cloud.read import read_cloud

XYZ, RGB = furnished()


def turned(xyz: np.ndarray, up: str) -> np.ndarray:
    """A cloud as a file has it whose axis ``up`` points up."""
    out = np.empty_like(xyz)
    for row, (axis, sign) in enumerate(UPS[up]):
        out[:, axis] = sign * xyz[:, row]
    return out


def asked(cloud, words: str) -> bool:
    """Whether a warning says it."""
    return any(words in text for text in cloud.warnings)


@pytest.mark.parametrize("up", UPS)
@pytest.mark.parametrize("name", ["furnished", "bedroom", "kitchen", "living-room"])
def test_the_axis_up_is_found_and_said(name: str, up: str) -> None:
    xyz = XYZ if name == "furnished" else shipped(name)[::4]
    cloud = read_cloud(ply(turned(xyz, up)))
    assert cloud.xyz == pytest.approx(xyz, abs=1e-5)
    assert asked(cloud, "was taken as up") == (up != "z")
    assert not asked(cloud, "doubtful")


def test_the_axis_up_is_asked_where_the_shape_says_little() -> None:
    tall = np.random.default_rng(0).random((4000, 3)).astype(np.float32) * [3, 0.7, 2]
    assert asked(read_cloud(ply(tall)), "Which axis points up is doubtful (y is the shortest way through")
    assert not asked(read_cloud(ply(tall), up="z"), "points up")


@pytest.mark.parametrize(
    ("factor", "warning", "unit"),
    [
        (1, "", "m"), (100, "Taken as centimetres", "cm"), (1000, "Taken as millimetres", "mm"),
        (1 / 0.3048, "m if they are feet. Choose the unit", "m"), (0.02, "no room is so", "m"),
        (1 / 2.6, "as where a cloud was scaled to one", "m"), (30, "no room is so", "m"),
        (10_000, "no room is so", "m"),
    ],
    ids=["metres", "centimetres", "millimetres", "feet", "tiny", "scaled to one", "a hall of 78 m", "huge"],
)  # fmt: skip
def test_the_unit_is_judged_by_how_tall_rooms_are(factor: float, warning: str, unit: str) -> None:
    cloud = read_cloud(ply(XYZ * factor), up="z")
    scale = {"m": 1, "cm": 0.01, "mm": 0.001}[unit]
    assert np.ptp(cloud.xyz, axis=0) == pytest.approx(np.ptp(XYZ * factor * scale, axis=0), rel=1e-3)
    assert asked(cloud, warning) if warning else not cloud.warnings


def test_the_unit_that_a_file_names_is_taken() -> None:
    cloud = read_cloud(b"x[mm],y[mm],z[mm]\n" + text(XYZ * 1000, separator=","))
    assert cloud.xyz == pytest.approx(XYZ, abs=2e-3)
    assert any("numbers in millimetres" in note for note in cloud.notes)
    feet = read_cloud(ply(XYZ / 0.3048), unit="ft", up="z")
    assert feet.xyz == pytest.approx(XYZ, abs=1e-5)


def test_a_grid_of_32_bits_far_from_zero_is_told() -> None:
    far = (XYZ + np.array([512_000, 5_400_000, 300])).astype(np.float32)
    assert asked(read_cloud(ply(far)), "in 32 bits lie on a grid of 0.5 m")
    exact = read_cloud(ply((XYZ + np.array([512_000, 5_400_000, 300])).astype(float), kind="double"))
    assert not asked(exact, "grid")
    assert np.ptp(exact.xyz, axis=0) == pytest.approx(np.ptp(XYZ, axis=0), abs=1e-3)


def one_bright(values: np.ndarray, value: float) -> np.ndarray:
    """Colours with a single outlier."""
    out = values.astype(np.float64)
    out[7, 1] = value
    return out


COLOURS: dict[str, tuple[np.ndarray, str]] = {
    "8 bits in 16": (RGB.astype(np.uint16), ""),
    "16 bits": (RGB.astype(np.uint16) * 257, ""),
    "8 bits shifted to 16": (RGB.astype(np.uint16) * 256, ""),
    "one outlier among 8 bits in 16": (
        one_bright(RGB, 65535).astype(np.uint16),
        "1 of 6,000 colours lie outside 0–255",
    ),
    "10 bits": ((RGB / 255 * 1023).round().astype(np.uint16), "taken as 10 bits"),
    "12 bits": ((RGB / 255 * 4095).round().astype(np.uint16), "taken as 12 bits"),
    "shares": (RGB / 255, ""),
    "shares with one outlier": (one_bright(RGB / 255, 1.7), "1 of 6,000 colours lie outside 0–1"),
    "shares a little above one": (one_bright(RGB / 255, 1.01), ""),
    "−1 to 1": (RGB / 127.5 - 1, ""),
    "floats to 255": (RGB.astype(np.float32), ""),
    "one below zero": (one_bright(RGB, -3).astype(np.int32), "lie outside 0–255"),
}


@pytest.mark.parametrize("case", COLOURS)
def test_colours_of_any_depth_come_to_255(case: str) -> None:
    values, warning = COLOURS[case]
    cloud = read_cloud(npz(xyz=XYZ, rgb=values), up="z")
    assert cloud.rgb is not None
    rest = np.delete(np.arange(len(XYZ)), 7)
    assert np.abs(cloud.rgb[rest].astype(int) - RGB[rest]).max() <= 1
    assert asked(cloud, warning) if warning else not cloud.warnings


@pytest.mark.parametrize(
    ("values", "warning", "kept"),
    [
        (RGB * 0, "All colours are zero", False),
        ((RGB * 0).astype(np.uint16), "All colours are zero", False),
        (np.where(np.arange(len(RGB))[:, None] % 50, 0, RGB), "% of the points are black", True),
        (RGB * 0 + 255, "All points have the same colour", True),
        (RGB * 70_000.0, "none of 0–1, 0–255 and 0–65535", False),
        (RGB - 300.0, "none of 0–1, 0–255 and 0–65535", False),
    ],
    ids=["black", "black in 16 bits", "mostly black", "white", "too much", "negative"],
)
def test_colours_that_say_nothing_are_told(values: np.ndarray, warning: str, kept: bool) -> None:
    cloud = read_cloud(npz(xyz=XYZ, rgb=values), up="z")
    assert (cloud.rgb is not None) == kept
    assert asked(cloud, warning)


def test_intensities_of_a_las_are_no_colours() -> None:
    import io

    import laspy

    intense = laspy.read(io.BytesIO(las(XYZ)))
    intense.intensity = np.arange(len(XYZ)).astype(np.uint16)
    file = io.BytesIO()
    intense.write(file)
    cloud = read_cloud(file.getvalue())
    assert cloud.rgb is None
    assert any("Only intensities are there" in note for note in cloud.notes)
