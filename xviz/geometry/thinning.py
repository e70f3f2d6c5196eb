"""Fewer points that still show the same surfaces, with the way back to the whole cloud; an order for points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

_ROUNDS = 12  #: steps in the search for the voxels' side
_ENOUGH, _TOP = 0.9, 0.99  #: of the points that are allowed; the search ends between them
_FINE = 14  #: bits of an axis by which points are put in order: 42 of a code, 22 are left for the number of a point
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


def evenly(cells: NDArray[np.uint16]) -> NDArray[np.int64]:
    """(n,) points in an order of which any beginning is an even sample: coarse cells of the octree before finer ones.

    Of each cell of a level, the first point along the Z-order curve stands for it; a point belongs to the coarsest
    level at which it is the first. Points of the same level follow each other by leaps along the curve, so that a part
    of a level is even too.

    Args:
        cells: (n, 3) places in steps of 1/65,536 of the same length along each axis, at most 2²² of them.

    Raises:
        ValueError: more points than that.

    Source: Gobbetti and Marton 2004, layered point clouds; bits reversed as by van der Corput 1935.
    """
    count = len(cells)
    if count > 1 << (64 - 3 * _FINE):
        raise ValueError(f"{count:,} points are more than can be put in order; thin them first")
    parts = _thirds()[cells >> (16 - _FINE)]
    codes = (parts[:, 0] << np.uint64(2)) | (parts[:, 1] << np.uint64(1)) | parts[:, 2]
    shift = np.uint64(64 - 3 * _FINE)
    keys = np.sort((codes << shift) | np.arange(count, dtype=np.uint64))
    along = (keys & np.uint64((1 << int(shift)) - 1)).astype(np.int64)
    codes = keys >> shift
    level = np.full(count, 3 * _FINE, np.uint8)  # how many bits of the code differ from the point before
    level[1:] = np.frexp((codes[1:] ^ codes[:-1]).astype(np.float64))[1]
    leaps = _leaps(count)
    coarse_first = np.uint8(_FINE) - (level[leaps] + np.uint8(2)) // np.uint8(3)
    return along[leaps[np.argsort(coarse_first, kind="stable")]]


def _thirds() -> NDArray[np.uint64]:
    """(2¹⁴,) numbers with two empty bits before each of their own."""
    numbers = np.arange(1 << _FINE, dtype=np.uint64)
    spread = np.zeros_like(numbers)
    for bit in range(_FINE):
        spread |= ((numbers >> np.uint64(bit)) & np.uint64(1)) << np.uint64(3 * bit)
    return spread


def _leaps(count: int) -> NDArray[np.int64]:
    """0 … count − 1 in the order of their reversed bits."""
    reversed_bits = np.zeros(1, np.int64)
    for _ in range(max(count - 1, 0).bit_length()):
        reversed_bits = np.concatenate([2 * reversed_bits, 2 * reversed_bits + 1])
    return reversed_bits[reversed_bits < count]
