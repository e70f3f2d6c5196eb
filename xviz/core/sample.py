"""What a person brings: a named sample made of parts in natural units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.core.provenance import digest


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture."""

    pixels: NDArray[np.uint8]  #: (height, width, 3) RGB, 0–255
    notes: tuple[str, ...] = ()  #: what reading changed, in words for people


@dataclass(frozen=True, eq=False)
class Regions:
    """Boxes in a picture, with features where somebody else made them."""

    boxes: NDArray[np.float32] | None  #: (n, 4) x0, y0, x1, y1 in pixels, half open
    features: NDArray[np.float32] | None = None  #: (n, d), for example (36, 2048) bottom-up features
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Text:
    """One sentence as words; punctuation marks are words of their own, and a repeated word stays apart."""

    words: tuple[str, ...]
    source: str = ""  #: the sentence as typed
    notes: tuple[str, ...] = ()


Part = Picture | Regions | Text


def _bytes(part: Part) -> list[bytes | str | np.ndarray]:
    """The part's content, for its digest; notes do not count."""
    said: list[bytes | str | np.ndarray] = [type(part).__name__]
    for this in fields(part):
        value = getattr(part, this.name)
        if this.name in ("notes", "source") or value is None:
            continue
        said += [this.name, value if isinstance(value, np.ndarray) else "\x1f".join(value)]
    return said


@dataclass(frozen=True, eq=False)
class Sample:
    """A named set of parts, such as a picture and a sentence."""

    name: str
    parts: Mapping[str, Part]
    source: str = ""  #: origin and licence, in words
    shipped: bool = False  #: True for the samples that come with xviz; only these can be linked to
    digest: str = field(init=False)  #: sha256 of the parts' content

    def __post_init__(self) -> None:
        """Freeze the parts and their arrays, and take the digest."""
        if not self.parts:
            raise SampleError("A sample needs at least one part; this one has none. Add a picture, a sound or a text.")
        for part in self.parts.values():
            for this in fields(part):
                if isinstance(value := getattr(part, this.name), np.ndarray):
                    value.setflags(write=False)
        object.__setattr__(self, "parts", MappingProxyType(dict(self.parts)))
        said = [piece for name, part in sorted(self.parts.items()) for piece in (name, *_bytes(part))]
        object.__setattr__(self, "digest", digest(*said))

    def part(self, name: str) -> Part:
        """The part of that name.

        Raises:
            SampleError: the sample has no such part.
        """
        if name not in self.parts:
            have = ", ".join(self.parts)
            raise SampleError(f"This model needs a {name}; the sample has only {have}. Add a {name}.")
        return self.parts[name]
