"""The sounds and pictures that come with xviz for models with views, with what is known of them, and their credits.

``xviz/data/samples/CARD.json`` lists those of the card of that key: what is shown where, as far as it was planted.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from xviz.core.errors import SampleError
from xviz.core.sample import Sample
from xviz.data.picture import read_picture
from xviz.data.sound import read_sound
from xviz.places import SAMPLES

FOLDER = SAMPLES
SOUNDS = (".wav", ".flac", ".ogg", ".mp3")
Place = tuple[str | float, ...]  #: class, from and to in seconds; further from and to in hertz where these are known


@dataclass(frozen=True)
class ViewExample:
    """One shipped sound or picture."""

    key: str  #: how URLs name it
    title: str  #: what is in it, for people
    file: str  #: in ``samples``
    credit: str  #: authors, licences
    places: tuple[Place, ...] = ()  #: of a sound: which class is heard where
    masks: tuple[tuple[str, str], ...] = ()  #: of a picture: class, and the file whose pixels above zero show it

    @property
    def sounds(self) -> bool:
        """Whether it is a sound, and no picture."""
        return Path(self.file).suffix in SOUNDS

    def mask(self, name: str) -> NDArray[np.bool_] | None:
        """(height, width) where a class is seen in the picture; None where that is not known."""
        for known, file in self.masks:
            if known == name:
                return np.asarray(Image.open(FOLDER / file).convert("L")) > 0
        return None


@cache
def view_examples(card: str) -> tuple[ViewExample, ...]:
    """All shipped samples of a card, in the order in which people see them; none where it has no list."""
    path = FOLDER / f"{card}.json"
    if not path.is_file():
        return ()
    listed = json.loads(path.read_text(encoding="utf-8"))
    pairs = [{name: [tuple(one) for one in entry.get(name, ())] for name in ("places", "masks")} for entry in listed]
    return tuple(
        ViewExample(**{**entry, **{name: tuple(value) for name, value in found.items()}})
        for entry, found in zip(listed, pairs, strict=True)
    )


def load_view_example(card: str, key: str) -> Sample:
    """A shipped sample.

    Raises:
        SampleError: there is none of that key.
    """
    for one in view_examples(card):
        if one.key == key:
            if one.sounds:
                part = {"sound": read_sound((FOLDER / one.file).read_bytes(), one.title)}
            else:
                part = {"picture": read_picture(FOLDER / one.file)}
            return Sample(one.title, part, source=one.credit, shipped=True)  # type: ignore[arg-type]
    raise SampleError(f"There is no shipped sample “{key}”. Choose one of the list.")
