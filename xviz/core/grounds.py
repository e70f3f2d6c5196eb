"""What lies under the tokens of a space: the pictures of a sample, or what the model is fed in their place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from xviz.core.run import Inputs
from xviz.core.sample import Part, Photos, Picture, Sample

P = TypeVar("P", bound=Part)
GREY = 200  #: of a ground of which nothing is known, 0–255
LEAST = 8  #: values of a side below which a tensor is taken for no picture


@dataclass(frozen=True, eq=False)
class Source:
    """A sample, and what a model is fed for it."""

    sample: Sample | None  #: None where it is not at hand
    inputs: Inputs

    def of_kind(self, kind: type[P]) -> Mapping[str, P]:
        """The parts of a kind by name."""
        return {name: part for name, part in self.parts.items() if isinstance(part, kind)}

    @property
    def parts(self) -> Mapping[str, Part]:
        """All parts of the sample by name; none where it is not at hand."""
        return {} if self.sample is None else self.sample.parts

    def every_picture(self) -> dict[str, NDArray[np.uint8]]:
        """All pictures and photos by name, in the order of the sample."""
        pictures: dict[str, NDArray[np.uint8]] = {}
        for name, part in self.parts.items():
            if isinstance(part, Picture):
                pictures[name] = part.pixels
            elif isinstance(part, Photos):
                pictures.update(zip(part.names, part.images, strict=True))
        return pictures

    def picture(self, space: str, size: tuple[int, int]) -> NDArray[np.uint8] | None:
        """The picture that a space of that name and size lies on; None where it cannot be told.

        By the name of the part, else by its size, else the only one there is; else what the model is fed.
        """
        have = self.every_picture()
        named = [name for name in have if name == space] or [name for name in have if name in space]
        sized = [name for name, pixels in have.items() if pixels.shape[:2] == size]
        for fits in (named, sized, list(have)):
            if len(fits) == 1:
                return have[fits[0]]
        fed = None if have else self.fed(size)
        return None if fed is None else seen(fed)

    def pictures(self, names: Sequence[str]) -> tuple[NDArray[np.uint8], ...] | None:
        """The pictures of these names; in their order where none is named but there are as many; None for unknown."""
        have = self.every_picture()
        if all(name in have for name in names):
            return tuple(have[name] for name in names)
        if len(have) == len(names):
            return tuple(have.values())
        return None if have else self._fed_pictures(len(names))

    def fed(self, size: tuple[int, int]) -> NDArray[np.floating] | None:
        """What the model is fed of that height and width, (height, width) or (1|3, height, width).

        None where there is none, or more than one.
        """
        fits = [values for values in self._planes() if values.shape[-2:] == tuple(size)]
        return fits[0] if len(fits) == 1 else None

    def _planes(self) -> list[NDArray[np.floating]]:
        """The tensors that may be one picture or spectrogram."""
        tensors = [tensor for tensor in self.inputs.context.values() if tensor.is_floating_point()]
        arrays = [tensor.detach().float().numpy() for tensor in tensors]
        arrays = [array[0] if array.ndim == 4 and len(array) == 1 else array for array in arrays]
        return [
            array
            for array in arrays
            if min(array.shape[-2:], default=0) >= LEAST
            and (array.ndim == 2 or (array.ndim == 3 and len(array) in (1, 3)))
        ]

    def _fed_pictures(self, count: int) -> tuple[NDArray[np.uint8], ...] | None:
        """The pictures among what the model is fed: one tensor of as many, or one of three channels."""
        for tensor in self.inputs.context.values():
            if tensor.is_floating_point() and tensor.ndim == 4 and tensor.shape[:2] == (count, 3):
                return tuple(seen(image) for image in tensor.detach().float().numpy())
        single = [values for values in self._planes() if values.ndim == 3 and len(values) == 3]
        return tuple(map(seen, single)) if len(single) == count else None


def seen(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """What a model is fed as (height, width, 3) pixels, from its least value to its greatest."""
    values = np.nan_to_num(np.asarray(values, np.float64))
    low, high = float(values.min()), float(values.max())
    light = np.round(255 * (values - low) / ((high - low) or 1.0)).astype(np.uint8)
    channels = light[None] if light.ndim == 2 else light
    return np.ascontiguousarray(np.broadcast_to(channels, (3, *channels.shape[1:])).transpose(1, 2, 0))


def enlarged(pixels: NDArray[np.uint8], least: int) -> NDArray[np.uint8]:
    """Pixels as blocks, so that the longer side has at least about that many."""
    zoom = max(1, least // max(pixels.shape[:2]))
    return np.repeat(np.repeat(pixels, zoom, 0), zoom, 1)
