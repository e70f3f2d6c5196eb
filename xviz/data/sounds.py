"""The sounds that come with xviz: a few digits in a row, with their true places and credit, listed in sounds.json."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from xviz.core.errors import SampleError
from xviz.core.sample import Sample
from xviz.data.audio import read_sound

FOLDER = Path(__file__).with_name("samples")


@dataclass(frozen=True)
class SoundExample:
    """One shipped sound."""

    key: str  #: how URLs name it
    title: str  #: what is said
    file: str  #: in ``samples``
    places: tuple[tuple[str, float, float], ...]  #: what is said from when to when, seconds
    credit: str  #: authors, licences


@cache
def sound_examples() -> tuple[SoundExample, ...]:
    """All shipped sounds, in the order in which people see them."""
    listed = json.loads((FOLDER / "sounds.json").read_text(encoding="utf-8"))
    return tuple(SoundExample(**{**entry, "places": tuple(map(tuple, entry["places"]))}) for entry in listed)


def load_sound(key: str) -> Sample:
    """A shipped sound.

    Raises:
        SampleError: there is none of that key.
    """
    for one in sound_examples():
        if one.key == key:
            sound = read_sound((FOLDER / one.file).read_bytes(), one.title)
            return Sample(one.title, {"sound": sound}, source=one.credit, shipped=True)
    raise SampleError(f"There is no shipped sound “{key}”. Choose one of the list.")
