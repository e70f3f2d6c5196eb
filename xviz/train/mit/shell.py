"""What gravity and the plan of a room say of its supervoxels without any label.

Floor and walls are in every room, and lists that always hold both cannot tell which is which. So what is level at the
lowest height is told to be floor, and what is upright above two metres wall (``shell``). The upright voxels above head
height also draw where the walls stand in the plan: what lies elsewhere is neither wall nor an opening in one, and what
lies higher than the floor is not floor (``possible``).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from xviz.models.clouds import Cut

IGNORED = -1  #: a supervoxel without a label
IN_WALLS = ("wall", "door", "window")  #: what stands nowhere but in the walls of the plan
CELL = 0.1  #: metres along a cell of the plan
HIGH = 1.8  #: metres above which what is upright is taken for wall in the plan
ABOVE = 0.4  #: share of a photo, from its top, that shows no floor
FEW = 0.3  #: a supervoxel with a smaller share in the walls of the plan is not part of them


def shell(cut_cloud: Cut, classes: Sequence[str], tags: NDArray[np.floating]) -> NDArray[np.int64]:
    """(supervoxels,) floor or wall where gravity says so without any label, else ``IGNORED``.

    Floor is what is level at the lowest height; wall is what is upright above two metres; each where the list has it,
    for a scan of the upper half of a room shows no floor.

    Args:
        cut_cloud: The cloud in supervoxels and small voxels.
        classes: Names.
        tags: (classes,) 1 where the room has the class.
    """
    height, level = _means(cut_cloud)
    named = np.full(cut_cloud.supervoxels, IGNORED)
    if "wall" in classes:
        named[(height > 2.0) & (level < 0.2)] = classes.index("wall")
    named[(np.abs(height) < 0.08) & (level > 0.9)] = classes.index("floor")
    return np.where((named >= 0) & (tags[named] > 0), named, IGNORED)


def possible(cut_cloud: Cut, classes: Sequence[str], tags: NDArray[np.floating]) -> NDArray[np.bool_]:
    """(supervoxels, classes) the classes that each may have: those of the room's list that its place does not rule out.

    Args:
        cut_cloud: The cloud in supervoxels and small voxels.
        classes: Names, in the order of the columns.
        tags: (classes,) 1 where the room has the class.
    """
    height, level = _means(cut_cloud)
    may = np.broadcast_to(tags > 0, (cut_cloud.supervoxels, len(classes))).copy()
    away = (_share_in_walls(cut_cloud) < FEW) | (level > 0.7)
    for name in IN_WALLS:
        if name in classes:
            may[away, classes.index(name)] = False
    if "floor" in classes:
        may[np.abs(height) > 0.15, classes.index("floor")] = False
    may[~may.any(1)] = tags > 0  # a place that rules out everything is wrong
    return may


def amid(may: NDArray[np.bool_], classes: Sequence[str]) -> NDArray[np.bool_]:
    """(supervoxels, classes) of what is ``possible``: furniture, where it stands away from the walls."""
    furniture = np.array([name not in ("floor", *IN_WALLS) for name in classes])
    return may & furniture & ~_at_walls(may, classes)


def openings(may: NDArray[np.bool_], classes: Sequence[str]) -> NDArray[np.bool_]:
    """(supervoxels, classes) of what is ``possible``: doors and windows, which are in walls."""
    return may & np.array([name in IN_WALLS[1:] for name in classes]) & _at_walls(may, classes)


def possible_in_photos(
    photos: int, grid: tuple[int, int], classes: Sequence[str], tags: NDArray[np.floating]
) -> NDArray[np.bool_]:
    """(photos · rows · columns, classes) the classes that each patch may show: those of the list, no floor high up.

    Args:
        photos: How many, held upright.
        grid: Rows and columns of patches in each.
        classes: Names, in the order of the columns.
        tags: (classes,) 1 where the room has the class.
    """
    may = np.broadcast_to(tags > 0, (photos, *grid, len(classes))).copy()
    if "floor" in classes and tags.sum() > 1:
        may[:, : int(grid[0] * ABOVE), :, classes.index("floor")] = False
    return may.reshape(-1, len(classes))


def _at_walls(may: NDArray[np.bool_], classes: Sequence[str]) -> NDArray[np.bool_]:
    """(supervoxels, 1) whether each may be wall."""
    return may[:, [classes.index("wall")]] if "wall" in classes else np.zeros((len(may), 1), bool)


def _share_in_walls(cut_cloud: Cut) -> NDArray[np.float64]:
    """(supervoxels,) the share of small voxels that lie in the walls of the plan, or in a cell beside one.

    All of them where nothing upright is that high, as in a scan of a part of a room.
    """
    upright = (cut_cloud.places[:, 2] > HIGH) & (cut_cloud.upright < 0.3)
    if not upright.any():
        return np.ones(cut_cloud.supervoxels)
    cells = np.floor((cut_cloud.places[:, :2] - cut_cloud.places[:, :2].min(0)) / CELL).astype(int)
    plan = np.zeros(cells.max(0) + 1, bool)
    plan[tuple(cells[upright].T)] = True
    near = ndimage.binary_dilation(plan, np.ones((3, 3)))[tuple(cells.T)]
    return np.bincount(cut_cloud.supervoxel, near, cut_cloud.supervoxels) / np.bincount(
        cut_cloud.supervoxel, minlength=cut_cloud.supervoxels
    )


def _means(cut_cloud: Cut) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(supervoxels,) mean height in metres and mean uprightness of the small voxels' normals."""
    count = np.bincount(cut_cloud.supervoxel, minlength=cut_cloud.supervoxels)
    height = np.bincount(cut_cloud.supervoxel, cut_cloud.places[:, 2], cut_cloud.supervoxels) / count
    return height, np.bincount(cut_cloud.supervoxel, cut_cloud.upright, cut_cloud.supervoxels) / count
