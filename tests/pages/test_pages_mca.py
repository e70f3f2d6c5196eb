"""The EEG page does what it says, without a browser."""

from __future__ import annotations

import io
import re
import tomllib
from pathlib import Path

import mne
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tests.apps import unfolded
from tests.pages.test_pages import turned
from xviz.core.sample import BIOSEMI32
from xviz.data.eeg import formats
from xviz.data.eeg.checks import LIMIT_BYTES
from xviz.data.shipped import samples
from xviz.drawings.payload import unpack
from xviz.drawings.traces import traces
from xviz.ui.eeg.bring import LIMIT_MB

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def shared() -> AppTest:
    """The page as it opens, for tests that change nothing."""
    return opened()


def opened(tab: str = "") -> AppTest:
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300).run()
    if tab:
        at.session_state["tabs"] = tab
    return at.switch_page("pages/mca.py").run()


def told(at: AppTest) -> str:
    return " ".join(error.value.replace("\\", "") for error in at.error)


def said(at: AppTest) -> str:
    return " ".join(part.value.replace("\\", "") for part in [*at.caption, *at.markdown, *at.info, *at.warning])


def value(metric) -> float:
    return float(re.search(r"\((.*)\)", metric.value)[1].replace("−", "-"))


def npz(signal: np.ndarray, rate: float = 128.0, channels: tuple[str, ...] = BIOSEMI32, **more: object) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, signal=signal, rate=rate, channels=np.array(channels), **more)  # type: ignore[arg-type]
    return file.getvalue()


def noise(seconds: float = 40.0, rate: float = 128.0, channels: int = 32) -> np.ndarray:
    return 10 * np.random.default_rng(0).standard_normal((channels, round(seconds * rate))).astype(np.float32)


def with_file(name: str, content: bytes) -> AppTest:
    at = opened()
    at.file_uploader(key="eeg.file").set_value((name, content, "application/octet-stream"))
    return at.run()


# what is shown


def test_the_page_opens_with_a_simulated_recording_and_says_so(shared: AppTest) -> None:
    assert not shared.exception
    assert not shared.error, told(shared)
    assert "No brain was recorded" in said(shared)
    assert "no learned weights" in said(shared)
    assert [metric.label.split(",")[0] for metric in shared.metric] == ["Valence", "Arousal"]
    assert "Whole recording" not in {expander.label for expander in shared.expander}  # a minute is all of it


def test_what_was_measured_is_on_the_page() -> None:
    at = unfolded(opened("Trust"), "measured")
    for words in ("**leaks**", "t-test of band power", "Real recordings"):
        assert words in said(at)


def test_a_real_recording_says_that_the_model_knows_simulated_ones_only() -> None:
    at = opened()
    real = next(one.title for one in samples("mca") if one.kind == "real")
    at.selectbox(key="recording").set_value(real).run()
    assert not at.error, told(at)
    assert "trained on simulated recordings only" in said(at)
    assert "32 of 32 electrodes found" in " ".join(expander.label for expander in at.expander)
    assert "32 channels not used" in " ".join(expander.label for expander in at.expander)


def test_bands_directions_and_methods_answer() -> None:
    at = opened()
    for band in ("mean of the bands", "gamma"):
        at.selectbox(key="band").set_value(band).run()
        assert not at.error, told(at)
    at.segmented_control(key="direction").set_value("psd_to_de").run()
    assert not at.error, told(at)
    at.selectbox(key="against").set_value("received").run()
    assert not at.error, told(at)
    turned(at, "Differences")
    at.segmented_control(key="difference").set_value("two outputs").run()
    at.segmented_control(key="difference").set_value("two directions").run()
    assert not at.exception
    assert not at.error, told(at)


def test_older_links_are_followed() -> None:
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300).run()
    at.query_params["direction"] = "PSD asks DE"
    at.query_params["difference"] = "two answers"
    at.session_state["tabs"] = "Differences"
    at.switch_page("pages/mca.py").run()
    assert not at.error, told(at)
    assert at.segmented_control(key="direction").value == "psd_to_de"
    assert at.segmented_control(key="difference").value == "two outputs"


def test_a_window_has_its_own_answer() -> None:
    at = opened()
    before = [value(metric) for metric in at.metric]
    at.select_slider(key="window").set_value("9–12 s").run()
    assert at.metric[0].label == "Valence, 9–12 s"
    assert [value(metric) for metric in at.metric] != before


def test_what_takes_longer_is_done_when_asked_for() -> None:
    at = opened("Electrode × band × second")
    at.button(key="eeg.cells").click().run()
    assert not at.error, told(at)
    maps = next(frame.value for frame in at.dataframe if "map" in frame.value)
    assert {"Integrated gradients", "Leave one cell out", "Attention received"} <= set(maps["map"])
    assert maps["rank correlation with “Attention received”"].iloc[0] == "+1.00"
    turned(at, "Trust")
    at.button(key="eeg.replace").click().run()
    assert [len(frame.value) for frame in at.dataframe if "weights" in frame.value] == [3]
    at.button(key="eeg.measure").click().run()
    assert "Area under the curve" in said(at)
    turned(at, "Figure")
    at.selectbox(key="eeg.figure").set_value("heads").run()
    at.toggle(key="eeg.preview").set_value(True).run()
    assert not at.exception
    assert not at.error, told(at)
    assert "Montage: 10–20 system" in said(at)
    assert "alpha 8–13 Hz" in said(at)


def test_hiding_an_electrode_changes_the_answer_and_can_be_undone() -> None:
    at = opened("What if")
    at.session_state["mca.masked"] = (14, 15)
    at.run()
    assert not at.error, told(at)
    assert "Hidden: Oz, Pz" in said(at)
    changed = [metric.delta for metric in at.metric]
    assert any(float(delta.replace("−", "-")) != 0 for delta in changed)
    at.button(key="eeg.show").click().run()
    assert not at.metric[0].delta


def test_bad_electrodes_are_left_out_in_the_table_of_channels() -> None:
    at = unfolded(opened("What if"), "channels")
    before = [value(metric) for metric in at.metric]
    left_out = next(select for select in at.multiselect if select.label == "Leave electrodes out")
    left_out.set_value(["Fp1", "T7"]).run()
    assert not at.error, told(at)
    assert [value(metric) for metric in at.metric] != before
    assert "Hidden: Fp1, T7" in said(at)
    at.button(key="eeg.show").click().run()
    assert [value(metric) for metric in at.metric] == before
    assert next(select for select in at.multiselect if select.label == "Leave electrodes out").value == []


def test_traces_are_filtered_for_the_eye_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[np.ndarray, float]] = []

    def watched(names, signal, rate, **more):
        drawn.append((unpack(signal.still)[1]["samples"].reshape(signal.shape), rate))
        return traces(names, signal, rate, **more)

    monkeypatch.setattr("xviz.ui.eeg.signals.traces.traces", watched)
    at = unfolded(opened(), "fold traces True")
    outputs = [value(metric) for metric in at.metric]
    at.selectbox(key="traces filter").select("Alpha, 8–14 Hz").run()
    assert not at.error, told(at)
    assert [value(metric) for metric in at.metric] == outputs
    (before, rate), (after, same) = drawn[0], drawn[-1]
    assert rate == same
    hertz = np.fft.rfftfreq(before.shape[1], 1 / rate)
    kept = np.abs(np.fft.rfft(after)) / np.abs(np.fft.rfft(before))
    assert np.median(kept[:, (hertz > 9) & (hertz < 13)]) == pytest.approx(1, abs=0.05)
    assert np.median(kept[:, (hertz > 1) & (hertz < 5)]) < 0.01
    assert np.median(kept[:, (hertz > 20) & (hertz < 40)]) < 0.01


# what people bring


def test_an_own_recording_with_other_names_and_a_flat_channel() -> None:
    names = (*("EEG T3-Ref" if name == "T7" else name for name in BIOSEMI32[:-1]), "STATUS")
    signal = noise()
    signal[3] = 7.0
    at = with_file("mine.npz", npz(signal, channels=names))
    assert not at.error, told(at)
    told_ = " ".join(expander.label for expander in at.expander)
    for words in (
        "1 under another name",
        "1 missing",
        "1 flat or broken",
        "2 interpolated from their neighbours",
        "1 channel not used",
    ):
        assert words in told_
    at.radio(key="missing").set_value("leave out").run()
    assert not at.error, told(at)
    assert "Left out, no signal: F7, O2" in said(at)


REFUSED = {
    "short": ("a.npz", npz(noise(1.0)), "reads 60 s, and at least 30 s; this recording has 1 s"),
    "slow": ("a.npz", npz(noise(40, 80.0), 80.0), "more than 90 samples a second; this one has 80"),
    "unknown names": ("a.npz", npz(noise(), channels=tuple(f"E{i}" for i in range(32))), "say no electrode of the"),
    "cut": ("a.npz", npz(noise())[:4000], "NPZ is damaged"),
    "hostile": ("a.dat", b"cos\nsystem\n(S'true'\ntR.", "asks Python to use “os.system”"),
    "no edf": ("a.edf", b"words" * 100, "header of this EDF file is damaged"),
}


def test_the_unit_is_found_and_what_cannot_be_read_is_refused_in_words() -> None:
    """One visit: a recording in volts under a name that is HTML, files that cannot be read, and the first again."""
    at = opened()
    upload = at.file_uploader(key="eeg.file")
    good = ("<img src=x onerror=alert(1)>.npz", npz(noise() * 1e-6), "application/octet-stream")
    at = upload.set_value(good).run()
    assert not at.error, told(at)
    assert "taken as V" in said(at)
    for case, (name, content, words) in REFUSED.items():
        at = at.file_uploader(key="eeg.file").set_value((name, content, "application/octet-stream")).run()
        assert not at.exception, case
        assert words in told(at), (case, told(at))
        assert len(told(at)) > 40, "a refusal says what to do"
    at = at.file_uploader(key="eeg.file").set_value(good).run()
    assert not at.error, "nothing is lost"
    at.selectbox(key="unit").set_value("mV").run()
    assert "taken as mV, as chosen" in said(at)


def test_a_stretch_of_a_long_recording_is_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stretches of equal signals too: what is said is that of the stretch."""
    monkeypatch.setattr(formats, "PART_VALUES", 32 * 128 * 40)
    raw = mne.io.RawArray(np.tile(noise(40), 2) * 1e-6, mne.create_info([*BIOSEMI32], 128.0, "eeg"), verbose="ERROR")
    raw.save(tmp_path / "long_raw.fif", verbose="ERROR")
    at = with_file("long_raw.fif", (tmp_path / "long_raw.fif").read_bytes())
    assert not at.error, told(at)
    assert "The recording is long, 0:01:20: the stretch from 0:00:00 on was read" in said(at)
    start = next(slider for slider in at.slider if slider.label == "Start of the stretch, s")
    start.set_value(40.0).run()
    assert not at.error, told(at)
    assert "the stretch from 0:00:40 on was read" in said(at)
    assert "Unit: V, as the file says" in said(at)


def test_every_figure_can_be_looked_at() -> None:
    at = opened("Figure")
    at.toggle(key="eeg.preview").set_value(True).run()
    for kind, words in (("heads", "Attention that each electrode receives"), ("given", "gives to all others")):
        at.selectbox(key="eeg.figure").set_value(kind).run()
        assert not at.error, told(at)
        assert words in said(at)
        assert "8–13 Hz" in said(at)


def test_a_difference_names_its_unit() -> None:
    at = opened("Differences")
    for quantity, unit in (("psd", "difference in dB"), ("de", "difference in log₁₀ µV"), ("read", "difference")):
        at.selectbox(key="quantity").set_value(quantity).run()
        assert not at.error, told(at)
        assert any(unit in frame.value.columns for frame in at.dataframe), unit


def test_the_server_takes_what_the_pages_offer() -> None:
    """Streamlit refuses larger files before a page sees them, whatever the page's own limit."""
    limit = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["server"]["maxUploadSize"]
    offered = [LIMIT_MB]
    for path in (ROOT / "xviz" / "ui").rglob("*.py"):
        offered += [int(found) for found in re.findall(r"megabytes=(\d+)", path.read_text(encoding="utf-8"))]
    assert len(offered) >= 3
    assert max(offered) <= limit
    assert LIMIT_MB << 20 <= LIMIT_BYTES
