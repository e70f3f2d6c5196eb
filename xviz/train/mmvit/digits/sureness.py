"""How sure the spoken-digits model is where no digit is said, and whether that tells digits from other sounds.

Clips without a digit are those of ``xviz make digitless`` that no training hears. Beside the checkpoint stands what it
was before its second stage, where that is given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xviz import checkpoints
from xviz.models.mel import Mel
from xviz.models.mmvit import MMViT
from xviz.models.mmvit_cards import DIGITS, SOUND
from xviz.train.mmvit.digits.clips import Clip, Recording, alone
from xviz.train.mmvit.digits.digitless import Digitless, clips_of, placed
from xviz.train.mmvit.digits.recipe import heard, predict
from xviz.train.mmvit.digits.refusing import over
from xviz.train.mmvit.digits.speech import modulation, separation, voicing

SURE = 0.5  #: probability above which a digit counts as detected, as on the page
UNLIKELY = 0.2  #: highest probability below which the page says that no digit is likely said
BEHIND = 10.0  #: dB by which a sound behind digits is softer


def sureness(
    model: MMViT, splits: Mapping[str, Sequence[Recording]], folder: Path, former: Path | None
) -> dict[str, Any]:
    """What the record has of clips without digits, and of digits with sounds behind them.

    Args:
        model: The checkpoint.
        splits: Split → recordings of digits that were not trained on.
        folder: That ``xviz make digitless`` wrote.
        former: Weights before the second stage.
    """
    definition, rng = Mel.of(SOUND), np.random.default_rng(4)
    sounds = clips_of(folder, "tested")
    signals = np.stack([placed(sound, definition.length, rng) for sound in sounds])
    kinds = {kind: np.array([sound.kind == kind for sound in sounds]) for kind in dict.fromkeys(s.kind for s in sounds)}
    digits = {split: [alone(r, definition.length, definition.rate) for r in some] for split, some in splits.items()}
    behind = {split: [over_sound(clip, sounds, definition, rng) for clip in some] for split, some in digits.items()}
    models = ({} if former is None else {"before": loaded(former)}) | {"after": model}
    record: dict[str, Any] = {"digitless": {kind: {"clips": int(mine.sum())} for kind, mine in kinds.items()}}
    record["behind"] = {split: {"recordings": len(some), "decibels": BEHIND} for split, some in digits.items()}
    for time, now in models.items():
        highest, often = most_probable(now, signals, definition)
        for kind, mine in kinds.items():
            record["digitless"][kind][time] = confidence(highest[mine], often[mine])
        for split, some in digits.items():
            record["behind"][split][time] = {
                "alone": right(now, some, definition),
                "behind": right(now, behind[split], definition),
            }
    spoken = {split: np.stack([clip.signal for clip in some]) for split, some in digits.items()}
    return record | {"speech": speech(model, spoken, signals, kinds, definition)}


def loaded(path: Path) -> MMViT:
    """A model with the weights of a file."""
    model = MMViT(SOUND)
    model.load_state_dict(checkpoints.read(path))
    return model.eval()


def over_sound(clip: Clip, sounds: Sequence[Digitless], definition: Mel, rng: np.random.Generator) -> Clip:
    """A clip with a sound behind it in which nobody speaks."""
    mute = [sound for sound in sounds if not sound.spoken]
    behind = placed(mute[int(rng.integers(len(mute)))], definition.length, rng)
    return Clip(over(clip.signal, behind, BEHIND), clip.digits, clip.places)


def most_probable(
    model: MMViT, signals: NDArray[np.float32], definition: Mel
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """(b,) highest probability of each clip (b, length), and (b,) the digit that has it."""
    scores = predict(model, heard([Clip(signal, (), ()) for signal in signals], definition)).astype(np.float64)
    return 1 / (1 + np.exp(-scores.max(1))), scores.argmax(1)


def confidence(highest: NDArray[np.float64], often: NDArray[np.int64]) -> dict[str, Any]:
    """Clips in which a digit counts as detected and the mean of the highest probability, %, and which digit has it."""
    commonest, _ = Counter(often.tolist()).most_common(1)[0]
    return {
        "sure": percent(highest > SURE),
        "mean": round(100 * float(highest.mean()), 1),
        "most often": DIGITS[commonest],
    }


def right(model: MMViT, clips: Sequence[Clip], definition: Mel) -> float:
    """How often the highest digit is the one that is said, in per cent."""
    best = predict(model, heard(clips, definition)).argmax(1)
    return percent(best == np.array([clip.digits[0] for clip in clips]))


def speech(
    model: MMViT,
    spoken: Mapping[str, NDArray[np.float32]],
    signals: NDArray[np.float32],
    kinds: Mapping[str, NDArray[np.bool_]],
    definition: Mel,
) -> dict[str, Any]:
    """How well three measures tell digits from other sounds, and how often the page's warning is right.

    Args:
        model: The checkpoint.
        spoken: Split → (b, length) clips in which a digit is said.
        signals: (b, length) clips without a digit.
        kinds: Kind → (b,) which of these are of it.
        definition: Of the spectrogram.
    """
    measures = {
        "model": lambda clips: most_probable(model, clips, definition)[0],
        "modulation": lambda clips: np.array([modulation(clip) for clip in clips]),
        "voicing": lambda clips: np.array([voicing(clip) for clip in clips]),
    }
    rates: dict[str, Any] = {"threshold": UNLIKELY, "separation": {}}
    for name, measure in measures.items():
        digits, others = {split: measure(clips) for split, clips in spoken.items()}, measure(signals)
        every = np.concatenate(list(digits.values()))
        rates["separation"][name] = {kind: round(separation(every, others[mine]), 3) for kind, mine in kinds.items()}
        if name == "model":
            rates["digits warned"] = {split: percent(values < UNLIKELY) for split, values in digits.items()}
            rates["others warned"] = {kind: percent(others[mine] < UNLIKELY) for kind, mine in kinds.items()}
    return rates


def percent(true: NDArray[np.bool_]) -> float:
    """Share of what is true, to tenths of a per cent."""
    return round(100 * float(true.mean()), 1)
