"""Simulate EEG recordings in which valence and arousal drive known bands at known places.

Run ``xviz make recordings --out DIR``. These are simulated recordings, never data of people: a spherical
head model (MNE), 32 electrodes, dipoles near the cortex with a 1/f background, blinks, muscle, line noise, and subjects
that differ in all of it. A trial is 3 s of rest and 60 s of a clip, in DEAP's layout, with ratings of 1–9.

What the ratings drive, in directions that the literature reports; the sizes are ours, and larger than in life, since
the model measures every feature from 2 s of rest, whose chance it keeps for the whole trial:

- valence: less alpha over the left and more over the right frontal cortex (Coan & Allen, Biological Psychology 67,
  2004, review), and more frontal midline theta (Sammler et al., Psychophysiology 44, 2007);
- arousal: less alpha over the occipital and parietal cortex (Barry et al., Clinical Neurophysiology 118, 2007), and
  more beta over both temporal cortices (after Koelstra et al., IEEE Transactions on Affective Computing 3, 2012).

The truth is causal: each recording is simulated again with the rating turned from low to high and everything else the
same, and the change of band power in dB is kept for every electrode and band (``truth``).
"""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xviz.core.sample import BIOSEMI32, Eeg
from xviz.data.eeg.channels import places

Array = NDArray[np.float64]

RATE = 128.0  #: Hz
REST, CLIP = 3.0, 60.0  #: s
LABELS = ("valence", "arousal")
SOURCES = 150  #: dipoles of the background


@dataclass(frozen=True)
class Driver:
    """One source whose band power follows a rating."""

    label: str
    place: str  #: electrode under which it lies
    band: tuple[float, float]  #: Hz
    gain: float  #: dB from rating 1 to rating 9
    strength: float  #: µV at the electrode, root mean square at rating 5


DRIVERS = (
    Driver("valence", "F3", (8, 12), -12, 8.0),
    Driver("valence", "F4", (8, 12), +12, 8.0),
    Driver("valence", "Fz", (4, 7.5), +12, 8.0),
    Driver("arousal", "Oz", (8, 12), -12, 10.0),
    Driver("arousal", "Pz", (8, 12), -10, 7.0),
    Driver("arousal", "T7", (14, 28), +10, 5.0),
    Driver("arousal", "T8", (14, 28), +10, 5.0),
)


@dataclass(frozen=True)
class Person:
    """What one simulated subject has for all trials."""

    number: int
    noise: float  #: µV of the background
    slope: float  #: of the background's amplitude over frequency, 1/f^slope
    alpha: float  #: Hz, shift of the alpha rhythm
    gains: tuple[float, ...]  #: factor on the gain of each driver
    strengths: tuple[float, ...]  #: factor on the strength of each driver
    shift: tuple[float, float]  #: m, how far the sources lie from their places, to the right and to the front
    blinks: float  #: a minute
    muscle: float  #: µV at the temples
    hum: float  #: µV at 50 Hz


def person(number: int, seed: int = 0) -> Person:
    """The simulated subject of that number."""
    rng = np.random.default_rng([seed, number])
    count = len(DRIVERS)
    return Person(
        number=number,
        noise=float(rng.uniform(7, 12)),
        slope=float(rng.uniform(0.4, 0.65)),
        alpha=float(rng.normal(0, 0.4)),
        gains=tuple(float(v) for v in rng.uniform(0.5, 1.4, count)),
        strengths=tuple(float(v) for v in np.exp(rng.normal(0, 0.25, count))),
        shift=(float(rng.normal(0, 0.006)), float(rng.normal(0, 0.006))),
        blinks=float(rng.uniform(3, 14)),
        muscle=float(rng.uniform(0.3, 2.0)),
        hum=float(rng.uniform(0.2, 2.0)),
    )


@cache
def _head() -> tuple[object, object, dict[str, Array]]:
    """MNE's info and sphere of the cap, and the direction of every electrode from the sphere's centre."""
    import mne

    info = mne.create_info(list(BIOSEMI32), RATE, "eeg")
    montage = mne.channels.make_standard_montage("biosemi32")
    info.set_montage(montage)
    sphere = mne.make_sphere_model("auto", "auto", info, verbose="ERROR")
    places = montage.get_positions()["ch_pos"]
    return info, sphere, {name: places[name] - sphere["r0"] for name in BIOSEMI32}


def field(directions: Array, depth: float = 0.82) -> Array:
    """What radial dipoles of 1 nA·m do at the electrodes, (electrode, dipole) µV on the common average.

    Args:
        directions: (n, 3) from the centre of the head; their length does not count.
        depth: Distance of the dipoles from the centre, as a share of the head's radius.

    Source: MNE's forward solution in a four-layer sphere (Berg & Scherg 1994).
    """
    import mne

    info, sphere, _ = _head()
    outward = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    radius = depth * sphere["layers"][0]["rad"]
    positions = {"rr": sphere["r0"] + radius * outward, "nn": outward}
    with mne.utils.use_log_level("ERROR"):
        space = mne.setup_volume_source_space(pos=positions, sphere=sphere, sphere_units="m", mindist=0.0)
        forward = mne.make_forward_solution(info, None, space, sphere, meg=False, eeg=True, mindist=0.0)
    assert forward["nsource"] == len(directions), "MNE left sources out"
    volts = forward["sol"]["data"].reshape(len(BIOSEMI32), -1, 3)
    gain = np.einsum("end,nd->en", volts, outward) * 1e6 * 1e-9
    return gain - gain.mean(0)


@cache
def _background() -> Array:
    """(electrode, SOURCES) field of dipoles spread over the upper head, each scaled to 1 µV root mean square."""
    turn = np.arange(SOURCES) * np.pi * (3 - 5**0.5)
    up = np.linspace(0.98, -0.25, SOURCES)
    flat = np.sqrt(1 - up**2)
    gain = field(np.stack([flat * np.cos(turn), flat * np.sin(turn), up], 1), 0.75)
    return gain / np.sqrt((gain**2).mean()) / np.sqrt(SOURCES)


@cache
def _driven(shift: tuple[float, float]) -> Array:
    """(electrode, driver) field of the drivers of one subject, 1 at the strongest electrode."""
    positions = _head()[2]
    directions = np.stack([positions[driver.place] for driver in DRIVERS]) + np.array([*shift, 0.0])
    gain = field(directions)
    return gain / np.abs(gain).max(0)


def coloured(rng: np.random.Generator, count: int, slope: float, band: tuple[float, float] | None = None) -> Array:
    """(count, time) noise of 1 root mean square whose amplitude falls as 1/f^slope, within a band if one is given."""
    length = round((REST + CLIP) * RATE)
    bins = np.fft.rfftfreq(length, 1 / RATE)
    shape = np.where(bins >= 0.5, np.maximum(bins, 0.5) ** -slope, 0.0)
    if band is not None:
        shape = np.exp(-(((bins - np.mean(band)) / (0.5 * np.ptp(band))) ** 4))
    spectrum = shape * (rng.standard_normal((count, len(bins))) + 1j * rng.standard_normal((count, len(bins))))
    noise = np.fft.irfft(spectrum, length, axis=1)
    return noise / noise.std(1, keepdims=True)


def simulate(who: Person, ratings: Sequence[float], seed: Sequence[int]) -> Array:
    """One trial, (32, 8064) µV: 3 s of rest, in which the ratings drive nothing, and 60 s of a clip.

    Args:
        who: The simulated subject.
        ratings: Valence and arousal, 1–9.
        seed: Of everything else in the trial; the same seed and subject differ only by what the ratings drive.
    """
    rng = np.random.default_rng([*seed, who.number])
    signal = who.noise * _background() @ coloured(rng, SOURCES, who.slope)
    signal += 0.4 * coloured(rng, len(BIOSEMI32), 0.0)
    during = np.arange(signal.shape[1]) >= REST * RATE
    level = dict(zip(LABELS, ratings, strict=True))
    for index, driver in enumerate(DRIVERS):
        low, high = driver.band
        shift = who.alpha if (low, high) == (8, 12) else 0.0
        rhythm = coloured(rng, 1, 0.0, (low + shift, high + shift))[0]
        wander = np.exp(0.3 * coloured(rng, 1, 1.0, (0.02, 0.1))[0])  # rhythms wax and wane
        change = driver.gain * who.gains[index] * (level[driver.label] - 5) / 8 * during
        amount = driver.strength * who.strengths[index] * wander * 10 ** (change / 20)
        signal += np.outer(_driven(who.shift)[:, index], amount * rhythm)
    return signal + _artefacts(who, rng)


def _artefacts(who: Person, rng: np.random.Generator) -> Array:
    """Blinks at the forehead, muscle at the temples, and what is left of line noise, (32, time) µV."""
    time = np.arange(round((REST + CLIP) * RATE)) / RATE
    positions = np.stack(list(_head()[2].values()))
    front = np.exp(-((positions[:, 1].max() - positions[:, 1]) / 0.03))
    side = np.exp(-((np.abs(positions[:, 0]).max() - np.abs(positions[:, 0])) / 0.015))
    blink = np.zeros_like(time)
    for moment in rng.uniform(0, REST + CLIP, rng.poisson(who.blinks * (REST + CLIP) / 60)):
        blink += rng.uniform(40, 110) * np.exp(-(((time - moment) / 0.09) ** 2))
    burst = np.clip(coloured(rng, 1, 1.0, (0.05, 0.4))[0], 0, None)
    muscle = who.muscle * burst * side[:, None] * coloured(rng, len(positions), 0.0, (25, 60))
    hum = who.hum * rng.uniform(0.3, 1, len(positions))[:, None] * np.sin(2 * np.pi * 50 * time + rng.uniform(0, 6.3))
    return np.outer(front, blink) + muscle + hum


def recording(who: Person, ratings: Sequence[float], seed: Sequence[int]) -> Eeg:
    """One simulated trial as a recording that says so."""
    listed = ", ".join(f"{label} {rating:.1f}" for label, rating in zip(LABELS, ratings, strict=True))
    return Eeg(
        signal=simulate(who, ratings, seed).astype(np.float32),
        rate=RATE,
        channels=BIOSEMI32,
        positions=np.stack([places()[name.upper()] for name in BIOSEMI32]),
        rest=REST,
        notes=(f"A simulated recording, not of a person: subject {who.number}, {listed}.",),
    )


def ratings(subject: int, trials: int, seed: int = 0) -> Array:
    """(trials, 2) valence and arousal of a subject, 1–9, as often below 5 as above, each by itself."""
    rng = np.random.default_rng([seed, subject, 1])
    sides = np.stack([rng.permutation(np.arange(trials) % 2) for _ in LABELS], 1)
    return np.where(sides == 1, rng.uniform(5.5, 9, sides.shape), rng.uniform(1, 4.5, sides.shape))


def truth(label: str, measure: object, *, subjects: Sequence[int], seed: int = 0) -> Array:
    """What turning a rating from 2 to 8 changes, the other at 5: (electrode, band) dB, the mean over subjects.

    Args:
        label: "valence" or "arousal".
        measure: From a signal (32, time) to band power (32, band) in dB.
        subjects: Over which the mean is taken.
        seed: Of the simulation.
    """
    index, changes = LABELS.index(label), []
    for number in subjects:
        who, levels = person(number, seed), []
        for rating in (2.0, 8.0):
            pair = [5.0, 5.0]
            pair[index] = rating
            levels.append(measure(simulate(who, pair, (seed, 9999))))
        changes.append(levels[1] - levels[0])
    return np.mean(changes, 0)


def _write(job: tuple[Path, int, int, int]) -> str:
    """Write all trials of one subject; the name of the file."""
    out, number, trials, seed = job
    who, rated = person(number, seed), ratings(number, trials, seed)
    signals = [simulate(who, pair, (seed, trial)) for trial, pair in enumerate(rated)]
    path = out / f"s{number:02d}.npz"
    np.savez(
        path,
        data=np.stack(signals).astype(np.float32),
        labels=rated,
        label_names=np.array(LABELS),
        channels=np.array(BIOSEMI32),
        rate=RATE,
        rest=REST,
    )
    return path.name


def make(out: Path, *, subjects: int = 24, trials: int = 20, seed: int = 0, workers: int = 1) -> None:
    """Write one ``s01.npz`` for each subject, in DEAP's layout, and ``simulation.json``.

    Args:
        out: Folder of the recordings.
        subjects: How many.
        trials: Of each subject.
        seed: Of the simulation.
        workers: Processes.
    """
    out.mkdir(parents=True, exist_ok=True)
    jobs = [(out, number, trials, seed) for number in range(1, subjects + 1)]
    with multiprocessing.get_context("spawn").Pool(workers) if workers > 1 else nullcontext() as pool:
        for done in (pool.imap if pool else map)(_write, jobs):
            print(f"{done}, {subjects} subjects in all", flush=True)
    about = {
        "what": "simulated recordings, not of people",
        "seed": seed,
        "drivers": [asdict(driver) for driver in DRIVERS],
        "subjects": [asdict(person(number, seed)) for number in range(1, subjects + 1)],
    }
    (out / "simulation.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
