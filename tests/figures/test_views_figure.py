"""The figure of views: exact width, cells where they are, limits and origin in the caption."""

from __future__ import annotations

import numpy as np
import pytest

from tests.explain import tiny
from xviz.core.errors import ModelError
from xviz.core.run import Target
from xviz.explain import METHODS
from xviz.figures.figure import read_record
from xviz.figures.style import PRESETS
from xviz.figures.views import views_figure


def made(preset: str):
    loaded = tiny.model(tiny.mmvit("joint"))
    run = tiny.ran(loaded, tiny.inputs_of("mmvit"), "two")
    found = [METHODS[key].explain(loaded, run, Target("two")) for key in ("rollout", "occlusion")]
    spaces = {name: run.spaces[name] for name in ("view1", "view2")}
    pixels = np.full((16, 24, 3), 200, np.uint8)
    return views_figure(
        pixels, found, spaces, titles=["Rollout", "Leave one out"], ticks=([(0.5, "0.1")], [(0.5, "900")]),
        axes=("time (s)", "Hz"), credit="made here (CC0)", preset=PRESETS[preset],
    )  # fmt: skip


@pytest.mark.parametrize("preset", PRESETS)
def test_every_venue_has_its_width_and_the_caption_tells_all(preset: str) -> None:
    figure = made(preset)
    assert figure.size_mm[0] == pytest.approx(PRESETS[preset].width_mm, abs=1e-6)
    for word in ("Rollout, view 1", "Leave one out, view 2", "colour:", "CC0", "Model: mmvit-joint", " Hz"):
        assert word in figure.caption
    assert read_record(figure.to_bytes("svg"))["provenance"]["options"]["figure"] == "views"


def test_titles_must_fit() -> None:
    with pytest.raises(ModelError, match="as many titles"):
        views_figure(np.zeros((4, 4, 3), np.uint8), [], {}, titles=[])
