"""Tables as spreadsheets and devices write them: one signal, its names and its rate, whatever stands around them."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

from xviz.core.errors import SampleError
from xviz.data.eeg.names import parts
from xviz.data.eeg.naming import naming
from xviz.data.eeg.read import RateUnknown, open_eeg, read_eeg

RATE, NAMES = 128, ("Fp1", "C3", "O1", "O2")
SIGNAL = np.round(8 * np.random.default_rng(3).standard_normal((4, 12 * RATE)))
START = np.datetime64("2024-05-06T23:59:55.000000")


def seconds(i: int) -> str:
    return f"{i / RATE:.7f}"


def stamp(i: int) -> str:
    return str(START + np.timedelta64(round(1e6 * i / RATE), "us"))


def table(
    time: Callable[[int], str] | None = seconds,
    first: str = "time",
    mark: str = ",",
    decimals: str = ".",
    head: str = "",
    end: str = "",
    names: tuple[str, ...] = NAMES,
    below: str = "",
    quote: str = "",
    scale: float = 1.0,
) -> bytes:
    """A table: ``end`` stands behind every row of numbers, ``head`` above the names and ``below`` under them."""
    lines = [mark.join([*[first] * (time is not None), *names])]
    for i, row in enumerate(SIGNAL.T * scale):
        values = [f"{quote}{value:.9g}{quote}" if value % 1 else f"{quote}{value:.1f}{quote}" for value in row]
        cells = [*([f"{quote}{time(i)}{quote}"] if time else []), *(value.replace(".", decimals) for value in values)]
        lines.append(mark.join(cells) + end)
    return (head + "\n".join([lines[0], *([below] if below else []), *lines[1:]]) + "\n").encode()


OPENBCI = "%OpenBCI Raw EEG Data\n%Number of channels = 4\n%Sample Rate = 128.0 Hz\n"
#: how a table is written → its bytes
READ: dict[str, Callable[[], bytes]] = {
    "a comma at the end of every row": lambda: table(end=","),
    "a semicolon at the end of every row": lambda: table(mark=";", end=";"),
    "a line of units": lambda: table(below="s,uV,uV,uV,uV"),
    "a number of samples above": lambda: table(head="# Samples: 1536\n"),
    "a rate with its unit in brackets": lambda: table(None, head="# Sampling rate (Hz): 128\n"),
    "a sampling interval": lambda: table(None, head="# SamplingInterval: 7812.5 us\n"),
    "settings as a table of their own": lambda: table(None, mark=";", head="Sampling Frequency;128\nChannels;4\n"),
    "decimal commas beside points of a stamp": lambda: table(lambda i: f"{i / RATE:.7f}", mark=";", decimals=","),
    "decimal commas in quotes": lambda: table(lambda i: seconds(i).replace(".", ","), decimals=",", quote='"'),
    "a day with points": lambda: table(lambda i: f"{'06' if i < 640 else '07'}.05.2024 {stamp(i)[11:]}", "Datum"),
    "a day with strokes, and PM": lambda: table(lambda i: f"5/6/2024 11:30:{i / RATE:09.6f} PM", "Time"),
    "a stamp with its zone apart": lambda: table(lambda i: stamp(i).replace("T", " ") + " +0200", "Time"),
    "UTF-16 without its mark": lambda: table().decode().encode("utf-16-le"),
    "whole seconds": lambda: table(lambda i: str(1_700_000_000 + i // RATE), "timestamp"),
    "OpenBCI of 2018": lambda: (OPENBCI + "".join(
        f"{i % 256}, " + ", ".join(f"{v:.2f}" for v in column) + ", 0.0, 0.0\n" for i, column in enumerate(SIGNAL.T)
    )).encode(),
}  # fmt: skip


@pytest.mark.parametrize("case", READ)
def test_a_table_is_read_whatever_stands_around_it(case: str) -> None:
    eeg = read_eeg(READ[case](), name="a.csv")
    assert (len(eeg.channels), eeg.rate) == (4, RATE)
    assert np.array_equal(eeg.signal, SIGNAL)
    if "OpenBCI" not in case:
        assert naming(eeg.channels).electrodes == ("FP1", "C3", "O1", "O2")
        assert eeg.reference == ""


def test_times_of_day_go_on_after_midnight_and_minutes_after_the_hour() -> None:
    for time in (
        lambda i: stamp(i)[11:],
        lambda i: f"{59 * (i < 640):02d}:{(55 + i / RATE) % 60:06.3f}",
    ):
        eeg = read_eeg(table(time, "Time"), name="a.csv")
        assert (eeg.rate, eeg.seconds) == (RATE, 12)
        assert not any("backwards" in warning for warning in eeg.warnings)


def test_a_line_of_units_says_the_unit() -> None:
    made = open_eeg(table(below="s,mV,mV,mV,mV", scale=1e-3), name="a.csv")
    assert made.unit == "mV"
    assert "Unit: mV, as the file says." in made.recordings[0].notes
    volts = open_eeg(table(names=tuple(f"{name} (V)" for name in NAMES), scale=1e-6), name="a.csv")
    assert (volts.unit, volts.recordings[0].reference) == ("V", "")  # the V in brackets is no reference
    assert parts("Fp1 (V)") == ("FP1", "")


def test_a_rate_above_that_the_clock_contradicts_is_warned_of() -> None:
    eeg = read_eeg(table(head="# Sampling rate: 250 Hz\n"), name="a.csv")
    assert eeg.rate == 250
    assert any("say 250 Hz, which was taken; the column “time” tells 128 Hz" in warning for warning in eeg.warnings)
    assert not read_eeg(table(head="# Sampling rate: 128 Hz\n"), name="a.csv").warnings


def test_a_gap_counts_where_the_rate_stands_above_too() -> None:
    gap = table(lambda i: f"{i / RATE + 5 * (i >= 640):.7f}", head="# Sampling rate: 128 Hz\n")
    eeg = read_eeg(gap, name="a.csv")
    assert eeg.seconds == 17
    assert np.isnan(eeg.signal[:, 640:1280]).all()
    assert any("leaves out 5 s" in warning for warning in eeg.warnings)


def test_what_a_headset_computes_is_no_channel() -> None:
    names = "timestampMs,poorSignal,eegRawValue,eegRawValueVolts,attention,meditation,blinkStrength,lowBeta,midGamma"
    rows = (f"{1.7e12 + i * 1000 / 512:.3f},0,{i * 7 % 37},{i * 7 % 37 * 2e-7:.9f},50,40,0,2,3" for i in range(2000))
    eeg = read_eeg("\n".join([names, *rows, ""]).encode(), name="a.csv")
    assert (eeg.channels, eeg.rate) == (("eegRawValue",), 512)


#: fault → bytes, and words of the cause
REFUSED = {
    "turned round": (
        ("\n".join(f"{n}," + ",".join(f"{v:.0f}" for v in row) for n, row in zip(NAMES, SIGNAL, strict=True))).encode(),
        "each line is a channel. Turn it round"),
    "thousands": (
        ("time;Cz;Pz\n" + "".join(f"4,{i:03d}.5;4,{i:03d}.5;4,1{i % 90:02d}.5\n" for i in range(300))).encode(),
        "marks between thousands; this one has “4,000.5”"),
    "a column that is no time": (table(lambda i: f"sample {i}", "Time"),
        "“Time” cannot be read as a time (“sample 0”)"),
    "samples are no rate": (table(None, head="% number of samples = 1536\n"), "does not say its sampling rate"),
}  # fmt: skip


@pytest.mark.parametrize("fault", REFUSED)
def test_the_cause_is_named(fault: str) -> None:
    data, words = REFUSED[fault]
    with pytest.raises(SampleError, match=re.escape(words)) as told:
        open_eeg(data, name="a.csv")
    assert isinstance(told.value, RateUnknown) == (fault in ("a column that is no time", "samples are no rate"))


def test_letters_of_any_language_stand_in_a_name() -> None:
    assert parts("O2 réf") == ("O2", "RÉF")
    assert naming(["EEG FP1-LER", "EEG O2-LER"]).reference == "linked ears"
