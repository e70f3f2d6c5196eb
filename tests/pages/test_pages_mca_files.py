"""Recordings as researchers have them on the page: refused with all in sight, asked for, marked, and contrasted."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

sys.path.insert(0, str(Path(__file__).parents[1] / "data"))
from recordings import dreamer_of, edf, mat, noise
from systems import xdf
from test_pages_mca import npz, opened, said, told

from tests.apps import unfolded
from tests.pages.test_pages import turned
from xviz.core.sample import BIOSEMI32
from xviz.data.eeg import datasets
from xviz.models import eeg_power
from xviz.ui.eeg import events

CHAIN = ("FP1-F7", "F7-T7", "T7-P7", "P7-O1", "FP2-F8", "F8-T8", "T8-P8", "P8-O2")


def brought(at: AppTest, *files: tuple[str, bytes]) -> AppTest:
    at.file_uploader(key="eeg.file").set_value([(name, data, "application/octet-stream") for name, data in files])
    return at.run()


def test_a_bipolar_recording_is_refused_with_its_traces_and_shown_as_it_is() -> None:
    at = brought(opened(), ("chb01_03.edf", edf(noise(8, 40, 256), CHAIN, 256)))
    assert "This recording is bipolar" in told(at)
    assert "rename" not in told(at).lower()
    assert "Rate: 256 Hz" in said(at), "notes survive a refusal"
    listed = next(frame.value for frame in at.dataframe if "what" in frame.value)
    assert (listed["what"] == "bipolar, not used").sum() == 8
    at.button(key="eeg.native").click().run()
    assert not at.exception
    assert not at.error, told(at)
    assert "No network answers here" in said(at)
    assert [metric.label for metric in at.metric] == [
        "Most attention received, DE to PSD", "Most attention received, PSD to DE",
    ]  # fmt: skip


def test_of_a_large_dreamer_the_subject_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "LARGE", 10**6)
    at = opened()
    at.radio(key="montage").set_value("native montage").run()
    at = brought(at, ("DREAMER.mat", mat(DREAMER=dreamer_of(3))))
    assert at.selectbox(key="subject").options == ["subject 1", "subject 2", "subject 3"]
    at.selectbox(key="subject").set_value(2).run()
    assert not at.error, told(at)
    assert "The file holds 3 subjects: subject 3 was read" in said(at)
    assert at.selectbox(key="trial").options[1].startswith("subject 3, film 2 (valence 2.0")


def test_a_rate_that_no_file_says_is_asked_for_and_never_guessed() -> None:
    signal = noise(32, 40)
    rows = [",".join(BIOSEMI32), *(",".join(f"{v:.2f}" for v in column) for column in signal.T)]
    at = brought(opened(), ("table.csv", "\n".join(rows).encode()))
    assert "does not say its sampling rate" in told(at)
    assert at.number_input(key="rate").value is None
    at.number_input(key="rate").set_value(128.0).run()
    assert not at.error, told(at)
    assert "Rate: 128 Hz, as chosen" in said(at)


def test_what_a_file_marks_is_honoured_and_the_headline_is_the_attention() -> None:
    signal = noise(32, 70)
    signal[:, 1280:1300] = np.nan
    at = brought(opened(), ("marked.npz", npz(signal, bads=np.array(["C3"]), reference="CPz", unit="µV")))
    assert not at.error, told(at)
    assert "Left out by default: not numbers, 10–10.16 s" in said(at)
    assert "Recorded against CPz" in said(at)
    assert "1 marked bad in the file" in " ".join(expander.label for expander in at.expander)
    assert [metric.label.split(",")[0] for metric in at.metric] == ["Most attention received"] * 2
    assert "It knows simulated brains only" in said(at)


@pytest.mark.parametrize("quantity", ["power", "attention"])
def test_two_labels_of_events_are_contrasted(quantity: str) -> None:
    signal = noise(32, 40)
    marks = [(at, "left" if at % 8 else "right") for at in range(4, 36, 4)]
    at = brought(opened(), ("events.xdf", xdf(signal, BIOSEMI32, 128.0, marks)))
    assert not at.error, told(at)
    turned(at, "Events")
    at.selectbox(key="event").set_value("left")
    at.selectbox(key="event quantity").set_value(quantity)
    at.selectbox(key="event minus").set_value("right").run()
    assert not at.exception
    assert not at.error, told(at)
    assert "4 against 4 observations" in said(at)


def test_channels_as_they_are_can_be_left_out_down_to_two() -> None:
    """A click on a name leaves one out too, so that the list of channels must hold as many."""
    at = opened()
    at.radio(key="montage").set_value("native montage").run()
    at = brought(at, ("nine.npz", npz(noise(9, 40), channels=tuple(f"E{i}" for i in range(9)))))
    assert not at.error, told(at)
    at.session_state["mca.masked"] = (0, 1)
    at.run()
    assert not at.exception
    assert not at.error, told(at)
    unfolded(at, "channels")
    left_out = next(select for select in at.multiselect if select.label == "Leave electrodes out")
    assert left_out.value == ["E0", "E1"]
    assert left_out.proto.max_selections == 7
    left_out.set_value([f"E{i}" for i in range(7)]).run()
    assert not at.error, told(at)
    assert at.session_state["mca.masked"] == tuple(range(7))


def test_a_click_computes_no_spectrum_and_no_epoch_again(monkeypatch: pytest.MonkeyPatch) -> None:
    signal = noise(32, 41)
    at = brought(opened(), ("events.xdf", xdf(signal, BIOSEMI32, 128.0, [(4, "left"), (9, "right"), (14, "left")])))
    assert not at.error, told(at)

    def again(*_: object, **__: object) -> None:
        raise AssertionError("computed again")

    for name in ("band_power", "compare", "picture", "attention_of"):
        monkeypatch.setattr(eeg_power, name, again)
    monkeypatch.setattr(events, "epochs", again)
    at.selectbox(key="band").set_value("gamma").run()
    at.session_state["mca.masked"] = (14,)
    at.run()
    assert not at.error, told(at)
