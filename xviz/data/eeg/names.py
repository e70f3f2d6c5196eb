"""Names of channels: which electrode each is, against what it was measured, and which are bipolar.

A name is cut into words; the one that is an electrode of the 10–05 system counts, whatever devices write around it.
What follows it is its reference. Two electrodes in one name are a common reference where the second is the same all
over the recording (Fp1-Cz, F3-Cz …) and a bipolar chain where it is not (Fp1-F7, F7-T7 …). BioSemi's A1 … D32 and EGI's
E1 … E256 are electrodes by the layout of their caps (``caps``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

OLD = {"T3": "T7", "T4": "T8", "T5": "P7", "T6": "P8"}  #: names of the 10–20 system before 1991
EARS = {
    "A1",
    "A2",
    "M1",
    "M2",
    "TP9",
    "TP10",
    "T9",
    "T10",
}  #: sides of the head: odd channels have one, even ones the other
#: words for sensors that are no EEG, and for what devices compute of one
OTHERS = frozenset(
    word
    for line in (
        "EOG VEOG HEOG EKG ECG EMG GSR EDA RESP PPG PLETH SAT SAO2 SPO2 ACC ACCELEROMETER GYRO GYROSCOPE MAG TEMP",
        "CQ EQ POW PM MOT HSI DELTA THETA ALPHA BETA GAMMA STATUS STI TRIGGER MARKER BATTERY COUNTER DC PHOTIC MIC",
    )
    for word in line.split()
)
_AROUND = re.compile(r"^(?:EEG|POL|RAW|VALUE|CH)(?=.)|(?:REF\d?|AVE?|AVG|CAR|LE|UV|ΜV|RAW)$")
_BEFORE = re.compile(r"\d+|(?:EEG|POL|RAW|VALUE|CH|CHANNEL)\d*|E")  #: words that stand in front of an electrode's name
_UNIT = re.compile(
    r"[\s_]*(?:[(\[]?\s*(?:[uµμn]V|mV|microvolts?|volts?)\s*[)\]]?|[(\[]\s*V\s*[)\]])\s*$", re.IGNORECASE
)
#: how common references are written → what they are called
REFERENCES = {
    "REF": "a common reference", "LE": "linked ears", "LER": "linked ears",
    "AVE": "the average", "AV": "the average", "AVG": "the average",
    "CAR": "the average", "AR": "the average", "M1M2": "linked mastoids", "LM": "linked mastoids",
    "A1A2": "linked ears", "A12": "linked ears", "AA": "linked ears",
}  # fmt: skip


@dataclass(frozen=True)
class Naming:
    """What the channels of a recording are."""

    electrodes: tuple[str, ...]  #: of each channel, in capitals; "" where it is no known electrode
    reference: str  #: in words; "" where the names do not say
    bipolar: tuple[str, ...]  #: channels that are differences of two electrodes
    layout: str = ""  #: whose cap the names are those of, where they are no 10–20 names


@cache
def places() -> Mapping[str, NDArray[np.float32]]:
    """Electrode name in capitals → (3,) metres on MNE's average head, 10–05 system."""
    return {name.upper(): position.astype(np.float32) for name, position in montage("colin27_1005").items()}


def bare(name: str) -> str:
    """A name without its unit."""
    return _UNIT.sub("", name.strip())


@cache
def montage(name: str) -> Mapping[str, NDArray[np.float64]]:
    """Electrode name → (3,) metres of one of MNE's montages."""
    from mne.channels import make_standard_montage

    return dict(make_standard_montage(name).get_positions()["ch_pos"])


def plain(name: str) -> str:
    """A channel's name as the 10–20 system has it, in capitals: ``"EEG T3-Ref"`` → ``"T7"``; else its own."""
    electrode, _ = parts(name)
    return electrode or re.sub(r"^(?:EEG|E)[\s_:-]+", "", name.strip(" .").upper())


def parts(name: str) -> tuple[str, str]:
    """The electrode of a name, in capitals, and what follows it: ``"EEG Fp1-CPz"`` → ``("FP1", "CPZ")``; else ""."""
    words = [word for word in re.split(r"[\W_]+", bare(name).upper()) if word and word != "EEG"]
    if OTHERS.intersection(words):
        return "", ""
    for index, word in enumerate(words):
        pair = _pair(word)
        if pair and pair[0] in EARS and index and not _BEFORE.fullmatch(words[index - 1]):
            return "", ""  # an ear behind another sensor is what that was measured against: LOC-A2, E1-M2
        if pair:
            after = [OLD.get(word_, word_) for word_ in words[index + 1 :] if not word_.isdecimal()]
            return pair[0], pair[1] or "".join(after) or "".join(words[index + 1 :])
    return "", ""


def _pair(word: str) -> tuple[str, str] | None:
    """A word as an electrode, or as two that are written together, or as one with a known word around it."""
    known = places()
    before = None
    while word != before:
        if word in known:
            return OLD.get(word, word), ""
        for cut in range(2, len(word) - 1):
            first, second = word[:cut], word[cut:]
            if first in known and (second in known or second in REFERENCES):
                return OLD.get(first, first), OLD.get(second, second)
        before, word = word, _AROUND.sub("", word, count=1)
    return None
