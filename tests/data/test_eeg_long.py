"""What is cut out of long recordings: all of the stretch that is asked for, whatever the format."""

from __future__ import annotations

import numpy as np
import pytest
import recordings

from xviz.data.eeg import formats
from xviz.data.eeg.clock import read_clock
from xviz.data.eeg.read import Stretch, open_eeg
from xviz.data.eeg.tables import read_csv

NAMES = list(recordings.NAMES[:8])


def test_all_of_a_long_stretch_of_edf_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "PART_VALUES", 8 * 4 * 128)  # 4 s of eight channels
    whole = recordings.edf(recordings.noise(seconds=20.0)[:8], NAMES)
    opened = open_eeg(whole, name="a.edf", part=Stretch(2.0, 10.0))
    assert opened.recordings[0].seconds == pytest.approx(10.0)


def test_a_clock_with_a_gap_and_an_empty_cell_keeps_its_rows_in_order() -> None:
    times = np.arange(1000) / 128
    times[500:] += 4.0
    rows = [f"{time:.6f},{value:.3f},{-value:.3f}" for time, value in zip(times, np.sin(times), strict=True)]
    rows[100] = "," + rows[100].partition(",")[2]
    raw = read_csv(("time,Fp1,Fp2\n" + "\n".join(rows) + "\n").encode(), None)
    assert raw.signals[0].shape == (2, 1000)
    assert raw.rate == pytest.approx(128)
    clock, _ = read_clock(("time",), (times,))
    assert clock is not None
    assert clock.at is not None, "without the empty cell the gap is known"
