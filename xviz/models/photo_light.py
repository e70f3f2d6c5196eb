"""Photos in the light of the cloud: how much brighter or redder each is than the points, found and taken back.

Links are found by colours (``mit_agreement``), and a photo of another exposure or white balance than the scan's has
other colours for the same places. In logarithms a gain of a channel is a shift; the shifts are those under which the
colours of a photo's patches are likeliest among the cloud's. A photo is changed only where that is clearly likelier
than its own colours.

Source: ours. One gain for each channel is the diagonal model of a change of light (von Kries, 1902).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from xviz.core.run import Caution
from xviz.models.photos import Frame, colours_of, fitted

STEP = 0.05  #: of a logarithm, between gains that are tried
DARK, BRIGHT = 10.0, 250.0  #: levels between which a channel says how bright something is
FARTHEST, CAST = 12, 5  #: steps that are tried on either side, for all channels and for red and blue beside green
WIDE = 1.0  #: steps over which colours of the cloud are smoothed
FAINT = 1e-2  #: likelihood of a colour that the cloud has not, beside the mean over all colours
UNLIKELY = 0.01  #: log-likelihood that each step costs
CLEARLY = 0.3  #: mean log-likelihood of a patch by which other colours must be likelier to be taken
FEW = 8  #: patches without which nothing is said
MOST = 200_000  #: points of a cloud whose colours are counted, evenly
SIDE = int(np.log(255 / DARK) / STEP) + 2  #: cells along a channel
BORDER = FARTHEST + CAST  #: cells around them, as far as a gain leads, which no colour has
ALONG = SIDE + 2 * BORDER  #: cells along a channel with both borders


def gains_of(
    images: Sequence[NDArray[np.uint8]], colours: NDArray[np.uint8] | None, grid: tuple[int, int]
) -> NDArray[np.float64]:
    """(photos, 3) by what red, green and blue of each are to be multiplied; ones where the cloud has no colours.

    Args:
        images: Each (height, width, 3) RGB, 0–255.
        colours: (points, 3) of the cloud, 0–255.
        grid: Rows and columns of patches.
    """
    if colours is None or not len(images) or (colours == colours[:1]).all():
        return np.ones((len(images), 3))
    known = likelihoods(colours[:: max(1, len(colours) // MOST)])
    return np.stack([gains(patches(image, grid), known) for image in images])


def said(found: NDArray[np.float64]) -> tuple[Caution, ...]:
    """Which photos were brought into the light of the cloud, (photos, 3) gains; empty for none."""
    numbers = [str(number + 1) for number in np.flatnonzero((found != 1).any(1))]
    if not numbers:
        return ()
    listed = " and ".join([", ".join(numbers[:-1]), numbers[-1]] if len(numbers) > 1 else numbers)
    which, them = (f"Photo {listed} is", "it") if len(numbers) == 1 else (f"Photos {listed} are", "them")
    changed = found[(found != 1).any(1)]
    return (
        Caution(
            f"{which} in another light than the cloud, which hides links, since these are found by colours. Before the "
            f"model saw {them}, red, green and blue were multiplied by {changed.min():.2f} to {changed.max():.2f}."
        ),
    )


def likelihoods(colours: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(along, along, along) log-likelihood of the logarithms of red, green and blue in a cloud, (points, 3) 0–255."""
    cells, known = _cells(colours.astype(np.float64))
    counted = np.bincount(np.ravel_multi_index(tuple(cells[known].T), (SIDE,) * 3), minlength=SIDE**3)
    count = counted.reshape((SIDE,) * 3).astype(np.float64)
    smooth = ndimage.gaussian_filter(count, WIDE, mode="constant")
    return np.log(np.pad(smooth / max(smooth.mean(), 1e-12), BORDER) + FAINT)


def patches(image: NDArray[np.uint8], grid: tuple[int, int]) -> NDArray[np.float64]:
    """(n, 3) mean colours 0–255 of the patches of a photo that take part."""
    frame = Frame(image.shape[:2], grid)
    every = colours_of(fitted(image, frame), frame).double().numpy()
    return (every[frame.present().reshape(-1)] + 1) * 127.5


def gains(seen: NDArray[np.float64], known: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3,) by what red, green and blue of a photo are to be multiplied to be in the light of a cloud; ones for none.

    Args:
        seen: (n, 3) colours of its patches, 0–255.
        known: Of the cloud, see ``likelihoods``.
    """
    cells, usable = _cells(seen)
    if usable.sum() < FEW:
        return np.ones(3)
    every, cast = np.arange(-FARTHEST, FARTHEST + 1), np.arange(-CAST, CAST + 1)
    steps = np.stack(np.meshgrid(every, cast, cast, indexing="ij"), -1).reshape(-1, 3)
    shifts = np.stack([steps[:, 0] + steps[:, 1], steps[:, 0], steps[:, 0] + steps[:, 2]], 1)
    at, away = (part @ [ALONG**2, ALONG, 1] for part in (cells[usable] + BORDER, shifts))  # in the flat array
    total = known.reshape(-1)[at[:, None] + away].mean(0) - UNLIKELY * np.abs(steps).sum(1)
    own = int(np.flatnonzero((shifts == 0).all(1))[0])
    best = int(total.argmax())
    return np.exp(STEP * shifts[best]) if total[best] > total[own] + CLEARLY else np.ones(3)


def _cells(colours: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """(n, 3) cells of colours 0–255 by their logarithms, and (n,) which of them lie between ``DARK`` and ``BRIGHT``."""
    known = np.all((colours >= DARK) & (colours <= BRIGHT), axis=1)
    return np.floor(np.log(np.maximum(colours, DARK) / DARK) / STEP).astype(np.int64), known
