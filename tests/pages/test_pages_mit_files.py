"""What a visitor brings to the page of rooms: any ending, a choice of cloud and photos, reasons, and warnings above."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.apps import unfolded
from tests.charts import drawn
from tests.data import rooms
from tests.data.clouds import ply, zipped
from tests.pages.test_pages import opened, told
from xviz.ui.rooms.choose import DETECT


def brought(files: dict[str, bytes], name: str = "room.zip") -> AppTest:
    """The page with a zip of files."""
    at = opened("mit.py")
    at.file_uploader(key="rooms.files").set_value([(name, zipped(files), "application/zip")])
    return at.run()


def labels(at: AppTest) -> set[str]:
    """The boxes that can be chosen from."""
    return {box.label for box in at.selectbox}


def test_an_upload_of_one_room_asks_nothing_and_names_what_was_left_out() -> None:
    at = unfolded(brought(rooms.arkitscenes(), "47.weird"), "what was read")
    assert not at.error, told(at)
    assert {"Units", "Up axis"} <= labels(at)
    assert "Cloud" not in labels(at)
    shown = " ".join(caption.value for caption in at.caption).replace("\\", "")
    assert "Cameras: ARKitScenes" in shown
    assert "files were left out" in shown
    table = next(frame.value for frame in at.dataframe if "why" in frame.value)
    assert any("maps of confidence" in why for why in table["why"])


def test_another_cloud_can_be_chosen() -> None:
    files = rooms.scannet_cpp() | {"small.ply": ply(rooms.XYZ[:9000], rooms.RGB[:9000])}
    at = brought(files)
    assert not at.error, told(at)
    assert at.selectbox(key="rooms.cloud").options == [DETECT, "scene.ply", "small.ply"]
    assert any("files can be the cloud" in warning.value for warning in at.warning)
    at.selectbox(key="rooms.cloud").set_value("small.ply").run()
    assert not at.error, told(at)
    assert any("9,000 points" in caption.value.replace("\\", "") for caption in at.caption)
    assert not any("files can be the cloud" in warning.value for warning in at.warning)


def test_the_axis_up_is_said_as_a_warning_and_can_be_chosen() -> None:
    files = {"a.ply": ply(rooms.XYZ[:, [0, 2, 1]] * [1, 1, -1], rooms.RGB), "color/0.jpg": rooms.jpeg(0)}
    at = brought(files)
    assert any("y was taken as up" in warning.value for warning in at.warning)
    at.selectbox(key="rooms.up").set_value("y").run()
    assert not any("was taken as up" in warning.value for warning in at.warning)


@pytest.mark.parametrize("files", [{"a.ply": b"ply\n"}, {"a.ply": ply(rooms.XYZ), "b.jpg": b"\xff\xd8\xff"}])
def test_an_upload_that_failed_leaves_no_sample_before_it_on_the_page(files: dict[str, bytes]) -> None:
    at = brought(files)
    assert len(at.error) == 1
    assert not drawn(at)
