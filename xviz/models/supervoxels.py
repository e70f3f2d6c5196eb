"""Supervoxels: a cloud cut into small pieces of one surface and one colour.

Points → voxels → normals (the direction in which a voxel's surroundings are thinnest) → neighbouring pieces merged, in
rounds: each piece names the neighbour that it is most like, pairs that name each other become one, until none are alike
enough. A piece stays below a given extent, so that it has a place; small ones then join their nearest neighbour. All
rounds are array operations, and the same cloud gives the same pieces.

MIT takes the shape detection of WyPR (CGAL's region growing, whose regions may be whole walls); this is a stand-in
with the same purpose. A file's own segments are used where it has them.
Source: Felzenszwalb & Huttenlocher, IJCV 2004 (merging by likeness on a neighbour graph); Papon et al., CVPR 2013.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from xviz.core.sample import PointCloud
from xviz.models.sparse import Grid, occupied

Rows = NDArray[np.int64]
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Cutting:
    """The numbers of a cutting."""

    voxel: float = 0.05  #: metres
    extent: float = 1.2  #: most length of a piece along any axis, metres
    unlike: float = 0.25  #: pieces less alike than this are not merged
    colour: float = 3.0  #: weight of a colour difference (0–1) beside that of a normal (0–1)
    small: int = 20  #: pieces of fewer voxels join a neighbour
    voxels: int = 250_000  #: with more, voxels of twice the side are taken


def supervoxels(cloud: PointCloud, cutting: Cutting = Cutting(), voxels: Voxels | None = None) -> Rows:
    """(points,) the supervoxel of each point, numbered from 0 without gaps.

    Args:
        cloud: Its own segments count where it has them; points without one go to that of the nearest point.
        cutting: The numbers.
        voxels: Those of the cloud where they are there already.
    """
    if cloud.segment is not None and (cloud.segment >= 0).any():
        return np.unique(_nearest(cloud.xyz, cloud.segment), return_inverse=True)[1].reshape(-1)
    voxels = voxelise(cloud, cutting) if voxels is None else voxels
    return _merged(voxels, cutting)[voxels.of_point]


def _nearest(xyz: NDArray[np.floating], segment: Rows) -> Rows:
    """Segments with those below zero replaced by that of the nearest point that has one."""
    lost = segment < 0
    if not lost.any():
        return segment
    filled = segment.copy()
    filled[lost] = segment[~lost][cKDTree(xyz[~lost]).query(xyz[lost])[1]]
    return filled


@dataclass(frozen=True, eq=False)
class Voxels:
    """A cloud as voxels with what merging needs to know of each."""

    of_point: Rows  #: (points,)
    places: Values  #: (n, 3) metres, mean of the points
    colours: Values  #: (n, 3) 0–1, mean of the points; zero where the cloud has none
    normals: Values  #: (n, 3) of length one, sign without meaning
    edges: Rows  #: (e, 2) neighbours, each pair once


def voxelise(cloud: PointCloud, cutting: Cutting = Cutting()) -> Voxels:
    """The cloud's voxels, with their normals and neighbours."""
    side = cutting.voxel
    while True:
        cells = np.floor((cloud.xyz - cloud.xyz.min(0)) / side).astype(np.int64)
        grid, of_point = occupied(torch.from_numpy(np.pad(cells, ((0, 0), (1, 0)))))
        if len(grid) <= cutting.voxels:
            break
        side *= 2
    voxel = of_point.numpy()
    places = means(cloud.xyz, voxel, len(grid))
    colours = np.zeros_like(places) if cloud.rgb is None else means(cloud.rgb, voxel, len(grid)) / 255
    return Voxels(voxel, places, colours, *_surfaces(grid, places))


def means(values: NDArray, group: Rows, count: int, weights: NDArray | None = None) -> Values:
    """(count, d) mean of the (n, d) values of each group; zero for an empty one."""
    total = np.bincount(group, weights=weights, minlength=count)
    sums = [np.bincount(group, column if weights is None else column * weights, count) for column in values.T]
    return np.stack(sums, 1) / np.maximum(total, 1e-12)[:, None]


def _surfaces(grid: Grid, places: Values) -> tuple[Values, Rows]:
    """Normals of the voxels from the places within two voxels of each (PCA), and pairs of neighbours."""
    count, moments = len(grid), _moments(places)
    near = [pair for pair in grid.around(3) if pair is not None]
    for _ in range(2):  # sums over 3³ twice: a window that is soft and two voxels wide
        total = moments.copy()
        for give, get in near:
            total[get.numpy()] += moments[give.numpy()]  # each gets once at a place of the kernel
        moments = total
    middle = moments[:, 1:4] / moments[:, :1]
    spread = np.empty((count, 3, 3))
    for column, (a, b) in enumerate([(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]):
        spread[:, a, b] = spread[:, b, a] = moments[:, 4 + column] / moments[:, 0] - middle[:, a] * middle[:, b]
    normals = np.linalg.eigh(spread)[1][:, :, 0]
    half = near[: len(near) // 2]
    edges = np.concatenate([np.stack([give.numpy(), get.numpy()], 1) for give, get in half])
    return normals, edges


def _moments(places: Values) -> Values:
    """(n, 10): one, the place, and the products of its coordinates, from the middle of all."""
    x, y, z = (places - places.mean(0)).T
    return np.stack([np.ones_like(x), x, y, z, x * x, x * y, x * z, y * y, y * z, z * z], 1)


@dataclass(eq=False)
class _Pieces:
    """The pieces of one round."""

    size: Values  #: (n,) voxels
    colour: Values  #: (n, 3)
    moment: Values  #: (n, 6) mean of the products of the normal with itself, which has no sign
    low: Values  #: (n, 3) metres
    high: Values  #: (n, 3)

    def merged(self, piece: Rows, count: int) -> _Pieces:
        """The pieces after some became one."""
        low, high = np.full((count, 3), np.inf), np.full((count, 3), -np.inf)
        np.minimum.at(low, piece, self.low)
        np.maximum.at(high, piece, self.high)
        colour, moment = (means(values, piece, count, self.size) for values in (self.colour, self.moment))
        size = np.bincount(piece, self.size, count).astype(np.float64, copy=False)
        return _Pieces(size, colour, moment, low, high)

    def unlike(self, edges: Rows, cutting: Cutting) -> Values:
        """(e,) how unlike the two pieces of each edge are."""
        a, b = edges.T
        bent = np.abs(self.moment[a] - self.moment[b]) @ [1, 2, 2, 1, 2, 1]
        return bent / 2 + cutting.colour * np.abs(self.colour[a] - self.colour[b]).mean(1)

    def extent(self, edges: Rows) -> Values:
        """(e,) the longest side that the two pieces of each edge would have together."""
        a, b = edges.T
        return (np.maximum(self.high[a], self.high[b]) - np.minimum(self.low[a], self.low[b])).max(1)


def _merged(voxels: Voxels, cutting: Cutting) -> Rows:
    """(n,) the piece of each voxel."""
    x, y, z = voxels.normals.T
    count = len(voxels.places)
    moment = np.stack([x * x, x * y, x * z, y * y, y * z, z * z], 1)
    pieces = _Pieces(np.ones(count), voxels.colours, moment, voxels.places, voxels.places)
    of_voxel, edges = np.arange(count), voxels.edges
    for rule in ("alike", "small"):
        while len(edges):
            cost = pieces.unlike(edges, cutting)
            if rule == "alike":
                may = (cost < cutting.unlike) & (pieces.extent(edges) < cutting.extent)
            else:
                may = np.asarray((pieces.size[edges] < cutting.small).any(1))
            piece, fewer = _pairs(edges[may], cost[may], pieces.size, len(pieces.size))
            if fewer == len(pieces.size):
                break
            pieces, of_voxel = pieces.merged(piece, fewer), piece[of_voxel]
            edges = _once(piece[edges], fewer)
    return of_voxel


def _once(edges: Rows, count: int) -> Rows:
    """The edges between different pieces, each once."""
    a, b = edges.T
    keys = np.sort(np.minimum(a, b) * count + np.maximum(a, b))  # faster than numpy's unique, which hashes
    keys = keys[np.append(True, np.diff(keys) > 0)]
    first, second = keys // count, keys % count
    return np.stack([first, second], 1)[first != second]


def _pairs(edges: Rows, cost: Values, size: Values, count: int) -> tuple[Rows, int]:
    """Merge the pieces that name each other as most alike; small ones count as more alike, so that sizes stay even.

    Returns:
        (count,) the new number of each piece, and how many there are.
    """
    a, b = edges.T
    rank = np.empty(len(edges), np.int64)
    weighed = (cost + 0.02) * np.log2(1 + np.minimum(size[a], size[b]))
    rank[np.lexsort((b, a, weighed))] = np.arange(len(edges))
    best = np.full(count, len(edges))
    np.minimum.at(best, a, rank)
    np.minimum.at(best, b, rank)
    both = (best[a] == rank) & (best[b] == rank)
    graph = coo_matrix((np.ones(both.sum()), (a[both], b[both])), (count, count))
    fewer, piece = connected_components(graph, directed=False)
    return piece.astype(np.int64), int(fewer)
