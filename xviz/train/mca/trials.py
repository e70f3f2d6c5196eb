"""Features of many trials with their ratings: what training reads, whatever set it comes from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.models.mca_features import Plan

MIDDLE = 5.0  #: a rating of this or more is high


@dataclass(frozen=True, eq=False)
class Trials:
    """Features of many trials, ready to train on."""

    de: NDArray[np.float32]  #: (n, channel, band, step)
    psd: NDArray[np.float32]  #: (n, channel, band, step)
    ratings: NDArray[np.float64]  #: (n, labels)
    label_names: tuple[str, ...]
    subject: NDArray[np.int64]  #: (n,)
    trial: NDArray[np.int64]  #: (n,) what was recorded in one go has one number
    channels: tuple[str, ...]
    plan: Plan

    def high(self, label: str) -> NDArray[np.int64]:
        """(n,) 1 where the rating is 5 or more, else 0.

        Raises:
            SampleError: there is no such label.
        """
        if label not in self.label_names:
            raise SampleError(f"These recordings are labelled with {', '.join(self.label_names)}, not with “{label}”.")
        return (self.ratings[:, self.label_names.index(label)] >= MIDDLE).astype(np.int64)
