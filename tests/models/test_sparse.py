"""Sparse convolutions against dense ones, in float64."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from xviz.core.errors import SampleError
from xviz.models.sparse import SparseUNet, convolve, occupied

SIDE = 6


def scene(count: int = 60, scenes: int = 2, seed: int = 0) -> Tensor:
    """Rows scene, x, y, z; some twice."""
    rng = torch.Generator().manual_seed(seed)
    coords = torch.randint(0, SIDE, (count, 4), generator=rng)
    coords[:, 0] %= scenes
    return torch.cat([coords, coords[:7]])


def features(count: int, width: int, seed: int = 1) -> Tensor:
    return torch.randn(count, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def dense(x: Tensor, coords: Tensor, side: int) -> Tensor:
    """(n, i) features → (scenes, i, x, y, z), zero where nothing is."""
    out = x.new_zeros(int(coords[:, 0].max()) + 1, side, side, side, x.shape[1])
    out[tuple(coords.T)] = x
    return out.permute(0, 4, 1, 2, 3)


def at(planes: Tensor, coords: Tensor) -> Tensor:
    return planes.permute(0, 2, 3, 4, 1)[tuple(coords.T)]


def as_dense(weight: Tensor, kernel: int) -> Tensor:
    """(k, i, o) → (o, i, x, y, z)."""
    return weight.unflatten(0, (kernel, kernel, kernel)).permute(4, 3, 0, 1, 2)


def test_occupied_voxels_are_each_there_once_and_know_their_rows() -> None:
    coords = scene() - torch.tensor([0, 3, 2, 5])  # negative ones too
    grid, of_row = occupied(coords)
    assert len(grid) == len({tuple(row) for row in coords.tolist()})
    assert (grid.coords[of_row] == coords).all()
    assert (grid.keys.diff() > 0).all()


@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_a_submanifold_convolution_is_the_dense_one_at_the_occupied_voxels(kernel: int) -> None:
    grid, _ = occupied(scene())
    x, weight = features(len(grid), 3), features(kernel**3 * 3, 4).view(kernel**3, 3, 4)
    convolved = convolve(x, weight, grid.around(kernel), len(grid))
    want = F.conv3d(dense(x, grid.coords, SIDE), as_dense(weight, kernel), padding=kernel // 2)
    torch.testing.assert_close(convolved, at(want, grid.coords), rtol=1e-12, atol=1e-12)


def test_a_convolution_of_stride_two_is_the_dense_one() -> None:
    grid, _ = occupied(scene())
    coarse, there, _ = grid.coarser()
    x, weight = features(len(grid), 3), features(24, 5).view(8, 3, 5)
    want = F.conv3d(dense(x, grid.coords, SIDE), as_dense(weight, 2), stride=2)
    assert want.shape[2] == SIDE // 2
    torch.testing.assert_close(convolve(x, weight, there, len(coarse)), at(want, coarse.coords), rtol=1e-12, atol=1e-12)


def test_a_transposed_convolution_is_the_dense_one_at_the_finer_voxels() -> None:
    grid, _ = occupied(scene())
    coarse, _, back = grid.coarser()
    x, weight = features(len(coarse), 5), features(40, 3).view(8, 5, 3)
    transposed = weight.unflatten(0, (2, 2, 2)).permute(3, 4, 0, 1, 2)
    want = F.conv_transpose3d(dense(x, coarse.coords, SIDE // 2), transposed, stride=2)
    torch.testing.assert_close(convolve(x, weight, back, len(grid)), at(want, grid.coords), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("way", ["around", "down", "up"])
def test_gradients_are_right(way: str) -> None:
    grid, _ = occupied(scene(20))
    coarse, there, back = grid.coarser()
    pairs, coming, leaving = {
        "around": (grid.around(3), len(grid), len(grid)),
        "down": (there, len(grid), len(coarse)),
        "up": (back, len(coarse), len(grid)),
    }[way]
    x = features(coming, 2).requires_grad_()
    weight = features(2 * len(pairs), 3, seed=2).view(len(pairs), 2, 3).requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: convolve(a, b, pairs, leaving), (x, weight))


def test_scenes_side_by_side_do_not_touch() -> None:
    torch.manual_seed(0)
    net = SparseUNet(3, stem=4, stem_kernel=5, planes=(4, 6, 5, 4), blocks=1).double().eval()
    coords = scene(80)
    both, _ = occupied(coords)
    x = features(len(both), 3)
    together = net(x, both)
    for number in (0, 1):
        mine = both.coords[:, 0] == number
        alone = both.coords[mine] - torch.tensor([number, 0, 0, 0])
        grid, of_row = occupied(alone)
        torch.testing.assert_close(net(x[mine], grid)[of_row], together[mine], rtol=1e-10, atol=1e-12)


def test_a_scene_without_end_is_refused_in_words() -> None:
    far = torch.tensor([[0, 0, 0, 0], [0, 2**40, 2**40, 2**40]])
    with pytest.raises(SampleError, match="unit"):
        occupied(far)


def test_one_voxel_passes_the_network() -> None:
    net = SparseUNet(3, stem=4, stem_kernel=3, planes=(4, 4), blocks=2).eval()
    grid, _ = occupied(torch.zeros(1, 4, dtype=torch.long))
    assert net(torch.ones(1, 3), grid).isfinite().all()
