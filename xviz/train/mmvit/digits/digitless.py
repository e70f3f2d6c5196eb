"""Make clips in which no digit is said: computed noises, music of soundfonts, and words that are no digits.

``xviz make digitless --out DIR`` needs what ``xviz make voices`` and ``xviz make notes`` need, and the Debian package
``asterisk-core-sounds-en-wav``. It writes ``digitless.npz`` (clips at 8 kHz) and ``digitless.json`` (kind and split of
each).

What is learnt and what is tested share no generator of noise (`xviz.train.mmvit.digits.noises`), no soundfont and no
General MIDI program, no word and no synthesised speaker. Tested alone are room tone, and words and letters that
a person said: Allison Smith's, from the Asterisk core sounds (CC BY-SA 3.0).
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.train.common.sources import SourceError
from xviz.train.mmvit.digits import voices
from xviz.train.mmvit.digits.noises import LEARNT, RATE, TESTED
from xviz.train.mmvit.digits.tunes import tunes
from xviz.train.mmvit.instruments.notes import FONTS, Render, fluidsynth
from xviz.train.mmvit.instruments.notes import TESTED as TESTED_FONT

LENGTH = 12_800  #: samples: 1.6 s, as long as the model listens
COMPUTED = {"learnt": 300, "tested": 150}  #: clips of each computed kind
SPOKEN = {"learnt": 1000, "tested": 200}  #: synthesised words
PIECES = {"learnt": 4, "tested": 5}  #: clips of music of each program and soundfont
#: split → General MIDI programs, counted from 0: of every family (eight programs), not its last ones, sounds of effects
PROGRAMS = {
    "learnt": [n for n in range(120) if n % 8 in (0, 2, 4)],
    "tested": [n for n in range(120) if n % 8 in (1, 5)],
}
#: split → words that are neither digits nor sound like one
WORDS = {
    "learnt": """
        yes no hello please water table window music green yellow orange silver purple people mother father
        brother children morning evening winter summer garden kitchen pencil paper letter number second minute
        hour monday wednesday saturday january august october house street city river mountain ocean island
        forest animal horse rabbit tiger elephant apple banana lemon coffee sugar butter bread cheese open
        close start finish begin end left right under over between never always maybe nothing something happy
        sorry little simple quick slow strong light heavy doctor teacher driver player actor mine sign time
        life hive drive wise see key knee more door store floor who new blue shoe true fun sun run done tax
        next text miss kiss this kix heaven even level fate late weight date line fine vine hero narrow
        sparrow eleven twelve twenty hundred thousand
    """,
    "tested": """
        computer stop go up down on off cat dog bird bed wow marvin sheila forward backward follow learn
        visual camera picture question answer station airport ticket train bicycle engine bridge castle
        village lightning thunder weather sunday friday april november pepper tomato potato chicken salad
        guitar piano violin trumpet winner inner dinner chain flame stone bone moon spoon glove above fish
        dish wish ship shape shop knife wife rice ice price bean green-house feet sheet wheel hill million
        dozen zebra zoo zone
    """,
}  # fmt: skip
SPEAKERS = {"learnt": voices.SPEAKERS[::2], "tested": voices.SPEAKERS[1::2]}
RECORDED = {"learnt": ("kal16", "rms"), "tested": ("awb", "slt")}
ASTERISK = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
#: of it, beside letters and the words that spell them
PROMPTS = (
    "activated", "added", "calling", "cancelled", "goodbye", "hello", "invalid", "sorry", "location", "removed",
    "minutes", "number", "options", "seconds", "status", "transfer", "extension", "hello-world", "vm-delete",
    "vm-message", "vm-sorry", "digits/today", "digits/tomorrow", "digits/yesterday", "digits/day-1", "digits/mon-3",
    "digits/mon-8",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Digitless:
    """A clip in which no digit is said."""

    signal: NDArray[np.float32]  #: (length,) at 8 kHz, 0.1 of full scale in the mean where it sounds
    kind: str
    split: str  #: "learnt" or "tested"

    @property
    def spoken(self) -> bool:
        """Whether somebody speaks in it."""
        return "words" in self.kind


def build(
    out: Path, seed: int = 0, *, speak: voices.Speak = voices.run, render: Render = fluidsynth, spoken: Path = ASTERISK
) -> int:
    """Make and write the clips.

    Args:
        out: Folder for them.
        seed: Of what is drawn.
        speak: Runs the synthesiser of words.
        render: Plays a MIDI file.
        spoken: Folder of the Asterisk core sounds.

    Returns:
        How many clips were written.

    Raises:
        SourceError: a program, a soundfont or the folder is missing.
    """
    if not (people := list(said_by_people(spoken))):
        raise SourceError(
            f"Expected the Asterisk core sounds in {spoken}; found none. "
            "Run: apt-get install asterisk-core-sounds-en-wav"
        )
    clips = [Digitless(levelled(signal), "words of a person", "tested") for signal in people]
    for split in ("learnt", "tested"):
        rng = np.random.default_rng([seed, len(split)])
        for kind, generator in (LEARNT if split == "learnt" else TESTED).items():
            clips += [Digitless(levelled(generator(LENGTH, rng)), kind, split) for _ in range(COMPUTED[split])]
        for font in (name for name in FONTS if (name == TESTED_FONT) == (split == "tested")):
            for signal in tunes(font, PROGRAMS[split], PIECES[split], LENGTH, rng, render):
                clips.append(Digitless(levelled(signal), "music", split))
        clips += [Digitless(levelled(signal), "synthesised words", split) for signal in words(split, rng, speak)]
    out.mkdir(parents=True, exist_ok=True)
    signals = np.stack([(np.clip(filled(clip.signal), -1, 1) * 32767).astype(np.int16) for clip in clips])
    np.savez_compressed(out / "digitless.npz", signals=signals)
    listed = [{"kind": c.kind, "split": c.split, "length": min(len(c.signal), LENGTH)} for c in clips]
    (out / "digitless.json").write_text(json.dumps({"rate": RATE, "clips": listed}) + "\n", encoding="utf-8")
    return len(clips)


def clips_of(folder: Path, split: str) -> list[Digitless]:
    """The clips of one split, each as long as it sounds.

    Raises:
        SampleError: the folder holds none.
    """
    signals, metadata = folder / "digitless.npz", folder / "digitless.json"
    if not signals.is_file() or not metadata.is_file():
        raise SampleError(
            "The folder holds no digitless.npz and digitless.json. "
            "Make them with “xviz make digitless --out DIR” and give DIR with --digitless."
        )
    listed = json.loads(metadata.read_text(encoding="utf-8"))["clips"]
    with np.load(signals, allow_pickle=False) as archive:
        every = archive["signals"]
    return [
        Digitless(signal[: entry["length"]].astype(np.float32) / 32767, entry["kind"], entry["split"])
        for signal, entry in zip(every, listed, strict=True)
        if entry["split"] == split
    ]


def placed(clip: Digitless, length: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """(length,) the clip somewhere in silence; half of those that fill it are cut to 0.2 to 1.2 s."""
    signal = clip.signal[:length]
    if len(signal) == length and rng.random() < 0.5:
        wide = round(length * rng.uniform(0.125, 0.75))
        start, edge = int(rng.integers(0, length - wide + 1)), RATE // 100
        signal = signal[start : start + wide].copy()
        signal[:edge] *= np.linspace(0, 1, edge, dtype=np.float32)
        signal[-edge:] *= np.linspace(1, 0, edge, dtype=np.float32)
    start = int(rng.integers(0, length - len(signal) + 1))
    filling = np.zeros(length, np.float32)
    filling[start : start + len(signal)] = signal
    return filling


def words(split: str, rng: np.random.Generator, speak: voices.Speak) -> Iterator[NDArray[np.float32]]:
    """Words of a split by its synthesised speakers, each in a small room of its own."""
    with tempfile.TemporaryDirectory() as folder:
        spoken = Path(folder) / "said.wav"
        listed = WORDS[split].split()
        for number in range(SPOKEN[split]):
            word = listed[number % len(listed)]
            _, command = voices.drawn(number, rng, SPEAKERS[split], RECORDED[split])
            yield voices.taken(command(rng), word, spoken, speak, rng)


def said_by_people(folder: Path) -> Iterator[NDArray[np.float32]]:
    """Letters, the words that spell them, and other prompts of the Asterisk core sounds, without silence around."""
    letters = [path for part in ("letters", "phonetic") for path in sorted((folder / part).glob("[a-z]*.wav"))]
    others = [folder / f"{name}.wav" for name in PROMPTS]
    for path in [*(path for path in letters if not path.name.startswith("ascii")), *others]:
        if path.is_file():
            signal, rate = soundfile.read(path, dtype="float32", always_2d=True)
            yield voices.trimmed(soxr.resample(signal.mean(1), rate, RATE).astype(np.float32))


def levelled(signal: NDArray[np.float32]) -> NDArray[np.float32]:
    """The first ``LENGTH`` samples, 0.1 of full scale in the mean, less where peaks would be cut."""
    first = signal[:LENGTH].astype(np.float64)
    mean, peak = np.sqrt(np.mean(first**2)) + 1e-9, np.abs(first).max() + 1e-9
    return (first * min(0.1 / mean, 0.95 / peak)).astype(np.float32)


def filled(signal: NDArray[np.float32]) -> NDArray[np.float32]:
    """(LENGTH,) the signal and silence after it."""
    return np.pad(signal, (0, LENGTH - len(signal)))
