"""Recordings as tables: CSV and text of any device, with its clock, its counters and its marks.

A first line of names is looked for below lines of comments and of metadata (OpenBCI's ``%``, Emotiv's ``title:…``).
Columns that tell the time, count samples, or belong to other sensors are no channels. What no column and no comment
says of the rate is asked for: a rate that is guessed would make every frequency wrong.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.core.sample import Annotation
from xviz.data.eeg.cells import EMPTY, NAMED_TIME, Table, read_table
from xviz.data.eeg.clock import Clock, read_clock
from xviz.data.eeg.names import OTHERS, parts
from xviz.data.eeg.raw import RateUnknown, Raw
from xviz.data.eeg.units import spelled_unit

#: columns that are never a voltage at the head
NOT_EEG = re.compile(
    r"^(?:index|unnamed.*|sample\s*index|samples?|counter|packet.*|interpolated|event\s*(?:id|date|duration)?|stim.*|markers?.*"
    r"|trigger.*|label|class|y|eyedetection|elements|battery.*|accel.*|gyro.*|mag.*|gps.*|headband.*|hsi.*|analog.*|digital.*|d\d+"
    r"|other.*|aux.*|right aux|left aux|ppg.*|heart.*|(?:eeg\.)?(?:cq|eq|pow|pm|mot|fe|dev)\..*"
    r"|(?:cq|eq|pow|mot)_.*|cq_?overall|not used"
    r"|raw_cq|eeg\.(?:counter|interpolated|rawcq|battery.*|markerhardware|markers)|unix.*|quality.*"
    r"|(?:delta|theta|alpha|beta|gamma)_.*|(?:low|high|mid)?(?:delta|theta|alpha|beta|gamma)(?:low|mid|high)?"
    r"|attention|meditation|poor\s*signal.*|blink\s*strength|eegrawvaluevolts"
    r"|exg channel \d+ quality|software marker|sync signal)$",
    re.IGNORECASE,
)


def read_csv(data: bytes, rate: float | None, suffix: str = ".csv") -> Raw:
    """A table of one line a sample.

    Args:
        data: Text, its columns separated by commas, semicolons, tabs or spaces, decimals with a point or a comma.
        rate: Hz as a person says; None to go by the table.
        suffix: How the file's name ends.

    Raises:
        SampleError: there are no numbers.
        RateUnknown: neither a person nor the table says the rate.
    """
    table = read_table(data)
    count = max(len(column) for column in table.columns)
    clock, timing = read_clock(table.names, table.columns)
    declared = _rate_of_comments(table.comments)
    notes, warnings = [], []
    channels = [
        i for i, name in enumerate(table.names)
        if i not in timing and table.texts[i] is None and not NOT_EEG.match(name.strip()) and not _other(name)
    ]  # fmt: skip
    channels = [i for i in channels if np.isfinite(table.columns[i]).any()] or channels
    if not channels:
        raise SampleError(
            f"No column of this table is a channel of EEG; it has {', '.join(table.names[:12])}. A table needs a line "
            "of names and one column of numbers for each channel."
        )
    annotations, rows = _marks(table, channels, count)
    signal = np.stack([table.columns[i] for i in channels])[:, rows]
    if clock is not None and len(rows) < count:
        clock, _ = read_clock(table.names, [column[rows] for column in table.columns])
    gone = [
        table.names[i]
        for i in range(len(table.names))
        if i not in channels and not (clock and table.names[i] == clock.name)
    ]
    if gone:
        notes.append(f"Columns that are not EEG were left out: {', '.join(gone[:12])}{' …' if len(gone) > 12 else ''}.")
    unread = next(
        (i for i, text in enumerate(table.texts) if text is not None and NAMED_TIME.search(table.names[i])), None
    )
    why = (
        "it has no column that tells the time"
        if unread is None
        else f"its column “{table.names[unread]}” cannot be read as a time (“{(table.texts[unread] or [''])[0]:.40}”)"
    )
    chosen, source = _chosen(rate, declared, clock, why)
    if rate is not None and clock is not None and abs(clock.rate - rate) > 0.01 * rate:
        warnings.append(
            f"The rate was taken as {rate:g} Hz, as chosen; the column “{clock.name.strip()}” tells {clock.rate:g} Hz."
        )
    if rate is None and declared is not None and clock is not None and abs(clock.rate - declared) > 0.01 * declared:
        warnings.append(
            f"The lines above the table say {declared:g} Hz, which was taken; the column “{clock.name.strip()}” tells "
            f"{clock.rate:g} Hz. Choose the rate of your device in “Import options”."
        )
    same = clock is not None and abs(clock.rate - chosen) <= 0.01 * chosen
    if clock is not None and clock.warning and (source == clock.said or (same and clock.at is not None)):
        warnings.append(clock.warning)
        if clock.at is not None and clock.at[-1] < 4 * len(clock.at):
            spread = np.full((len(signal), int(clock.at[-1]) + 1), np.nan)
            spread[:, clock.at] = signal
            signal = spread
    return Raw(
        signals=(signal,), rate=chosen, channels=tuple(table.names[i].strip() for i in channels),
        unit=_unit([table.names[i] for i in channels]), notes=tuple(notes), warnings=tuple(warnings),
        annotations=tuple(Annotation(sample / chosen, 0.0, label) for sample, label in annotations), rate_said=source,
    )  # fmt: skip


def _other(name: str) -> bool:
    """Whether a name says another sensor, or what a device computed."""
    words = set(re.split(r"[^0-9A-Za-z]+", name.upper()))
    return bool(OTHERS.intersection(words)) and not parts(name)[0]


def _chosen(rate: float | None, declared: float | None, clock: Clock | None, why: str) -> tuple[float, str]:
    """The rate, and where it comes from; ``why`` is said where there is none.

    Raises:
        RateUnknown: nothing says it.
    """
    if rate is not None:
        return float(rate), "as chosen"
    if declared is not None:
        return declared, "as the file says"
    if clock is None:
        raise RateUnknown(
            f"This table does not say its sampling rate: {why}. Give the rate in Hz, as your "
            "device has it, in “Import options” (from Python: rate=…); a wrong one makes every frequency wrong."
        )
    return clock.rate, clock.said


_RATE = re.compile(
    r"(?:sampl\w*[\s_]*(?:rate|freq\w*)|\bsampling(?=\s*[:=])|\bsrate|\bsfreq)\s*(?:[(\[]\s*Hz\s*[)\]])?[\s\"';,:=]*"
    r"(?:eeg_)?(\d+(?:\.\d+)?)\s*(kHz)?",
    re.I,
)
_INTERVAL = re.compile(
    r"sampl\w*[\s_]*(?:interval|period)\s*(?:[(\[]\s*([uµμm]?s)\s*[)\]])?[\s\"';,:=]*(\d+(?:\.\d+)?)\s*([uµμm]?s\b)?",
    re.I,
)


def _rate_of_comments(comments: Sequence[str]) -> float | None:
    """The rate that lines above the table say, Hz; a number of samples is none."""
    for line in comments:
        if match := _RATE.search(line):
            rate = float(match[1]) * (1000 if match[2] else 1)
        elif (match := _INTERVAL.search(line)) and (unit := match[1] or match[3]) and float(match[2]):
            rate = {"s": 1.0, "m": 1e3}.get(unit[0].lower(), 1e6) / float(match[2])
        else:
            continue
        if 1 <= rate <= 1e5:
            return float(f"{rate:.6g}")
    return None


def _unit(names: Sequence[str]) -> str | None:
    """The unit that the names of the columns say, if all say the same."""
    matches = (re.search(r"[(\[]\s*([uµμnm]?V)\s*[)\]]|[\s_]([uµμnm]V)\s*$", name) for name in names)
    units = {spelled_unit(unit[1] or unit[2]) if unit else None for unit in matches}
    return units.pop() if len(units) == 1 else None


def _marks(table: Table, channels: Sequence[int], count: int) -> tuple[list[tuple[int, str]], NDArray[np.int64]]:
    """What rows say in words, with the sample at which they stand, and the rows that hold a sample."""
    empty: NDArray[np.bool_] = np.asarray(np.stack([~np.isfinite(table.columns[i]) for i in channels]).all(0))
    words: list[tuple[int, str]] = []
    only = np.zeros(count, bool)
    for index, text in enumerate(table.texts):
        if text is None or re.search(r"time|date|stamp", table.names[index], re.I):
            continue
        before = ""
        for row, word in enumerate(text):
            if word.strip().lower() in EMPTY:
                before = ""
                continue
            if word != before or empty[row]:
                words.append((row, word.strip()))
            before = word
            only[row] = empty[row]
    rows = np.flatnonzero(~only)
    return [(int(np.searchsorted(rows, row)), word) for row, word in words if len(words) < count / 2], rows
