"""What nobody expected becomes a sentence with a number; the log has the place and nothing of the visitor's."""

from __future__ import annotations

import logging
import re

import pytest
from streamlit.testing.v1 import AppTest

from xviz.core.errors import SampleError
from xviz.core.sample import Regions
from xviz.data import picture
from xviz.ui import inputs, net
from xviz.ui.eeg import bring
from xviz.ui.views import sound as views_sound

SECRET = "Mrs Miller, born 1950"


def failing() -> None:
    raise KeyError(SECRET)


def test_a_readers_own_failure_is_a_sentence_and_a_line_without_the_visitors_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR, "xviz"), pytest.raises(SampleError) as told, net.reading("miller.edf"):
        failing()
    number = re.search(r"error ([0-9a-f]{8})", str(told.value))
    assert str(told.value).startswith("miller.edf could not be read")
    assert SECRET not in str(told.value)
    assert number is not None
    assert f"error {number[1]}: KeyError at test_net.py:" in caplog.text
    assert "failing" in caplog.text
    assert "Miller" not in caplog.text
    assert "miller" not in caplog.text


def test_our_own_sentences_pass() -> None:
    with pytest.raises(SampleError, match=r"^as it is$"), net.reading("a"):
        raise SampleError("as it is")


def _page() -> None:
    from xviz.ui import page

    with page.told():
        raise ValueError("Mrs Miller, born 1950")


def test_a_page_that_fails_says_a_number_and_nothing_of_the_error() -> None:
    shown = AppTest.from_function(_page).run(timeout=60)
    assert not shown.exception
    assert re.search(r"error [0-9a-f]{8}", shown.error[0].value)
    assert "Miller" not in shown.error[0].value


@pytest.mark.parametrize("error", [RuntimeError, MemoryError, RecursionError, AssertionError, UnicodeDecodeError])
def test_whatever_a_sound_reader_raises_is_caught(monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    def raising(*_: object, **__: object) -> None:
        raise error("utf-8", b"x", 0, 1, "no") if error is UnicodeDecodeError else error("no")

    monkeypatch.setattr(views_sound, "outline", raising)
    with pytest.raises(SampleError, match="a way that xviz does not know"):
        views_sound._outline(f"{error}", 0.0, None, "a.wav", b"")


def test_whatever_a_reader_of_recordings_or_of_parts_raises_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def raising(*_: object, **__: object) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(bring, "open_eeg", raising)
    monkeypatch.setattr(bring, "overview_of", raising)
    monkeypatch.setitem(inputs.KINDS, Regions, inputs.Kind("regions", ("npz",), raising))
    files = (bring.File("a.edf", b""),)
    for reading in (
        lambda: bring._opened("raising", None, None, 0, "keep", files),
        lambda: bring.overview("raising", files),
        lambda: inputs._read("regions", "raising", (("a.npz", b""),)),
    ):
        with pytest.raises(SampleError, match="a way that xviz does not know"):
            reading()


def test_whatever_pillow_raises_is_a_damaged_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    def raising(*_: object) -> None:
        raise RuntimeError("of a decoder")

    monkeypatch.setitem(picture._READERS, "PNG", raising)
    with pytest.raises(SampleError, match="This PNG file is damaged or cut short"):
        picture.read_picture(b"\x89PNG\r\n\x1a\n" + bytes(60))
