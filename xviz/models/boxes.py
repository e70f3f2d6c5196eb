"""Where the regions of any picture are: boxes likely to hold one object each.

``find_boxes`` follows selective search (Uijlings, van de Sande, Gevers, Smeulders, "Selective Search for Object
Recognition", IJCV 2013): the graph-based segments of Felzenszwalb and Huttenlocher (IJCV 2004) at two scales, merged
neighbour by neighbour by colour, texture, size and fill; every node of every merge tree is a candidate box. Differs
from it in the ranking: no random numbers, but a score of the box, in which the colour contrast between a box and the
ring around it is that of Alexe, Deselaers, Ferrari, "Measuring the Objectness of Image Windows", TPAMI 2012.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.color import rgb2lab
from skimage.segmentation import felzenszwalb

Boxes = NDArray[np.float32]  #: (n, 4) x0, y0, x1, y1 in pixels, half open

_SIDE = 192  #: pixels of the long side on which segments are found
_SCALES = (50, 200)  #: of the segmentation: fine and coarse
_SMALLEST = 30  #: pixels of the smallest segment
_OVERLAP = 0.7  #: boxes that overlap a better one by more (intersection over union) are dropped


def find_boxes(pixels: NDArray[np.uint8], *, count: int = 36) -> Boxes:
    """The boxes most likely to hold one object each, best first; the same picture always gives the same boxes.

    Where segments give too few, cells of ever finer grids follow: 1 × 1, 2 × 2, 3 × 3 ….

    Args:
        pixels: (height, width, 3) RGB, 0–255, of any size from 1 × 1.
        count: how many boxes.

    Returns:
        (count, 4) x0, y0, x1, y1 in pixels, half open, inside the picture, each of some area.
    """
    height, width = pixels.shape[:2]
    small = _shrunk(pixels)
    boxes = _best(small, count) if min(small.shape[:2]) >= 16 else np.zeros((0, 4))
    scale = np.array([width / small.shape[1], height / small.shape[0]] * 2)
    boxes = np.minimum(boxes * scale, [width, height] * 2)
    cells = _grid(width, height, count)
    new = cells[(_overlaps(cells, boxes) <= _OVERLAP).all(axis=1)]
    return np.concatenate([boxes, new])[:count].astype(np.float32)


def _shrunk(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture, at most ``_SIDE`` pixels long."""
    height, width = pixels.shape[:2]
    scale = min(1.0, _SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX, reducing_gap=2.0))


def _grid(width: int, height: int, count: int) -> NDArray[np.float64]:
    """(2 count, 4) cells of the 1 × 1, 2 × 2, 3 × 3 … grids; twice the need, as some are like boxes already found."""
    cells: list[tuple[float, ...]] = []
    n = 1
    while len(cells) < 2 * count:
        cells += [(i / n, j / n, (i + 1) / n, (j + 1) / n) for j in range(n) for i in range(n)]
        n += 1
    return np.array(cells[: 2 * count]).reshape(-1, 4) * [width, height, width, height]


# Candidates: the nodes of merge trees ------------------------------------------------------------------------------


def _best(small: NDArray[np.uint8], count: int) -> NDArray[np.float64]:
    """(≤ count, 4) boxes in pixels of the small picture, best first, none too like another."""
    lab = rgb2lab(small)
    boxes = np.concatenate(
        [_merged(felzenszwalb(small, scale=scale, sigma=0.8, min_size=_SMALLEST), lab) for scale in _SCALES]
    )
    overlap = _overlaps(boxes, boxes)
    order = np.argsort(-_scores(boxes, overlap, lab), kind="stable")
    alive = np.ones(len(boxes), bool)
    best: list[int] = []
    for i in order:
        if alive[i] and len(best) < count:
            best.append(i)
            alive &= overlap[i] <= _OVERLAP
    return boxes[best]


def _merged(labels: NDArray[np.intp], lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """(2 n - 1, 4) boxes of n segments and of all they become, merging the two most similar neighbours each time."""
    n, total = int(labels.max()) + 1, float(labels.size)
    nodes = 2 * n - 1
    look, size, box = (np.concatenate([part, np.zeros((n - 1, *part.shape[1:]))]) for part in _segments(labels, lab, n))
    touch = np.zeros((nodes, nodes), bool)
    for label, other in ((labels[:, 1:], labels[:, :-1]), (labels[1:], labels[:-1])):
        touch[label, other] = touch[other, label] = True
    np.fill_diagonal(touch, False)
    alike = np.full((nodes, nodes), -np.inf)
    for i in range(n):
        near = np.flatnonzero(touch[i])
        alike[i, near] = _likeness(look, size, box, i, near, total)
    for new in range(n, nodes):
        i, j = divmod(int(alike[:new, :new].argmax()), new)
        size[new] = size[i] + size[j]
        look[new] = (size[i] * look[i] + size[j] * look[j]) / size[new]
        box[new] = *np.minimum(box[i, :2], box[j, :2]), *np.maximum(box[i, 2:], box[j, 2:])
        near = touch[i] | touch[j]
        near[[i, j]] = False
        alike[[i, j]] = alike[:, [i, j]] = -np.inf
        touch[[i, j]] = touch[:, [i, j]] = False
        touch[new] = touch[:, new] = near
        near = np.flatnonzero(near)
        alike[new, near] = alike[near, new] = _likeness(look, size, box, new, near, total)
    return box


def _segments(labels: NDArray[np.intp], lab: NDArray[np.float64], n: int) -> tuple[NDArray[np.float64], ...]:
    """For each segment: its histogram of colour and gradient (n, 44), summing to one; its size (n,); its box (n, 4)."""
    flat, bins = labels.ravel(), 12
    counts = []
    for channel, (low, high) in enumerate(((0, 100), (-60, 70), (-60, 70))):
        position = np.clip((lab[..., channel].ravel() - low) / (high - low) * (bins - 1), 0, bins - 1.001)
        cell = position.astype(int)
        bin_ = flat * bins + cell
        part = position - cell  # shared between two cells, so that a slight shade changes the histogram slightly
        counts.append(np.bincount(bin_, 1 - part, n * bins) + np.bincount(bin_ + 1, part, n * bins))
    steep = np.sqrt(3 * np.hypot(*np.gradient(lab[..., 0] / 100))).ravel()
    rough = np.bincount(flat * 8 + np.clip(steep * 8, 0, 7).astype(int), minlength=n * 8)
    look = np.concatenate([*(c.reshape(n, bins) for c in counts), 0.75 * rough.reshape(n, 8)], axis=1)

    height, width = labels.shape
    y, x = np.divmod(np.arange(labels.size), width)
    box = np.tile(np.array([width, height, 0, 0], float), (n, 1))
    for column, (reach, edge) in enumerate(
        ((np.minimum, x), (np.minimum, y), (np.maximum, x + 1), (np.maximum, y + 1))
    ):
        reach.at(box[:, column], flat, edge)
    return look / look.sum(axis=1, keepdims=True), np.bincount(flat, minlength=n).astype(float), box


def _likeness(
    look: NDArray[np.float64],
    size: NDArray[np.float64],
    box: NDArray[np.float64],
    segment: int,
    others: NDArray[np.intp],
    total: float,
) -> NDArray[np.float64]:
    """How alike one segment is to others: colour and texture, small before large, and no holes (selective search)."""
    same = np.minimum(look[segment], look[others]).sum(axis=1)
    joint = size[segment] + size[others]
    sides = np.maximum(box[segment, 2:], box[others, 2:]) - np.minimum(box[segment, :2], box[others, :2])
    return same + (1 - joint / total) + (1 - (sides.prod(axis=1) - joint) / total)


# Ranking -----------------------------------------------------------------------------------------------------------


def _scores(boxes: NDArray[np.float64], overlap: NDArray[np.float64], lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much each box looks like one object.

    The weights were set by hand, after a logistic regression on composed scenes; those of size and shape are weaker
    than it found, for the sake of photographs. Recall at 0.5 hardly depends on them.
    """
    height, width = lab.shape[:2]
    sides = boxes[:, 2:] - boxes[:, :2]
    area = sides.prod(axis=1) / (width * height)
    at_border = (boxes[:, :2] <= 0).sum(axis=1) + (boxes[:, 2:] >= [width, height]).sum(axis=1)
    return (
        5.0 * _contrast(boxes.astype(int), lab)
        + 1.0 * np.log((overlap > 0.8).sum(axis=1))  # found again by other merges
        - 0.5 * np.log(area / 0.12) ** 2
        - 1.0 * np.abs(np.log(sides[:, 0] / sides[:, 1]))
        - 0.7 * at_border
    )


def _contrast(boxes: NDArray[np.intp], lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) difference of the colours inside each box from those of the ring around it, 0–1; 0 where is no ring."""
    height, width = lab.shape[:2]
    level = np.clip((lab - [0, -50, -50]) / 100 * 4, 0, 3).astype(int)
    colours, colour = np.unique(level @ [16, 4, 1], return_inverse=True)
    sums = np.zeros((height + 1, width + 1, len(colours)), np.float32)  # integral images, exact below 2**24
    sums[1:, 1:] = np.eye(len(colours), dtype=np.float32)[colour.reshape(height, width)]
    sums = sums.cumsum(axis=0).cumsum(axis=1)

    def count(x0: NDArray[np.intp], y0: NDArray[np.intp], x1: NDArray[np.intp], y1: NDArray[np.intp]) -> NDArray:
        return sums[y1, x1] - sums[y0, x1] - sums[y1, x0] + sums[y0, x0]

    margin = np.maximum(2, np.rint(0.2 * (boxes[:, 2:] - boxes[:, :2])).astype(int))
    wide = np.maximum(boxes[:, :2] - margin, 0), np.minimum(boxes[:, 2:] + margin, [width, height])
    inside = count(*boxes.T)
    ring = count(*wide[0].T, *wide[1].T) - inside
    around = ring.sum(axis=1)
    shared = np.minimum(inside / inside.sum(axis=1)[:, None], ring / np.maximum(around, 1)[:, None]).sum(axis=1)
    return np.where(around > 0, 1 - shared, 0.0)


def _overlaps(some: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, m) intersection over union of n boxes with m others."""
    low = np.maximum(some[:, None, :2], others[None, :, :2])
    high = np.minimum(some[:, None, 2:], others[None, :, 2:])
    both = np.clip(high - low, 0, None).prod(axis=2)
    areas, other = ((boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (some, others))
    return both / (areas[:, None] + other[None] - both)
