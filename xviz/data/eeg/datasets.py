"""Recordings as data sets hand them on: DEAP, SEED, SEED-IV and DREAMER (``.dat``, ``.mat``).

DEAP: 40 trials of 3 s rest and 60 s clip at 128 Hz, 32 electrodes and 8 other channels, ratings of 1–9; ``.dat`` is a
pickle of Python 2 and is read by ``eeg_pickle``. SEED: 15 clips at 200 Hz, 62 electrodes, named ``…_eeg1`` to
``…_eeg15``; its features ``de_…`` and ``psd_…`` are (62, windows, 5) and go to training only. SEED-IV: 24 clips in
the same form, whose emotions are fixed for each of three sessions. DREAMER: one file of 23 subjects × 18 films, 14
electrodes of an Emotiv EPOC at 128 Hz, a minute of rest before each, ratings of 1–5.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.core.sample import BIOSEMI32
from xviz.data.eeg.matlab import RATES, generic, mat_all, mat_arrays, numbers
from xviz.data.eeg.pickles import read_arrays
from xviz.data.eeg.raw import LIMIT_VALUES, WHOLE, RateUnknown, Raw
from xviz.data.eeg.subjects import subject_of

DEAP_LABELS = ("valence", "arousal", "dominance", "liking")
SEED62 = (
    "Fp1", "Fpz", "Fp2", "AF3", "AF4", "F7", "F5", "F3", "F1", "Fz", "F2", "F4", "F6", "F8",
    "FT7", "FC5", "FC3", "FC1", "FCz", "FC2", "FC4", "FC6", "FT8", "T7", "C5", "C3", "C1", "Cz",
    "C2", "C4", "C6", "T8", "TP7", "CP5", "CP3", "CP1", "CPz", "CP2", "CP4", "CP6", "TP8", "P7",
    "P5", "P3", "P1", "Pz", "P2", "P4", "P6", "P8", "PO7", "PO5", "PO3", "POz", "PO4", "PO6",
    "PO8", "CB1", "O1", "Oz", "O2", "CB2",
)  # fmt: skip

Arrays = Mapping[str, NDArray[Any]]


def read_dat(data: bytes) -> Raw:
    """A file of DEAP's ``data_preprocessed_python``.

    Raises:
        SampleError: it is no such file, or asks for more than arrays.
    """
    return deap(read_arrays(data), "DEAP .dat file")


def read_mat(data: bytes, rate: float | None = None, part: int = 0) -> Raw:
    """A ``.mat`` file with raw signals: DEAP's, SEED's, DREAMER's, or a signal with its rate and names.

    Args:
        data: Bytes of the file.
        rate: Hz, where the file does not say it.
        part: Which subject of DREAMER's file, counted from 0, which as a whole is too large.

    Raises:
        SampleError: it is none of these, or cannot be read.
        RateUnknown: nobody says the rate.
    """
    if (subject := subject_of(data, part, LARGE)) is not None:
        return dreamer(subject[0]["DREAMER"], subject=part, of=subject[1])
    if part:
        raise SampleError(f"This .mat file is read as a whole; there is no part {part}.")
    content = mat_all(data) if data[:10] == b"MATLAB 7.3" else None
    arrays = mat_arrays(data) if content is None else numbers(content)
    if "data" in arrays and "labels" in arrays and not any(name in arrays for name in RATES):
        return deap(arrays, "DEAP .mat file")
    clips = {int(match[1]): value for name, value in arrays.items() if (match := re.search(r"_eeg(\d+)$", name))}
    if clips:
        return seed(clips)
    if any(re.match(r"(de|psd)_\w+?\d+$", name) for name in arrays):
        raise SampleError(
            "These are features of SEED, not signals; xviz shows recordings. Bring a file of Preprocessed_EEG, or "
            "train on the folder of features with “xviz train mca”."
        )
    content = mat_all(data) if content is None else content  # structs and texts too, which take longer
    if "DREAMER" in content:
        return dreamer(content["DREAMER"])
    if (signals_ := generic(content)) is None:
        raise SampleError(
            "A .mat file should be one of DEAP (data, labels), SEED (…_eeg1 to …_eeg15) or DREAMER, or hold signal "
            f"(channel, time), rate and channels; this one holds {', '.join(content) or 'no arrays'}. Save it with "
            "these names."
        )
    if rate is None and signals_.rate is None:
        raise RateUnknown(
            "This .mat file does not say its sampling rate (as rate, fs, srate or fsample). Give the rate in Hz in "
            "“Import options” (from Python: rate=…); a wrong one makes every frequency wrong."
        )
    signals = tuple(signal.astype(np.float64) for signal in signals_.signals)
    return Raw(
        signals=signals, rate=float(signals_.rate or 0 if rate is None else rate), unit=signals_.unit,
        channels=signals_.names or tuple(f"channel {i + 1}" for i in range(len(signals[0]))),
        notes=signals_.notes, warnings=signals_.warnings, rate_said="as the file says" if rate is None else "as chosen",
    )  # fmt: skip


def seed_features(
    arrays: Mapping[str, NDArray[Any]], smooth: str = "movingAve"
) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """The features of SEED's ``ExtractedFeatures``: DE and PSD of each clip, (62, band, window) each.

    Args:
        arrays: Of a ``.mat`` file, by ``mat_arrays``.
        smooth: How SEED smoothed them: "movingAve" or "LDS".

    Raises:
        SampleError: there are none, or a pair does not fit.
    """
    pairs = []
    clips = sorted(int(match[1]) for name in arrays if (match := re.fullmatch(rf"de_{smooth}(\d+)", name)))
    for number in clips:
        de, psd = (arrays.get(f"{kind}_{smooth}{number}") for kind in ("de", "psd"))
        if de is None or psd is None or de.shape != psd.shape or de.ndim != 3 or de.shape[2] != 5:
            raise SampleError(f"Clip {number} should have de_{smooth} and psd_{smooth} of one shape (62, windows, 5).")
        pairs.append((de.transpose(0, 2, 1).astype(np.float32), psd.transpose(0, 2, 1).astype(np.float32)))
    if not pairs:
        raise SampleError(f"There are no features de_{smooth}1 … in this file; it holds {', '.join(arrays) or 'none'}.")
    return pairs


def deap(arrays: Arrays, what: str) -> Raw:
    """DEAP's two arrays.

    Raises:
        SampleError: a shape is not DEAP's.
    """
    data, labels = arrays.get("data"), arrays.get("labels")
    if (
        data is None
        or labels is None
        or data.ndim != 3
        or data.shape[1] not in (32, 40)
        or labels.shape[:1] != data.shape[:1]
        or labels.ndim > 2
        or (labels.ndim == 2 and labels.shape[1] > 4)
    ):
        shapes = ", ".join(f"{name} {value.shape}" for name, value in arrays.items())
        raise SampleError(
            f"A {what} should hold data (40, 40, 8064) and labels (40, 4); this one holds {shapes}. "
            "Any other recording needs its rate in Hz (fs) beside its data."
        )
    if data.size > LIMIT_VALUES:
        raise SampleError(f"A {what} may hold {LIMIT_VALUES // 10**6} million values; this one has {data.shape}.")
    names = DEAP_LABELS[: labels.shape[1]] if labels.ndim == 2 else ()
    notes: tuple[str, ...] = ()
    if data.shape[1] > 32:
        notes = ("Of DEAP's channels the first 32 are EEG; the others were left out.",)
    seconds_of_rest = 0.0 if data.shape[2] == 60 * 128 else min(3.0, data.shape[2] / 128)
    if not seconds_of_rest:
        notes += ("These trials are 60 s long: the 3 s of rest in front, which DEAP has, were cut off.",)
    return Raw(
        signals=tuple(data[:, :32].astype(np.float32)),
        rate=128.0,
        channels=BIOSEMI32,
        unit="µV",
        notes=notes,
        rest=seconds_of_rest,
        labels=labels.astype(np.float64) if names else None,
        label_names=names,
    )


def seed(clips: Mapping[int, NDArray[Any]]) -> Raw:
    """SEED's clips in order.

    Raises:
        SampleError: a clip does not have 62 channels.
    """
    for number, clip in sorted(clips.items()):
        if clip.ndim != 2 or len(clip) != 62:
            raise SampleError(f"Clip {number} of a SEED file should be (62, samples); it is {clip.shape}.")
    signals = tuple(clip.astype(np.float32) for _, clip in sorted(clips.items()))
    return Raw(signals=signals, rate=200.0, channels=SEED62, unit=None)


LARGE = 4 * LIMIT_VALUES  #: bytes of a DREAMER file from which on one subject of it is read at a time
DREAMER_LABELS = ("valence", "arousal", "dominance")
#: emotions of SEED-IV's clips in its three sessions, as its ReadMe lists them: 0 neutral, 1 sad, 2 fear, 3 happy
SEED_IV = (
    (1, 2, 3, 0, 2, 0, 0, 1, 0, 1, 2, 1, 1, 1, 2, 3, 2, 2, 3, 3, 0, 3, 0, 3),
    (2, 1, 3, 0, 0, 2, 0, 2, 3, 3, 2, 3, 2, 0, 1, 1, 2, 1, 0, 3, 0, 1, 3, 1),
    (1, 2, 2, 1, 3, 3, 3, 1, 1, 2, 1, 0, 2, 3, 3, 0, 2, 3, 0, 0, 2, 0, 1, 0),
)  # fmt: skip


def dreamer(held: Mapping[str, Any], most: int = LIMIT_VALUES, subject: int = 0, of: int = 1) -> Raw:
    """DREAMER's one struct: every film of every subject, its last seconds of rest in front.

    Args:
        held: What is under the name DREAMER.
        most: Values that may be read.
        subject: Which subject is the first in it, counted from 0.
        of: How many the file holds, where ``held`` is one of them.

    Raises:
        SampleError: it is not built as DREAMER is, or there is more of it than ``most``.
    """
    try:
        subjects = list(np.atleast_1d(held["Data"]))
        names = tuple(str(name).strip() for name in np.ravel(held["EEG_Electrodes"]))
        rate = float(np.ravel(held["EEG_SamplingRate"])[0])
        films = [
            (np.asarray(baseline, np.float32).T, np.asarray(clip, np.float32).T)
            for subject in subjects
            for baseline, clip in zip(subject["EEG"]["baseline"], subject["EEG"]["stimuli"], strict=True)
        ]
        scores = np.concatenate(
            [np.column_stack([np.ravel(s[f"Score{key.capitalize()}"]) for key in DREAMER_LABELS]) for s in subjects]
        ).astype(np.float64)
        if any(part.shape[0] != len(names) for film in films for part in film) or len(scores) != len(films):
            raise ValueError("numbers of channels, films and ratings differ")
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise SampleError(
            "DREAMER.mat should hold Data (subjects with EEG, ScoreValence, ScoreArousal, ScoreDominance), "
            f"EEG_Electrodes and EEG_SamplingRate; this one does not ({error!s:.100}). Use the file as it was "
            "downloaded."
        ) from error
    if (count := sum(clip.size for _, clip in films)) > most:
        raise SampleError(
            f"The films of {len(subjects)} subjects hold {count // 10**6} million values; {most // 10**6} million are "
            "read at once. Use DREAMER.mat as it was downloaded: one subject of it is read at a time."
        )
    baseline = min(min(part.shape[1] for part, _ in films), round(5 * rate))
    each = len(films) // len(subjects)
    return Raw(
        signals=tuple(np.concatenate([before[:, before.shape[1] - baseline :], clip], 1) for before, clip in films),
        rate=rate, channels=names, unit="µV", rest=baseline / rate, labels=scores, label_names=DREAMER_LABELS,
        notes=("DREAMER's raw counts of the EPOC hold an offset of about 4,200 µV, which features do not see.",),
        titles=tuple(f"subject {subject + i // each + 1}, film {i % each + 1}" for i in range(len(films))),
        parts=(WHOLE,) if of == 1 else tuple(f"subject {i + 1}" for i in range(of)),
    )  # fmt: skip
