"""Figures of the hard kinds, measured as drawn; `benchmarks/figures.py` does the same for all venues and samples."""

from __future__ import annotations

import io

import pytest
from matplotlib.text import Text
from pypdf import PdfReader

from tests.figures import hard
from xviz.figures.check import check
from xviz.figures.figure import Figure
from xviz.figures.sides import Group, Side
from xviz.figures.strongest import matrix_figure
from xviz.figures.style import PRESETS

NARROW, WIDE = PRESETS["nature-single"], PRESETS["cvpr-double"]


def passes(figure: Figure, cut: bool = False) -> None:
    """No text overlaps, no title is cut, none is under 5 pt, nothing leaves the page, every glyph is there."""
    found = check(figure)
    assert not found.overlaps, found.sentences()
    assert not [mark for mark in found.cut if mark.title or not cut], found.sentences()
    assert not found.outside, found.sentences()
    assert not found.missing, found.sentences()
    assert found.smallest_pt >= 5


@pytest.mark.parametrize("name", ["100 words", "Arabic", "one letter", "Chinese", "Korean", "Hindi", "Thai"])
def test_sentences_of_any_length_and_script(name: str) -> None:
    passes(hard.matched(hard.SENTENCES[name], NARROW))


@pytest.mark.parametrize("name", ["hieroglyphs", "emoji"])
def test_signs_without_a_glyph_are_named_and_said(name: str) -> None:
    sentence = hard.WITHOUT[name]
    figure = hard.matched(sentence, WIDE)
    found = check(figure)
    assert set(found.missing) <= set(sentence)
    assert found.missing
    assert not found.overlaps
    assert not found.outside
    assert "no font here can draw" in figure.caption


def test_sixty_letters_without_a_break_are_cut_in_labels_alone() -> None:
    passes(hard.matched(hard.SENTENCES["long words"], NARROW), cut=True)


def test_four_methods_over_a_hundred_words() -> None:
    passes(hard.compared(hard.SENTENCES["100 words"], 4, NARROW))


def test_heads_of_128_channels() -> None:
    for _, figure in hard.heads_of(128, WIDE):
        passes(figure)


@pytest.mark.parametrize(("views", "methods", "upright"), [(12, 2, False), (2, 8, False), (12, 1, True)])
def test_many_views_and_methods(views: int, methods: int, upright: bool) -> None:
    passes(hard.views_of(views, methods, upright, NARROW))


@pytest.mark.parametrize("venue", ["nature-single", "springer-single"])
def test_names_of_sixty_characters(venue: str) -> None:
    for kind, figure in hard.named(40, PRESETS[venue]):
        passes(figure, cut=kind == "matrix" or venue == "springer-single")  # which is 5 mm narrower


def test_text_cells_and_bars_of_a_matrix_are_vectors_in_every_file(tmp_path) -> None:
    side = Side.of(Group([f"word{i}" for i in range(8)], "words"), Group([""] * 20, "regions", all=False))
    figure = matrix_figure(hard.softmax(28, 28), (side, side), hard.ORIGIN, title="a", quadrants=True, preset=WIDE)
    assert "<image" not in figure.to_bytes("svg").decode()
    (tmp_path / "a.pdf").write_bytes(pdf := figure.to_bytes("pdf"))
    page = PdfReader(tmp_path / "a.pdf").pages[0]
    assert not page.images
    assert "Attention weight, each block on its own limits" in page.extract_text().replace("\n", " ")
    assert not check(figure, pdf).type3


def test_further_scripts_are_text_in_pdf_and_svg_and_outlines_in_eps() -> None:
    figure = hard.matched(hard.SENTENCES["Korean"], NARROW)
    assert "고양이가" in PdfReader(io.BytesIO(figure.to_bytes("pdf"))).pages[0].extract_text()
    assert "고양이가" in figure.to_bytes("svg").decode()
    content = figure.to_bytes("eps")
    assert b"Droid" not in content
    assert b"DejaVu" in content
    assert not any(text.get_path_effects() for text in figure.drawing.findobj(Text))
