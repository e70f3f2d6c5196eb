"""The page of rooms without a browser."""

from __future__ import annotations

import base64
import io
import json
import re
import zipfile
from functools import partial

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from tests.charts import class_bars
from tests.data.test_ply import read_back
from tests.pages.test_pages import ROOT, opened, told
from tests.room import room
from xviz import record
from xviz.core.errors import ModelError
from xviz.core.run import Target
from xviz.data.cloud.ply import write_ply
from xviz.data.shipped import samples
from xviz.drawings import answers
from xviz.drawings.drawing import Drawing
from xviz.drawings.payload import unpack
from xviz.engine import Session
from xviz.explain import METHODS
from xviz.explain import voxels as finer
from xviz.models.voxels import voxels_and_pixels
from xviz.plates.grains import computed
from xviz.plates.ways import attention
from xviz.ui import cache, components, direct, methods
from xviz.ui.rooms import calls, explore, export, sample, voxels
from xviz.ui.state import Selection


def page() -> AppTest:
    at = opened("mit.py")
    assert not at.exception
    assert not at.error, told(at)
    return at


def said(at: AppTest) -> str:
    return " ".join(m.value for m in [*at.markdown, *at.caption, *at.warning]).replace("\\", "")


def pick(at: AppTest, space: str, token: int) -> AppTest:
    """What a click does: the components hand the picked token to this."""
    at.session_state["mit.selection"] = Selection(space, token)
    return at.run()


def files(n: int = 6000, cameras: bool = True) -> list[tuple[str, bytes, str]]:
    """A room as a visitor would bring it."""
    made = room(n, 3)
    found = [("room.ply", write_ply(made.xyz, made.rgb), "application/octet-stream")]
    for i, image in enumerate(made.images):
        file = io.BytesIO()
        Image.fromarray(image).save(file, "JPEG", quality=95)
        found.append((f"{i}.jpg", file.getvalue(), "image/jpeg"))
    if not cameras:
        return found
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data, _ in found:
            archive.writestr(f"color/{name}" if name.endswith("jpg") else name, data)
        for i, pose in enumerate(made.poses):
            archive.writestr(f"pose/{i}.txt", "\n".join(" ".join(map(str, row)) for row in pose))
        archive.writestr("intrinsic/intrinsic_color.txt", "\n".join(" ".join(map(str, r)) for r in made.intrinsics[0]))
    return [("scene.zip", packed.getvalue(), "application/zip")]


def brought(given: list[tuple[str, bytes, str]]) -> AppTest:
    at = page()
    at.file_uploader(key="rooms.files").set_value(given)
    return at.run()


def test_classes_are_those_of_the_model_and_the_most_probable_but_wall_and_floor_is_explained() -> None:
    at = page()
    shown = class_bars(at)
    room = samples("mit")[0].load()
    found = cache.run("mit", room).outputs
    for name, value in zip(shown["class"], shown["probability"], strict=True):
        assert value == pytest.approx(1 / (1 + np.exp(-found[name])), abs=1e-5)
    assert shown["probability"].is_monotonic_decreasing
    likeliest = next(name for name in shown["class"] if name not in ("wall", "floor", "ceiling"))
    assert f"Explained below: **{likeliest}**" in said(at)
    assert "never trained" not in said(at)


@pytest.mark.parametrize("direction", calls.DIRECTIONS)
def test_every_direction_answers_a_patch_a_point_and_a_class(direction: str) -> None:
    at = page()
    at.selectbox(key="direction").set_value(calls.DIRECTIONS[direction]).run()
    for space, token in (("patch", 33), ("supervoxel", 5)):
        pick(at, space, token)
        assert not at.exception
        assert not at.error, told(at)
        assert ("Strongest links" in said(at)) == (direction != "within")


@pytest.mark.parametrize("method", [key for key in explore.METHOD_KEYS if key not in explore.SLOW])
def test_every_quick_method_answers(method: str) -> None:
    at = page()
    at.selectbox(key="method").set_value(METHODS[method].title).run()
    assert not at.exception
    assert not at.error, told(at)


@pytest.mark.parametrize("shows", explore.SHOWS.values())
def test_the_cloud_shows_what_was_chosen(shows: str) -> None:
    at = page()
    at.selectbox(key="shows").set_value(shows).run()
    assert not at.exception
    assert not at.error, told(at)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[bytes, components.Ahead | None]]:
    """Of the cloud and of the photos, what they were sent last and where they find the answers to picks."""
    last: dict[str, tuple[bytes, components.Ahead | None]] = {}
    mount = components.mount

    def recorded(view: Drawing, *, key: str, ahead: components.Ahead | None = None, **others: object):
        last[key.partition(" ")[0]] = (components.message(view, key, ahead), ahead)
        return mount(view, key=key, ahead=ahead, **others)

    monkeypatch.setattr(components, "mount", recorded)
    return last


@pytest.mark.parametrize(("method", "shows"), [("look", "scores"), ("received", "predicted"), ("rollout", "fused")])
def test_a_fetched_answer_is_what_the_page_sends_for_the_pick(method: str, shows: str, sent: dict) -> None:
    at = page()
    at.selectbox(key="method").set_value(METHODS[method].title)
    at.selectbox(key="shows").set_value(explore.SHOWS[shows]).run()
    for space, token in (("supervoxel", 5), ("patch", 33), ("patch", 40), ("supervoxel", 60), ("none", None)):
        name = "none" if token is None else f"{space}-{token}"
        found = direct.answer(sent["cloud"][1].table, name)
        assert found is not None
        at.session_state["mit.selection"] = None if token is None else Selection(space, token)
        at.run()
        for kind, (message, ahead) in sent.items():
            header, arrays = answers.message(found, f"{kind} {ahead.group}", name)
            header_, arrays_ = unpack(message)
            assert {**header, "arrays": None} == {**header_, "arrays": None}
            assert {key: array.tolist() for key, array in arrays.items()} == {
                key: array.tolist() for key, array in arrays_.items()
            }


def test_a_pick_that_cannot_be_has_the_answer_of_none(sent: dict) -> None:
    page()
    table = sent["cloud"][1].table
    for pick in ("patch-99999", "supervoxel-99999", "patch--1", "patch-", "word-3", "", "patch-٣"):
        assert unpack(direct.answer(table, pick))[0]["parts"] == unpack(direct.answer(table, "none"))[0]["parts"]


def test_voxels_and_pixels_are_left_to_the_page(sent: dict) -> None:
    at = page()
    at.selectbox(key="method").set_value(METHODS["gradient"].title).run()
    at.selectbox(key="grain").set_value(voxels.GRAINS["grains"]).run()
    assert not at.exception
    assert [ahead for _, ahead in sent.values()] == [None, None]


def test_with_known_cameras_attention_is_held_against_geometry() -> None:
    at = brought(files())
    assert not at.error, told(at)
    assert "3 with a known camera" in said(at)
    pick(at, "patch", 5 * 10 + 4)
    assert "of the attention falls within 0.5 m of the point that geometry gives" in said(at)
    if record.read(str(cache.MODELS["mit"].checkpoint)):
        assert re.search(r"(no )?more often than chance", said(at))
    at.selectbox(key="radius").set_value("2 m").run()
    assert "within 2 m" in said(at)


def test_without_cameras_links_are_numbers_alone() -> None:
    at = brought(files(cameras=False))
    assert not at.error, told(at)
    pick(at, "patch", 5 * 10 + 4)
    assert "No camera is known here" in said(at)
    assert "geometry names" not in said(at)


def test_links_stay_until_they_are_cleared() -> None:
    at = pick(page(), "patch", 33)
    next(b for b in at.button if b.label == "Keep these links").click().run()
    pick(at, "patch", 44)
    kept = at.session_state["mit.links mit " + samples("mit")[0].load().digest[:16]]
    assert [sign for sign, _ in kept] == ["A1", "A2", "A3", "A4", "A5"]
    assert all(link.patch == 33 for _, link in kept)
    next(b for b in at.button if b.label == "Clear kept links").click().run()
    assert at.session_state["mit.links mit " + samples("mit")[0].load().digest[:16]] == ()


def test_hiding_supervoxels_and_photos_changes_the_answer() -> None:
    at = brought(files(cameras=False))
    pick(at, "supervoxel", 4)
    next(b for b in at.button if b.label.startswith("Hide supervoxel")).click().run()
    assert not at.error, told(at)
    assert "Without 1 supervoxel and 0 photos" in said(at)
    shown = class_bars(at)
    assert (shown["probability"] - shown["nothing left out"]).abs().max() > 0
    next(m for m in at.multiselect if m.label == "Leave photos out").set_value([0]).run()
    assert not at.error, told(at)
    assert "and 1 photo," in said(at)


def test_a_link_brings_left_out_photos_back() -> None:
    at = page()
    next(m for m in at.multiselect if m.label == "Leave photos out").set_value([4, 1]).run()
    assert not at.error, told(at)
    assert at.query_params["without"] == "2,5"
    again = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    again.query_params["without"] = "2,5,99"
    again.switch_page("pages/mit.py").run()
    assert not again.error, told(again)
    assert next(m for m in again.multiselect if m.label == "Leave photos out").value == [1, 4]
    assert "and 2 photos," in said(again)
    np.testing.assert_allclose(class_bars(at)["probability"], class_bars(again)["probability"])
    next(m for m in again.multiselect if m.label == "Leave photos out").set_value([]).run()
    assert "without" not in again.query_params


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([("a.ply", b"ply\nformat ascii 1.0\nend_header\n", "x")], "no vertices"),
        ([("a.xyz", b"1 2\n3 4\n", "x")], "a.xyz"),
        ([("a.ply", write_ply(np.random.default_rng(0).random((500, 3)) * 3), "x")], "Add some photos"),
        ([("a.jpg", b"no picture", "x")], ""),
    ],
    ids=["empty", "two columns", "no photos", "no cloud"],
)
def test_what_is_no_room_is_refused_in_words(given, expected: str) -> None:
    at = brought(given)
    assert not at.exception
    assert expected in told(at)
    assert len(told(at)) > 40, "a refusal says what to do"


# What leaves the page


def shown(space: str = "patch", token: int = 33) -> export.Figures:
    """What the exports are given, for a shipped room, without a page."""
    card = cache.MODELS["mit"]
    room = samples("mit")[0].load()
    run = cache.run("mit", room, target="chair")
    drawn = sample.drawing(card, room, run)
    opened = sample.Opened(
        card=card,
        choices=sample.Choices("mit"),
        sample=room,
        run=run,
        output="chair",
        before=run,
        drawn=drawn,
        truth=None,
    )
    picked = Selection(space, token)
    found = attention(partial(cache.explain, run), run, "chair", (space, token), "own", None, None)
    links = explore.strongest(found, 5)
    return export.Figures(opened, looked_at(picked, found, "as asked", links))


def looked_at(picked: Selection, explanation, what: str, links=(), fine=None) -> explore.Looked:
    return explore.Looked(
        selection=picked, call=None, head=None, explanations=(explanation,), what=what, links=links, kept=(),
        truth=None, crosses=(), camera={}, fine=fine,
    )  # fmt: skip


def test_the_coloured_cloud_holds_every_point_with_its_score() -> None:
    made = shown()
    found = read_back(made.ply())
    np.testing.assert_allclose(found["x"], made.opened.cloud.xyz[:, 0])
    np.testing.assert_array_equal(found["red"], made.opened.cloud.rgb[:, 0])
    np.testing.assert_array_equal(found["supervoxel"], made.opened.segments.of_point)
    scores = made.shown().scores["supervoxels"][found["supervoxel"]]
    np.testing.assert_allclose(found["score"], scores, rtol=1e-6)
    assert b"comment score: attention weight" in made.ply()[:2000]


def test_the_bundle_holds_figure_scores_and_links() -> None:
    with zipfile.ZipFile(io.BytesIO(shown().zip("room", "nature-double"))) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        arrays = np.load(io.BytesIO(archive.read("arrays.npz")))
        assert archive.read("figures/room.pdf").startswith(b"%PDF")
    assert arrays["links"].shape == (5, 3)
    assert manifest["explanations"][0]["focus"] == {"space": "patches", "tokens": [33]}
    assert "output_chair" in manifest["extra"]


def test_the_page_that_leaves_names_no_other_host_and_holds_the_rows() -> None:
    made = shown("supervoxel", 5)
    text = made.html().decode()
    assert "https://" not in text.replace("https://www.w3.org", "")
    assert "http://" not in text
    assert 'id="rows"' in text
    kept = base64.b64decode(text.split('id="rows">')[1].split("<")[0])
    header, arrays = unpack(kept)
    calls = (made.opened.run.call(f"decoder.{layer}.cross") for layer in (0, 2))  # in which points ask
    expected = np.mean([methods.weigh(call, None)[15 + 5, 15:] for call in calls], 0)  # after 15 class tokens
    levels = arrays["pointsLevels"].reshape(-1, header["points"]["count"])
    np.testing.assert_allclose(levels[5] / 255 * arrays["pointsMost"][5], expected, atol=expected.max() / 500)


# Voxels and pixels


def grained(method: str, at: AppTest | None = None) -> AppTest:
    at = at or page()
    at.selectbox(key="method").set_value(METHODS[method].title).run()
    return at.selectbox(key="grain").set_value(voxels.GRAINS["grains"]).run()


def test_the_grain_can_be_chosen_for_methods_that_have_it() -> None:
    at = page()
    assert "grain" not in {box.key for box in at.selectbox}
    for method in explore.METHOD_KEYS:
        if method in explore.SLOW:
            continue
        at.selectbox(key="method").set_value(METHODS[method].title).run()
        assert ("grain" in {box.key for box in at.selectbox}) == (method in finer.METHODS)


def test_gradient_times_input_of_voxels_and_pixels_is_shown_at_once() -> None:
    at = grained("gradient")
    assert not at.exception
    assert not at.error, told(at)
    text = said(at)
    assert "neutral voxels, grey photos" in text
    assert "of 8 photos" in text.replace("8 of 8", "of 8")
    assert "colour" in text
    at.selectbox(key="voxel part").set_value("colour").run()
    assert not at.error, told(at)
    assert "of voxels only their colour" in said(at)


def test_integrated_gradients_of_voxels_wait_for_a_button_and_say_what_they_miss(monkeypatch) -> None:
    monkeypatch.setattr(finer, "STEPS", {"tokens": 2, "voxels": 1, "photo": 1})
    for one, name in ((finer.read, "tokens"), (finer.trace_voxels, "voxels"), (finer.trace_photo, "photo")):
        monkeypatch.setitem(one.__kwdefaults__, "n_steps", finer.STEPS[name])
    at = grained("integrated")
    button = next(b for b in at.button if b.label.startswith("Compute Integrated gradients of voxels"))
    assert "The photo of the picked patch comes first" in said(at)
    assert not said(at).count("To voxels")
    button.click().run()
    assert not at.error, told(at)
    text = said(at)
    assert "To voxels" in text
    assert "To pixels of 8 of 8 photos" in text
    assert text.count("gap") >= 3
    assert not any(b.label.startswith("Compute Integrated") for b in at.button)


def test_what_is_done_stays_when_the_work_ends_early_and_the_picked_photo_comes_first(monkeypatch) -> None:
    for one in (finer.read, finer.trace_voxels, finer.trace_photo):
        monkeypatch.setitem(one.__kwdefaults__, "n_steps", 1)
    asked, follow = [], finer.trace_photo

    def first_two(loaded, made, reading, photo, **options):
        asked.append(photo)
        if len(asked) == 3:
            raise ModelError("That is enough.")
        return follow(loaded, made, reading, photo, **options)

    monkeypatch.setattr(finer, "trace_photo", first_two)
    at = page()
    at.selectbox(key="class").set_value("lamp").run()
    grained("integrated", pick(at, "patch", 5 * 80 + 33))
    next(b for b in at.button if b.label.startswith("Compute Integrated gradients of voxels")).click().run()
    assert "That is enough" in told(at)
    assert asked[0] == 5, "that of the picked patch"
    at.run()
    assert not at.error, told(at)
    assert "To pixels of 2 of 8 photos" in said(at)
    next(b for b in at.button if b.label == "Compute the other photos").click().run()
    assert not at.error, told(at)
    assert "To pixels of 8 of 8 photos" in said(at)
    assert len(asked) == 3 + 6
    assert len(set(asked)) == 8


def test_a_cloud_without_colours_says_that_colour_owes_nothing() -> None:
    made = room(3000, 2)
    given = [("room.ply", write_ply(made.xyz), "application/octet-stream"), *files(3000, cameras=False)[1:3]]
    at = grained("gradient", brought(given))
    assert not at.error, told(at)
    assert "This cloud has no colours" in said(at)
    assert "colour +0," in said(at)


def shown_finely() -> export.Figures:
    """As ``shown``, with voxels and pixels by gradient × input."""
    made = shown("class", 6)
    scan, target = made.opened, Target("chair")
    read = finer.read(
        cache.load("mit"), scan.run, own := voxels_and_pixels(scan.sample, scan.card.settings), target, "gradient"
    )
    traced = finer.trace_voxels(cache.load("mit"), own, read)
    photos = {i: finer.trace_photo(cache.load("mit"), own, read, i) for i in (0, 3)}
    one = voxels.FineScores(scan.run, own, read, traced, photos, voxels.ALL)
    return export.Figures(scan, looked_at(made.looked.selection, one.explanations[1], "finely", fine=one))


def test_what_leaves_the_page_has_the_voxels_and_pixels_that_are_shown() -> None:
    made = shown_finely()
    one = made.looked.fine
    found = read_back(made.ply())
    voxel = one.source.voxels.of_point
    np.testing.assert_allclose(found["score"], one.of_voxels[voxel], rtol=1e-6)
    parts = sum(found[f"score_{name}"] for name in ("colour", "height", "upright", "there"))
    np.testing.assert_allclose(parts, found["score"], atol=1e-6)
    with zipfile.ZipFile(io.BytesIO(made.zip("room", "nature-double"))) as archive:
        arrays = np.load(io.BytesIO(archive.read("arrays.npz")))
        manifest = json.loads(archive.read("manifest.json"))
        caption = archive.read("caption.txt").decode()
    assert arrays["pixel_scores"].shape == (8, 256, 320)
    assert np.isnan(arrays["pixel_scores"][1]).all(), "not followed"
    assert np.isfinite(arrays["pixel_scores"][0]).any()
    np.testing.assert_array_equal(arrays["voxel_of_point"], voxel)
    assert arrays["voxel_scores"].shape == (len(one.source.voxels), 6)
    assert set(manifest["explanations"][0]["arrays"]) == {"supervoxels", "patches"}
    assert "baseline" in json.dumps(manifest["explanations"][0]["provenance"])
    recipe = manifest["figures"][0]["record"]["recipe"]
    assert (recipe["figure"], recipe["options"]["grain"]) == ("room", one.record())
    again = computed(Session(cache.load("mit"), made.opened.sample, made.opened.run), recipe["options"]["grain"])
    np.testing.assert_array_equal(again.of_pixels, one.of_pixels)
    np.testing.assert_array_equal(again.of_voxels, one.of_voxels)
    assert "voxels" in caption
    assert "pixels" in caption
    text = made.html().decode()
    header, sent = unpack(base64.b64decode(text.split('id="photos">')[1].split("<")[0]))
    assert header["fine"] == {"name": "pixel", "size": [256, 320]}
    assert header["scale"]["diverging"]
    assert header["scale"]["clipped"] > 0
    assert sent["fineLevel"].reshape(8, -1)[0].any()
    assert not sent["fineLevel"].reshape(8, -1)[1].any()
