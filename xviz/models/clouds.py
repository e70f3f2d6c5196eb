"""What the 3D network reads of a cloud: small voxels with colour, place and normal, and the supervoxel of each.

A cloud is cut once; turned or scaled, it is then laid on the network's own grid, whose voxels pool what lies in them. A
supervoxel's token is the mean of the network's features over its small voxels, each with the features of the grid's
voxel that it lies in, so that no supervoxel is ever empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xviz.core.sample import PointCloud
from xviz.models.mit_settings import COLOURS, Settings
from xviz.models.sparse import Grid, SparseUNet, occupied
from xviz.models.supervoxels import Cutting, means, supervoxels, voxelise

SEEN = {"colour": 3, "height": 1, "upright": 1, "there": 1}  #: what a voxel can say → numbers


@dataclass(frozen=True, eq=False)
class Cut:
    """A cloud as small voxels (half the side of the network's, or less), each of one supervoxel."""

    of_point: NDArray[np.int64]  #: (points,) supervoxel
    small_voxel: NDArray[np.int64]  #: (points,) small voxel
    places: NDArray[np.float32]  #: (small voxels, 3) metres, z from the floor, x and y from the middle
    colours: NDArray[np.float32]  #: (small voxels, 3) −1 to 1; zero where the cloud has none
    upright: NDArray[np.float32]  #: (small voxels,) |z| of the normal: 1 on a floor, 0 on a wall
    supervoxel: NDArray[np.int64]  #: (small voxels,) supervoxel

    @property
    def supervoxels(self) -> int:
        """The number of supervoxels."""
        return int(self.supervoxel.max()) + 1

    def middles(self, xyz: NDArray[np.floating]) -> NDArray[np.float32]:
        """(supervoxels, 3) mean place of each supervoxel's points."""
        return means(xyz, self.of_point, self.supervoxels).astype(np.float32)


def cut(cloud: PointCloud, settings: Settings) -> Cut:
    """Cut a cloud into small voxels and supervoxels.

    Args:
        cloud: Any; its own segments count where it has them.
        settings: small_voxel (metres).
    """
    cutting = Cutting(voxel=settings.small_voxel)
    voxels = voxelise(cloud, cutting)
    of_point = supervoxels(cloud, cutting, voxels)
    count = int(of_point.max()) + 1
    pairs, small = np.unique(voxels.of_point * count + of_point, return_inverse=True)
    voxel, supervoxel = pairs // count, pairs % count
    places = voxels.places[voxel].astype(np.float32)
    places -= np.array([*(places.min(0) + places.max(0))[:2] / 2, np.percentile(places[:, 2], 1)], np.float32)
    colours = np.zeros_like(places) if cloud.rgb is None else voxels.colours[voxel].astype(np.float32) * 2 - 1
    upright = np.abs(voxels.normals[voxel, 2]).astype(np.float32)
    return Cut(of_point, small.reshape(-1), places, colours, upright, supervoxel)


def laid(cut_cloud: Cut, settings: Settings, places: NDArray[np.float32] | None = None) -> dict[str, Tensor]:
    """The small voxels on the network's grid.

    Args:
        cut_cloud: The cloud in supervoxels and small voxels.
        settings: voxel (metres), sees (names out of ``SEEN``), places ("metres" or "voxels").
        places: (small voxels, 3) in the place of the cut's own, turned or scaled.

    Returns:
        voxels (n, 3) whole coordinates from 0, seen (n, f), pairs (2, small voxels) voxel and supervoxel of each,
        places (supervoxels, 3).
    """
    places = cut_cloud.places if places is None else places
    cells = np.floor((places - places.min(0)) / settings.voxel).astype(np.int64)
    grid, of_small = occupied(torch.from_numpy(np.pad(cells, ((0, 0), (1, 0)))))
    features = {
        "colour": cut_cloud.colours,
        "height": places[:, 2:],
        "upright": cut_cloud.upright[:, None],
        "there": np.ones_like(places[:, :1]),
    }
    means_ = means(np.concatenate([features[name] for name in settings.sees], 1), of_small.numpy(), len(grid))
    where = places if settings.places == "metres" else cells
    return {
        "voxels": grid.coords[:, 1:],
        "seen": torch.from_numpy(means_).float(),
        "pairs": torch.stack([of_small, torch.from_numpy(cut_cloud.supervoxel)]),
        "places": torch.from_numpy(means(where, cut_cloud.supervoxel, cut_cloud.supervoxels)).float(),
    }


def laid_turned(cut_cloud: Cut, settings: Settings) -> list[dict[str, Tensor]]:
    """The small voxels on the network's grid once more for each of the settings' turns about the vertical."""
    return [laid(cut_cloud, settings, about_vertical(cut_cloud.places, degrees)) for degrees in settings.turns]


def about_vertical(places: NDArray[np.floating], degrees: float) -> NDArray[np.float32]:
    """(n, 3) places turned about the vertical."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return (places @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]], np.float32)).astype(np.float32)


def grid_of(scenes: list[Mapping[str, Tensor]]) -> tuple[Grid, Tensor]:
    """The grids of several scenes as one, and the seen features of its voxels.

    Each scene's voxels must be sorted, as ``laid`` gives them.
    """
    coords = [torch.nn.functional.pad(scene["voxels"], (1, 0), value=i) for i, scene in enumerate(scenes)]
    grid, of_row = occupied(torch.cat(coords))
    features = torch.cat([scene["seen"] for scene in scenes])
    return grid, torch.empty_like(features).index_copy_(0, of_row, features)


def pooled(features: Tensor, pairs: Tensor, count: int) -> Tensor:
    """(n, d) features of a scene's voxels → (count, d) means over the small voxels of each supervoxel."""
    voxel, supervoxel = pairs
    total = features.new_zeros(count, features.shape[1]).index_add_(0, supervoxel, features.index_select(0, voxel))
    return total / torch.bincount(supervoxel, minlength=count).to(features.dtype)[:, None]


def tokens_3d(features: Tensor, voxels: Tensor, pairs: Tensor, count: int, settings: Settings) -> Tensor:
    """(count, width) the 3D tokens of a scene, which end in the mean colour where settings say so.

    Args:
        features: (n, width) of its voxels, by the 3D network.
        voxels: (n, f) what its voxels say.
        pairs: (2, m) voxel and supervoxel of each small voxel.
        count: Supervoxels.
        settings: colours, sees.
    """
    if settings.colours:
        first = sum(SEEN[name] for name in settings.sees[: settings.sees.index("colour")])
        features = torch.cat([features, voxels[:, first : first + COLOURS]], 1)
    return pooled(features, pairs, count)


def network(settings: Settings) -> SparseUNet:
    """The 3D network of the settings: sees, stem, stem_kernel, planes, blocks."""
    return SparseUNet(
        sum(SEEN[name] for name in settings.sees),
        stem=settings.stem,
        stem_kernel=settings.stem_kernel,
        planes=settings.planes,
        blocks=settings.blocks,
    )
