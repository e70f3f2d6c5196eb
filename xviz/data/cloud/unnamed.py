"""What columns without names are: an id before the places, colours behind intensity or normals, labels behind both.

Three columns can be colours where their numbers can; among several such, those whose numbers go together are taken, as
the channels of what light falls on do, and labels, intensities and normals do not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xviz.data.cloud.columns import RawCloud, unpacked

_SAMPLE = 20_000  #: rows that are judged
_FEW = 60  #: values of a column of labels, at most; no set of a room has more classes
_TIME = 1e8  #: seconds since 1970, or fractions of them; no place is so far
_UNEVEN = 0.9  #: share of numbers with decimals in a column of places
_CLEAR = 0.15  #: by which channels must go together better to be taken without a warning


def unnamed(values: NDArray) -> RawCloud:
    """A cloud of (points, columns) numbers without names: x, y, z and what can be colours after them."""
    some = values[:: max(1, len(values) // _SAMPLE)].astype(np.float64)
    first = _before(values, some)
    begin = 1 if first else 0
    places, columns = values[:, begin : begin + 3], values.shape[1]
    red, doubt = _colours(some, begin + 3)
    packed = None if red else _packed(some, begin + 3)
    kind = values.dtype if values.dtype in (np.float32, np.float64) else np.float64
    raw = RawCloud(places.astype(kind), values[:, red : red + 3] if red else None)
    used = [*([f"column 1 as {first}"] if begin else []), f"columns {begin + 1}–{begin + 3} as x, y, z"]
    if red:
        used.append(f"columns {red + 1}–{red + 3} as colours")
    elif packed is not None:
        raw.rgb = unpacked(np.nan_to_num(values[:, packed]).astype(np.float64))
        used.append(f"column {packed + 1} as packed colours")
    used_columns = range(red, red + 3) if red else (packed,)
    spare = [i + 1 for i in range(begin + 3, columns) if i not in used_columns]
    note = f"The columns have no names: {', '.join(used)}"
    note += f"; not used: column{'s' * (len(spare) > 1)} {', '.join(map(str, spare))}." if spare else "."
    raw.notes.append(note)
    if doubt:
        raw.warnings.append(
            f"It is doubtful which of the {columns} columns are colours; {red + 1}–{red + 3} were taken. If colours "
            "look wrong, save the cloud with a line “x y z … r g b” above it that names every column."
        )
    return raw


def _before(values: NDArray, some: NDArray[np.float64]) -> str:
    """What the first column is where the next three are places: an id, a time or a class; empty where it is a place.

    An id counts the points, or is whole and each once; a time never falls and is greater than any place; a class is
    whole with few values, before three columns that are not.
    """
    if values.shape[1] < 4:
        return ""
    first, next_three = some[:, 0], some[:, 1:4]
    if not np.isfinite(first).all() or (first < 0).any():
        return ""
    steps = np.diff(values[:, 0])
    if first.min() > _TIME and len(first) > 1 and (steps >= 0).all() and np.nanmax(np.abs(next_three)) < _TIME:
        return "a time"
    if (first != np.round(first)).any():
        return ""
    if len(values) >= 10 and (steps == 1).all():
        return "an id"
    uneven = (next_three != np.round(next_three)).mean(0)
    if len(values) >= 200 and (uneven > _UNEVEN).all() and 2 <= len(np.unique(first)) <= _FEW:
        return "a class"
    if not uneven.any() or len(np.unique(values[:, 0])) != len(values):
        return ""
    return "an id" if len(values) >= 10 or (steps == 1).all() else ""


def _colours(some: NDArray[np.float64], begin: int) -> tuple[int, bool]:
    """The first of three columns that are colours, zero where none are; and whether another choice is as good."""
    able = [first for first in range(begin, some.shape[1] - 2) if _colour_like(some[:, first : first + 3])]
    if not able:
        return 0, False
    if len(able) == 1:
        return able[0], False
    scores = {first: _together(some[:, first : first + 3]) for first in able}
    best = max(able, key=lambda first: (round(scores[first], 2), -first))
    apart = [first for first in able if first != best and abs(first - best) < 3]
    return best, any(scores[best] - scores[first] < _CLEAR for first in apart)


def _colour_like(part: NDArray) -> bool:
    """True for numbers that can be colours: none negative, and either whole up to 65535 or shares up to one."""
    part = part[np.isfinite(part).all(1)]
    if not len(part) or part.min() < 0:
        return False
    return bool(part.max() <= 1 or (part.max() <= 65535 and (part == np.round(part)).all()))


def _together(part: NDArray[np.float64]) -> float:
    """How much three columns look like channels: their mean correlation, less where one is constant or has few values.

    Neighbouring channels of real colours correlate by 0.9; a label has few values, an alpha one.
    """
    part = part[np.isfinite(part).all(1)]
    kinds = [len(np.unique(column)) for column in part.T]
    if min(kinds) <= 1 < max(kinds):
        return -1.0
    few = 0.5 if min(kinds) <= min(_FEW, len(part) / 4) and max(kinds) > 2 * min(kinds) else 0.0
    if max(kinds) <= 1:
        return 0.0
    with np.errstate(invalid="ignore", divide="ignore"):
        together = np.corrcoef(part.T)
    apart = [abs(float(np.median(part[:, i])) - float(np.median(part[:, k]))) for i, k in ((0, 1), (1, 2), (0, 2))]
    spread = max(float(part.max()), 1e-9)
    return float(np.nanmean(together[[0, 1, 0], [1, 2, 2]])) - few - max(apart) / spread / 4


def _packed(some: NDArray[np.float64], begin: int) -> int | None:
    """The column that holds three channels in one number, of 24 or 32 bits; None where there is none."""
    for index in range(begin, some.shape[1]):
        column = some[:, index][np.isfinite(some[:, index])]
        if not len(column) or column.min() < 0 or column.max() <= 65535 or column.max() >= 2**32:
            continue
        if (column == np.round(column)).all() and len(np.unique(column)) > 2 and (np.diff(column) < 0).any():
            return index
    return None
