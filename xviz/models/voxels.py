"""A room before it became tokens: the voxels and pixels that its networks read, and the way from them to the tokens.

Voxels are those of the trained 3D network's grid, pixels those of the frame into which a photo is fitted for the frozen
image network. Both networks are differentiable here, photo by photo.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from xviz.core.errors import ModelError
from xviz.core.sample import Photos, PointCloud, Sample
from xviz.core.tokens import PatchGrid, Segments
from xviz.models import regions
from xviz.models.clouds import SEEN, cut, grid_of, laid, tokens_3d
from xviz.models.mit import MIT, sights
from xviz.models.mit_settings import Settings
from xviz.models.photo_light import gains_of
from xviz.models.photos import STRIDE, Frame, fitted, mean_colours, multiplied
from xviz.models.sparse import Grid
from xviz.models.supervoxels import means

GREY = 127.0  #: what the image network reads as zero


@dataclass(frozen=True, eq=False)
class VoxelsAndPixels:
    """What the networks of the interlaced Transformer read of one room."""

    digest: str  #: of the sample
    grid: Grid  #: the occupied voxels
    seen: Tensor  #: (voxels, f) what each says, ``said`` names it
    said: tuple[str, ...]  #: (f,) names out of ``clouds.SEEN``, once for each number
    pairs: Tensor  #: (2, small voxels) voxel and supervoxel of each small voxel
    places: Tensor  #: (supervoxels, 3)
    voxels: Segments
    pixels: PatchGrid  #: of no photos where the model reads none
    pictures: Tensor  #: (photos, 3, height, width) 0–255
    inside: Tensor  #: (photos, height, width) bool, where the frame shows the photo
    patches: PatchGrid
    here: Tensor  #: (patches,) bool, which are photo rather than frame

    def baseline(self) -> tuple[Tensor, Tensor]:
        """Voxels and pictures that say nothing: all that a voxel says is zero, and photos are mid grey in their frame.

        A voxel then is mid grey, as high as the floor, upright as a wall, and does not say that it is there; that it is
        occupied stays, since the network's grid is made of it.
        """
        grey = torch.where(self.inside[:, None], GREY, self.pictures)
        return torch.zeros_like(self.seen), grey

    def by_supervoxel(self, scores: Tensor) -> Tensor:
        """(voxels,) → (supervoxels,): a voxel's score goes in equal shares to its small voxels; sums stay."""
        voxel, piece = self.pairs
        share = scores / torch.bincount(voxel, minlength=len(scores)).clamp_min(1)
        return share.new_zeros(len(self.places)).index_add_(0, piece, share[voxel])

    def by_patch(self, scores: Tensor) -> Tensor:
        """(pixels,) → (patches,): the sum over the pixels of each."""
        cells = scores.reshape(len(self.pictures), self.patches.grid[0], STRIDE, self.patches.grid[1], STRIDE)
        return cells.sum((2, 4)).flatten()


def voxels_and_pixels(sample: Sample, settings: Settings) -> VoxelsAndPixels:
    """The voxels and pixels of a room, as ``mit_cards.prepare`` reads it.

    Raises:
        ModelError: the sample has no cloud, or no photos and the model reads some.
    """
    cloud, views = sample.parts.get("points"), sample.parts.get("views")
    if not isinstance(cloud, PointCloud) or (sights(settings) and not isinstance(views, Photos)):
        raise ModelError("Voxels and pixels are those of a cloud with photos of it; the sample lacks one of them.")
    cut_cloud = cut(cloud, settings)
    on_grid = laid(cut_cloud, settings)
    grid, features = grid_of([on_grid])
    of_point = on_grid["pairs"][0].numpy()[cut_cloud.small_voxel]
    middles = means(cloud.xyz, of_point, len(grid)).astype(np.float32)
    names, images = (views.names, views.images) if isinstance(views, Photos) and sights(settings) else ((), ())
    frames = [Frame(image.shape[:2], settings.grid) for image in images]
    size = settings.grid[0] * STRIDE, settings.grid[1] * STRIDE
    pictures, inside = np.zeros((len(images), *size, 3), np.uint8), np.zeros((len(images), *size), bool)
    present = [frame.present().reshape(-1) for frame in frames]
    gains = gains_of(images, cloud.rgb if settings.colours else None, settings.grid)
    for i, (image, frame) in enumerate(zip(images, frames, strict=True)):
        pictures[i] = multiplied(fitted(image, frame), gains[i])
        inside[i] = frame.shows()
    return VoxelsAndPixels(
        sample.digest,
        grid,
        features,
        tuple(name for name in settings.sees for _ in range(SEEN[name])),
        on_grid["pairs"],
        on_grid["places"],
        Segments("voxels", of_point, middles),
        PatchGrid("pixels", names, size),
        torch.from_numpy(pictures).permute(0, 3, 1, 2).contiguous().float(),
        torch.from_numpy(inside),
        PatchGrid("patches", names, settings.grid),
        torch.from_numpy(np.concatenate([np.zeros(0, bool), *present])),
    )


def of_voxels(module: MIT, fine: VoxelsAndPixels, seen: Tensor) -> Tensor:
    """(supervoxels, width) tokens that the 3D network makes of voxels that say ``seen``, (voxels, f)."""
    return tokens_3d(module.unet(seen, fine.grid), seen, fine.pairs, len(fine.places), module.settings)


def of_pictures(module: MIT, fine: VoxelsAndPixels, photo: int, pictures: Tensor) -> Tensor:
    """The 2D tokens of one photo, made of pictures in its place.

    Args:
        module: The model.
        fine: Where the photo lies in its frame.
        photo: Its number.
        pictures: (b, 3, height, width) 0–255.

    Returns:
        (b, m, features), m being the patches of a photo, or 1 where a photo is one token.
    """
    features = regions.maps(pictures).flatten(2).mT
    if module.settings.colours:
        inside = fine.inside[photo].expand(len(pictures), -1, -1)
        features = torch.cat([features, mean_colours(pictures, inside)], -1)
    if module.sights == "patches":
        return features
    present = fine.here.reshape(len(fine.pictures), -1)[photo]
    return features[:, present].mean(1, keepdim=True)
