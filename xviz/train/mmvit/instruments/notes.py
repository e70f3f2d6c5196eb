"""Make the training set of instruments: single notes of General MIDI programs, rendered from soundfonts.

``xviz make notes --out DIR`` needs the Debian packages ``fluidsynth``,
``fluid-soundfont-gm`` (FluidR3 GM, MIT), ``minuet-data`` (GeneralUser GS 1.47 by S. Christian Collins, its licence 2.0:
free for music and software; some samples of origins that he does not know, so that no clip of it ships) and
``timgm6mb-soundfont`` (TimGM6mb, GPL-2; for testing alone). It plays every second semitone of 51 programs of ten
families at two strengths, and writes ``instruments.npz`` (1.5 s each at 16 kHz) and ``instruments.json`` (what each
note is).

Splits: every third of the notes of a program is only tested (``pitch``), as are all notes of the last program of each
family (``instrument``), both of the soundfonts that are trained on, and all of TimGM6mb (``soundfont``).
"""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from xviz.train.common.sources import SourceError

#: family → General MIDI program, counted from 0 → lowest and highest note; the last program of a family is only tested
FAMILIES: Families = {
    "piano": {0: (36, 84), 1: (36, 84), 2: (36, 84), 4: (36, 84), 3: (36, 84)},
    "organ": {16: (36, 84), 17: (36, 84), 18: (36, 84), 20: (36, 84), 19: (36, 84)},
    "guitar": {24: (40, 76), 25: (40, 76), 26: (40, 76), 28: (40, 76), 27: (40, 76)},
    "bass": {32: (28, 54), 33: (28, 54), 35: (28, 54), 36: (28, 54), 34: (28, 54)},
    "bowed": {40: (55, 91), 41: (48, 84), 43: (28, 54), 48: (36, 84), 49: (36, 84), 42: (36, 72)},
    "brass": {56: (54, 84), 58: (28, 58), 60: (41, 71), 61: (40, 76), 57: (40, 70)},
    "reed": {
        64: (56, 86), 65: (49, 79), 67: (36, 66), 68: (58, 90), 69: (52, 80), 70: (34, 72), 71: (50, 90), 66: (44, 74),
    },
    "flute": {72: (74, 102), 73: (60, 94), 75: (60, 90), 79: (60, 90), 74: (60, 90)},
    "mallet": {9: (79, 103), 11: (53, 89), 13: (65, 103), 12: (45, 91)},
    "choir": {53: (48, 80), 54: (48, 80), 52: (48, 80)},
}  # fmt: skip
STRENGTHS = (64, 104)  #: MIDI velocities
FOLDERS = (Path("/usr/share/sounds/sf2"), Path("/usr/share/minuet/soundfonts"))
FREE = "FluidR3_GM"  #: the soundfont of which clips may ship
TESTED = "TimGM6mb"  #: the one that is only tested
FONTS = {FREE: "fluid-soundfont-gm", "GeneralUser-v1.47": "minuet-data", TESTED: "timgm6mb-soundfont"}  #: → package
RATE = 16_000  #: Hz
SECONDS, HELD, SLOT = 1.5, 1.3, 2.5  #: kept of each note; until its key is released; until the next note
SILENT = 1e-3  #: of full scale: a note whose loudest moment is below was not rendered

Families = Mapping[str, Mapping[int, tuple[int, int]]]
Render = Callable[[str, bytes], NDArray[np.float32]]  #: soundfont, MIDI file → (time,) at ``RATE``


@dataclass(frozen=True)
class Played:
    """One note."""

    family: str
    program: int  #: of General MIDI, counted from 0
    pitch: int  #: MIDI note; 69 is 440 Hz
    strength: int  #: MIDI velocity
    font: str
    split: str  #: "train", or what it is tested on: "pitch", "instrument", "soundfont"


def build(out: Path, render: Render | None = None, families: Families = FAMILIES) -> None:
    """Render and write the set.

    Args:
        out: Folder for it.
        render: Plays a MIDI file; fluidsynth where not given.
        families: What is played.

    Raises:
        SourceError: fluidsynth or a soundfont is missing, or what came back is silent.
    """
    render, notes, signals = render or fluidsynth, [], []
    for font in FONTS:
        for family, programs in families.items():
            for program in programs:
                these = list(planned(font, family, program, families))
                sound = render(font, midi([(program, played.pitch, played.strength) for played in these]))
                for played, signal in zip(these, cut(sound, len(these)), strict=True):
                    if np.abs(signal).max() > SILENT:
                        notes.append(played)
                        signals.append((np.clip(signal, -1, 1) * 32767).astype(np.int16))
    if not notes:
        raise SourceError("Expected sound from the soundfonts; every note came back silent. Try another fluidsynth.")
    out.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(out / "instruments.npz", signals=np.stack(signals))
    metadata = {"rate": RATE, "families": list(families), "notes": [asdict(note) for note in notes]}
    (out / "instruments.json").write_text(json.dumps(metadata) + "\n", encoding="utf-8")


def planned(font: str, family: str, program: int, families: Families) -> Iterator[Played]:
    """The notes of a program with the split of each."""
    low, high = families[family][program]
    last = program == list(families[family])[-1]
    for number, pitch in enumerate(range(low, high + 1, 2)):
        split = "pitch" if number % 3 == 2 else "train"
        split = "soundfont" if font == TESTED else "instrument" if last else split
        for strength in STRENGTHS:
            yield Played(family, program, pitch, strength, font, split)


def midi(notes: Sequence[tuple[int, int, int]]) -> bytes:
    """A MIDI file that plays notes (program, pitch, velocity) one after another, one each ``SLOT`` seconds."""
    events: list[tuple[int, bytes]] = []
    for number, (program, pitch, strength) in enumerate(notes):
        begin = round(1000 * SLOT * number)
        events += [(begin, bytes([0xC0, program])), (begin, bytes([0x90, pitch, strength]))]
        events.append((begin + round(1000 * HELD), bytes([0x80, pitch, 0])))
    return midi_of(events, round(1000 * SLOT * len(notes)))


def midi_of(events: Sequence[tuple[int, bytes]], end: int) -> bytes:
    """A MIDI file of events, each with its time, that ends at ``end``; all in milliseconds.

    Source: Standard MIDI Files 1.0, format 0; 500 ticks a quarter at the default tempo are 1 ms each.
    """
    track, now = bytearray(), 0
    for moment, event in sorted(events, key=lambda timed: timed[0]):
        track += _ticks(moment - now) + event
        now = moment
    track += _ticks(end - now) + b"\xff\x2f\x00"
    return b"MThd" + struct.pack(">IHHH", 6, 0, 1, 500) + b"MTrk" + struct.pack(">I", len(track)) + bytes(track)


def cut(sound: NDArray[np.float32], count: int) -> Iterator[NDArray[np.float32]]:
    """The first ``SECONDS`` of each note, the last 20 ms fading out."""
    length, slot = round(SECONDS * RATE), round(SLOT * RATE)
    fade = np.ones(length, np.float32)
    fade[-round(0.02 * RATE) :] = np.linspace(1, 0, round(0.02 * RATE))
    filled = np.zeros(count * slot, np.float32)
    filled[: min(len(sound), len(filled))] = sound[: len(filled)]
    for number in range(count):
        yield filled[number * slot : number * slot + length] * fade


def _ticks(value: int) -> bytes:
    """A number of ticks as MIDI writes it, seven bits a byte."""
    parts = [value & 0x7F]
    while value := value >> 7:
        parts.append(value & 0x7F | 0x80)
    return bytes(reversed(parts))


def fluidsynth(font: str, file: bytes) -> NDArray[np.float32]:
    """Play with fluidsynth, without reverberation and chorus."""
    path = next((folder / f"{font}.sf2" for folder in FOLDERS if (folder / f"{font}.sf2").is_file()), None)
    if shutil.which("fluidsynth") is None or path is None:
        raise SourceError(
            f"Playing notes needs fluidsynth and {font}.sf2; this machine lacks one of them. "
            f"Run: apt-get install fluidsynth {' '.join(FONTS.values())}"
        )
    with tempfile.TemporaryDirectory() as folder:
        score, wave = Path(folder) / "score.mid", Path(folder) / "score.wav"
        score.write_bytes(file)
        command = ["fluidsynth", "-ni", "-q", "-g", "0.5", "-r", str(2 * RATE), "-R", "0", "-C", "0", "-T", "wav"]
        result = subprocess.run([*command, "-F", wave, path, score], capture_output=True, text=True, check=False)
        if result.returncode or not wave.is_file():
            raise SourceError(f"fluidsynth failed with status {result.returncode}: {result.stderr.strip()[-400:]}")
        signal, rate = soundfile.read(wave, dtype="float32", always_2d=True)
    return soxr.resample(signal.mean(1), rate, RATE).astype(np.float32)
