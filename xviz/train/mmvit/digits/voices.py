"""Make more voices for the spoken digits: each digit as many synthesised speakers say it.

``xviz make voices --out DIR`` needs the Debian packages ``espeak-ng`` (GPL-3; a formant
synthesiser) and ``flite`` (of Carnegie Mellon University, free; from recordings of four people). It draws accents,
speakers, pitches and speeds, and writes ``{digit}_{voice}_{index}.wav`` at 8 kHz, cut to where it sounds, each in a
small room of its own (decaying noise). Nobody in the set of recorded digits is imitated.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from xviz.train.common.sources import SourceError

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
ACCENTS = (
    "en-gb", "en-us", "en-gb-scotland", "en-gb-x-gbclan", "en-gb-x-rp", "en-gb-x-gbcwmd", "en-029",
)  #: of espeak-ng  # fmt: skip
SPEAKERS = (
    "adam", "Alex", "Alicia", "Andrea", "Andy", "Annie", "anika", "antonio", "aunty", "belinda", "benjamin", "boris",
    "caleb", "croak", "david", "Denis", "Diogo", "ed", "edward", "edward2", "f1", "f2", "f3", "f4", "f5", "Gene",
    "Gene2", "grandma", "grandpa", "gustave", "Henrique", "Hugo", "iven", "iven2", "iven3", "iven4", "Jacky", "john",
    "kaukovalta", "klatt", "klatt2", "klatt3", "klatt4", "klatt5", "klatt6", "Lee", "linda", "m1", "m2", "m3", "m4",
    "m5", "m6", "m7", "m8", "marcelo", "Marco", "Mario", "max", "Michael", "michel", "miguel", "Mike", "Nguyen",
    "norbert", "pablo", "paul", "pedro", "quincy", "RicishayMax", "RicishayMax2", "RicishayMax3", "rob", "robert",
    "sandro", "shelby", "steph", "steph2", "steph3", "travis", "Tweaky", "victor", "zac",
)  #: variants of espeak-ng that sound like people  # fmt: skip
RECORDED = ("kal16", "awb", "rms", "slt")  #: of flite
RATE = 8000  #: Hz
QUIET = 0.01  #: of the loudest moment: before and after that there is nothing to hear

Speak = Callable[[Sequence[str], Path], None]  #: runs a synthesiser that writes a file


def build(out: Path, voices: int = 200, takes: int = 2, seed: int = 0, speak: Speak | None = None) -> int:
    """Synthesise and write the recordings.

    Args:
        out: Folder for them.
        voices: How many are drawn; every fifth one is of flite.
        takes: How often each says each digit.
        seed: Of the draws.
        speak: Runs the synthesiser.

    Returns:
        How many recordings were written.

    Raises:
        SourceError: a synthesiser is missing, or fails.
    """
    speak, rng, written = speak or run, np.random.default_rng(seed), 0
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        spoken = Path(folder) / "said.wav"
        for number in range(voices):
            name, command = drawn(number, rng)
            for digit, word in enumerate(WORDS):
                for take in range(takes):
                    order = command(rng)
                    rng.random(2)  # for nothing, so that these stay the voices that the shipped weights learnt from
                    placed = taken(order, word, spoken, speak, rng)
                    soundfile.write(out / f"{digit}_{name}_{take}.wav", placed, RATE)
                    written += 1
    return written


def taken(order: Sequence[str], word: str, spoken: Path, speak: Speak, rng: np.random.Generator) -> NDArray[np.float32]:
    """A word as one command says it, at ``RATE``, cut to where it sounds, in a room of its own.

    Args:
        order: Program and its arguments.
        word: That is said.
        spoken: File that the program writes.
        speak: Runs the program.
        rng: Draws the room.
    """
    speak([*order, str(spoken), *_word(order[0], word)], spoken)
    signal, rate = soundfile.read(spoken, dtype="float32", always_2d=True)
    return roomed(trimmed(soxr.resample(signal.mean(1), rate, RATE).astype(np.float32)), rng)


def drawn(
    number: int,
    rng: np.random.Generator,
    speakers: Sequence[str] = SPEAKERS,
    recorded: Sequence[str] = RECORDED,
) -> tuple[str, Callable[[np.random.Generator], list[str]]]:
    """The name of a voice, and what gives the command of one take; pitch and speed vary a little between takes."""
    pitch, speed = rng.uniform(-1, 1), rng.uniform(-1, 1)
    if number % 5 == 4:
        speaker = str(rng.choice(recorded))
        base = 190 if speaker == "slt" else 120

        def flite(rng: np.random.Generator) -> list[str]:
            hertz, stretch = base * 1.3 ** (pitch + 0.2 * rng.uniform(-1, 1)), 1.3 ** (speed + 0.2 * rng.uniform(-1, 1))
            settings = ["--setf", f"int_f0_target_mean={hertz:.0f}", "--setf", f"duration_stretch={stretch:.2f}"]
            return ["flite", "-voice", speaker, *settings, "-o"]

        return f"v{number:03d}-flite-{speaker}", flite
    accent, speaker = str(rng.choice(ACCENTS)), str(rng.choice(speakers))

    def espeak(rng: np.random.Generator) -> list[str]:
        height = np.clip(45 + 30 * pitch + 8 * rng.uniform(-1, 1), 0, 99)
        words = 150 + 40 * speed + 10 * rng.uniform(-1, 1)
        return ["espeak-ng", "-v", f"{accent}+{speaker}", "-p", f"{height:.0f}", "-s", f"{words:.0f}", "-w"]

    return f"v{number:03d}-{accent}-{speaker}".lower(), espeak


def trimmed(signal: NDArray[np.float32]) -> NDArray[np.float32]:
    """The signal from its first to its last moment above ``QUIET``.

    Raises:
        SourceError: it is silent.
    """
    if not len(signal) or not (loudest := float(np.abs(signal).max())):
        raise SourceError("Expected a spoken word from the synthesiser; what came back is silent. Try another version.")
    loud = np.flatnonzero(np.abs(signal) > QUIET * loudest)
    return signal[loud[0] : loud[-1] + 1] / loudest * np.float32(0.5)


def roomed(signal: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """The signal in a small room: itself and decaying noise, −60 dB after 0.05 to 0.4 s, up to as loud as itself."""
    decay = rng.uniform(0.05, 0.4)
    times = np.arange(round(decay * RATE)) / RATE
    echo = rng.standard_normal(len(times)) * 10 ** (-3 * times / decay)
    echo *= rng.uniform(0, 1) / np.sqrt((echo**2).sum())
    echo[0] = 1
    heard = np.convolve(signal, echo)[: len(signal) + round(0.05 * RATE)]
    return (heard / np.abs(heard).max() * 0.5).astype(np.float32)


def _word(program: str, word: str) -> list[str]:
    """How a program is told what to say."""
    return ["-t", word] if program == "flite" else [word]


def run(command: Sequence[str], spoken: Path) -> None:
    """Run a synthesiser."""
    if shutil.which(command[0]) is None:
        raise SourceError(
            f"Making voices needs {command[0]}, which this machine lacks. Run: apt-get install espeak-ng flite"
        )
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode or not spoken.is_file():
        raise SourceError(f"{command[0]} failed with status {result.returncode}: {result.stderr.strip()[-400:]}")
