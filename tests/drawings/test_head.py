"""The flat head, its field, and what the head and the traces send."""

from __future__ import annotations

import numpy as np
import pytest

from xviz.core.sample import BIOSEMI32
from xviz.data.eeg.channels import places
from xviz.draw.scale import diverging, sequential
from xviz.draw.scalp import field, flat, rim
from xviz.drawings import traces as traces_
from xviz.drawings.head import CELLS, REACH, Marks, head
from xviz.drawings.payload import unpack
from xviz.drawings.traces import SPACING, Windows, traces

POSITIONS = np.stack([places()[name.upper()] for name in BIOSEMI32])
SCORES = np.linspace(0, 1, 32)


def at(name: str) -> int:
    return BIOSEMI32.index(name)


# the flat head


def test_left_is_left_and_front_is_up() -> None:
    on_head = flat(POSITIONS)
    assert np.hypot(*on_head[at("Cz")]) < 0.1
    assert on_head[at("T7"), 0] < -0.9 < 0.9 < on_head[at("T8"), 0]
    assert on_head[at("Oz"), 1] < -0.8 < 0.9 < on_head[at("Fp1"), 1]
    assert on_head[at("F3"), 0] == pytest.approx(-on_head[at("F4"), 0], abs=0.05)


def test_distance_is_the_angle_from_the_top() -> None:
    angles = np.radians([0, 30, 45, 60, 90, 80, 70, 20])
    turn = np.arange(8) * 0.9
    sphere = 0.09 * np.column_stack([np.sin(angles) * np.cos(turn), np.sin(angles) * np.sin(turn), np.cos(angles)]) + [
        0.01,
        0.02,
        0.03,
    ]
    assert np.hypot(*flat(sphere).T) == pytest.approx(angles / (np.pi / 2), abs=1e-6)


def test_unknown_places_stay_unknown_and_few_still_work() -> None:
    some = POSITIONS[:3].copy()
    some[1] = np.nan
    on_head = flat(some)
    assert np.isnan(on_head[1]).all()
    assert np.isfinite(on_head[[0, 2]]).all()


def test_the_field_meets_every_electrode() -> None:
    spots = flat(POSITIONS)
    drawn = field(spots, SCORES, cells=400, reach=REACH)
    for place, score in zip(spots, SCORES, strict=True):
        column, row = (np.array([place[0], -place[1]]) + REACH) / (2 * REACH) * 400
        assert drawn[int(row), int(column)] == pytest.approx(score, abs=0.06)
    x, y = np.meshgrid(*[(np.arange(400) + 0.5) / 400 * 2 * REACH - REACH] * 2)
    assert np.isnan(drawn[np.hypot(x, y) > rim(spots) + 0.02]).all()
    assert np.isfinite(drawn[np.hypot(x, y) <= rim(spots)]).all()


def test_there_is_no_field_between_three_electrodes() -> None:
    scores = np.full(32, np.nan)
    scores[:3] = 1.0
    assert np.isnan(field(flat(POSITIONS), scores, cells=8, reach=REACH)).all()


# the head


def test_a_head_sends_places_scores_and_lines() -> None:
    marks = Marks(selected=4, absent=(7,), links=[(4, 9, 0.5)])
    view = head(BIOSEMI32, POSITIONS, SCORES, scale=sequential(SCORES), marks=marks)
    header, arrays = unpack(view.payload)
    assert arrays["places"].reshape(32, 2) == pytest.approx(flat(POSITIONS), abs=1e-6)
    assert arrays["field"].size == CELLS**2
    assert arrays["links"].tolist() == [4, 9]
    assert np.isnan(arrays["value"][7])
    assert (header["selected"], header["absent"]) == (4, [7])
    assert "Strongest: O2 1" in view.alt
    assert view.table[1] == ("O2", 1.0)
    assert view.resolve(31) == 31
    assert view.resolve(32) is None


def test_the_middle_of_a_signed_field_is_the_middle_colour() -> None:
    _, arrays = unpack(head(BIOSEMI32, POSITIONS, np.zeros(32), scale=diverging([1.0])).payload)
    inside = arrays["field"][arrays["field"] > 0]
    assert set(inside.tolist()) == {128}


def test_electrodes_without_a_place_are_said() -> None:
    lost = POSITIONS.copy()
    lost[3] = np.nan
    header, arrays = unpack(head(BIOSEMI32, lost).payload)
    assert header["note"] == "Place unknown, not drawn: F7."
    assert arrays["places"].reshape(32, 2)[3].tolist() == [9, 9]
    with pytest.raises(ValueError, match="labels"):
        head(BIOSEMI32[:3], POSITIONS)


# the traces


def test_traces_are_sent_once_and_around_zero() -> None:
    signal = np.random.default_rng(0).standard_normal((2, 640)) + np.array([[500.0], [0.0]])
    signal[1, 5] = np.nan
    view = traces(
        ("Cz", "Pz"), signal, 128.0, windows=Windows(1.0, 3, 2.0, ("a", "b", "c")), marks=traces_.Marks(absent=(1,))
    )
    header, arrays = unpack(view.payload)
    assert not arrays
    assert (header["seconds"], header["spacing"], header["absent"]) == (5.0, SPACING, [1])
    assert view.still is not None
    samples = unpack(view.still)[1]["samples"].reshape(2, 640)
    assert abs(np.median(samples[0])) < 0.1
    assert np.isnan(samples[1, 5])
    again = traces(("Cz", "Pz"), signal, 128.0, windows=Windows(1.0, 3, selected=2))
    assert again.still == view.still
    assert view.table[2] == (2, 3.0, "b")
    with pytest.raises(ValueError, match="outputs"):
        traces(("Cz", "Pz"), signal, 128.0, windows=Windows(1.0, 3, outputs=("a",)))


def test_invented_electrodes_annotations_and_names_are_sent() -> None:
    view = traces(
        ("Cz*", "Pz"), np.ones((2, 256)), 128.0, windows=Windows(1.0, 2),
        marks=traces_.Marks(invented=(0,), annotations=[(0.5, 1.0, "BAD_x", True)]), names_too=True,
    )  # fmt: skip
    assert view.shape == (4,)  # two windows, then two names
    assert view.resolve(3) == 3
    header, _ = unpack(view.payload)
    assert (header["invented"], header["marks"], header["labels"]) == ([0], [[0.5, 1.0, "BAD_x", True]], ["Cz*", "Pz"])


def test_lines_of_equal_scores_are_dashed_below_zero() -> None:
    scores = np.linspace(-1, 1, 32)
    view = head(
        BIOSEMI32, POSITIONS, scores, scale=diverging(scores, label="t"), contours=True, marks=Marks(invented=(2,))
    )
    header, arrays = unpack(view.payload)
    assert set(header["dashed"]) == {True, False}
    assert arrays["lengths"].sum() == len(arrays["contours"].reshape(-1, 2))
    assert header["invented"] == [2]
