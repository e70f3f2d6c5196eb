"""The page of rooms without a browser."""

from __future__ import annotations

import base64
import io
import json
import re
import zipfile

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from tests.pages.test_pages import opened, told
from tests.room import room
from tests.test_ply import read_back
from xviz import record
from xviz.data.room_examples import load_room, room_examples
from xviz.explain import METHODS
from xviz.ply import ply
from xviz.ui import answers, asking, cache, linking, room_offer, rooms
from xviz.ui.state import Selection
from xviz.views.payload import unpack


def page() -> AppTest:
    at = opened("mit.py")
    assert not at.exception
    assert not at.error, told(at)
    return at


def said(at: AppTest) -> str:
    return " ".join(m.value for m in [*at.markdown, *at.caption]).replace("\\", "")


def pick(at: AppTest, space: str, token: int) -> AppTest:
    """What a click does: the components hand the picked token to this."""
    at.session_state["mit.selection"] = Selection(space, token)
    return at.run()


def files(n: int = 6000, cameras: bool = True) -> list[tuple[str, bytes, str]]:
    """A room as a visitor would bring it."""
    made = room(n, 3)
    found = [("room.ply", ply(made.xyz, made.rgb), "application/octet-stream")]
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


def test_classes_are_those_of_the_model_and_the_most_probable_is_explained() -> None:
    at = page()
    shown = at.dataframe[0].value
    sample = load_room(room_examples()[0].key)
    found = cache.run("mit", sample).outputs
    for name, value in zip(shown["class"], shown["probability"], strict=True):
        assert value == pytest.approx(1 / (1 + np.exp(-found[name])), abs=1e-5)
    assert shown["probability"].is_monotonic_decreasing
    assert f"Explained below: **{shown['class'][0]}**" in said(at)
    assert "never trained" not in said(at)


@pytest.mark.parametrize("direction", asking.DIRECTIONS)
def test_every_direction_answers_a_patch_a_point_and_a_class(direction: str) -> None:
    at = page()
    at.selectbox(key="direction").set_value(asking.DIRECTIONS[direction]).run()
    for space, token in (("patch", 33), ("supervoxel", 5)):
        pick(at, space, token)
        assert not at.exception
        assert not at.error, told(at)
        assert ("Strongest links" in said(at)) == (direction != "within")


@pytest.mark.parametrize("method", [key for key in linking.METHOD_KEYS if key not in linking.SLOW])
def test_every_quick_method_answers(method: str) -> None:
    at = page()
    at.selectbox(key="method").set_value(METHODS[method].title).run()
    assert not at.exception
    assert not at.error, told(at)


@pytest.mark.parametrize("shows", linking.SHOWS.values())
def test_the_cloud_shows_what_was_chosen(shows: str) -> None:
    at = page()
    at.selectbox(key="shows").set_value(shows).run()
    assert not at.exception
    assert not at.error, told(at)


def test_with_known_cameras_attention_is_held_against_geometry() -> None:
    at = brought(files())
    assert not at.error, told(at)
    assert "3 with a known camera" in said(at)
    pick(at, "patch", 5 * 10 + 4)
    assert "of the attention lies within 0.5 m of the point that geometry names" in said(at)
    if record.read(str(cache.MODELS["mit"].checkpoint)):
        assert re.search(r"link a patch to the place it shows (no )?more often than chance: \d", said(at))
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
    kept = at.session_state["mit.links " + load_room(room_examples()[0].key).digest[:16]]
    assert [sign for sign, _ in kept] == ["A1", "A2", "A3", "A4", "A5"]
    assert all(link.patch == 33 for _, link in kept)
    next(b for b in at.button if b.label == "Clear kept links").click().run()
    assert at.session_state["mit.links " + load_room(room_examples()[0].key).digest[:16]] == ()


def test_hiding_supervoxels_and_photos_changes_the_answer() -> None:
    at = brought(files(cameras=False))
    pick(at, "supervoxel", 4)
    next(b for b in at.button if b.label.startswith("Hide supervoxel")).click().run()
    assert not at.error, told(at)
    assert "Without 1 supervoxel and 0 photos" in said(at)
    shown = at.dataframe[0].value
    assert (shown["probability"] - shown["with all tokens"]).abs().max() > 0
    next(m for m in at.multiselect if m.label == "Leave photos out").set_value([0]).run()
    assert not at.error, told(at)
    assert "and 1 photo," in said(at)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([("a.ply", b"ply\nformat ascii 1.0\nend_header\n", "x")], "no vertices"),
        ([("a.xyz", b"1 2\n3 4\n", "x")], "a.xyz"),
        ([("a.ply", ply(np.random.default_rng(0).random((500, 3)) * 3), "x")], "Add some photos"),
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


def shown(space: str = "patch", token: int = 33) -> room_offer.Shown:
    """What the exports are given, for a shipped room, without a page."""
    card = cache.MODELS["mit"]
    sample = load_room(room_examples()[0].key)
    run = cache.run("mit", sample, target="chair")
    drawn = rooms.drawing(card, sample, run)
    scan = rooms.Scan(card, rooms.Choices("mit"), sample, run, run, drawn, None)
    picked = Selection(space, token)
    found = asking.ask(run, "chair", picked, "own", None, None)
    links = linking.strongest(found, 5)
    return room_offer.Shown(scan, linking.Looked(picked, found, "as asked", links, (), None, (), {}))


def test_the_coloured_cloud_holds_every_point_with_its_score() -> None:
    made = shown()
    found = read_back(made.ply())
    np.testing.assert_allclose(found["x"], made.scan.cloud.xyz[:, 0])
    np.testing.assert_array_equal(found["red"], made.scan.cloud.rgb[:, 0])
    np.testing.assert_array_equal(found["supervoxel"], made.scan.segments.of_point)
    scores = made.found().scores["supervoxels"][found["supervoxel"]]
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
    calls = (made.scan.run.call(f"decoder.{layer}.cross") for layer in (0, 2))  # in which points ask
    expected = np.mean([answers.weigh(call, None)[15 + 5, 15:] for call in calls], 0)  # after 15 class tokens
    levels = arrays["pointsLevels"].reshape(-1, header["points"]["count"])
    np.testing.assert_allclose(levels[5] / 255 * arrays["pointsMost"][5], expected, atol=expected.max() / 500)
