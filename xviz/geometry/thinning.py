"""Fewer points that still show the same surfaces and every segment, with the way back to the whole cloud."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

_ROUNDS = 12  #: steps in the search for the voxels' side
_ENOUGH, _TOP = 0.9, 0.99  #: of the points that are allowed; the search ends between them
_MIX, _OTHER = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)  #: odd; they spread numbers over 64 bits


@dataclass(frozen=True, eq=False)
class Thinned:
    """Which points of a cloud are kept, and which kept one stands for each."""

    kept: NDArray[np.int64]  #: (k,) indices into the whole cloud, ascending
    stands: NDArray[np.int64]  #: (points,) index into ``kept`` of the point that stands for each point
    side: float  #: metres, of the voxels; 0 where all points are kept

    def __len__(self) -> int:
        """How many points are kept."""
        return len(self.kept)

    def note(self) -> str:
        """What was left out, for people; empty where nothing was."""
        if not self.side:
            return ""
        return f"{len(self):,} of {len(self.stands):,} points drawn, one in each voxel of {1000 * self.side:.3g} mm."


def thin(xyz: ArrayLike, most: int, segments: ArrayLike | None = None) -> Thinned:
    """One point for each voxel, or for each segment in it, with voxels as small as the limit allows.

    Args:
        xyz: (n, 3) metres.
        most: points to keep at most; more only where there are more segments than that.
        segments: (n,) integers; each keeps at least a point.
    """
    xyz = np.asarray(xyz)
    groups = None if segments is None else np.asarray(segments)
    if len(xyz) <= most:
        every = np.arange(len(xyz))
        return Thinned(every, every, 0.0)
    low = xyz.min(0)
    extent = float(np.max(xyz.max(0) - low)) or 1.0
    side = _side(xyz, low, extent, most, groups)
    for _ in range(_ROUNDS):  # the search counts roughly
        _, chosen, stands = np.unique(_codes(xyz, low, side, groups), return_index=True, return_inverse=True)
        if len(chosen) <= most:
            break
        side *= 1.01
    order = np.argsort(chosen)
    rank = np.empty(len(chosen), np.int64)
    rank[order] = np.arange(len(chosen))
    return Thinned(chosen[order], rank[stands], side)


def _side(xyz: NDArray, low: NDArray, extent: float, limit: int, groups: NDArray | None) -> float:
    """The smallest side of voxels, metres, that gives no more occupied ones than allowed."""
    small, large = extent / 2**20, 2 * extent
    side = extent / np.sqrt(limit)  # a sheet as wide as the cloud
    for _ in range(_ROUNDS):
        count = _count(_codes(xyz, low, side, groups), limit)
        if _ENOUGH * limit <= count <= _TOP * limit:
            return side
        small, large = (side, large) if count > limit else (small, side)
        guess = side * np.sqrt(max(count, 1) / (0.95 * limit))  # surfaces: twice the side, a quarter of the voxels
        side = guess if small < guess < large else np.sqrt(small * large)
    return large


def _count(codes: NDArray[np.uint64], limit: int) -> float:
    """About how many different numbers there are, within half a per cent of what is allowed, without sorting them.

    Source: Whang, Vander-Zanden and Taylor 1990, linear counting: the share of a table's places that stays empty.
    """
    bits = max(int(limit).bit_length() + 4, 10)
    occupied = np.zeros(1 << bits, bool)
    mixed = codes * _MIX
    occupied[((mixed ^ (mixed >> np.uint64(32))) * _OTHER) >> np.uint64(64 - bits)] = True
    return -len(occupied) * np.log(max(1 - np.count_nonzero(occupied) / len(occupied), 1e-9))


def _codes(xyz: NDArray, low: NDArray, side: float, groups: NDArray | None) -> NDArray[np.uint64]:
    """(n,) one number for each voxel, and for each group in it.

    Groups are mixed in by multiplication: two different pairs meet once in 2⁶⁴, which would cost one point.
    """
    cells = ((xyz - low) * (1 / side)).astype(np.uint64)
    code = (cells[:, 0] << np.uint64(42)) | (cells[:, 1] << np.uint64(21)) | cells[:, 2]
    return code if groups is None else code ^ ((groups.astype(np.int64) + 1).astype(np.uint64) * _OTHER)
