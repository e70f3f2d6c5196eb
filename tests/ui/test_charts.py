"""Charts in Plotly: what is drawn, what a reader who cannot see is told, and what a click answers."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.charts import drawn
from tests.pages.test_pages import opened
from xviz.ui import charts, state


def curve_page() -> None:
    import streamlit as st

    from xviz.ui import charts

    charts.lines(
        [0.0, 0.5, 1.0],
        {"highest": [3.0, 1.0, 0.0], "lowest": [3.0, 2.5, 0.0], "random": [3.0, 2.0, 0.0]},
        (charts.Axis("share removed", ".0%"), charts.Axis("logit", zero="undecided")),
        key="curve",
        alt="Deletion curve",
        band=charts.Band([2.9, 1.5, -0.1], [3.1, 2.5, 0.1]),
        pick=lambda line, point: st.session_state.update(picked=(line, point)),
    )


def bars_page() -> None:
    from xviz.ui import charts

    names = [f"class {i}" for i in range(40)]
    values = [i / 40 for i in range(40)]
    charts.bars(
        names, {"probability": values, "before": values[::-1]}, charts.Axis("probability", limits=(0, 1)), key="bars",
        alt="Probabilities", strong="class 3",
    )  # fmt: skip


def test_lines_have_units_a_band_and_what_zero_means() -> None:
    at = AppTest.from_function(curve_page, default_timeout=60).run()
    assert not at.exception
    figure = drawn(at)[0]
    layout, data = figure["layout"], figure["data"]
    assert layout["xaxis"]["title"]["text"] == "share removed"
    assert layout["xaxis"]["tickformat"] == ".0%"
    assert layout["yaxis"]["title"]["text"] == "logit"
    assert [series["name"] for series in data[:3]] == ["highest", "lowest", "random"]
    assert [series["y"] for series in data[3:]] == [[2.9, 1.5, -0.1], [3.1, 2.5, 0.1]]
    assert layout["annotations"][0]["text"] == "undecided"
    assert len({series["line"]["color"] for series in data[:3]}) == 3
    assert at.get("plotly_chart")[0].proto.alt == "Deletion curve"


def test_bars_have_room_where_they_are_many_and_one_stands_out() -> None:
    at = AppTest.from_function(bars_page, default_timeout=60).run()
    assert not at.exception
    first, second = drawn(at)[0]["data"]
    assert first["y"][3] == "class 3"
    assert first["marker"]["opacity"][3] > first["marker"]["opacity"][2]
    assert second["x"] == [i / 40 for i in range(40)][::-1]
    assert drawn(at)[0]["layout"]["height"] >= 80 * charts.ROWS


@pytest.mark.parametrize(("page", "key"), [("mmvit.py", "mmvit-class"), ("mit.py", "class")])
def test_a_click_on_a_bar_explains_its_class(page: str, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clicked: list = []
    monkeypatch.setattr(charts, "bars", lambda names, *given, pick, **named: clicked.append((names, pick)))
    assert not opened(page).exception
    names, pick = clicked[-1]
    written: dict[str, object] = {}
    monkeypatch.setattr(state, "set_widget", written.__setitem__)
    pick(0, 4)
    assert written == {key: names[4]}


def test_picked_points_are_read_whatever_the_chart_says(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [{"curve_number": 1, "point_index": 3}, {"point_index": 2}]
    kept = {"some": {"selection": {"points": points}}, "none": {"selection": {}}, "empty": None}
    monkeypatch.setattr("streamlit.session_state", kept)
    assert [state.picked_points(key) for key in ("some", "none", "empty", "gone")] == [[(1, 3), (0, 2)], [], [], []]


def stretch_page() -> None:
    from xviz.ui import charts

    charts.stretches(
        [0.5, 1.5, 2.5], {"median": [1.0, 2.0, 3.0], "loudest": [2.0, 4.0, 9.0]},
        (charts.Axis("time, s", limits=(0, 3)), charts.Axis("spread, µV")), key="span", alt="All of it",
        chosen=charts.Span(0, 1), marks=[charts.Span(2, 2.5, "BAD", bad=True)], drag=lambda low, high: None,
    )  # fmt: skip


def test_a_stretch_is_outlined_what_is_bad_is_red_and_dragging_is_on() -> None:
    at = AppTest.from_function(stretch_page, default_timeout=60).run()
    assert not at.exception
    layout = drawn(at)[0]["layout"]
    assert layout["dragmode"] == "select"
    assert [(shape["x0"], shape["x1"], shape["fillcolor"]) for shape in layout["shapes"]] == [
        (2, 2.5, "#d0021b"), (0, 1, charts.FIRST),
    ]  # fmt: skip
    assert [note["text"] for note in layout["annotations"]] == ["BAD"]


def test_the_dragged_stretch_is_read_in_either_direction(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {"box": {"selection": {"box": [{"x": [40.5, 12.0]}]}}, "none": {"selection": {"box": []}}, "empty": None}
    monkeypatch.setattr("streamlit.session_state", kept)
    assert [state.dragged_stretch(key) for key in ("box", "none", "empty", "gone")] == [(12.0, 40.5), None, None, None]
