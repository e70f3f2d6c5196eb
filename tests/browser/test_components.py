"""The live components in a real browser: a click or a key picks, and the page hears it."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.browser
GALLERY = "tests/browser/gallery_app.py"


@pytest.fixture
def show(server, open_page):
    """Opens the gallery with one component and gives (page, its frame)."""

    def show(only: str, query: str = "", **options):
        page = open_page(**options)
        page.goto(f"{server(GALLERY)}/?only={only}&{query}")
        page.get_by_text("runs=1").wait_for()
        frame = page.locator(f".st-key-{only}-frame")
        frame.locator(".xv[data-messages]").wait_for()
        page.wait_for_timeout(200)  # pictures decode and clouds draw a frame later
        return page, frame

    return show


def shows(page, text: str) -> None:
    page.get_by_text(text, exact=True).wait_for()


def click(page, canvas, x: float, y: float) -> None:
    """Clicks at CSS pixels from the canvas's corner."""
    box = canvas.bounding_box()
    page.mouse.click(box["x"] + x, box["y"] + y)


def inside(frame, expression: str, argument=None):
    """A value read from the component's own state."""
    return frame.locator(".xv").evaluate(f"(root, argument) => (({expression})(root.xvizView, argument))", argument)


def cell(frame, row: int, column: int) -> tuple[float, float]:
    at = inside(frame, "view => view.layout")
    return at["left"] + (column + 0.5) * at["cellWidth"], at["top"] + (row + 0.5) * at["cellHeight"]


# ---- matrix


@pytest.mark.parametrize("options", [{}, {"width": 390}, {"ratio": 2}, {"ratio": 1.25, "width": 700}])
def test_a_click_picks_the_cell_under_it(show, options):
    page, frame = show("matrix", **options)
    for row, column in [(0, 0), (3, 41), (59, 59)]:
        click(page, frame.locator("canvas").first, *cell(frame, row, column))
        shows(page, f"cell=({row}, {column})")


def test_arrows_enter_and_escape_on_the_matrix(show):
    page, frame = show("matrix")
    frame.locator(".stage").focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    said = frame.get_by_role("status")
    assert re.fullmatch(r"query region 2 · key region 1 · \S+ attention weight", said.inner_text())
    page.keyboard.press("Enter")
    assert said.inner_text().startswith("Picked: ")  # at once, before the server answers
    shows(page, "cell=(2, 1)")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Space")
    shows(page, "cell=(12, 1)")
    page.keyboard.press("Escape")
    shows(page, "cell=None")
    page.keyboard.press("+")
    assert inside(frame, "view => view.window") is None, "its cells are large enough"
    assert not frame.get_by_role("button", name="Zoom in").is_visible()


def test_hover_says_labels_and_value(show):
    page, frame = show("matrix")
    box = frame.locator("canvas").first.bounding_box()
    x, y = cell(frame, 40, 5)
    page.mouse.move(box["x"] + x, box["y"] + y)
    assert frame.locator(".tip div").first.inner_text() == "query brown"
    assert "key region 5" in frame.locator(".tip").inner_text()
    own = inside(frame, "view => Boolean(view.header.scale.own)")  # a bar for all says nothing of a block's own limits
    assert frame.locator(".mark").is_visible() != own


def test_the_picked_cell_outlives_a_rerun_and_picking_it_again_resends_it(show):
    page, frame = show("matrix")
    for runs in (2, 3):
        click(page, frame.locator("canvas").first, *cell(frame, 10, 20))
        shows(page, f"runs={runs}")
    shows(page, "cell=(10, 20)")
    assert inside(frame, "view => view.selected") == [10, 20]


def test_a_pooled_matrix_says_so_and_picks_the_cell_it_stands_for(show):
    page, frame = show("matrix", "big=1100")
    note = frame.locator(".note").inner_text()
    assert "The matrix is 1100 × 1100; from afar each cell is the strongest of 2 × 2." in note
    assert "not in this page" in note, "nobody answers for exact parts"
    click(page, frame.locator("canvas").first, *cell(frame, 200, 600))
    page.get_by_text("cell=(").wait_for()
    row, column = map(int, re.findall(r"\d+", page.get_by_text("cell=(").inner_text()))
    assert abs(row - 200) <= 4  # cells are smaller than a pixel, and a mouse has whole pixels
    assert abs(column - 600) <= 4


def test_no_spike_is_lost_where_cells_are_smaller_than_pixels(show):
    _, frame = show("matrix", "big=1000", width=390)
    assert inside(frame, "view => view.cells.width") < 390
    assert "each pixel shows its strongest cell" in frame.locator(".note").inner_text()
    top = inside(
        frame,
        """view => { const {width, height} = view.cells, lut = view.arrays.lut;
        const data = view.cells.getContext('2d').getImageData(0, 0, width, height).data;
        for (let i = 0; i < data.length; i += 4)
            if (data[i] === lut[4 * 255] && data[i + 1] === lut[4 * 255 + 1]) return true;
        return false; }""",
    )
    assert top


# ---- picture


def region(frame, x: float, y: float) -> tuple[float, float]:
    zoom = inside(frame, "view => view.zoom")
    return zoom * x, zoom * y


def test_clicks_on_one_spot_go_from_the_smallest_region_outwards(show):
    page, frame = show("picture")
    canvas = frame.locator("canvas").first
    for expected in (2, 1, 0, 2):
        click(page, canvas, *region(frame, 110, 110))
        shows(page, f"region={expected}")
    click(page, canvas, *region(frame, 350, 200))
    shows(page, "region=4")
    click(page, canvas, *region(frame, 110, 110))
    shows(page, "region=2")


def test_a_click_beside_all_regions_picks_nothing(show):
    page, frame = show("picture")
    click(page, frame.locator("canvas").first, *region(frame, 470, 5))
    page.wait_for_timeout(300)
    shows(page, "region=None")
    shows(page, "runs=1")


def test_arrows_go_through_regions_by_score(show):
    page, frame = show("picture")
    frame.locator(".stage").focus()
    page.keyboard.press("ArrowRight")
    assert "dog · 0.4100 attention weight · 1 of 6 by score" in frame.get_by_role("status").inner_text()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert "sofa <i>red</i> · 0.1100" in frame.get_by_role("status").inner_text()
    page.keyboard.press("Enter")
    shows(page, "region=1")


def test_a_pixel_has_the_colour_of_the_strongest_region_over_it(show):
    _, frame = show("picture")
    level = """(view, [x, y]) => {
        const {lut} = view.arrays, {data} = view.overlay.getContext('2d').getImageData(x, y, 1, 1);
        for (let q = 1; q < 256; q += 1) if ([0, 1, 2].every(k => lut[4 * q + k] === data[k])) return q;
        return 0; }"""
    found = inside(frame, "view => [...view.arrays.level]")
    at = lambda x, y: inside(frame, level, [round(v) for v in region(frame, x, y)])  # noqa: E731
    assert at(130, 130) == found[2]
    assert at(80, 80) == found[1]
    assert at(400, 120) == found[3]  # the window, over the room
    assert at(10, 250) == 0  # the lamp has no value


# ---- words


#: contrast of each word on its chip, and of the texts around them on the page
CONTRASTS = """view => {
    const pen = document.createElement('canvas').getContext('2d');
    const linear = v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    const light = css => {
        pen.fillStyle = css;
        pen.fillRect(0, 0, 1, 1);
        const [r, g, b] = [...pen.getImageData(0, 0, 1, 1).data].map(v => linear(v / 255));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
    const ratio = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const page = light(getComputedStyle(view.root).getPropertyValue('--st-background-color'));
    const under = css => css === 'rgba(0, 0, 0, 0)' ? page : light(css);
    const word = chip => getComputedStyle(chip.firstChild);
    const text = name => light(getComputedStyle(view.root.querySelector(name)).color);
    return [...view.chips.map(chip => ratio(light(word(chip).color), under(word(chip).backgroundColor))),
            ...['.score', '.name', '.say', '.group'].map(name => ratio(text(name), page))]; }"""


def test_a_click_picks_the_word_and_markup_stays_text(show):
    page, frame = show("words")
    frame.get_by_text("<b>small</b>", exact=True).click()
    shows(page, "word=3")
    assert frame.locator("b").count() == 0
    assert frame.get_by_role("option", selected=True).count() == 1


def test_arrows_follow_the_eye_in_both_directions(show):
    page, frame = show("words")
    frame.get_by_role("listbox").focus()
    for key in ("ArrowRight", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    shows(page, "word=1")
    page.keyboard.press("End")
    last = frame.locator(".chip").count() - 1
    assert frame.get_by_role("listbox").get_attribute("aria-activedescendant") == f"chip-{last}"
    boxes = [frame.locator(".chip").nth(i).bounding_box()["x"] for i in (last - 1, last)]
    assert boxes[1] < boxes[0]  # Arabic runs to the left
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    shows(page, f"word={last - 1}")
    assert "word " in frame.get_by_role("status").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_are_readable_on_their_colours(show, scheme):
    _, frame = show("words", scheme=scheme)
    assert min(inside(frame, CONTRASTS)) >= 4.5  # WCAG 2.1 AA


# ---- cloud


def spots(frame, count: int) -> list[tuple[float, float, int]]:
    """Places on the canvas where a token is seen: x, y in CSS pixels, and which."""
    return inside(
        frame,
        """(view, count) => {
        const box = view.canvas.getBoundingClientRect(), found = new Map();
        for (let y = 5; y < box.height; y += 13)
            for (let x = 5; x < box.width; x += 13) {
                const token = view.tokenAt({clientX: box.left + x, clientY: box.top + y});
                if (token !== null && !found.has(token)) found.set(token, [x, y, token]);
            }
        const all = [...found.values()];
        return all.filter((_, i) => i % Math.ceil(all.length / count) === 0).slice(0, count); }""",
        count,
    )


def place(frame, token: int) -> dict[str, float]:
    return inside(frame, "(view, token) => view.placeOf(token)", token)


def test_a_click_picks_the_point_in_front(show):
    page, frame = show("cloud", "n=400")
    for x, y, token in spots(frame, 4):
        at = place(frame, token)
        assert (at["x"] - x) ** 2 + (at["y"] - y) ** 2 < 15**2  # the id buffer and the projection agree
        hiding = """(view, {x, y, depth}) => [...Array(view.header.tokens).keys()].some(other => {
            const at = view.placeOf(other);
            return Math.hypot(at.x - x, at.y - y) < 1 && at.depth < depth - 0.01; })"""
        assert not inside(frame, hiding, {"x": x, "y": y, "depth": at["depth"]})
        click(page, frame.locator("canvas").first, x, y)
        shows(page, f"point={token}")


def test_camera_and_pick_outlive_a_rerun(show):
    page, frame = show("cloud", "n=400")
    canvas = frame.locator("canvas").first
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 320, box["y"] + 240, steps=5)
    page.mouse.up()
    turned = inside(frame, "view => view.camera")
    assert turned["turn"] != 0.7
    shows(page, "runs=1")  # turning is no pick
    ((x, y, token),) = spots(frame, 1)
    click(page, canvas, x, y)
    shows(page, f"point={token}")
    shows(page, "runs=2")
    assert inside(frame, "view => view.camera") == turned
    assert inside(frame, "view => view.selected") == token
    assert inside(frame, "view => view.arrays.value[view.selected]") == 1  # recoloured around it


def test_keys_step_turn_zoom_and_pick(show):
    page, frame = show("cloud", "n=400")
    frame.locator(".stage").focus()
    page.keyboard.press("Home")
    assert "#0 · 1.000 likeness" in frame.get_by_role("status").inner_text()
    before = inside(frame, "view => view.cursor")
    x = place(frame, before)["x"]
    page.keyboard.press("ArrowRight")
    after = inside(frame, "view => view.cursor")
    assert after != before
    assert place(frame, after)["x"] > x
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("+")
    camera = inside(frame, "view => view.camera")
    assert camera["turn"] > 0.7
    assert camera["near"] < 1
    page.keyboard.press("Enter")
    shows(page, f"point={after}")
    page.keyboard.press("Escape")
    shows(page, "point=None")


def switched(page, key: str):
    """Turns the toggle and gives the frame of the cloud that comes, once the one before has gone."""
    page.get_by_text("segments", exact=True).click()
    frame = page.locator(f".st-key-{key}-frame")
    frame.locator(".xv[data-messages]").last.wait_for()
    page.wait_for_function(
        "() => document.querySelectorAll('[class*=-frame] [data-testid=stBidiComponentIsolated]').length <= 2"
    )
    return frame


def test_segments_are_picked_as_wholes(show):
    page, frame = show("cloud", "n=4000")
    frame = switched(page, "cloud-segments")
    page.wait_for_timeout(300)
    ((x, y, token),) = spots(frame, 1)
    click(page, frame.locator("canvas").first, x, y)
    shows(page, f"point={token}")
    assert f"segment {token}" in frame.get_by_role("status").inner_text()


#: of the pixels at places on the canvas: the point, its token, and the colour
PIXELS = """async (view, places) => {
    const {gl} = view, numbers = new Uint32Array(4), colour = new Uint8Array(4);
    view.cursor = view.selected = null;
    view.draw();
    await new Promise(done => requestAnimationFrame(done));
    return places.map(([x, y]) => {
        const at = [Math.round(x), Math.round(view.canvas.height - y), 1, 1];
        gl.bindFramebuffer(gl.FRAMEBUFFER, null);
        gl.readPixels(...at, gl.RGBA, gl.UNSIGNED_BYTE, colour);
        gl.bindFramebuffer(gl.FRAMEBUFFER, view.seen.frame);
        gl.readPixels(...at, gl.RGBA_INTEGER, gl.UNSIGNED_INT, numbers);
        const point = (numbers[0] & 0xffffff) - 1;
        return [point, view.still.arrays.token[point], [...colour].slice(0, 3)];
    }); }"""


def test_a_million_points_are_drawn_picked_and_recoloured(show):
    page, frame = show("million")
    frame.locator(".xv[data-drawn='1000000']").wait_for()
    at, hidden = place(frame, 9), place(frame, 16 + 9)
    assert at["depth"] < hidden["depth"]
    spots = [(at["x"] + shift, at["y"]) for shift in range(16)]
    levels = inside(frame, "view => [...view.arrays.level]")
    seen = inside(frame, PIXELS, spots)
    assert {token for _, token, _ in seen} == {9}
    assert {tuple(colour) for *_, colour in seen} == {palette(frame, levels[9])}
    assert any(point >= 147_456 for point, *_ in seen)  # some are not of the first that were drawn
    click(page, frame.locator("canvas").first, *spots[0])
    shows(page, "tile=9")
    shows(page, "runs=2")
    assert inside(frame, "view => view.drawn") == 1_000_000  # none was drawn again
    scores = inside(frame, "view => [...view.arrays.level]")
    assert scores[9] != levels[9]
    again = inside(frame, PIXELS, spots)
    assert [point for point, *_ in again] == [point for point, *_ in seen]
    assert {tuple(colour) for *_, colour in again} == {palette(frame, scores[9])}


def palette(frame, level: int) -> tuple[int, ...]:
    """The colour of a level."""
    return tuple(inside(frame, "(view, level) => [...view.arrays.lut.slice(4 * level, 4 * level + 3)]", level))


# ---- all


@pytest.mark.parametrize("name", ["matrix", "picture", "words", "cloud"])
@pytest.mark.parametrize("width", [360, 1280])
def test_every_component_has_a_name_a_focus_ring_a_bar_and_fits(show, name, width):
    page, frame = show(name, "n=400", width=width)
    stage = frame.locator(".stage")
    assert len(stage.get_attribute("aria-label")) > 20
    assert stage.get_attribute("role") in ("application", "listbox")
    page.keyboard.press("Tab")
    stage.focus()
    assert stage.evaluate("node => getComputedStyle(node).outlineStyle") == "solid"
    limits = frame.locator(".limit").all_inner_texts()
    assert len(limits) == 2
    assert all(limits)
    assert stage.evaluate("node => node.scrollWidth <= node.clientWidth + 1 && document.body.scrollWidth <= innerWidth")


def test_many_clouds_come_and_go(show):
    page, frame = show("cloud", "n=400")
    for _ in range(10):  # browsers keep about sixteen drawing contexts: those left behind must be given back
        switched(page, "cloud-segments")
        switched(page, "cloud")
    page.wait_for_timeout(200)
    assert not inside(frame, "view => view.gl.isContextLost()")
    assert spots(frame, 1)
