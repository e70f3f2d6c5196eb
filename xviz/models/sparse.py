"""Convolutions over the occupied voxels of a scene, in plain PyTorch; on the CPU and on CUDA.

Voxels are sorted by a key that packs their coordinates, so that a step in space is a constant added to the key and a
neighbour is found by searching sorted numbers. Who touches whom is looked up once for each level and kernel, and every
convolution is then, for each place of its kernel: gather rows, multiply by that place's weights, add to rows.

Letters: n voxel, i features that come, o features that leave, k place in a kernel (x slowest, z fastest).
Source: Graham & van der Maaten, Submanifold Sparse Convolutional Networks, 2017; Choy et al., CVPR 2019.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from xviz.core.errors import SampleError

Pairs = Sequence[tuple[Tensor, Tensor] | None]  #: for each place: rows that give, rows that get; None: each itself
MARGIN = 4  #: empty voxels around a scene, so that no step runs into the next row


class Grid:
    """The occupied voxels of one level, sorted, with who touches whom; one scene or several.

    Args:
        coords: (n, 4) whole numbers: scene, x, y, z; each row once, sorted. ``occupied`` makes them.
        keys: (n,) of the rows, rising.
        steps: What one step along scene, x, y, z adds to a key.
    """

    def __init__(self, coords: Tensor, keys: Tensor, steps: tuple[int, int, int, int]) -> None:
        self.coords, self.keys, self.steps = coords, keys, steps
        self._around: dict[int, Pairs] = {}
        self._coarser: tuple[Grid, Pairs, Pairs] | None = None

    def __len__(self) -> int:
        """The number of occupied voxels."""
        return len(self.keys)

    def around(self, kernel: int) -> Pairs:
        """Who gives to whom at each of the kernel³ places of an odd kernel, looked up once.

        Half of the places are searched; at the mirrored place givers and getters change roles.
        """
        if kernel not in self._around:
            half = range(-(kernel // 2), kernel // 2 + 1)
            shifts = [
                x * self.steps[1] + y * self.steps[2] + z * self.steps[3] for x in half for y in half for z in half
            ]
            first = [self._at(shift) for shift in shifts[: len(shifts) // 2]]
            self._around[kernel] = [*first, None, *((get, give) for give, get in reversed(first))]
        return self._around[kernel]

    def _at(self, shift: int) -> tuple[Tensor, Tensor]:
        """Voxels with an occupied voxel so many keys away: that voxel, and they."""
        wanted = self.keys + shift
        index = torch.searchsorted(self.keys, wanted).clamp_max(len(self) - 1)
        get = (self.keys[index] == wanted).nonzero().flatten()
        return index[get], get

    def coarser(self) -> tuple[Grid, Pairs, Pairs]:
        """Voxels of twice the side, and who gives to whom on the way there and on the way back, looked up once."""
        if self._coarser is None:
            scene, cell = self.coords[:, :1], self.coords[:, 1:]
            grid, parent = occupied(torch.cat([scene, cell.div(2, rounding_mode="floor")], 1))
            slots = (cell.remainder(2) * torch.tensor([4, 2, 1], device=cell.device)).sum(1)
            children = [(slots == slot).nonzero().flatten() for slot in range(8)]
            down = [(child, parent[child]) for child in children]
            self._coarser = grid, down, [(get, give) for give, get in down]
        return self._coarser


def occupied(coords: Tensor) -> tuple[Grid, Tensor]:
    """The occupied voxels, and for each row of ``coords`` its voxel.

    Args:
        coords: (m, 4) whole numbers: scene from 0, x, y, z; rows may repeat.

    Raises:
        SampleError: the scene is so large that its voxels cannot be numbered.
    """
    low, high = coords.amin(0), coords.amax(0)
    low[0] = 0
    x, y, z = (int(side) + 1 + 2 * MARGIN for side in (high - low)[1:])
    steps = (x * y * z, y * z, z, 1)
    if (int(high[0]) + 1) * float(x) * float(y) * float(z) > 2**62:
        raise SampleError(
            f"The cloud is {x} × {y} × {z} voxels large, which is no room. Check its unit (metres) and stray points."
        )
    base = torch.tensor([0, *low[1:].tolist()], device=coords.device)
    base[1:] -= MARGIN
    keys = ((coords - base) * torch.tensor(steps, device=coords.device)).sum(1)
    keys, of_row = torch.unique(keys, return_inverse=True)
    places = [keys // steps[0], keys // steps[1] % x, keys // steps[2] % y, keys % z]
    return Grid(torch.stack(places, 1) + base, keys, steps), of_row


class _Convolve(torch.autograd.Function):
    """Σ_k rows that give · weight_k, added to the rows that get; gathered rows are made again for the backward pass."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, pairs: Pairs, count: int) -> Tensor:
        """(n, i) features, (k, i, o) weights → (count, o)."""
        ctx.save_for_backward(x, weight)
        ctx.pairs = pairs
        out = x.new_zeros(count, weight.shape[2])
        for offset, pair in enumerate(pairs):
            if pair is None:
                out += x @ weight[offset]
            elif len(pair[0]):
                out.index_add_(0, pair[1], x.index_select(0, pair[0]) @ weight[offset])
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of features and weights."""
        x, weight = ctx.saved_tensors
        wants_x, wants_weight = ctx.needs_input_grad[:2]
        grad = grad.contiguous()
        to_x = torch.zeros_like(x) if wants_x else None
        to_weight = torch.zeros_like(weight) if wants_weight else None
        for offset, pair in enumerate(ctx.pairs):
            if pair is not None and not len(pair[0]):
                continue
            gave = x if pair is None else x.index_select(0, pair[0])
            grads = grad if pair is None else grad.index_select(0, pair[1])
            if to_weight is not None:
                to_weight[offset] = gave.mT @ grads
            if to_x is not None:
                back = grads @ weight[offset].mT
                to_x = to_x.add_(back) if pair is None else to_x.index_add_(0, pair[0], back)
        return to_x, to_weight, None, None


def convolve(x: Tensor, weight: Tensor, pairs: Pairs, count: int) -> Tensor:
    """One sparse convolution.

    Args:
        x: (n, i) features of the voxels that give.
        weight: (k, i, o).
        pairs: For each of the k places, who gives to whom.
        count: Voxels that get.

    Returns:
        (count, o).
    """
    return _Convolve.apply(x, weight, pairs, count)


class Convolution(nn.Module):
    """Weights of a sparse convolution without bias, for ``places`` places of its kernel."""

    def __init__(self, coming: int, leaving: int, places: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(places, coming, leaving))
        nn.init.normal_(self.weight, std=(2 / (coming * max(1.0, places / 3))) ** 0.5)  # a third of places are occupied

    def forward(self, x: Tensor, pairs: Pairs, count: int) -> Tensor:
        """(n, i) → (count, o)."""
        return convolve(x, self.weight, pairs, count)


class Around(nn.Module):
    """Submanifold convolution over kernel³ places: the occupied voxels stay the same. Then normalised."""

    def __init__(self, coming: int, leaving: int, kernel: int = 3) -> None:
        super().__init__()
        self.kernel = kernel
        self.convolution = Convolution(coming, leaving, kernel**3)
        self.norm = nn.BatchNorm1d(leaving)

    def forward(self, x: Tensor, grid: Grid) -> Tensor:
        """(n, i) → (n, o)."""
        return self.norm(self.convolution(x, grid.around(self.kernel), len(grid)))


class Block(nn.Module):
    """Two 3³ convolutions, each normalised, with what came added before the last ReLU (He et al., CVPR 2016)."""

    def __init__(self, coming: int, leaving: int) -> None:
        super().__init__()
        self.first, self.second = Around(coming, leaving), Around(leaving, leaving)
        self.skip = None if coming == leaving else nn.Sequential(
            nn.Linear(coming, leaving, bias=False), nn.BatchNorm1d(leaving)
        )  # fmt: skip

    def forward(self, x: Tensor, grid: Grid) -> Tensor:
        """(n, i) → (n, o)."""
        skipped = x if self.skip is None else self.skip(x)
        return (self.second(self.first(x, grid).relu(), grid) + skipped).relu()


class Between(nn.Module):
    """Convolution of 2³ and stride 2 to the coarser level, or its transpose to the finer one; normalised, ReLU."""

    def __init__(self, coming: int, leaving: int) -> None:
        super().__init__()
        self.convolution = Convolution(coming, leaving, 8)
        self.norm = nn.BatchNorm1d(leaving)

    def forward(self, x: Tensor, pairs: Pairs, count: int) -> Tensor:
        """(n, i) → (count, o)."""
        return self.norm(self.convolution(x, pairs, count)).relu()


class SparseUNet(nn.Module):
    """A residual U-Net over occupied voxels, of the shape of MinkUNet.

    Args:
        coming: Features of a voxel.
        stem: Features after the first convolution.
        stem_kernel: Side of its kernel.
        planes: Features after each level, first all on the way down, then as many on the way up.
        blocks: Residual blocks on each level.

    Source: Choy et al., 4D Spatio-Temporal ConvNets, CVPR 2019; planes 32 64 128 256 128 128 96 96 are its 18A.
    """

    def __init__(self, coming: int, *, stem: int, stem_kernel: int, planes: Sequence[int], blocks: int) -> None:
        super().__init__()
        depth = len(planes) // 2
        self.stem = Around(coming, stem, stem_kernel)
        self.down, self.narrow, self.up, self.wide = (nn.ModuleList() for _ in range(4))
        widths = [stem]
        for leaving in planes[:depth]:
            self.down.append(Between(widths[-1], widths[-1]))
            self.narrow.append(_row_of_blocks(widths[-1], leaving, blocks))
            widths.append(leaving)
        now = widths.pop()
        for leaving in planes[depth:]:
            self.up.append(Between(now, leaving))
            self.wide.append(_row_of_blocks(leaving + widths.pop(), leaving, blocks))
            now = leaving

    def forward(self, x: Tensor, grid: Grid) -> Tensor:
        """(n, coming) features of the occupied voxels → (n, last of the planes)."""
        x = self.stem(x, grid).relu()
        levels = []
        for down, blocks in zip(self.down, self.narrow, strict=True):
            coarse, narrowing, back = grid.coarser()
            levels.append((grid, x, back))
            x = down(x, narrowing, len(coarse))
            for block in blocks.children():
                x = block(x, coarse)
            grid = coarse
        for up, blocks in zip(self.up, self.wide, strict=True):
            grid, fine, back = levels.pop()
            x = torch.cat([up(x, back, len(grid)), fine], 1)
            for block in blocks.children():
                x = block(x, grid)
        return x


def _row_of_blocks(coming: int, leaving: int, count: int) -> nn.ModuleList:
    return nn.ModuleList(Block(coming if index == 0 else leaving, leaving) for index in range(count))
