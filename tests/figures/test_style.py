"""Presets, characters, and the lock around matplotlib's settings."""

from __future__ import annotations

import threading

import matplotlib as mpl
import pytest
from matplotlib.font_manager import findfont

from xviz.figures.style import BOX, FONT, PRESETS, drawable, drawing, missing


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_presets_name_their_source_and_keep_text_readable(preset):
    assert preset.source
    assert preset.seen.startswith("20")
    assert preset.small_pt >= 5
    assert preset.max_height_mm is None or preset.max_height_mm > preset.width_mm / 2
    if preset.venue.startswith("Nature"):
        assert preset.text_pt <= 7  # the guide's upper limit


def test_widths_are_those_of_the_venues():
    widths = {key: round(preset.width_mm, 3) for key, preset in PRESETS.items()}
    assert widths == {
        "nature-single": 89, "nature-double": 183, "ieee-single": 88.9, "ieee-double": 181.864, "cvpr-single": 82.55,
        "cvpr-double": 174.625, "neurips": 139.7, "lncs": 122, "icml-single": 82.55, "icml-double": 171.45,
        "aaai-single": 83.82, "aaai-double": 177.165, "acl-single": 77, "acl-double": 160, "tmlr": 165.1,
        "pnas-single": 87, "pnas-middle": 114, "pnas-double": 178, "elsevier-single": 90, "elsevier-middle": 140,
        "elsevier-double": 190, "springer-single": 84, "springer-double": 174,
    }  # fmt: skip


def test_drawing_ignores_and_restores_the_settings_of_the_process(monkeypatch):
    monkeypatch.setitem(mpl.rcParams, "font.size", 33)
    with drawing():
        assert mpl.rcParams["font.size"] == mpl.rcParamsDefault["font.size"]
        assert mpl.rcParams["pdf.fonttype"] == 42
    assert mpl.rcParams["font.size"] == 33
    assert mpl.rcParams["pdf.fonttype"] == mpl.rcParamsDefault["pdf.fonttype"]


def test_drawing_restores_after_an_error():
    before = dict(mpl.rcParams)
    with pytest.raises(KeyError), drawing():
        raise KeyError
    assert dict(mpl.rcParams) == before


def test_one_thread_draws_at_a_time():
    seen, inside = [], threading.Event()

    def other():
        inside.set()
        with drawing():
            seen.append("other")

    with drawing():
        thread = threading.Thread(target=other)
        thread.start()
        assert inside.wait(5)
        thread.join(0.2)
        seen.append("first")
    thread.join(5)
    assert seen == ["first", "other"]


def test_the_font_comes_with_matplotlib():
    assert findfont(FONT).startswith(mpl.get_data_path())


@pytest.mark.parametrize(
    ("text", "shown", "count"),
    [
        ("cat", "cat", 0),
        ("日本の猫, 고양이, 猫坐在垫子上", "日本の猫, 고양이, 猫坐在垫子上", 0),
        ("बिल्ली বিড়াল பூனை పిల్లి แมว", "बिल्ली বিড়াল பூனை పిల్లి แมว", 0),
        ("𓀀🐈", BOX * 2, 2),
        ("שלום", "שלום", 0),
        ("cafe\u0301", "café", 0),
        ("a\nb\x00", f"a b{BOX}", 1),
        ("😀\ufe0f\u200d", "😀", 0),
        ("\U0001fae0", BOX, 1),
        ("\ud800", BOX, 1),
        ("□ stays", "□ stays", 0),
        ("\u202eevil", "evil", 0),
    ],
)
def test_characters_without_a_glyph_become_boxes_and_are_counted(text, shown, count):
    assert drawable(text) == shown
    assert missing(text) == count
