"""The composing, photographing and scanning of rooms, on boxes in the place of furniture."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from xviz.data.cloud.scene import read_scene
from xviz.train.mit import samples, scanning
from xviz.train.mit.floorplan import Opening, Plan, draw_plan, shell
from xviz.train.mit.furnishing import FEWEST, MOST, Furnisher
from xviz.train.mit.kinds import CLASSES, Kind, divided, shelf
from xviz.train.mit.photographs import HEIGHT, WIDTH, Photo, intrinsics, looking
from xviz.train.mit.placing import Box, Places, Thing
from xviz.train.mit.scenefiles import is_whole, write_scene
from xviz.train.mit.solids import Material, Solid, fitted, joined, placed, read_obj, thinned

SQUARE = Plan(np.array([[0, 0], [4, 0], [4, 3], [0, 3]], float), 2.5, 0.15)
CUBE = """v 0 0 0\nv 2 0 0\nv 2 1 0\nv 0 1 0\nv 0 0 4\nv 2 0 4\nv 2 1 4\nv 0 1 4
vt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\nmtllib a.mtl\nusemtl red
f 1/1 2/2 3/3 4/4\nf 5/1 6/2 7/3 8/4\nf 1 2 6 5\nf 4 3 7 8\nf 1 4 8 5\nusemtl cloth\nf -7/1 -6/2 -2/3 -3/4\n"""


def box(width: float, depth: float, height: float, label: str = "table") -> Solid:
    """A box of the catalogue on the floor."""
    x, y, z = np.meshgrid([-width / 2, width / 2], [-depth / 2, depth / 2], [0, height], indexing="ij")
    at = np.stack([x, y, z], -1).reshape(8, 3).astype(np.float32)
    quads = np.array([[0, 1, 3, 2], [4, 5, 7, 6], [0, 1, 5, 4], [2, 3, 7, 6], [0, 2, 6, 4], [1, 3, 7, 5]])
    faces = at[quads[:, [[0, 1, 2], [0, 2, 3]]].reshape(-1, 3)]
    mark = np.full(12, 1 + CLASSES.index(label), np.uint8)
    return Solid(faces, np.zeros((12, 3, 2), np.float32), np.zeros(12, np.int32), (Material((0.5, 0.4, 0.3)),), mark)


def kind(number: int, label: str, stands: str, size: tuple[float, float, float], archive: str = "a") -> Kind:
    return Kind(f"{label}-{stands}-{number}", label, stands, label, size, 0.9, Path(archive), "", (), "")


@pytest.fixture(scope="module")
def furnisher() -> Furnisher:
    sizes = {
        ("door", "opening"): (0.9, 0.15, 2.1), ("window", "opening"): (1.1, 0.2, 1.2), ("bed", "wall"): (1.4, 2.1, 0.6),
        ("cabinet", "wall"): (0.9, 0.5, 0.9), ("cabinet", "hung"): (0.6, 0.4, 0.7),
        ("chair", "round"): (0.45, 0.5, 0.9),
        ("lamp", "on"): (0.25, 0.25, 0.4), ("lamp", "ceiling"): (0.5, 0.5, 0.5), ("lamp", "floor"): (0.3, 0.3, 1.5),
        ("plant", "floor"): (0.6, 0.6, 1.1), ("plant", "on"): (0.25, 0.25, 0.3), ("screen", "on"): (0.5, 0.25, 0.4),
        ("bookcase", "wall"): (0.9, 0.35, 1.8), ("sofa", "wall"): (1.9, 0.9, 0.8),
        ("table", "middle"): (1.4, 0.8, 0.75),
        ("table", "desk"): (1.2, 0.6, 0.74), ("bath", "wall"): (0.5, 0.6, 0.8), ("appliance", "wall"): (0.6, 0.6, 0.9),
    }  # fmt: skip
    models = [(kind(n, *key, size), box(*size, key[0])) for key, size in sizes.items() for n in range(2)]
    return Furnisher(models)


def test_furniture_never_meets_and_stays_inside(furnisher):
    for seed in range(12):
        room = furnisher.furnish(np.random.default_rng(seed), seed)
        assert FEWEST <= len(room.boxes) <= MOST
        for number, piece in enumerate(room.boxes):
            assert not any(piece.meets(other) for other in room.boxes[:number])
            assert room.plan.inside(piece.corners()).all()
            assert piece.high <= room.plan.height + 1e-6
        assert {"wall", "floor"} <= {CLASSES[label - 1] for label in np.unique(room.solid.label) if label}


def test_nothing_hovers(furnisher):
    for seed in range(8):
        room = furnisher.furnish(np.random.default_rng(seed), seed)
        tops = [other.high for other in room.boxes]
        for here, model in zip(room.boxes, room.models, strict=False):
            if model.stands in ("hung", "ceiling"):
                continue
            assert here.low == 0 or min(abs(here.low - top) for top in tops) < 1e-5


def test_doors_stay_free(furnisher):
    for seed in range(8):
        room = furnisher.furnish(np.random.default_rng(seed), seed)
        for hole in (h for h in room.plan.openings if h.low == 0):
            start, along, inward, _ = room.plan.wall(hole.wall)
            x, y = start + (hole.start + hole.width / 2) * along + 0.4 * inward
            swing = Box(float(x), float(y), 0.6, 0.6, 0.0, 0.0, 2.0)
            assert not any(swing.meets(other) for other in room.boxes)


def test_backs_are_at_walls_and_fronts_look_in():
    places = Places(SQUARE, np.random.default_rng(0))
    for _ in range(4):
        here = places.wall(Thing(0.8, 0.4, 1.0))
        assert here is not None
        front = np.array([np.sin(here.angle), -np.cos(here.angle)])
        back = np.array([here.x, here.y]) - front * (0.2 + 0.06)
        assert not SQUARE.inside(back[None])[0]
        assert SQUARE.inside((np.array([here.x, here.y]) + front * 0.3)[None])[0]


def test_chairs_look_at_their_table():
    places = Places(SQUARE, np.random.default_rng(1))
    table = places.middle(Thing(1.2, 0.8, 0.75), margin=1.2)
    assert table is not None
    for _ in range(3):
        chair = places.beside(Thing(0.4, 0.4, 0.9), table)
        assert chair is not None
        front = np.array([np.sin(chair.angle), -np.cos(chair.angle)])
        to = np.array([table.x - chair.x, table.y - chair.y])
        assert front @ to > 0


def test_boxes_that_touch_do_not_meet():
    cube = Box(0, 0, 1, 1, 0.0, 0.0, 1.0)
    assert not cube.meets(Box(1, 0, 1, 1, 0.0, 0.0, 1.0))
    assert cube.meets(Box(0.99, 0, 1, 1, 0.0, 0.0, 1.0))
    assert not cube.meets(Box(0, 0, 1, 1, 0.3, 1.0, 2.0))
    assert not cube.meets(Box(1.15, 1.15, 1, 1, np.pi / 4, 0.0, 1.0))
    assert cube.meets(Box(0.9, 0, 1, 1, np.pi / 4, 0.0, 1.0))


def test_parts_share_no_model_and_lookalikes_stay_together():
    rng = np.random.default_rng(0)
    models = [kind(n, "chair", "round", tuple(rng.uniform(30, 120, 3))) for n in range(30)]
    twins = [kind(100 + n, "chair", "round", (50.0 + n, 90.0, 60.0), "b") for n in range(3)]
    part = divided([*models, *twins])
    assert set(part) == {k.id for k in [*models, *twins]}
    assert set(part.values()) == {"train", "val", "test"}
    assert len({part[k.id] for k in twins}) == 1
    assert part == divided([*twins, *models][::-1])


def test_shell_has_its_holes():
    plan = Plan(SQUARE.ring, 2.5, 0.15, openings=(Opening(0, 1.0, 0.9, 0.0, 2.0),))
    bare = shell(plan, [Material((1, 1, 1))] * 6, (1, 2))
    edges = bare.corners[:, 1:] - bare.corners[:, :1]
    area = np.linalg.norm(np.cross(edges[:, 0], edges[:, 1]), axis=1) / 2
    sides = 0.15 * (2 * 2.0 + 2 * 0.9)
    assert area[bare.label == 2].sum() == pytest.approx(12)
    assert area[bare.label == 1].sum() == pytest.approx(14 * 2.5 - 0.9 * 2.0 + sides, rel=1e-5)


def test_plans_are_rings_to_the_left():
    for seed in range(20):
        plan = draw_plan(np.random.default_rng(seed), 3.4, 6.0)
        x, y = plan.ring.T
        assert (x * np.roll(y, -1) - np.roll(x, -1) * y).sum() > 0
        for number in range(len(plan.ring)):
            start, along, inward, length = plan.wall(number)
            assert plan.inside((start + along * length / 2 + inward * 0.05)[None])[0]


def archive(materials: str) -> zipfile.ZipFile:
    bytes_ = io.BytesIO()
    picture = io.BytesIO()
    Image.new("RGB", (4, 4), (10, 200, 30)).save(picture, "PNG")
    with zipfile.ZipFile(bytes_, "w") as pack:
        pack.writestr("m/a.obj", CUBE)
        pack.writestr("m/a.mtl", materials)
        pack.writestr("m/t.png", picture.getvalue())
    return zipfile.ZipFile(bytes_)


def test_models_are_read_turned_and_sized():
    pack = archive("newmtl red\nKd 1 0 0\nd 0.4\nnewmtl cloth\nmap_Kd t.png\n")
    solid = read_obj(pack, "m/a.obj")
    assert len(solid.corners) == 12
    assert solid.materials[0].opacity == pytest.approx(0.4)
    assert solid.materials[1].texture.shape == (4, 4, 3)
    assert set(solid.material[-2:]) == {1}
    solid_fitted = fitted(solid, (100, 50, 200), (1, 0, 0, 0, 1, 0, 0, 0, 1))
    np.testing.assert_allclose(solid_fitted.size, (1, 2, 0.5), atol=1e-6)
    assert solid_fitted.corners[..., 2].min() == pytest.approx(0, abs=1e-6)
    moved = placed(solid_fitted, (3, 1, 0.5), np.pi / 2)
    np.testing.assert_allclose(moved.size, (2, 1, 0.5), atol=1e-6)
    np.testing.assert_allclose(moved.corners.reshape(-1, 3).mean(0)[:2], (3, 1), atol=1e-5)


def test_a_missing_material_leaves_plain_grey():
    assert read_obj(archive("newmtl other\nKd 1 0 0\n"), "m/a.obj").materials[0].colour == (0.6, 0.6, 0.6)


def test_thinning_keeps_the_shape():
    rng = np.random.default_rng(0)
    at = rng.normal(size=(3000, 1, 3)).astype(np.float32)
    at = at / np.linalg.norm(at, axis=-1, keepdims=True) * 0.5
    ball = Solid(
        at + rng.normal(0, 0.02, (3000, 3, 3)).astype(np.float32), np.zeros((3000, 3, 2), np.float32),
        np.zeros(3000, np.int32), (Material((1, 1, 1)),), np.ones(3000, np.uint8),
    )  # fmt: skip
    fewer = thinned(ball, 1500)
    assert 0 < len(fewer.corners) < 3000
    np.testing.assert_allclose(fewer.size, ball.size, atol=0.1)


def test_tables_have_tops_and_chairs_have_none():
    assert shelf(box(1.2, 0.8, 0.75)) == pytest.approx(0.75)
    chair = joined([box(0.4, 0.4, 0.45), placed(box(0.4, 0.05, 0.5), (0, 0.2, 0.45), 0.0)])
    assert shelf(chair) is None


def seen_box(pose: np.ndarray) -> Photo:
    """A photo of the inside of the box |x|, |y|, |z| ≤ 2, by rays; each side has a label of its own."""
    k = intrinsics()
    x, y = np.meshgrid((np.arange(WIDTH) - k[0, 2]) / k[0, 0], (np.arange(HEIGHT) - k[1, 2]) / k[1, 1])
    rays = np.stack([x, y, np.ones_like(x)], -1) @ pose[:3, :3].T
    reach = (np.sign(rays) * 2 - pose[:3, 3]) / rays
    axis = reach.argmin(-1)
    label = 1 + 2 * axis + (np.take_along_axis(rays, axis[..., None], -1)[..., 0] > 0)
    slant = np.abs(np.take_along_axis(rays, axis[..., None], -1)[..., 0]) / np.linalg.norm(rays, axis=-1)
    rgb = (label[..., None] * [30, 20, 10] + 60).astype(np.uint8)
    off = np.zeros(label.shape, bool)
    return Photo(rgb, reach.min(-1).astype(np.float32), label.astype(np.uint8), slant.astype(np.float32), off)


def around() -> list[np.ndarray]:
    turns = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    return [looking(np.array([0.3, -0.2, 0.1]), np.array([np.cos(t), np.sin(t), -0.3])) for t in turns]


def test_pixels_lift_to_the_faces_they_show():
    for pose in around():
        points = scanning.lifted(seen_box(pose).depth, pose)
        np.testing.assert_allclose(np.abs(points).max(1), 2, atol=1e-4)


def test_poses_are_rotations_that_look_ahead():
    for pose in around():
        np.testing.assert_allclose(pose[:3, :3].T @ pose[:3, :3], np.eye(3), atol=1e-12)
        assert np.linalg.det(pose[:3, :3]) == pytest.approx(1)
        assert pose[2, 1] < 0


def test_scans_agree_with_what_was_seen():
    poses, rng = around(), np.random.default_rng(0)
    scan = scanning.fused([seen_box(pose) for pose in poses], poses, rng)
    assert len(scan.xyz) > 50_000
    away = np.abs(np.abs(scan.xyz).max(1) - 2)
    assert np.percentile(away, 95) < 0.02
    inner = np.sort(np.abs(scan.xyz), 1)[:, 1] < 1.9
    axis = np.abs(scan.xyz).argmax(1)
    true = 1 + 2 * axis + (np.take_along_axis(scan.xyz, axis[:, None], 1)[:, 0] > 0)
    assert (scan.label == true)[inner].mean() > 0.999
    np.testing.assert_allclose(scan.rgb[inner], (true[inner, None] * [30, 20, 10] + 60), atol=1)


def test_sensors_fail_on_glass_edges_and_far_away():
    photo = seen_box(around()[0])
    rng = np.random.default_rng(0)
    whole = (scanning.sensed(photo, rng) > 0).mean()
    glass = Photo(photo.rgb, photo.depth, photo.label, photo.slant, np.ones_like(photo.glass))
    far = Photo(photo.rgb, photo.depth + 6, photo.label, photo.slant, photo.glass)
    dark = Photo(photo.rgb // 40, photo.depth, photo.label, photo.slant, photo.glass)
    assert whole > 0.8
    assert (scanning.sensed(glass, rng) > 0).mean() < 0.15
    assert not scanning.sensed(far, rng).any()
    assert 0 < (scanning.sensed(dark, rng) > 0).mean() < whole - 0.2


def test_thinning_a_cloud_keeps_one_point_a_cell():
    rng = np.random.default_rng(0)
    xyz = rng.uniform(0, 1, (5000, 3)).astype(np.float32)
    label = np.where(xyz[:, 0] < 0.5, 3, 7).astype(np.uint8)
    fewer = scanning.thinned(xyz, np.full((5000, 3), 9, np.uint8), label, 0.1)
    assert len(fewer.xyz) == len(np.unique(np.floor((xyz - xyz.min(0)) / 0.1), axis=0))
    clear = np.abs(fewer.xyz[:, 0] - 0.5) > 0.1
    assert (fewer.label == np.where(fewer.xyz[:, 0] < 0.5, 3, 7))[clear].all()


@pytest.mark.parametrize("number", range(len(scanning.WALKS)))
def test_walks_stay_inside_and_sweep(number, monkeypatch):
    walk = replace(scanning.WALKS[number], share=1.0)
    monkeypatch.setattr(scanning, "WALKS", (walk,))
    poses = scanning.path(SQUARE, [Box(0.5, 1.5, 0.5, 0.5, 0, 0.0, 2.0)], 24, np.random.default_rng(0))
    eyes = np.array([pose[:3, 3] for pose in poses])
    assert SQUARE.inside(eyes[:, :2], 0.2).all()
    turns = np.unwrap([np.arctan2(pose[1, 2], pose[0, 2]) for pose in poses])
    assert np.radians(walk.sweep[0]) - 0.9 < turns[-1] - turns[0] < np.radians(walk.sweep[1]) + 0.6
    down = np.array([-pose[2, 2] / np.hypot(*pose[:2, 2]) for pose in poses])
    assert (down > min(low for low, _ in walk.drops) - 1e-6).all()
    assert (down < max(high for _, high in walk.drops) + 1e-6).all()


def test_scenes_are_laid_out_as_scannet_does(tmp_path):
    poses = around()
    photos = [seen_box(pose) for pose in poses]
    scan = scanning.fused(photos, poses, np.random.default_rng(0))
    folder = tmp_path / "train" / "scene0000_00"
    write_scene(folder, scan, photos[:2], poses[:2], {"kind": "box"}, CLASSES)
    assert is_whole(folder)
    assert not is_whole(tmp_path)
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    tags = json.loads((folder / "tags.json").read_text(encoding="utf-8"))
    assert tags["classes"] == list(CLASSES[:5])
    raw = (folder / "scene0000_00_vh_clean_2.labels.ply").read_bytes()
    head, body = raw.split(b"end_header\n", 1)
    assert f"element vertex {len(scan.xyz)}".encode() in head
    assert len(body) == 18 * len(scan.xyz)
    table = np.frombuffer(body, [("xyz", "<f4", 3), ("rgba", "u1", 4), ("label", "<u2")])
    np.testing.assert_array_equal(table["xyz"], scan.xyz)
    np.testing.assert_array_equal(table["label"], scan.label)
    for number in range(2):
        depth = np.asarray(Image.open(folder / "depth" / f"{number}.png"))
        np.testing.assert_allclose(depth / 1000, photos[number].depth, atol=0.0006)
        with Image.open(folder / "color" / f"{number}.jpg") as image:
            assert image.size == (WIDTH, HEIGHT)
        np.testing.assert_allclose(np.loadtxt(folder / "pose" / f"{number}.txt"), poses[number], atol=1e-6)
        np.testing.assert_array_equal(np.asarray(Image.open(folder / "label" / f"{number}.png")), photos[number].label)
    np.testing.assert_allclose(np.loadtxt(folder / "intrinsic" / "intrinsic_depth.txt")[:3, :3], intrinsics())


def test_samples_are_small_and_credit_every_maker(tmp_path):
    poses = around()
    photos = [seen_box(pose) for pose in poses]
    scan = scanning.fused(photos, poses, np.random.default_rng(0))
    scene = tmp_path / "test" / "scene7000_00"
    lines = [
        "“Bed” by Jo, Blend (Blend Swap), CC-BY-3.0, from the library",
        "“Sofa” by Scopia, CC-BY-3.0, from the library",
    ]
    write_scene(scene, scan, photos, poses, {"kind": "living room", "credits": lines}, CLASSES)
    example, files = samples.sample(scene)
    assert example.name == "living-room"
    assert example.truth.classes == CLASSES[:5]
    assert "Bed by Jo, Blend (Blend Swap) (CC-BY-3.0); Sofa by Scopia (CC-BY-3.0)" in example.credit
    assert max(len(raw) for name, raw in files.items() if name.endswith(".jpg")) <= samples.PHOTO_BYTES
    parts = read_scene(list(files.items()))
    assert 40_000 < len(parts["points"].xyz) <= samples.MOST
    np.testing.assert_allclose(np.abs(parts["points"].xyz).max(), 2, atol=0.05)
    assert len(parts["views"].images) == samples.PHOTOS
    np.testing.assert_allclose(parts["views"].intrinsics[0], intrinsics(), atol=1e-4)
