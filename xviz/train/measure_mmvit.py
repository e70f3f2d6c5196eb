"""What the spoken-digits checkpoint can do and how far its explanations can be trusted: the numbers of its record.

Accuracy: one recording alone in its clip, on the set's own test split of the speakers that were trained on, and on all
recordings of speakers that were not, with every stage's cross-attention as it is and switched off.
Strings: clips of two or three different digits, which of the ten are said.
Places: in such clips, the share of each method's relevance for one digit that lies in the stretch in which it is said.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from xviz import engine
from xviz.checkpoints import FOLDER
from xviz.core.explanation import Explanation
from xviz.core.run import Run, Target
from xviz.core.sample import Sample, Sound
from xviz.explain import METHODS, planted
from xviz.models.mel import Mel
from xviz.models.mmvit import MMViT
from xviz.models.mmvit_cards import DIGITS, MMVIT_CARD
from xviz.train.mmvit import accuracy, heard, predict
from xviz.train.spoken import Clip, Recording, recordings, row

PLACED = ("look", "received", "rollout", "relevance", "gradcam", "gradient", "integrated", "occlusion")
STAGES = ("cross_1", "cross_2", "cross_3")


def measure(folder: Path, out: Path, *, clips: int = 40) -> dict[str, object]:
    """Measure the shipped checkpoint on the recordings of a folder and write the record ``out`` (JSON)."""
    torch.set_num_threads(1)
    loaded, definition = engine.load(MMVIT_CARD), Mel.of(MMVIT_CARD.settings)
    model = loaded.module
    assert isinstance(model, MMViT)
    without = json.loads((FOLDER / "mmvit-digits.log.json").read_text(encoding="utf-8"))["recipe"]["without"]
    every = recordings(folder, definition.rate)
    own = [one for one in every if one.tests and one.speaker != without]
    new = [one for one in every if one.speaker == without]
    record: dict[str, object] = {
        "card": MMVIT_CARD.key,
        "checkpoint_sha256": loaded.sha256,
        "parameters": sum(p.numel() for p in model.parameters()),
        "never heard": without,
        "accuracy": {
            "own split": accuracies(model, own, definition),
            "speaker never heard": accuracies(model, new, definition),
        },
        "strings": {
            "own split": strings(model, own, definition),
            "speaker never heard": strings(model, new, definition),
        },
        "places": {"own split": places(loaded, own, definition, clips)},
    }
    if out.is_file() and (kept := json.loads(out.read_text(encoding="utf-8")).get("trainings")):
        record["trainings"] = kept  # of ``compare_mmvit``
    out.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return record


def accuracies(model: MMViT, some: Sequence[Recording], definition: Mel) -> dict[str, float]:
    """Per cent right as the model is, with the cross-attention of one stage off, and of all."""
    found: dict[str, float] = {"recordings": len(some), "as it is": accuracy(model, some, definition)}
    for stage in STAGES:
        found[f"without {stage}"] = accuracy(model, some, definition, **{stage: 0.0})
    found["without any"] = accuracy(model, some, definition, **dict.fromkeys(STAGES, 0.0))
    return found


def rows_of(some: Sequence[Recording], definition: Mel, count: int, seed: int) -> list[Clip]:
    """Clips of two or three different digits."""
    rng, made = np.random.default_rng(seed), []
    while len(made) < count:
        chosen, seen = [], set()
        for index in rng.permutation(len(some))[:12]:
            if some[index].digit not in seen and len(chosen) < 3:
                chosen.append(some[index])
                seen.add(some[index].digit)
        clip = row(chosen, definition.length, definition.rate, rng)
        if len(clip.digits) > 1:
            made.append(clip)
    return made


def strings(model: MMViT, some: Sequence[Recording], definition: Mel, count: int = 300) -> dict[str, float]:
    """Of clips of two or three digits: how often exactly these are said (log-odds above 0), and mean precision."""
    clips = rows_of(some, definition, count, seed=1)
    found = predict(model, heard(clips, definition))
    true = np.stack([clip.labels() for clip in clips]) > 0
    exact = float(((found > 0) == true).all(1).mean())
    precision = np.mean([average_precision(found[:, i], true[:, i]) for i in range(true.shape[1])])
    return {"clips": count, "exact": round(100 * exact, 1), "mAP": round(100 * float(precision), 1)}


def average_precision(scores: NDArray[np.floating], true: NDArray[np.bool_]) -> float:
    """The mean precision at each true one, highest score first."""
    order = true[np.argsort(-scores, kind="stable")]
    return float((np.cumsum(order) / np.arange(1, len(order) + 1))[order].mean())


# Places


def places(loaded: engine.Loaded, some: Sequence[Recording], definition: Mel, count: int) -> dict[str, object]:
    """Share of relevance and hit rate of each method, in per cent, beside chance and an untrained model."""
    control = engine.untrained(loaded.card)
    found: dict[str, list[planted.Inside]] = {}
    chance, seconds = [], dict.fromkeys(PLACED, 0.0)
    for number, clip in enumerate(rows_of(some, definition, count, seed=2)):
        digit, stretch = clip.digits[number % len(clip.digits)], clip.places[number % len(clip.digits)]
        sample = Sample(f"string {number}", {"sound": Sound(clip.signal.copy(), definition.rate)})
        run = engine.run(loaded, sample, DIGITS[digit])
        idle = engine.run_inputs(control, run.inputs, sample, DIGITS[digit])
        truth = definition.place(*stretch)
        flat = {name: np.ones(len(run.spaces[name])) for name in run.inputs.tokens}
        chance.append(planted.inside(run.spaces, flat, truth).chance)
        for method in PLACED:
            begun = time.monotonic()
            got = ask(method, loaded, run, DIGITS[digit])
            seconds[method] += time.monotonic() - begun
            found.setdefault(method, []).append(planted.inside(run.spaces, got.scores, truth))
            got = ask(method, control, idle, DIGITS[digit])
            found.setdefault(f"{method}, untrained", []).append(planted.inside(run.spaces, got.scores, truth))
    return {
        "clips": count,
        "chance": {"share": round(100 * float(np.mean(chance)), 1)},
        "methods": {name: _percent(many) for name, many in found.items()},
        "milliseconds": {name: round(1000 * total / count) for name, total in seconds.items()},
    }


def ask(method: str, loaded: engine.Loaded, run: Run, output: str) -> Explanation:
    """A method's answer for an output; the attention row is that of the class token."""
    target = Target(output, "class", (0,)) if METHODS[method].needs_focus else Target(output)
    return METHODS[method].explain(loaded, run, target)


def _percent(many: Sequence[planted.Inside]) -> dict[str, float]:
    """Mean share and hit rate in per cent."""
    return {name: round(100 * float(np.mean([getattr(one, name) for one in many])), 1) for name in ("share", "hit")}
