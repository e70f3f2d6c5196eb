"""What is measured of rooms is held against truths that are known by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.models.rooms import TINY, cloud, photos
from xviz import engine
from xviz.core.sample import Sample
from xviz.models.mit_cards import card
from xviz.record import rooms as record
from xviz.train.mit import compare_links
from xviz.train.mit.compare import FORMS
from xviz.train.mit.features import make_room
from xviz.train.mit.steps import Recipe
from xviz.train.mit.truth import LIGHT, knowing, relit, seen, shares


def known() -> Sample:
    """Photos of 64 × 96 pixels by a camera at the origin that looks along z, everything 2 m away."""
    views = photos(("red",), 1)
    image = views.images[0][:64, :64].repeat(2, 1)[:, :96]
    cameras = {
        "poses": np.eye(4)[None],
        "intrinsics": np.array([[[48.0, 0, 48], [0, 48, 32], [0, 0, 1]]]),
        "depths": (np.full((64, 96), 2, np.float32),),
    }
    return Sample("known", {"points": cloud(("red",))[0], "views": replace(views, images=(image,), **cameras)})


def test_a_patch_shows_what_its_middle_pixel_shows() -> None:
    model = engine.untrained(card("tiny", "tiny", settings=TINY, checkpoint=None))
    run = engine.run(model, known())
    patches = dict(seen(run, known(), np.random.default_rng(0), 99))
    assert sorted(patches) == list(range(6))
    for patch, place in patches.items():
        row, column = divmod(patch, 3)
        x, y = column * 32 + 16, row * 32 + 16
        np.testing.assert_allclose(place, [(x - 48) / 48 * 2, (y - 32) / 48 * 2, 2], atol=1e-9)


def test_without_depth_nothing_is_shown() -> None:
    model = engine.untrained(card("tiny", "tiny", settings=TINY, checkpoint=None))
    sample = known()
    views = replace(sample.parts["views"], depths=(np.zeros((64, 96), np.float32),))
    dark = Sample("dark", {"points": sample.parts["points"], "views": views})
    assert not list(seen(engine.run(model, dark), dark, np.random.default_rng(0), 99))


def test_shares_of_classes_are_those_of_the_points() -> None:
    points, label = cloud(("red", "blue"), count=300)
    a_room = make_room("a", points, photos(("red",), 1), np.ones(4, np.float32), label, TINY)
    of_classes = shares(a_room)
    for piece in range(a_room.cut.supervoxels):
        inside = label[a_room.cut.of_point == piece]
        np.testing.assert_allclose(of_classes[piece], np.bincount(inside, minlength=4) / len(inside))


def test_who_knows_class_and_height_is_nearer_than_who_knows_the_class() -> None:
    middles = np.array([[0, 0, 0.2], [0, 0, 2.0], [3, 0, 0.2], [3, 0, 0.2]])
    known = dict(knowing(middles, np.array([0, 0, 0.2]), np.array([1.0, 1, 1, 0])))
    assert known["its class"].round(3).tolist() == [1, 1, 1, 0]
    assert known["its class and height"].round(3).tolist() == [1, 0, 1, 0]


def test_in_another_light_photos_are_brighter_and_darker_by_turns() -> None:
    sample = known()
    views = sample.parts["views"]
    two = Sample("two", {**sample.parts, "views": photos(("red",), 2)})
    bright, dark = (image.mean() for image in relit(two).parts["views"].images)
    before = [image.mean() for image in two.parts["views"].images]
    assert bright > before[0] > dark
    np.testing.assert_allclose(dark / before[1], 1 - LIGHT, atol=0.01)
    np.testing.assert_array_equal(relit(sample).parts["views"].poses, views.poses)


def test_forms_change_only_what_there_is() -> None:
    from xviz.models.mit_cards import SHIPPED

    for settings, numbers in (*FORMS.values(), *compare_links.FORMS.values()):
        assert set(settings) <= set(vars(SHIPPED))
        replace(Recipe(), **numbers)


def test_the_record_is_said_with_its_own_numbers() -> None:
    each = {"wall": 50.0, "chair": 10.0}
    numbers = {"mIoU": 30.0, "accuracy": 60.0, "IoU": each}
    methods = {"rollout": 12.0, "rollout, untrained": 5.0}
    measured = {
        "rooms": {"train": 3, "test": 2},
        "segmentation": {
            **dict.fromkeys(record.STAGES, numbers),
            "pseudo labels": {**numbers, "labelled": 44.0, "IoU": {"wall": 70.0, "chair": 3.0}},
        },
        "trained otherwise": [
            {
                "recipe": {"rooms": 3, "epochs": 2},
                "forms": {
                    "interlaced": {"0": {"mIoU": 20.0, "mAP": 60.0}, "1": {"mIoU": 22.0, "mAP": 61.0}},
                    "without photos": {"0": {"mIoU": 25.0}},
                },
            },
            {"recipe": {"rooms": 9, "epochs": 4}, "forms": {"interlaced": {"0": {"mIoU": 40.0, "mAP": 70.0}}}},
        ],
        "classes": {
            "rooms": 2, "mAP": 70.0, "chance": 40.0, "right": 80.0, "commoner answer": 60.0,
            "average precision": {"chair": 70.0},
        },
        "links": {
            "rooms": 2, "patches": 9, "metres": 0.5, "chance": 3.0, "asked of methods": 2,
            "layers": {"layer 2": 8.0, "layer 2, untrained": 2.5}, "methods": methods,
            "same class": {"layer 2": 33.0, "layer 2, untrained": 11.0}, "chance of the same class": 12.0,
            "knowing": {"its class": 9.0},
            "in another light": {"layers": {"layer 2": 6.0}, "same class": {"layer 2": 22.0}},
        },
        "linked otherwise": {
            "recipe": {"rooms": 5, "link_epochs": 6},
            "forms": {
                "a": {"near": {"2": 3.0, "4": 4.0}, "same class": {"2": 20.0, "4": 21.0}, "mAP": 60.0},
                "b": {"near": {"2": 9.0, "4": 8.0}, "same class": {"2": 30.0, "4": 31.0}, "mAP": 61.0},
            },
        },
        "real frame": {
            "sample": "kinect", "metres": 0.5, "patches": 7, "chance": 13.0,
            "layers": {"layer 2": 41.0}, "in another light": {"layer 2": 17.0},
        },
        "places": {
            "rooms": 2, "asked": 4, "chance": 6.0,
            "methods": {"class map": 40.0, "class map, untrained": 7.0, **methods},
        },
    }  # fmt: skip
    tables = "\n".join(record.tables(measured))
    assert "| interlaced | 21.0 (20.0–22.0) | 60.5 (60.0–61.0) | 2 |" in tables
    assert (
        tables.index("3 rooms and 2 epochs")
        < tables.index("9 rooms and 4 epochs")
        < tables.index("| interlaced | 40.0")
    )
    assert "| without photos | 25.0 | – | 1 |" in tables
    assert "| attention, layer 2 | 33.0 | 11.0 |" in tables
    assert tables.index("without photos") < tables.index("| interlaced")  # the best first
    assert "| attention, layer 2 | 8.0 | 2.5 |" in tables
    assert "44.0 %" in tables
    assert tables.index("| b | 9.0 / 8.0 | 30.0 / 31.0 | 61.0 |") < tables.index("| a | 3.0 / 4.0 |")
    assert (
        "(7 patches): 41.0 % in layer 2 within 0.5 m; with its photo a fifth brighter than the cloud 17.0 %" in tables
    )
    assert "| pseudo labels of the training rooms | 70 | 3 |" in tables
    assert "| who knew its class of everything | 9.0 |" in tables
    assert "photos a fifth brighter or darker than the cloud | 6.0 |" in tables
    assert "photos a fifth brighter or darker than the cloud | 22.0 |" in tables
    assert "33.0 % in layer 2 (chance 12.0 %)" in record.linked(measured)
    assert "chance 6 %" in (record.trust(measured, "rollout") or "")
    assert record.trust(measured, "shap") is None
