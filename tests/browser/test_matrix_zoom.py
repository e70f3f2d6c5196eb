"""Looking closer at a matrix, in a real browser: gestures, keys, exact parts and the way back."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from tests.browser.test_components import inside, show, shows
from tests.matrices import weights

pytestmark = pytest.mark.browser
__all__ = ["show"]  # fixtures
LARGE = 1100  #: rows and columns, pooled by 2 × 2


def window(frame) -> list[float] | None:
    return inside(frame, "view => view.window")


def exact(frame) -> None:
    frame.locator(".note").get_by_text("Exact values of single cells").wait_for()


def at(frame, across: float, down: float) -> tuple[float, float]:
    """A place on the page by shares of the cells."""
    box, layout = frame.locator("canvas").first.bounding_box(), inside(frame, "view => view.layout")
    return box["x"] + layout["left"] + across * layout["width"], box["y"] + layout["top"] + down * layout["height"]


def test_wheel_rectangle_drag_and_keys(show):
    page, frame = show("matrix", f"big={LARGE}&closer=1")
    page.mouse.move(*at(frame, 0.5, 0.5))
    page.mouse.wheel(0, -200)
    assert window(frame) is None, "the wheel belongs to the page until the matrix has the focus"
    frame.locator(".stage").focus()
    page.mouse.wheel(0, -600)
    exact(frame)
    top, bottom, left, right = window(frame)
    assert bottom - top == pytest.approx(LARGE / 2.718 ** (0.002 * 600), rel=0.01)
    assert (top + bottom) / 2 == pytest.approx(LARGE / 2, abs=3), "the place under the mouse stays"
    assert (left + right) / 2 == pytest.approx(LARGE / 2, abs=3)
    page.mouse.down()
    page.mouse.move(*at(frame, 0.4, 0.7), steps=3)
    page.mouse.up()
    moved = window(frame)
    assert moved[0] == pytest.approx(top - 0.2 * (bottom - top), abs=3)
    assert moved[2] == pytest.approx(left + 0.1 * (right - left), abs=3)
    shows(page, "cell=None")  # a drag is no pick
    page.keyboard.down("Shift")
    page.mouse.move(*at(frame, 0.25, 0.25))
    page.mouse.down()
    page.mouse.move(*at(frame, 0.75, 0.5), steps=3)
    page.mouse.up()
    page.keyboard.up("Shift")
    now = window(frame)
    assert now[1] - now[0] == pytest.approx((moved[1] - moved[0]) / 4, rel=0.05)
    assert now[3] - now[2] == pytest.approx((moved[3] - moved[2]) / 2, rel=0.05)
    for key in ("-", "+"):
        page.keyboard.press(key)
    assert window(frame) == pytest.approx(now, abs=1)
    page.keyboard.press("0")
    assert window(frame) is None


def test_values_and_picks_of_single_cells_are_those_of_the_matrix_that_is_shown(show):
    page, frame = show("matrix", f"big={LARGE}&closer=1")
    for _ in range(12):
        frame.get_by_role("button", name="Zoom in").click()
    exact(frame)
    page.mouse.move(*at(frame, 0.5, 0.5))
    row, column = inside(frame, "view => view.cursor")
    value = inside(frame, "view => view.valueOf(view.cursor)")
    assert value == pytest.approx(float(weights(LARGE, LARGE)[row, column]), rel=1e-6)
    assert "strongest" not in frame.locator(".tip").inner_text()
    page.mouse.down()
    page.mouse.up()
    shows(page, f"cell=({row}, {column})")
    another_has_its_own_parts(page, frame, [(row, column), (row + 2, column - 1)])
    frame.locator(".stage").focus()
    before = window(frame)
    for _ in range(60):
        page.keyboard.press("Shift+ArrowLeft")
    exact(frame)
    after = window(frame)
    assert inside(frame, "view => view.cursor") == [row, 0]
    assert after[:2] == before[:2]
    assert after[2] == 0, "what is in view follows the cursor"
    frame.get_by_role("button", name="whole matrix").click()
    assert window(frame) is None
    assert "Zoom in for exact values" in frame.locator(".note").inner_text()


def another_has_its_own_parts(page, frame, cells: list[tuple[int, int]]) -> None:
    """The transposed matrix comes in its place, and goes."""
    before, own = window(frame), weights(LARGE, LARGE)
    for matrix in (own, own.T):
        for row, column in cells:
            value = inside(frame, "(view, cell) => view.valueOf(cell)", [row, column])
            assert value == pytest.approx(float(matrix[row, column]), rel=1e-6)
        digest = inside(frame, "view => view.matrix.id")
        page.get_by_text("transposed").click()
        frame.locator(f".xv:not([data-matrix='{digest}'])").wait_for()
        exact(frame)
        assert window(frame) == before, "one looks at the same place"


def names_never_touch(frame) -> None:
    """Names of rows and of columns are a line apart at every zoom."""
    text = """view => {
      const drawn = [], context = view.canvas.getContext("2d"), own = CanvasRenderingContext2D.prototype;
      context.fillText = function (label, x, y) {
        const { a, b, e, f } = this.getTransform();
        drawn.push(b ? ["column", e] : ["row", f + a * y]);
        return own.fillText.call(this, label, x, y);
      };
      view.draw();
      delete context.fillText;
      return drawn;
    }"""
    for _ in range(8):
        drawn = inside(frame, text)
        for side in ("row", "column"):
            places = sorted(place for kind, place in drawn if kind == side)
            assert len(places) > 2
            assert min(b - a for a, b in pairwise(places)) >= 11
        frame.get_by_role("button", name="Zoom in").click()


def test_on_a_telephone_two_fingers_zoom_a_tap_picks_and_names_never_touch(show):
    page, frame = show("matrix", f"big={LARGE}&closer=1", width=390)
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]})

    frame.locator(".stage").scroll_into_view_if_needed()
    (x, y), width = at(frame, 0.5, 0.5), inside(frame, "view => view.layout.width")
    touch("touchStart", (x - 20, y), (x + 20, y))
    for apart in (30, 45, 60, 80):
        touch("touchMove", (x - apart, y), (x + apart, y))
    touch("touchEnd")
    top, bottom, left, right = window(frame)
    assert right - left == pytest.approx(LARGE / 4, rel=0.1)
    assert (left + right) / 2 == pytest.approx(LARGE / 2, abs=LARGE * 4 / width)
    shows(page, "cell=None")
    exact(frame)
    touch("touchStart", (x, y))
    touch("touchEnd")
    page.get_by_text("cell=(").wait_for()
    row, column = map(int, re.findall(r"\d+", page.get_by_text("cell=(").inner_text()))
    assert top <= row < bottom
    assert left <= column < right
    frame.get_by_role("button", name="whole matrix").click()
    names_never_touch(frame)
