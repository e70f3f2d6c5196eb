"""One person's way through the page of rooms in a real browser, and the page that opens offline."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.browser.test_components import click, inside, shows, spots
from tests.browser.waiting import corrected, settled
from tests.data.test_ply import read_back
from xviz.figures.figure import read_record

pytestmark = pytest.mark.browser
GALLERY = "tests/browser/gallery_app.py"


@pytest.fixture
def show(server, open_page):
    """Opens the gallery with one component and gives (page, its frame)."""

    def show(only: str, **options):
        page = open_page(**options)
        page.goto(f"{server(GALLERY)}/?only={only}")
        page.get_by_text("runs=1").wait_for()
        frame = page.locator(f".st-key-{only}-frame")
        frame.locator(".xv[data-messages]").wait_for()
        page.wait_for_timeout(700)  # photos decode
        return page, frame

    return show


def patch(frame, number: int) -> tuple[float, float]:
    """The middle of a patch in CSS pixels of the canvas."""
    box = inside(frame, "(view, number) => { const b = view.boxOf(number); return b; }", number)
    return box[0] + box[2] / 2, box[1] + box[3] / 2


# ---- the components


@pytest.mark.parametrize("options", [{}, {"width": 390}, {"ratio": 2}])
def test_a_click_picks_the_patch_under_it(show, options) -> None:
    page, frame = show("photos", **options)
    for number in (0, 47, 100):
        x, y = patch(frame, number)
        frame.locator(".stage").evaluate("(stage, y) => { stage.scrollTop = Math.max(0, y - 100); }", y)
        page.wait_for_timeout(100)
        click(page, frame.locator("canvas").first, x, y)
        shows(page, f"patch={number}")


def test_arrows_go_through_patches_and_past_the_edge_to_the_next_photo(show) -> None:
    page, frame = show("photos")
    frame.locator(".stage").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    shows(page, "patch=9")  # the first key comes to the first patch; 8 columns to a row
    for key in ["ArrowRight"] * 7:
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    page.get_by_text("patch=").wait_for()
    assert "frame-000020.jpg, row 2, column 1" in frame.get_by_role("status").inner_text()
    page.keyboard.press("Escape")
    shows(page, "patch=None")


def test_a_photo_keeps_its_shape(show) -> None:
    _, frame = show("photos")
    tile = inside(frame, "view => view.layout.tiles[0]")
    assert tile["w"] / tile["h"] == pytest.approx(160 / 120, rel=0.01)


def test_a_class_can_be_shown_alone(show) -> None:
    _, frame = show("room")
    chips = frame.locator(".swatch")
    assert chips.all_inner_texts() == ["floor", "wall", "bed", "cabinet", "table", "chair"]
    chips.nth(2).click()
    assert inside(frame, "view => view.only") == 2
    assert chips.nth(2).get_attribute("aria-pressed") == "true"
    chips.nth(2).click()
    assert inside(frame, "view => view.only") is None


def test_python_learns_where_the_camera_is_and_nothing_else_runs(show) -> None:
    page, frame = show("room")
    canvas = frame.locator("canvas").first.bounding_box()
    page.mouse.move(canvas["x"] + 300, canvas["y"] + 200)
    page.mouse.down()
    page.mouse.move(canvas["x"] + 420, canvas["y"] + 220, steps=4)
    page.mouse.up()
    page.wait_for_timeout(1500)
    told = inside(frame, "view => JSON.parse(view.told)")
    assert told["aspect"] == pytest.approx(canvas["width"] / canvas["height"], abs=0.02)
    shows(page, "runs=1")  # turning ran no script again
    ((x, y, _),) = spots(frame, 1)
    click(page, frame.locator("canvas").first, x, y)
    page.get_by_text("runs=2").wait_for()
    said = page.get_by_text("camera={").inner_text()
    assert re.search(rf"'eye': \[{re.escape(str(told['eye'][0]))}", said)


def test_a_point_says_its_voxel_and_its_piece_and_is_picked_as_the_piece(show) -> None:
    page, frame = show("finer")
    ((x, y, token),) = spots(frame, 1)
    canvas = frame.locator("canvas").first.bounding_box()
    page.mouse.move(canvas["x"] + x, canvas["y"] + y)
    page.wait_for_timeout(400)
    tip = frame.locator(".tip").inner_text()
    assert re.search(r"^−?\d\S* share$", tip, re.MULTILINE), tip
    assert f"sum over its voxels: {token / 100:.4g}"[:24] in tip
    point = inside(frame, "view => view.pointed")
    assert inside(frame, "(view, i) => view.still.arrays.token[i]", point) == token
    click(page, frame.locator("canvas").first, x, y)
    shows(page, f"piece={token}")


def test_pixels_are_drawn_where_they_lie_and_photos_without_scores_stay_bare(show) -> None:
    page, _ = show("finer")
    frame = page.locator(".st-key-finer-photos-frame")
    frame.locator(".xv[data-messages]").wait_for()
    page.wait_for_timeout(700)
    made = inside(frame, "view => [...view.finer.keys()]")
    assert made == [0, 1, 2, 3, 4]
    probe = """(view, photo) => {
      const pixels = view.finer.get(photo).getContext('2d').getImageData(0, 0, 128, 96).data;
      return [pixels[0], pixels[2], pixels[3], pixels[4 * 128 * 95], pixels[4 * 128 * 95 + 2]];
    }"""
    red, blue, alpha, below_red, below_blue = inside(frame, probe, 0)
    assert blue > red + 50, "the first row is below zero"
    assert below_red > below_blue + 50, "the last row is above it"
    assert alpha == 255
    assert inside(frame, probe, 3)[2] == 0
    x, y = patch(frame, 9)
    canvas = frame.locator("canvas").first.bounding_box()
    page.mouse.move(canvas["x"] + x, canvas["y"] + y)
    page.wait_for_timeout(300)
    assert "sum over its pixels: " in frame.locator(".tip").inner_text()


# ---- the page


def test_pick_on_both_sides_and_take_it_away(server, open_page, tmp_path: Path) -> None:
    page = open_page(width=1400, height=2600)
    page.goto(f"{server('app.py')}/mit")
    page.get_by_role("tab", name="Trust").wait_for(timeout=180_000)
    page.get_by_text("Cloud: attention from the class").wait_for()
    settled(page)
    album, cloud = (
        page.locator("[class*='st-key-photos'][class*='frame']"),
        page.locator("[class*='st-key-cloud'][class*='frame']"),
    )
    inside(album, "view => { view.send = () => {}; }")  # Streamlit is not told of this pick
    click(page, album.locator("canvas").first, *patch(album, 34))
    page.get_by_text(re.compile(r"Cloud: attention from 1 · .*, row 4, column 5")).wait_for()
    assert inside(album, "view => view.root.dataset.messages") == "1"
    click(page, cloud.locator("canvas").first, *spots(cloud, 1)[0][:2])
    page.get_by_text(re.compile(r"Photos: attention from supervoxel")).wait_for()
    settled(page, quiet=1500)
    click(page, album.locator("canvas").first, *patch(album, 33))
    page.get_by_text(re.compile(r"Cloud: attention from 1 · .*, row 4, column 4")).wait_for()
    assert inside(cloud, "view => view.header.numbers.length") == 5
    assert inside(album, "view => view.selected") == 33
    ((x, y, token),) = spots(cloud, 1)
    click(page, cloud.locator("canvas").first, x, y)
    page.get_by_text(re.compile(rf"Photos: attention from supervoxel {token + 1} ")).wait_for()
    assert inside(album, "view => view.selected") is None
    settled(page, quiet=1500)  # photos go by attention: let them come to rest in their new order
    click(page, album.locator("canvas").first, *patch(album, 33))  # the same patch as before
    page.get_by_text(re.compile(r"Cloud: attention from 1 · .*, row 4, column 4")).wait_for()

    settled(page)
    assert corrected(page) == [], "the server says the same"

    page.get_by_role("tab", name="Figure").click()
    for label, name in (
        ("PDF", "room.pdf"),
        ("Interactive page (HTML)", "room.html"),
        ("Coloured cloud (PLY)", "room.ply"),
    ):
        with page.expect_download(timeout=120_000) as taken:
            page.get_by_role("button", name=label, exact=True).click()
        taken.value.save_as(tmp_path / name)
    camera = inside(cloud, "view => JSON.parse(view.told)")
    record = read_record((tmp_path / "room.pdf").read_bytes())
    assert record["provenance"]["options"]["camera"].startswith(f"from ({camera['eye'][0]:.3f}, ")
    assert "score" in read_back((tmp_path / "room.ply").read_bytes()).dtype.names
    opens_offline(open_page, tmp_path / "room.html")


def opens_offline(open_page, file: Path) -> None:
    """The page that was taken draws and answers with the network off, and asks for nothing."""
    page = open_page(width=1400, height=1000)
    page.context.set_offline(True)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    left, right = page.locator("#left"), page.locator("#right")
    page.wait_for_function("() => document.querySelector('#right .xv').xvizView?.layout")
    assert "attention from" in left.locator(".title").inner_text()
    click(page, right.locator("canvas").first, *patch(right, 34))
    page.get_by_text("Cloud: attention from the picked patch").wait_for()
    values = inside(left, "view => [...view.arrays.value]")
    assert sum(values) == pytest.approx(1, abs=0.02)  # a row of attention, rounded
    ((x, y, _),) = spots(left, 1)
    click(page, left.locator("canvas").first, x, y)
    page.get_by_text("Photos: attention from the picked supervoxel").wait_for()
    assert asked == [file.as_uri()]


@pytest.mark.parametrize("options", [{"scheme": "dark"}, {"width": 420}])
def test_the_page_fits_dark_and_narrow(server, open_page, options) -> None:
    page = open_page(**options)
    page.goto(f"{server('app.py')}/mit")
    page.get_by_role("tab", name="Trust").wait_for(timeout=180_000)
    page.wait_for_timeout(1500)
    assert page.evaluate("document.body.scrollWidth <= innerWidth")
