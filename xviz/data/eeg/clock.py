"""The clock of a table: which column tells the time, in which unit, and how many samples a second that makes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

RATES = (16.0, 100_000.0)  #: Hz, between which a recording of EEG has its samples
UNITS = {"s": 1.0, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9}
#: what a time since 1970 looks like: seconds of the years 2000 to 2100
SINCE_1970 = (9.4e8, 4.2e9)
NAMED = re.compile(
    r"time|zeit|temps|tiempo|tempo|clock|uhr|date|datum|stamp|unix|epoch|^t$|^s$|^sec|^ms$|latency|lsl", re.I
)
_UNIT = re.compile(
    r"[\[(_\s]\s*(seconds?|secs?|s|milliseconds?|msecs?|ms|microseconds?|usecs?|us|µs|μs|ns)\s*[\])]?\s*$", re.I
)
_RATE = re.compile(r"^\s*time\s*[:@(\[ ]\s*([\d.]+)\s*Hz", re.I)


@dataclass(frozen=True)
class Clock:
    """What a column says of time."""

    name: str
    rate: float  #: Hz
    said: str  #: where the rate comes from, in words
    warning: str = ""  #: what is wrong with the clock
    at: NDArray[np.int64] | None = None  #: sample of each row where rows are missing


def read_clock(names: Sequence[str], columns: Sequence[Array]) -> tuple[Clock | None, list[int]]:
    """The clock among the columns of a table, and all columns that only count or tell the time.

    Args:
        names: Of the columns.
        columns: Their numbers; date stamps as seconds.
    """
    rising = [i for i, values in enumerate(columns) if _rises(values)]
    counting = [i for i, values in enumerate(columns) if _counts(values)]
    named = [i for i in range(len(names)) if NAMED.search(names[i].strip()) and np.isfinite(columns[i]).any()]
    for index in [*named, *(i for i in rising if i not in named and i not in counting)]:
        if clock := clock_of(names[index], columns[index]):
            return clock, sorted({*rising, *counting, *named})
    return None, sorted({*rising, *counting, *named})


def clock_of(name: str, values: Array) -> Clock | None:
    """The clock that a column is; None where it tells no rate."""
    if match := _RATE.match(name):
        return Clock(name, float(match[1]), f"as the name of the column “{name.strip()}” says")
    steps = np.diff(values[np.isfinite(values)])
    if len(steps) < 2 or np.median(steps) < 0:
        return None
    forward = steps[steps > 0]
    if not len(forward):
        return None
    unit = _unit(name, values, steps)
    if unit is None:
        return None
    scale = UNITS[unit]
    # devices that send packets give all samples of one the same time, or a time near it
    span = float(values[np.isfinite(values)][-1] - values[np.isfinite(values)][0])
    middle, mean = float(np.median(steps)), span / len(steps)
    backwards, long = int((steps < 0).sum()), forward > max(5 * mean, 5 * middle)
    even = middle > 0 and float(np.percentile(np.abs(steps - middle), 90)) < 0.2 * middle
    if even:
        good = steps[np.abs(steps - middle) <= 0.5 * middle]
        rate = _round(1 / (float(good.mean()) * scale))
    else:
        if middle == 0 and len(forward) > 2:  # bursts of one time: from the first whole one to the last
            rises = np.flatnonzero(steps > 0)
            steps = steps[rises[0] + 1 : rises[-1] + 1]
        between = steps[~((steps > max(5 * mean, 5 * middle)) & (steps * scale > 1.0))]
        rate = _round(len(between) / (float(between.sum()) * scale))
    if not RATES[0] <= rate <= RATES[1]:
        return None
    origin = f"from the column “{name.strip()}” in {unit}"
    slots = None
    warning = ""
    if backwards:
        warning = (
            f"The clock in “{name.strip()}” goes backwards {_times(backwards)}; rows were taken in their order. Check "
            "for recordings that were joined."
        )
    elif even and long.any() and np.isfinite(values).all():
        slots = np.round((values - values[0]) * scale * rate).astype(np.int64)
        lost = int(slots[-1] + 1 - len(slots))
        warning = (
            f"The clock in “{name.strip()}” leaves out {lost / rate:.3g} s in {int(long.sum())} "
            f"place{'s' * (int(long.sum()) > 1)}; they are not numbers here."
        )
    elif not even:
        least, longest = float(steps.min()) * scale * 1e3, float(steps.max()) * scale * 1e3
        warning = (
            f"The clock in “{name.strip()}” is irregular: steps of {least:.3g} to {longest:.3g} ms. Samples were taken "
            f"as even, at the mean rate of {rate:g} Hz; give another rate if you know it."
        )
    return Clock(name, rate, origin, warning, slots)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _round(rate: float) -> float:
    """A rate as amplifiers have it, where the clock's own digits allow it: 127.99 → 128."""
    near = float(round(rate))
    return near if abs(rate - near) < 2e-3 * rate and near > 0 else float(f"{rate:.6g}")


def _unit(name: str, values: Array, steps: Array) -> str | None:
    """The unit of a clock: by its name, by the size of times since 1970, or the only one that makes a rate."""
    match = _UNIT.search(f" {name}")
    if match:
        word = match[1].lower()
        by_name = (
            "ms"
            if word.startswith(("ms", "milli"))
            else "ns"
            if word == "ns"
            else "µs"
            if word[0] in "uµμ" or word.startswith("micro")
            else "s"
        )
        if _plausible(steps, by_name):
            return by_name
    first = float(values[np.isfinite(values)][0])
    for unit, scale in UNITS.items():
        if SINCE_1970[0] <= first * scale <= SINCE_1970[1] and _plausible(steps, unit):
            return unit
    if (steps == 1).mean() > 0.99:
        return None  # it counts samples as likely as it counts milliseconds
    return next((unit for unit in UNITS if _plausible(steps, unit)), None)


def _plausible(steps: Array, unit: str) -> bool:
    step = float(steps.mean()) if np.median(steps) == 0 else float(np.median(steps))
    burst = float(steps.mean())
    fine = step * UNITS[unit] if abs(step) > 0 else burst * UNITS[unit]
    usual = {"s": 8000.0, "ms": 20_000.0, "µs": 100_000.0, "ns": 100_000.0}[unit]
    return fine > 0 and (RATES[0] <= 1 / fine <= usual or RATES[0] <= 1 / (burst * UNITS[unit] or 1) <= usual)


def _rises(values: Array) -> bool:
    """Whether numbers rise all along, as a signal of the brain never does."""
    finite = values[np.isfinite(values)]
    return (
        len(finite) > 16
        and len(finite) > 0.9 * len(values)
        and bool((np.diff(finite) >= 0).all())
        and finite[-1] > finite[0]
    )


def _counts(values: Array) -> bool:
    """Whether numbers count samples, also from the beginning again: 0, 1, … 255, 0, 1 …."""
    finite = values[np.isfinite(values)]
    steps = np.diff(finite)
    return len(steps) > 16 and bool((finite == np.round(finite)).all()) and float((steps == 1).mean()) > 0.9
