"""What the settings of the matching model are chosen by, on nothing that it is tested on.

Validation scenes are new scenes of the cut-outs of training; the photographs of ``known`` are some of these cut-outs.
Both flatter what was trained beside what was not: class names, which help with what is new, are worth least there.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from xviz.models.class_names import ClassNames
from xviz.models.mmca import MMCA
from xviz.train.mmca.features import Portion, Split, load_split
from xviz.train.mmca.ranking import fullest, score_all
from xviz.train.mmca.scores import recalls

ALPHAS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5)
DOUBTS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.6, 1.0)
#: split → pictures of it that are ranked, and among how many first places the right sentence counts
CHOSEN_ON = {"val": (300, "R@1"), "known": (None, "R@1")}


def choices(model: MMCA, folder: Path, alpha: float) -> dict[str, dict[str, object]]:
    """Mean recall of both directions in per cent, by the split and by each value of α and of ``doubt``.

    Args:
        model: In evaluation mode.
        folder: What ``xviz make scenes`` wrote.
        alpha: The chosen weight of the cross-attention branch, with which values of ``doubt`` are compared.
    """
    recall_by: dict[str, dict[str, object]] = {"alpha": {}} | ({} if model.names is None else {"doubt": {}})
    for name, (count, rank) in CHOSEN_ON.items():
        split = load_split(folder, name, Portion(scenes=count))
        alone, joint = score_all(model, split, np.arange(len(split.scenes)), fullest(split))
        recall_by["alpha"][name] = {f"{a:g}": both_ways(alone + a * joint, rank) for a in ALPHAS}
        if model.names is not None:
            by_doubt = alone_by_doubt(model, model.names, split)
            recall_by["doubt"][name] = {d: both_ways(scores + alpha * joint, rank) for d, scores in by_doubt.items()}
    return recall_by


def both_ways(scores: Tensor, rank: str) -> float:
    """Mean recall of pictures and of sentences in per cent."""
    return round((recalls(scores)[rank] + recalls(scores.T)[rank]) / 2, 1)


@torch.inference_mode()
def alone_by_doubt(model: MMCA, names: ClassNames, split: Split) -> dict[str, Tensor]:
    """i0 · c0 of all pictures with all sentences, for each value of ``doubt``; the model is left as it was."""
    scenes, doubt_before = np.arange(len(split.scenes)), names.doubt
    sentences = model.read(*split.read(fullest(split)))[1]
    present = torch.ones(len(scenes), split.regions.shape[1], dtype=torch.bool)
    scores = {}
    for doubt in DOUBTS:
        names.doubt = doubt
        scores[f"{doubt:g}"] = model.see(split.see(scenes), present, split.places(scenes))[2] @ sentences.T
    names.doubt = doubt_before
    return scores
