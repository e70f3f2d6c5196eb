"""Figures of any space: a panel for every form, at every venue's width, with caption and origin inside."""

from __future__ import annotations

import numpy as np
import pytest

from tests.explain.test_glance import run_of
from tests.pages.strangers import RIGHT
from xviz import engine
from xviz.core.forms import Form
from xviz.core.run import Target
from xviz.explain import METHODS
from xviz.explain.glance import glance
from xviz.figures.cloud import Camera
from xviz.figures.figure import read_provenance
from xviz.figures.glance import glance_figure
from xviz.figures.names import groups
from xviz.figures.strongest import matrix_figure
from xviz.figures.style import PRESETS
from xviz.figures.tokens import Shown, panel, tokens_figure

NAMES = ("Words and photos", "Series and words", "Brain and scan", "Names and regions", "Three streams")


def white(xyz: np.ndarray, colours: np.ndarray, camera: Camera, width: int) -> np.ndarray:
    assert xyz.shape == colours.shape
    assert len(np.unique(colours, axis=0)) > 5
    return np.full((round(width / camera.aspect), width, 3), 255, np.uint8)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("preset", ["nature-double", "cvpr-single"])
def test_every_kind_of_tokens_has_its_figure(name: str, preset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xviz.figures.tokens.still", white)  # VTK takes seconds to start; see test_room_figure.py
    spec = RIGHT[name]
    run, forms = run_of(spec)
    loaded = engine.built(spec)
    space = run.spaces[run.calls[0].queries].name
    row = METHODS["look"].explain(loaded, run, Target(spec.target, space, (0,)), call=run.calls[0].name)
    other = METHODS["occlusion"].explain(loaded, run, Target(spec.target))
    figure = tokens_figure(Shown(forms, "ours"), [row, other], focus="it", preset=PRESETS[preset])
    assert figure.size_mm[0] == pytest.approx(PRESETS[preset].width_mm)
    assert "Picked: it." in figure.caption
    for scored in other.scores:
        assert f"on {scored} (colour:" in figure.caption
    assert "Leave one out" in figure.alt
    assert read_provenance(figure.to_bytes("svg")).options["figure"] == "tokens"


def test_matrix_and_glance_are_figures_too() -> None:
    spec = RIGHT["Words and photos"]
    run, forms = run_of(spec)
    row = METHODS["look"].explain(engine.built(spec), run, Target("yes", "words", (0,)), call="first")
    weights = run.calls[0].rows().double().mean(0).numpy()
    labels = (["a", "b", "c", "d"], [f"patch {i}" for i in range(weights.shape[1])])
    sides = (groups(labels[0]), groups(labels[1]))
    figure = matrix_figure(weights, sides, run.provenance, title="first: words to patches")
    query, key = np.unravel_index(weights.argmax(), weights.shape)
    assert f"{labels[0][query]} to {labels[1][key]}" in figure.alt
    assert figure.size_mm[1] < 170
    at_a_glance = glance(run, forms, "words", (0,))
    figure = glance_figure(at_a_glance.layers, row, focus="“a”", preset=PRESETS["nature-single"])
    assert "Attention from “a” in every layer" in figure.caption
    assert figure.to_bytes("pdf").startswith(b"%PDF")


def test_a_form_of_ones_own_says_that_nothing_draws_it() -> None:
    with pytest.raises(TypeError, match="register"):
        panel(Form(labels=("a",)), None, None, np.zeros(1), None)
