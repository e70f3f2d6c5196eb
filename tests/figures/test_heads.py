"""Topographies for paper: MNE's drawing in our figure, without pyplot."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.text import Text

from xviz.core.errors import ModelError
from xviz.core.explanation import Explanation
from xviz.core.provenance import Provenance
from xviz.core.sample import BIOSEMI32
from xviz.core.tokens import Electrodes
from xviz.data.eeg.channels import places
from xviz.draw.scalp import rim
from xviz.figures.figure import Figure, read_record
from xviz.figures.head import EDGE, Scalp
from xviz.figures.heads import heads_figure, row_figure
from xviz.figures.style import PRESETS

ORIGIN = Provenance("mca", "mca", "0" * 64, "sample", "1" * 64)
POSITIONS = np.stack([places()[name.upper()] for name in BIOSEMI32])
SCALP = Scalp(Electrodes("psd", BIOSEMI32, POSITIONS), "BioSemi cap, 32 electrodes", absent=(3,), credit="made up")
BANDS = ["theta\n4–7 Hz", "alpha\n8–13 Hz"]
RNG = np.random.default_rng(0)
TABLES = {"DE to PSD": RNG.random((32, 2)), "PSD to DE": RNG.random((32, 2))}


@pytest.mark.parametrize("preset", ["nature-single", "nature-double", "lncs"])
def test_heads_of_all_bands(preset: str) -> None:
    figure = heads_figure(SCALP, TABLES, BANDS, ORIGIN, preset=PRESETS[preset])
    assert figure.size_mm[0] == pytest.approx(PRESETS[preset].width_mm)
    assert not plt.get_fignums(), "nothing is left in pyplot"
    assert "alpha 8–13 Hz" in figure.caption
    assert "Montage: BioSemi cap, 32 electrodes" in figure.caption
    assert "took no part (F7)" in figure.caption
    assert len(heads(figure)) == 4
    assert "DE to PSD" in figure.alt


def test_a_head_shows_the_scores_at_its_electrodes() -> None:
    scores = np.zeros((32, 1))
    scores[BIOSEMI32.index("O2")] = 1.0
    figure = heads_figure(SCALP, {"one": scores}, ["alpha"], ORIGIN)
    (axes,) = heads(figure)
    drawn = axes.collections[0]
    shown = dict(zip(drawn.get_paths(), drawn.get_facecolors(), strict=True))
    for name, score in (("O2", 1.0), ("F3", 0.0), ("C4", 0.0)):
        place = SCALP.places[BIOSEMI32.index(name)]
        colours = [colour for path, colour in shown.items() if len(path) and path.contains_point(place)]
        wanted = drawn.get_cmap()(score)
        assert any(np.allclose(colour, wanted, atol=0.12) for colour in colours), name
    saved = figure.to_bytes("svg").decode()
    assert "<image" not in saved, "field and colour bar are vector graphics"


def test_names_stand_where_they_can_be_read() -> None:
    """Those of outer electrodes outside the field, in black on white; others inside with a rim of the other colour."""
    scores = np.linspace(0, 1, 32)
    explanation = Explanation({"psd": scores}, "received", "valence", "weight", False, ORIGIN)
    figure = row_figure(SCALP, explanation, np.full((32, 32), 1 / 32), direction="DE to PSD", band="alpha")
    (axes,) = heads(figure)
    labels = {text.get_text(): text for text in axes.texts}
    assert set(labels) == set(BIOSEMI32)
    for index, name in enumerate(BIOSEMI32):
        away = np.hypot(*SCALP.places[index])
        outside = np.hypot(*labels[name].get_position()) > rim(SCALP.places)
        assert outside == (away > EDGE), name
        assert labels[name].get_color() == "black" if outside else labels[name].get_path_effects(), name
        assert labels[name].get_fontsize() >= 5


def heads(figure: Figure) -> list:
    return [axes for axes in figure.drawing.axes if axes.get_aspect() == 1 and not axes.images]


def test_attention_given_away_has_limits_of_its_own() -> None:
    figure = heads_figure(SCALP, TABLES, BANDS, ORIGIN, what="Attention that each electrode gives", limits=(0.6, 1.0))
    assert "Attention that each electrode gives, DE to PSD, by band" in figure.caption
    assert "0.6" in figure.caption


@pytest.mark.parametrize("selected", [None, 14])
def test_a_row_with_its_matrix(selected: int | None) -> None:
    weights = RNG.dirichlet(np.ones(32), 32)
    links = [] if selected is None else [(14, 2, 0.4), (14, 9, 0.1)]
    scores = weights.mean(0) if selected is None else weights[selected]
    focus = None if selected is None else ("de", (selected,))
    explanation = Explanation({"psd": scores}, "look", "valence", "attention weight", False, ORIGIN, focus)
    more = {"direction": "DE to PSD", "band": "alpha, 8–13 Hz", "links": links}
    figure = row_figure(SCALP, explanation, weights, **more)
    assert ("Attention from Oz" in figure.caption) == (selected is not None)
    assert "8–13 Hz" in figure.caption
    for kind in ("pdf", "svg", "png"):
        content = figure.to_bytes(kind)
        assert read_record(content)["caption"] == figure.caption
        assert content == row_figure(SCALP, explanation, weights, **more).to_bytes(kind), "drawn twice, the same bytes"
    assert figure.size_mm[1] <= 170


def test_too_few_places_are_refused() -> None:
    nowhere = Scalp(Electrodes("psd", BIOSEMI32, np.full((32, 3), np.nan, np.float32)), "unknown")
    with pytest.raises(ModelError, match="needs 4 electrodes whose place is known; here are 0"):
        heads_figure(nowhere, TABLES, BANDS, ORIGIN)
    with pytest.raises(ModelError, match="32 electrodes and 3 bands"):
        heads_figure(SCALP, TABLES, [*BANDS, "beta"], ORIGIN)


def test_interpolated_electrodes_are_marked_on_paper() -> None:
    made_up = Scalp(Electrodes("psd", BIOSEMI32, POSITIONS, (BIOSEMI32.index("Cz"),)), "10–20")
    figure = heads_figure(made_up, TABLES, BANDS, ORIGIN)
    assert "interpolated from their neighbours (Cz)" in figure.caption


def test_names_with_a_rim_are_text_in_files() -> None:
    scores = np.linspace(0, 1, 32)
    explanation = Explanation({"psd": scores}, "received", "valence", "weight", False, ORIGIN)
    figure = row_figure(SCALP, explanation, np.full((32, 32), 1 / 32), direction="DE to PSD", band="alpha")
    saved = figure.to_bytes("svg").decode()
    for name in BIOSEMI32:
        texts = [text for text in figure.drawing.findobj(Text) if text.get_text() == name]
        assert texts, name
        assert saved.count(f">{name}</text>") == len(texts), name
    assert figure.to_bytes("svg").decode() == saved
