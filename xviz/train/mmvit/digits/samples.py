"""Make the shipped samples of spoken digits.

``xviz samples mmvit-digits --data DIGITS`` takes single digits at 8 kHz, ``0.wav`` to ``9.wav``, of
the Debian package ``asterisk-core-sounds-en-wav`` (a voice that the checkpoint was not trained on), puts some of them
in a row, and writes FLAC files and their list, in which the true place of every digit stands.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from xviz.data.shipped import FOLDER, ShippedSample, Truth, write
from xviz.models.mel import Mel
from xviz.models.mmvit_cards import DIGITS, SOUND
from xviz.train.mmvit.digits.clips import Recording, row

OUT = FOLDER / "mmvit"
ROWS = ((2, 5), (7,), (3, 8), (9, 4), (6, 1), (0, 2))  #: what is said in each sample
CREDIT = (
    "Digits spoken by Allison Smith, from the Asterisk core sounds (CC BY-SA 3.0; Debian asterisk-core-sounds-en-wav); "
    "put in a row here."
)


def make(folder: Path) -> None:
    """Write the samples."""
    definition, listed = Mel.of(SOUND), []
    for number, digits in enumerate(ROWS):
        recordings = []
        for digit in digits:
            signal, rate = soundfile.read(folder / f"{digit}.wav", dtype="float32")
            loud = np.flatnonzero(np.abs(signal) > 0.02 * np.abs(signal).max())
            assert rate == definition.rate
            recordings.append(Recording(signal[loud[0] : loud[-1] + 1], digit, "allison", 0))
        clip = row(recordings, definition.length, definition.rate, np.random.default_rng(number))
        key = "-".join(DIGITS[digit] for digit in clip.digits)
        soundfile.write(OUT / f"{key}.flac", clip.signal, round(definition.rate), subtype="PCM_16")
        places = {DIGITS[d]: (round(a, 3), round(b, 3)) for d, (a, b) in zip(clip.digits, clip.places, strict=True)}
        files = {"sound": f"{key}.flac"}
        listed.append(
            ShippedSample("mmvit", key, ", ".join(places), "spoken digits", CREDIT, files, truth=Truth(places=places))
        )
    write(OUT / "samples.json", listed)
