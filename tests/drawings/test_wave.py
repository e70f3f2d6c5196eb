"""What the waveform sends, and what a pick on it means."""

from __future__ import annotations

import numpy as np
import pytest

from xviz.drawings import wave
from xviz.drawings.payload import unpack


def test_the_player_gets_sound_spans_and_edges() -> None:
    view = wave.wave([-0.5, 0.0], [0.2, 0.9], (3.0, 4.6), audio=b"RIFF", player="p", spans=[(3.1, 3.4, "two")])
    header, _ = unpack(view.payload)
    assert (header["start"], header["end"], header["player"]) == (3.0, 4.6, "p")
    assert header["spans"] == [[3.1, 3.4, "two"]]
    arrays = unpack(view.still)[1]
    assert arrays["audio"].tobytes() == b"RIFF"
    np.testing.assert_allclose(arrays["high"], [0.2, 0.9], atol=1e-6)
    assert "peak 0.9" in view.alt
    assert "two: 3.1–3.4 s" in view.alt


def test_a_stretch_can_begin_wherever_it_still_fits() -> None:
    view = wave.stretch([-1] * 9, [1] * 9, (0, 10), at=9.9, length=1.6, step=0.1)
    header, _ = unpack(view.payload)
    assert view.shape == (85,)
    assert header["selected"] == 84, "the last place at which it fits"
    assert view.resolve(84) == 84
    assert view.resolve(85) is None
    assert wave.stretch([0], [0], (0, 1), at=0, length=1.6, step=0.1).shape == (1,)


def test_eight_hours_can_be_picked_in() -> None:
    view = wave.stretch([0] * 5, [0] * 5, (0, 28_800), at=100, length=1.6, step=14.4)
    assert view.shape == (2000,)
    assert len(view.payload) < 2000


def test_unequal_sides_are_refused() -> None:
    with pytest.raises(ValueError, match="high"):
        wave.wave([0, 0], [0], (0, 1))
