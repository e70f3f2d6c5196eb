"""All of a recording at a glance: how large each channel is over time, also of hours that are never read at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xviz.core.sample import Eeg
from xviz.data.eeg import edf

BINS = 600  #: of the whole recording
CHUNK = 8_000_000  #: values that are converted at a time
LOOK = 1.0  #: s in the middle of each bin that are read where formats cannot be looked through as a whole


@dataclass(frozen=True, eq=False)
class Overview:
    """How large each channel is over time."""

    times: NDArray[np.float64]  #: (bin,) s, middle of each
    spread: NDArray[np.float64]  #: (channel, bin) standard deviation, in the unit of the file; NaN where nothing is

    @property
    def middle(self) -> NDArray[np.float64]:
        """(bin,) of the median channel; NaN in gaps."""
        return _over_channels(self.spread, 50.0)

    @property
    def loud(self) -> NDArray[np.float64]:
        """(bin,) of the channel than which 5 % are larger; NaN in gaps."""
        return _over_channels(self.spread, 95.0)


def _over_channels(spread: NDArray[np.float64], percentile: float) -> NDArray[np.float64]:
    percentiles = np.full(spread.shape[1], np.nan)
    fine = np.isfinite(spread).any(0)
    if fine.any():
        percentiles[fine] = np.nanpercentile(spread[:, fine], percentile, axis=0)
    return percentiles


def of_recording(eeg: Eeg) -> Overview:
    """The overview of a recording that is in memory."""
    length = max(2, eeg.signal.shape[1] // BINS)
    parts = eeg.signal[:, : eeg.signal.shape[1] // length * length].reshape(len(eeg.signal), -1, length)
    with np.errstate(all="ignore"):
        spread = np.asarray(parts.std(-1), np.float64)
    return Overview((np.arange(parts.shape[1]) + 0.5) * length / eeg.rate, spread)


def of_edf(data: bytes, kind: str) -> Overview:
    """The overview of an EDF or BDF file, every sample of it counted.

    Raises:
        SampleError: its header is damaged.
    """
    head = edf.read_header(data, kind)
    keep, _, _ = edf.one_rate(head)
    keep = [i for i in keep if not head.labels[i].endswith("Annotations")]
    count = (len(data) - head.start) // head.record
    each = max(1, count // BINS)
    bins = count // each
    begins = np.concatenate([[0], np.cumsum(head.samples)])
    scale = edf.scales(data, len(head.labels))[keep]
    columns = np.concatenate([np.arange(begins[i], begins[i + 1]) for i in keep])
    spread: NDArray[np.float64] = np.full((len(keep), bins), np.nan)
    step = max(1, CHUNK // max(1, each * sum(head.samples)))
    plain = len(keep) == len(head.labels)
    for first in range(0, bins, step):
        last = min(bins, first + step)
        offset = head.start + first * each * head.record
        values = _numbers(data, offset, (last - first) * each * head.record, head.wide)
        table = values.reshape((last - first) * each, -1)
        table = table if plain else table[:, columns]
        shaped = table.reshape(last - first, each, len(keep), -1)
        mean = shaped.mean((1, 3), dtype=np.float32, keepdims=True)
        square = np.square(shaped - mean).mean((1, 3), dtype=np.float32)
        spread[:, first:last] = np.sqrt(square).T
    times = np.linspace(0.5, bins - 0.5, bins) * (each * head.seconds)
    return Overview(times, np.multiply(spread, scale[:, None]))


def _numbers(data: bytes, offset: int, length: int, wide: int) -> NDArray[np.float32]:
    """Bytes of 16 or 24 bits a number as float32."""
    if wide == 2:
        return np.frombuffer(data, "<i2", length // 2, offset).astype(np.float32)
    triples = np.frombuffer(data, np.uint8, length, offset).reshape(-1, 3)
    whole = (
        triples[:, 0].astype(np.int32)
        | triples[:, 1].astype(np.int32) << 8
        | triples[:, 2].view(np.int8).astype(np.int32) << 16
    )
    return whole.astype(np.float32)


def of_mne(raw: object, count: int = BINS) -> Overview:
    """The overview of MNE's raw: a second in the middle of each part of time, so that hours take seconds."""
    rate, total = float(raw.info["sfreq"]), int(raw.n_times)  # type: ignore[attr-defined]
    picks = [i for i, kind in enumerate(raw.get_channel_types()) if kind == "eeg"]  # type: ignore[attr-defined]
    length = max(2, min(round(LOOK * rate), total // count))
    middles = (np.arange(count) + 0.5) * total / count
    spread = np.full((len(picks), count), np.nan)
    for index, middle in enumerate(middles):
        first = min(max(0, round(middle - length / 2)), total - length)
        spread[:, index] = raw[picks, first : first + length][0].std(1)  # type: ignore[index]
    return Overview(middles / rate, spread)
