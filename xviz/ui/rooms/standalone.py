"""A cloud beside its photos as one HTML file that opens offline: the live components with their data inside.

Where rows of attention are included, picks work in the file too: each row is kept as shares of its greatest weight in
255 steps, so that what is read from it is exact to half a step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xviz.draw.scale import Scale
from xviz.drawings.drawing import Drawing
from xviz.drawings.offline import components, document
from xviz.drawings.payload import pack
from xviz.drawings.points import beginning
from xviz.drawings.scripts import read

MOST = 12_000_000  #: bytes of rows; beyond it the file shows what is on the screen, and picks do nothing
BODY = '<main><div id="left"><div class="xv"></div></div><div id="right"><div class="xv"></div></div></main>'


@dataclass(frozen=True, eq=False)
class Rows:
    """The attention from each side's tokens to the other's, and where these are."""

    points: NDArray[np.floating]  #: (supervoxels, patches)
    patches: NDArray[np.floating]  #: (patches, supervoxels)
    middles: NDArray[np.floating]  #: (supervoxels, 3) metres
    centre: NDArray[np.floating]  #: (3,) of the cloud as it is drawn
    eyes: Sequence[ArrayLike | None]  #: for each photo where its camera stands, metres
    cells: int  #: patches of a photo
    unit: str
    links: int = 5

    def message(self) -> bytes | None:
        """The rows as the file keeps them; None where they would make it too large."""
        if self.points.size + self.patches.size > MOST:
            return None
        arrays = {}
        for name, rows in (("points", self.points), ("patches", self.patches)):
            maxima = np.maximum(rows.max(1), np.finfo(np.float32).tiny)
            arrays[f"{name}Levels"] = np.round(255 * rows / maxima[:, None]).astype(np.uint8)
            arrays[f"{name}Most"] = maxima.astype(np.float32)
        eyes = [None if eye is None else [float(v) for v in np.asarray(eye) - self.centre] for eye in self.eyes]
        header = {
            "points": {"count": self.points.shape[1]}, "patches": {"count": self.patches.shape[1]}, "eyes": eyes,
            "cells": self.cells, "unit": self.unit, "links": self.links,
        }  # fmt: skip
        lut = Scale(0, 1).lut()
        return pack(header, middles=(self.middles - self.centre).astype(np.float32), lut=lut, **arrays)


def page(cloud: Drawing, photos: Drawing, *, title: str, caption: str, rows: Rows | None = None) -> bytes:
    """The file.

    Args:
        cloud: As on the screen; of more than ``points.FIRST`` points the file has an even sample, and says so.
        photos: As on the screen.
        title: Of the page.
        caption: What is shown, with its origin.
        rows: The attention that a pick shows in the file.
    """
    message = None if rows is None else rows.message()
    cloud = beginning(cloud)
    data = {"cloud": cloud.payload, "photos": photos.payload, "cloud-still": cloud.still, "photos-still": photos.still}
    if message is not None:
        data["rows"] = message
    lead = (
        "Click a patch of a photo to see its attention to the cloud, or a point to see its attention to the photos. "
        "Esc returns to the first picture. Weights are rounded to 1/255 of the greatest of each row."
        if message is not None
        else "Turn the cloud and read the scores, as they were when this file was exported."
    )
    drawn = components({"cloud": "xvizCloud", "photos": "xvizPhotos"})
    code = "\n".join([drawn, read("message.js", "offline.js", "standalone.js")])
    return document(title, lead=lead, body=BODY, caption=caption, data=data, code=code).encode()
