"""The figure of views: exact width, cells where they are, limits and origin in the caption."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cats import SOME, boxes_of
from matplotlib.text import Text

from tests.explain import tiny
from xviz.core.errors import ModelError
from xviz.core.run import Target
from xviz.explain import METHODS
from xviz.explain.methods.shap import estimate
from xviz.figures.figure import read_record
from xviz.figures.style import PRESETS
from xviz.figures.views import Background, views_figure


def views_of(preset: str):
    loaded = tiny.model(tiny.mmvit("joint"))
    run = tiny.ran(loaded, tiny.inputs_of("mmvit"), "two")
    explanations = [METHODS[key].explain(loaded, run, Target("two")) for key in ("rollout", "occlusion")]
    spaces = {name: run.spaces[name] for name in ("view1", "view2")}
    pixels = np.full((16, 24, 3), 200, np.uint8)
    ticks = [(0.5, "0.1"), (1.0, "1.6")], [(0.5, "900")]
    return views_figure(
        Background(pixels, spaces, ticks, ("time (s)", "Hz")), explanations, titles=["Rollout", "Leave one out"],
        credit="made here (CC0)", preset=PRESETS[preset],
    )  # fmt: skip


@pytest.mark.parametrize("preset", SOME)
def test_every_venue_has_its_width_and_the_caption_tells_all(preset: str) -> None:
    figure = views_of(preset)
    assert figure.size_mm[0] == pytest.approx(PRESETS[preset].width_mm, abs=1e-6)
    for word in (
        "Rollout (colour:",
        "Leave one out (colour:",
        "view 2, strongest:",
        "CC0",
        "Model: mmvit-joint",
        " Hz",
    ):
        assert word in figure.caption
    assert read_record(figure.to_bytes("svg"))["provenance"]["options"]["figure"] == "views"


def test_the_caption_tells_the_facts_and_nothing_ranks_what_chance_makes() -> None:
    loaded = tiny.model(tiny.mmvit("joint"))
    run = tiny.ran(loaded, tiny.inputs_of("mmvit"), "two")
    sure = METHODS["integrated"].explain(loaded, run, Target("two"))
    _, chance = estimate(lambda c: np.random.default_rng(0).normal(size=len(c)), 16, first=64, most=64, seed=0)
    unsure = replace(METHODS["occlusion"].explain(loaded, run, Target("two")), method="shap", facts=chance)
    spaces = {name: run.spaces[name] for name in ("view1", "view2")}
    pixels = np.full((16, 24, 3), 200, np.uint8)
    single, both = (
        views_figure(
            Background(pixels, spaces), panels, titles=["A", "B"][: len(panels)], preset=PRESETS["nature-double"]
        )
        for panels in ([sure], [sure, unsure])
    )
    assert f"Integrated gradients: {sure.facts.notes[0]}" in single.caption
    assert f"KernelSHAP: {chance.warnings[0]} {chance.notes[0]}" in both.caption
    assert both.caption.count(", strongest:") == 2  # the views of the first alone
    assert both.caption.count("not ranked") == 2
    ranks = [sum(t.get_text() == "1" for t in f.drawing.findobj(Text)) for f in (single, both)]
    assert ranks[0] == ranks[1] > 0


def test_the_cell_that_asks_is_dashed_in_its_own_view_and_titles_are_not_cut() -> None:
    loaded = tiny.model(tiny.mmvit("joint"))
    run = tiny.ran(loaded, tiny.inputs_of("mmvit"), "two")
    explanation = METHODS["rollout"].explain(loaded, run, Target("two"))
    spaces = {name: run.spaces[name] for name in ("view1", "view2")}
    background = Background(np.full((16, 24, 3), 200, np.uint8), spaces, focus=(spaces["view2"], 0))
    figure = views_figure(
        background, [explanation], titles=["a very long title " * 9], notes=["Stage 1, mean of heads."]
    )
    panels = [axes for axes in figure.drawing.axes if axes.images and axes.patches][:2]  # the third is the colour bar
    dashed = [any(patch.get_linestyle() not in ("-", "solid") for patch in axes.patches) for axes in panels]
    assert dashed == [False, True]
    titles = [text.get_text() for axes in figure.drawing.axes for text in axes.texts]
    assert {"View 1", "View 2"} <= set(titles)
    assert " ".join(titles).count("very long") == 9, "a long title goes on in the next line"
    assert "Stage 1, mean of heads. Dashed: the patch that attention comes from." in figure.caption


@pytest.mark.parametrize("preset", SOME)
def test_no_text_leaves_the_page(preset: str) -> None:
    drawing = views_of(preset).drawing
    for text, box in boxes_of(drawing):
        assert box.x0 >= -0.5, text
        assert box.x1 <= drawing.bbox.x1 + 0.5, text


def test_titles_must_fit() -> None:
    with pytest.raises(ModelError, match="as many titles"):
        views_figure(Background(np.zeros((4, 4, 3), np.uint8), {}), [], titles=[])


@pytest.mark.parametrize("preset", ["nature-single", "nature-double"])
def test_upright_planes_keep_their_shape_stand_side_by_side_and_share_their_bars(preset: str) -> None:
    loaded = tiny.model(tiny.mmvit("joint"))
    run = tiny.ran(loaded, tiny.inputs_of("mmvit"), "two")
    keys = ("rollout", "occlusion", "relevance", "gradient")
    explanations = [replace(METHODS[key].explain(loaded, run, Target("two")), unit="density") for key in keys]
    spaces = {name: run.spaces[name] for name in ("view1", "view2")}
    known = np.float32([[2, 2, 9, 2]])
    figure = views_figure(
        Background(np.full((16, 24, 3), 200, np.uint8), spaces, known=known, upright=True), explanations, titles=keys,
        limit=0.1, preset=PRESETS[preset],
    )  # fmt: skip
    panels = [axes.get_window_extent() for axes in figure.drawing.axes if axes.images and axes.patches]
    shapes = [box.width / box.height for box in panels]
    assert sum(shape == pytest.approx(1.5, abs=0.01) for shape in shapes) == 8
    assert len(shapes) == 8
    names = [text.get_text() for axes in figure.drawing.axes for text in axes.texts]
    assert sum(name.startswith("density") for name in names) == 2, "one bar for scores above zero, one for signed ones"
    assert figure.size_mm[1] <= PRESETS[preset].max_height_mm + 1e-6
    assert "the same in all panels" in figure.caption
    assert "Dotted: where it is known to be." in figure.caption
    assert "beyond the limits" in figure.caption, "scores beyond the limit are counted"
