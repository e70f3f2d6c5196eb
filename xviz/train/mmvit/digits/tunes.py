"""Short pieces of music, drawn by chance and played by a soundfont: melodies and chords of one General MIDI program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import soxr
from numpy.typing import NDArray

from xviz.train.mmvit.digits.noises import RATE
from xviz.train.mmvit.instruments.notes import RATE as PLAYED
from xviz.train.mmvit.instruments.notes import SILENT, Render, midi_of

SLOT = 2.2  #: seconds from one piece to the next
HEARD = 1.5  #: seconds of a piece; after that it rings out
SCALE = (0, 2, 4, 7, 9)  #: semitones of the pentatonic scale
CHORDS = ((0, 4, 7), (0, 3, 7), (0, 5, 7), (0, 4, 7, 11), (0, 3, 7, 10))  #: semitones over the root


def tunes(
    font: str, programs: Sequence[int], pieces: int, length: int, rng: np.random.Generator, render: Render
) -> Iterator[NDArray[np.float32]]:
    """(length,) pieces at ``RATE``, one after another in one file; silent ones are passed over.

    Args:
        font: Soundfont.
        programs: Of General MIDI, counted from 0.
        pieces: Of each program.
        length: Samples of a piece.
        rng: Draws the notes.
        render: Plays a MIDI file.
    """
    events: list[tuple[int, bytes]] = []
    count = len(programs) * pieces
    for number, program in enumerate(np.repeat(programs, pieces)):
        begin = round(1000 * SLOT * number)
        events.append((begin, bytes([0xC0, int(program)])))
        for start, end, pitch, strength in piece(rng):
            events.append((begin + start, bytes([0x90, pitch, strength])))
            events.append((begin + end, bytes([0x80, pitch, 0])))
    played = render(font, midi_of(events, round(1000 * SLOT * count)))
    sound, slot = soxr.resample(played, PLAYED, RATE).astype(np.float32), round(SLOT * RATE)
    for number in range(count):
        signal = sound[number * slot : number * slot + length]
        if len(signal) == length and np.abs(signal).max() > SILENT:
            yield signal


def piece(rng: np.random.Generator) -> list[tuple[int, int, int, int]]:
    """From, to in milliseconds, MIDI note and velocity of every note: a melody, or chords."""
    beat = rng.uniform(0.12, 0.5)
    root, notes = int(rng.integers(45, 70)), []
    melodic = rng.random() < 0.5
    for start in np.arange(0, HEARD - 0.05, beat * (1 if melodic else 2)):
        end = min(start + beat * rng.uniform(0.6, 1.8) * (1 if melodic else 2), HEARD)
        strength, degree = int(rng.integers(60, 115)), int(rng.choice(SCALE)) + 12 * int(rng.integers(0, 2))
        pitches = (
            [root + degree] if melodic else [root + degree - 12 + step for step in CHORDS[rng.integers(len(CHORDS))]]
        )
        notes += [(round(1000 * start), round(1000 * end), pitch, strength) for pitch in pitches]
    return notes
