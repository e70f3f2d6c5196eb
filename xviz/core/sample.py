"""What a person brings: a named sample made of parts in natural units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.core.provenance import digest

#: the 32 electrodes of the 10–20 system in DEAP's order, as BioSemi's caps carry them
BIOSEMI32 = (
    "Fp1", "AF3", "F3", "F7", "FC5", "FC1", "C3", "T7", "CP5", "CP1", "P3", "P7", "PO3", "O1", "Oz", "Pz",
    "Fp2", "AF4", "Fz", "F4", "F8", "FC6", "FC2", "Cz", "C4", "T8", "CP6", "CP2", "P4", "P8", "PO4", "O2",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture."""

    pixels: NDArray[np.uint8]  #: (height, width, 3) RGB, 0–255
    notes: tuple[str, ...] = ()  #: what reading did, in words for people
    size: tuple[int, int] | None = None  #: height, width of the upright file, where it was larger
    warnings: tuple[str, ...] = ()  #: what may make the answer wrong; shown above the result


@dataclass(frozen=True, eq=False)
class Regions:
    """Boxes in a picture, with features where somebody else made them."""

    boxes: NDArray[np.float32] | None  #: (n, 4) x0, y0, x1, y1 in pixels, half open
    features: NDArray[np.float32] | None = None  #: (n, d), for example (36, 2048) bottom-up features
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()  #: what may make the answer wrong; shown above the result


@dataclass(frozen=True, eq=False)
class Text:
    """One sentence as words; punctuation marks are words of their own, and a repeated word stays apart."""

    words: tuple[str, ...]
    source: str = ""  #: the sentence as typed
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()  #: what may make the answer wrong; shown above the result


@dataclass(frozen=True)
class Annotation:
    """What a recording says of a time: an event, a stimulus, or a stretch that is bad."""

    onset: float  #: s from the beginning of the signal
    seconds: float  #: 0 for a moment
    label: str

    @property
    def bad(self) -> bool:
        """Whether it marks a stretch that is not to be used, as MNE and its files have it: BAD_…, “bad …”, EDGE …."""
        return self.label.lower().lstrip().startswith(("bad", "edge"))


@dataclass(frozen=True, eq=False)
class Eeg:
    """One recording of the brain's voltage at the scalp."""

    signal: NDArray[np.float32]  #: (channel, time) µV; NaN all along where a channel says nothing
    rate: float  #: samples a second, Hz
    channels: tuple[str, ...]  #: names of the electrodes
    positions: NDArray[np.float32] | None = None  #: (channel, 3) metres: right, front, up; NaN where unknown
    rest: float = 0.0  #: seconds of rest at the beginning, before what is judged
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()  #: what may make the answer wrong; shown above the result
    annotations: tuple[Annotation, ...] = ()
    bads: tuple[str, ...] = ()  #: channels that the recording, or a person, says are bad
    interpolated: tuple[str, ...] = ()  #: electrodes that were not recorded: their signal was made from others
    reference: str = ""  #: what the voltages were measured against, where it is known
    passband: tuple[float, float] | None = None  #: Hz, high-pass and low-pass before the file was written; 0 for none

    def __post_init__(self) -> None:
        """Refuse a recording whose parts do not fit each other.

        Raises:
            SampleError: the numbers of channels, names and positions differ, or the rate or the rest makes no sense.
        """
        places = len(self.channels) if self.positions is None else len(self.positions)
        if self.signal.ndim != 2 or not len(self.signal) == len(self.channels) == places:
            raise SampleError(
                f"A recording needs one name and one place for each channel; got a signal {self.signal.shape}, "
                f"{len(self.channels)} names and {places} places. Give the signal as (channel, time)."
            )
        if not (np.isfinite(self.rate) and self.rate > 0 and 0 <= self.rest <= self.seconds):
            raise SampleError(
                f"A recording needs a rate in Hz above zero and a rest within its {self.seconds:.3g} s; "
                f"got {self.rate} Hz and {self.rest} s of rest."
            )

    @property
    def seconds(self) -> float:
        """How long it is, rest included."""
        return self.signal.shape[1] / self.rate if self.rate > 0 else 0.0


@dataclass(frozen=True, eq=False)
class Sound:
    """One stretch of sound, mono."""

    signal: NDArray[np.float32]  #: (time,) amplitude, −1 to 1 at full scale
    rate: float  #: samples a second, Hz
    start: float = 0.0  #: seconds into the file at which the stretch begins
    notes: tuple[str, ...] = ()
    whole: float | None = None  #: seconds of the whole file, where it is longer
    warnings: tuple[str, ...] = ()  #: what may make the answer wrong; shown above the result

    def __post_init__(self) -> None:
        """Refuse what is no sound.

        Raises:
            SampleError: not one axis of finite numbers, or a rate that makes no sense.
        """
        if self.signal.ndim != 1 or not len(self.signal) or not np.isfinite(self.signal).all():
            raise SampleError(
                f"A sound is one row of finite numbers; this one has the shape {self.signal.shape}. "
                "Mix its channels to one and replace what is not a number."
            )
        if not (np.isfinite(self.rate) and self.rate > 0):
            raise SampleError(f"A sound needs a rate in Hz above zero; got {self.rate}.")

    @property
    def seconds(self) -> float:
        """How long the stretch is."""
        return len(self.signal) / self.rate


@dataclass(frozen=True, eq=False)
class PointCloud:
    """One scanned place as points."""

    xyz: NDArray[np.float32]  #: (points, 3) metres, z up
    rgb: NDArray[np.uint8] | None = None  #: (points, 3) 0–255; None where the file has no colours
    segment: NDArray[np.int64] | None = None  #: (points,) supervoxel of each point where the file has them, −1 for none
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()  #: what may make the answer wrong; shown above the result

    def __post_init__(self) -> None:
        """Refuse a cloud whose parts do not fit each other.

        Raises:
            SampleError: no points, points without a place, or another number of colours or segments.
        """
        if self.xyz.ndim != 2 or self.xyz.shape[1] != 3 or not len(self.xyz) or not np.isfinite(self.xyz).all():
            raise SampleError(
                f"A cloud is at least one point with three finite coordinates in metres; got the shape "
                f"{self.xyz.shape}. Leave out points without a place."
            )
        count = len(self.xyz)
        for noun, values, shape in (("colours", self.rgb, (count, 3)), ("segments", self.segment, (count,))):
            if values is not None and values.shape != shape:
                raise SampleError(f"A cloud of {count} points needs {noun} of shape {shape}; got {values.shape}.")


@dataclass(frozen=True, eq=False)
class Views:
    """Photos of one place, in the order in which they were taken, with what is known of their cameras."""

    images: tuple[NDArray[np.uint8], ...]  #: each (height, width, 3) RGB, 0–255
    names: tuple[str, ...]  #: one for each photo
    #: (photos, 4, 4) camera to world, metres, the camera's x right, y down, z ahead; NaN where unknown
    poses: NDArray[np.float64] | None = None
    intrinsics: NDArray[np.float64] | None = None  #: (photos, 3, 3) in pixels of each image; NaN where unknown
    depths: tuple[NDArray[np.float32], ...] | None = (
        None  #: each (height, width) metres, 0 where unknown; never trained on
    )
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()  #: what may make the answer wrong; shown above the result

    def __post_init__(self) -> None:
        """Refuse photos whose parts do not fit each other.

        Raises:
            SampleError: no photos, or names, cameras or depths of another number.
        """
        count = len(self.images)
        columns = [self.names, *(part for part in (self.poses, self.intrinsics, self.depths) if part is not None)]
        if not count or any(len(part) != count for part in columns):
            raise SampleError(
                f"Photos need a name each, and a camera and a depth each where there are any; got {count} photos "
                f"and {', '.join(str(len(part)) for part in columns)}."
            )


@dataclass(frozen=True, eq=False)
class Series:
    """Named channels measured at the same moments: features of a sound, movements of a face, values of a sensor."""

    values: NDArray[np.float32]  #: (channel, time) in the channels' own units; NaN where nothing was measured
    channels: tuple[str, ...]  #: one name for each channel
    rate: float | None = None  #: values a second, Hz; None where moments have no time
    start: float = 0.0  #: seconds at which the first value was measured
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()  #: what may make the answer wrong; shown above the result

    def __post_init__(self) -> None:
        """Refuse a series whose parts do not fit each other.

        Raises:
            SampleError: not one name for each channel, no values, or a rate that makes no sense.
        """
        if self.values.ndim != 2 or not self.values.size or len(self.values) != len(self.channels):
            raise SampleError(
                f"A series needs values as (channel, time) and one name for each channel; got values of shape "
                f"{self.values.shape} and {len(self.channels)} names."
            )
        if self.rate is not None and not (np.isfinite(self.rate) and self.rate > 0):
            raise SampleError(f"A series needs a rate in Hz above zero, or none; got {self.rate}.")


Part = Picture | Regions | Text | Eeg | Sound | PointCloud | Views | Series
P = TypeVar("P", bound=Part)

_NOUNS: Mapping[type, str] = {
    Picture: "a picture", Regions: "regions", Text: "a text", Eeg: "an EEG recording", Sound: "a sound",
    PointCloud: "a point cloud", Views: "photos", Series: "a series of named channels",
}  # fmt: skip


#: fields that describe a part and are not its content
DESCRIBES = ("notes", "warnings", "source", "size", "whole", "annotations", "bads", "reference", "passband")


def _bytes(part: Part) -> list[bytes | str | np.ndarray]:
    """The part's content, for its digest; notes and warnings do not count."""
    content: list[bytes | str | np.ndarray] = [type(part).__name__]
    for this in fields(part):
        value = getattr(part, this.name)
        if this.name in DESCRIBES or value is None or (this.name == "interpolated" and not value):
            continue
        pieces = value if isinstance(value, tuple) else (value,)
        content += [this.name, str(len(pieces))]
        for piece in pieces:
            content.append(piece if isinstance(piece, np.ndarray) else str(piece))
    return content


@dataclass(frozen=True, eq=False)
class Sample:
    """A named set of parts, such as a picture and a sentence."""

    name: str
    parts: Mapping[str, Part]
    source: str = ""  #: origin and licence, in words
    shipped: bool = False  #: True for the samples that come with xviz; only these can be linked to
    #: how it was read, as plain JSON, so that it can be read again; see ``xviz.opening``
    origin: Mapping[str, Any] = field(default_factory=dict)
    digest: str = field(init=False)  #: sha256 of the parts' content

    def __post_init__(self) -> None:
        """Freeze the parts and their arrays, and take the digest."""
        if not self.parts:
            raise SampleError("A sample needs at least one part; this one has none. Add a picture, a sound or a text.")
        for part in self.parts.values():
            for this in fields(part):
                value = getattr(part, this.name)
                for piece in value if isinstance(value, tuple) else (value,):
                    if isinstance(piece, np.ndarray):
                        piece.setflags(write=False)
        object.__setattr__(self, "parts", MappingProxyType(dict(self.parts)))
        pieces = [piece for name, part in sorted(self.parts.items()) for piece in (name, *_bytes(part))]
        object.__setattr__(self, "digest", digest(*pieces))

    def part(self, name: str, kind: type[P]) -> P:
        """The part of that name, which must be of that kind.

        Raises:
            SampleError: the sample has no such part, or one of another kind.
        """
        part, needed = self.parts.get(name), f"This model needs {_NOUNS[kind]} under the name “{name}”"
        if part is None:
            raise SampleError(f"{needed}; the sample has only {', '.join(self.parts)}. Add {_NOUNS[kind]}.")
        if not isinstance(part, kind):
            raise SampleError(f"{needed}; the sample has {_NOUNS[type(part)]} there. Give each part its own name.")
        return part

    def maybe(self, name: str, kind: type[P]) -> P | None:
        """The part of that name; None where the sample has none.

        Raises:
            SampleError: it is of another kind.
        """
        return self.part(name, kind) if name in self.parts else None
