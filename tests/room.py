"""A plain room as a cloud, with photos whose cameras are known: a floor, two walls, and boxes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: middle, size and colour of what stands in the room, metres
BOXES = (
    ((1.0, 1.2, 0.4), (0.9, 1.6, 0.8), (176, 64, 52)),
    ((3.2, 0.6, 0.9), (1.2, 0.5, 1.8), (70, 96, 160)),
    ((3.0, 2.4, 0.37), (1.1, 0.8, 0.74), (190, 150, 60)),
    ((2.0, 3.4, 0.25), (0.5, 0.5, 0.5), (80, 150, 90)),
)
SIZE = (4.5, 4.0, 2.4)


@dataclass(frozen=True)
class Room:
    """What the tests are shown."""

    xyz: np.ndarray  #: (n, 3) metres
    rgb: np.ndarray  #: (n, 3)
    segments: np.ndarray  #: (n,) pieces of about half a metre
    classes: np.ndarray  #: (n,) 0 floor, 1 wall, 2 … boxes
    images: tuple[np.ndarray, ...]  #: each (120, 160, 3)
    poses: np.ndarray  #: (photos, 4, 4) camera to world
    intrinsics: np.ndarray  #: (photos, 3, 3)

    @property
    def middles(self) -> np.ndarray:
        """(segments, 3) the mean place of each piece."""
        counts = np.bincount(self.segments)
        return np.stack([np.bincount(self.segments, self.xyz[:, k]) / counts for k in range(3)], 1)


def room(n: int = 20_000, photos: int = 5) -> Room:
    """The room in ``n`` points and some photos."""
    rng = np.random.default_rng(0)
    parts = [_floor(rng, n // 4), _wall(rng, n // 8, 0), _wall(rng, n // 8, 1)]
    each = (n - sum(len(p[0]) for p in parts)) // len(BOXES)
    parts += [_box(rng, each, *box, kind + 2) for kind, box in enumerate(BOXES)]
    xyz, rgb, kind = (np.concatenate([part[i] for part in parts]) for i in range(3))
    rgb = np.clip(rgb + rng.normal(0, 8, (len(rgb), 1)), 0, 255).astype(np.uint8)
    cells = np.column_stack([kind, np.floor(xyz / 0.55).astype(int)])
    segments = np.unique(cells, axis=0, return_inverse=True)[1].ravel()
    poses = np.stack([_pose(angle) for angle in np.linspace(0.15, 1.4, photos)])
    camera = np.array([[130.0, 0, 80], [0, 130.0, 60], [0, 0, 1]])
    images = tuple(_photo(xyz, rgb, pose, camera) for pose in poses)
    return Room(xyz, rgb, segments, kind, images, poses, np.tile(camera, (photos, 1, 1)))


def _floor(rng, n: int):
    xyz = np.column_stack([rng.uniform(0, SIZE[0], n), rng.uniform(0, SIZE[1], n), rng.normal(0, 0.004, n)])
    stripe = (np.floor(xyz[:, 0] / 0.3) % 2)[:, None]
    return xyz, np.array([150, 118, 84]) + 14 * stripe, np.zeros(n, int)


def _wall(rng, n: int, axis: int):
    xyz = np.column_stack([rng.uniform(0, SIZE[0], n), rng.uniform(0, SIZE[1], n), rng.uniform(0, SIZE[2], n)])
    xyz[:, axis] = rng.normal(0, 0.004, n)
    return xyz, np.tile([206.0, 202.0, 190.0], (n, 1)), np.ones(n, int)


def _box(rng, n: int, middle, size, colour, kind: int):
    xyz = rng.uniform(-0.5, 0.5, (n, 3))
    axis, side = rng.integers(0, 3, n), rng.choice([-0.5, 0.5], n)
    xyz[np.arange(n), axis] = np.where((axis == 2) & (side < 0), 0.5, side)
    shade = np.array([0.8, 0.9, 1.05])[axis][:, None]
    return xyz * size + middle, np.array(colour) * shade, np.full(n, kind)


def _pose(angle: float) -> np.ndarray:
    """Where a camera stands that looks at the middle of the room from 3.4 m away."""
    focus = np.array([1.8, 1.7, 0.6])
    eye = focus + np.array([3.0 * np.cos(angle), 3.0 * np.sin(angle), 1.1])
    ahead = (focus - eye) / np.linalg.norm(focus - eye)
    right = np.cross(ahead, [0, 0, 1])
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3, :3] = np.column_stack([right, np.cross(ahead, right), ahead])
    pose[:3, 3] = eye
    return pose


def _photo(xyz, rgb, pose, camera) -> np.ndarray:
    """The cloud through a pinhole, the nearest point of each pixel; the farthest is painted first."""
    seen = (xyz - pose[:3, 3]) @ pose[:3, :3]
    order = np.argsort(-seen[:, 2])
    order = order[seen[order, 2] > 0.1]
    flat = seen[order] @ camera.T
    x, y = (flat[:, :2] / flat[:, 2:]).T.astype(int)
    image = np.full((120, 160, 3), 225, np.uint8)
    for dx in (0, 1):
        for dy in (0, 1):
            inside = (x + dx >= 0) & (x + dx < 160) & (y + dy >= 0) & (y + dy < 120)
            image[(y + dy)[inside], (x + dx)[inside]] = rgb[order[inside]]
    return image
