"""The samples that come with xviz: a folder for each card, listed in its ``samples.json``.

Real photographs of the matching model are those of the scikit-image package. ``regions.npz`` keeps boxes and features
of the frozen encoder, so that a picture opens at once. A room is a zip in ScanNet's layout, as anybody could bring one.
``xviz samples mmca`` makes one of these folders.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from xviz.core.errors import SampleError
from xviz.core.sample import Part, Regions, Sample
from xviz.data.picture import read_picture
from xviz.data.sound import read_sound
from xviz.data.text import read_text
from xviz.places import SAMPLES

FOLDER = SAMPLES


@dataclass(frozen=True)
class Truth:
    """What is known of a sample because it was planted; empty where nothing is."""

    places: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """Class → from and to in seconds, and from and to in hertz where these are known."""
    masks: Mapping[str, str] = field(default_factory=dict)  #: class → picture whose pixels above zero show it
    ratings: Mapping[str, float] = field(default_factory=dict)  #: label → 1–9, what a simulation was told
    classes: tuple[str, ...] = ()  #: of the model's classes, those that are there


@dataclass(frozen=True)
class ShippedSample:
    """One sample that comes with xviz."""

    card: str  #: key of the card that it is for, and its folder
    name: str  #: unique among all shipped samples
    title: str  #: for people
    kind: str  #: "photograph", "simulated", …
    credit: str  #: authors, licences, and what was done to it
    files: Mapping[str, str]  #: part → file in the folder, or ``skimage:FILE``
    sentences: tuple[str, ...] = ()  #: true ones; the first is shown at the start
    truth: Truth = Truth()

    def path(self, part: str) -> Path:
        """Where a part lies.

        Raises:
            SampleError: the sample has no such part.
        """
        if part not in self.files:
            raise SampleError(f"The shipped sample “{self.name}” has no {part}, only {', '.join(self.files)}.")
        if self.files[part].startswith("skimage:"):
            return Path(str(files("skimage"))) / "data" / self.files[part].removeprefix("skimage:")
        return FOLDER / self.card / self.files[part]

    def mask(self, output: str) -> NDArray[np.bool_] | None:
        """(height, width) where a class is seen in the picture; None where that is not known."""
        if output not in self.truth.masks:
            return None
        return np.asarray(Image.open(FOLDER / self.card / self.truth.masks[output]).convert("L")) > 0

    def load(self, sentence: str | None = None) -> Sample:
        """The sample itself.

        Args:
            sentence: in the place of the first of its own.

        Raises:
            SampleError: the sentence cannot be read.
        """
        parts: dict[str, Part] = {}
        if "picture" in self.files:
            parts["picture"] = read_picture(self.path("picture"))
        if self.sentences:
            parts["text"] = read_text(self.sentences[0] if sentence is None else sentence)
        if "regions" in self.files:
            regions = _arrays(self.path("regions"))
            parts["regions"] = Regions(
                regions[f"{self.name}.boxes"].copy(), regions[f"{self.name}.features"].astype(np.float32)
            )
        if "sound" in self.files:
            parts["sound"] = read_sound(self.path("sound").read_bytes(), self.title)
        if "eeg" in self.files:  # imported here, since other samples need not wait for MNE and laspy
            from xviz.data.eeg.channels import match
            from xviz.data.eeg.read import read_eeg

            parts["eeg"], _ = match(read_eeg(self.path("eeg")))
        if "room" in self.files:
            from xviz.data.cloud.scene import read_scene

            parts |= read_scene(self.path("room"))
        own = sentence is not None and sentence != next(iter(self.sentences), None)
        origin = {"shipped": self.name, **({"texts": {"text": sentence}} if own else {})}
        return Sample(self.title, parts, source=self.credit, shipped=True, origin=origin)


@cache
def _arrays(path: Path) -> dict[str, NDArray]:
    with np.load(path, allow_pickle=False) as archive:
        return dict(archive)


def samples(card: str) -> tuple[ShippedSample, ...]:
    """The shipped samples of a card, in the order in which people see them; none where it has no folder."""
    return _listed(FOLDER / card / "samples.json")


@cache
def _listed(listing: Path) -> tuple[ShippedSample, ...]:
    return tuple(read(listing)) if listing.is_file() else ()


def sample(name: str) -> ShippedSample:
    """The shipped sample of that name.

    Raises:
        SampleError: there is none.
    """
    every = [example for folder in sorted(FOLDER.iterdir()) for example in samples(folder.name)]
    for shipped in every:
        if shipped.name == name:
            return shipped
    raise SampleError(
        f"There is no shipped sample “{name}”. Choose one of {', '.join(example.name for example in every)}."
    )


def load_sample(name: str, sentence: str | None = None) -> Sample:
    """The shipped sample of that name, with its first sentence or another one.

    Raises:
        SampleError: there is none, or the sentence cannot be read.
    """
    return sample(name).load(sentence)


def read(listing: Path) -> Iterable[ShippedSample]:
    """What a ``samples.json`` lists."""
    for entry in json.loads(listing.read_text(encoding="utf-8")):
        truth = dict(entry.pop("truth", {}))
        truth["places"] = {name: tuple(extent) for name, extent in truth.get("places", {}).items()}
        truth["classes"] = tuple(truth.get("classes", ()))
        sentences = tuple(entry.pop("sentences", ()))
        yield ShippedSample(listing.parent.name, **entry, sentences=sentences, truth=Truth(**truth))


def write(listing: Path, listed: Iterable[ShippedSample]) -> None:
    """Write a ``samples.json``; the folder is the card's and is not repeated in it."""
    entries = []
    for shipped in listed:
        entry = {name: value for name, value in asdict(shipped).items() if name != "card"}
        entry["truth"] = {name: value for name, value in entry["truth"].items() if value}
        entries.append({name: value for name, value in entry.items() if value})
    listing.write_text(json.dumps(entries, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


@dataclass(frozen=True, eq=False)
class Simulation:
    """What the ratings of the simulated recordings do."""

    electrodes: tuple[str, ...]
    bands: tuple[str, ...]
    change: Mapping[str, NDArray[np.float64]]  #: label → (electrode, band) dB from rating 2 to rating 8


@cache
def simulation() -> Simulation:
    """The truth of the simulated recordings, ``truth.json`` in their folder."""
    content = json.loads((FOLDER / "mca" / "truth.json").read_text(encoding="utf-8"))
    change = {label: np.array(values) for label, values in content["change"].items()}
    return Simulation(tuple(content["electrodes"]), tuple(content["bands"]), change)
