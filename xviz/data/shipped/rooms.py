"""The rooms that come with xviz: each a zip in ScanNet's layout, as anybody could bring one, listed in samples.json."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from xviz.core.errors import SampleError
from xviz.core.sample import Sample
from xviz.data.cloud.scene import read_scene
from xviz.places import SAMPLES

FOLDER = SAMPLES / "rooms"


@dataclass(frozen=True)
class RoomExample:
    """One shipped room."""

    key: str  #: how URLs name it
    title: str  #: how people name it
    file: str  #: in ``samples/rooms``
    kind: str  #: "real" or "composed"
    classes: tuple[str, ...]  #: what is in it, as far as the model's classes go
    credit: str  #: authors, licence, and what was done to it

    @property
    def path(self) -> Path:
        """Where the file lies."""
        return FOLDER / self.file


@cache
def room_examples() -> tuple[RoomExample, ...]:
    """All shipped rooms, in the order in which people see them."""
    listed = json.loads((FOLDER / "samples.json").read_text(encoding="utf-8"))
    return tuple(RoomExample(**{**entry, "classes": tuple(entry["classes"])}) for entry in listed)


def load_room(key: str) -> Sample:
    """A shipped room with its cloud, "points", and its photos, "views".

    Raises:
        SampleError: there is no such room.
    """
    for one in room_examples():
        if one.key == key:
            return Sample(one.title, read_scene(one.path), source=one.credit, shipped=True)
    raise SampleError(f"There is no shipped room “{key}”. Choose one of the list.")
