"""The samples that come with xviz: used by the pages, the tests and the benchmarks alike.

``xviz/data/samples/samples.json`` lists them with origin, licence and credit of every picture. Composed scenes are
kept there; the real photographs are those of the scikit-image package. ``regions.npz`` keeps the boxes and the frozen
encoder's features of each (``xviz samples mmca`` makes them), so that a sample opens at once.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np

from xviz.core.errors import SampleError
from xviz.core.sample import Regions, Sample
from xviz.data.picture import read_picture
from xviz.data.text import read_text
from xviz.places import SAMPLES

FOLDER = SAMPLES


@dataclass(frozen=True)
class Example:
    """One shipped picture with the sentences that describe it."""

    key: str  #: how URLs name it
    title: str  #: how people name it
    picture: str  #: file in ``samples``, or ``skimage:NAME``
    sentences: tuple[str, ...]  #: true ones; the first is shown at the start
    kind: str  #: "composed scene" or "photograph"
    credit: str  #: authors, licences

    def path(self) -> Path:
        """Where the picture lies."""
        if self.picture.startswith("skimage:"):
            return Path(str(files("skimage"))) / "data" / self.picture.removeprefix("skimage:")
        return FOLDER / self.picture


@cache
def examples() -> tuple[Example, ...]:
    """All shipped samples, in the order in which people see them."""
    listed = json.loads((FOLDER / "samples.json").read_text(encoding="utf-8"))
    return tuple(Example(**{**entry, "sentences": tuple(entry["sentences"])}) for entry in listed)


def example(key: str) -> Example:
    """The example of that key.

    Raises:
        SampleError: there is none.
    """
    for one in examples():
        if one.key == key:
            return one
    raise SampleError(f"There is no shipped sample “{key}”. Choose one of the list.")


@cache
def _kept() -> dict[str, np.ndarray]:
    """The kept boxes and features, by ``KEY.boxes`` and ``KEY.features``."""
    with np.load(FOLDER / "regions.npz", allow_pickle=False) as kept:
        return dict(kept)


def load_example(key: str, sentence: str | None = None) -> Sample:
    """A shipped sample with its first sentence, or another one.

    Raises:
        SampleError: there is no such sample, or the sentence cannot be read.
    """
    one = example(key)
    kept = _kept()
    return Sample(
        name=one.title,
        parts={
            "picture": read_picture(one.path()),
            "text": read_text(one.sentences[0] if sentence is None else sentence),
            "regions": Regions(kept[f"{key}.boxes"].copy(), kept[f"{key}.features"].astype(np.float32)),
        },
        source=one.credit,
        shipped=True,
    )
