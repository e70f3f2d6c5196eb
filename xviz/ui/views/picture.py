"""A picture on the screen: what the visitor brings, as the model is fed it, and where a thing really is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from xviz.core.sample import Sample
from xviz.data.picture import read_picture
from xviz.data.shipped import ShippedSample
from xviz.drawings.plane import Plane
from xviz.models.card import ModelCard
from xviz.models.mmvit_cards import seen
from xviz.ui import net, page

LARGEST = 448  #: pixels of a side as it is drawn


def own(card: ModelCard) -> Sample | None:
    """The visitor's own picture, if there is one.

    Raises:
        SampleError: what was given cannot be used.
    """
    given = page.files(
        f"{card.key}.picture", "Your own picture", megabytes=60,
        help_text=f"{page.PICTURES} {page.KEPT}",
    )  # fmt: skip
    if given is None:
        return None
    name, content = given
    with net.reading(name):
        return Sample(name, {"picture": read_picture(content, name=name)}, source="the visitor's own")


def plane(card: ModelCard, sample: Sample) -> Plane:
    """The picture at the model's size, its pixels enlarged to blocks."""
    tensor, _ = seen(sample, card.settings)
    rows, columns = card.settings.input
    zoom = max(1, LARGEST // max(rows, columns))
    pixels = np.round((tensor.permute(1, 2, 0).numpy() + 1) * 127.5).astype(np.uint8)
    return Plane(np.repeat(np.repeat(pixels, zoom, 0), zoom, 1), (rows, columns))


def truth(card: ModelCard, example: ShippedSample, output: str) -> NDArray[np.float64] | None:
    """(rows, columns) of the model's picture: how much of each pixel shows the class, where that is known."""
    if (mask := example.mask(output)) is None:
        return None
    rows, columns = card.settings.input
    scaled = Image.fromarray(mask.astype(np.float32)).resize((columns, rows), Image.Resampling.BOX)
    return np.asarray(scaled, np.float64)
