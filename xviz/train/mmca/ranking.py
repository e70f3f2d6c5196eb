"""Scores of every picture with every sentence, and the quick check after each epoch that is made of them."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xviz.models.mmca import MMCA
from xviz.train.mmca.features import Split


def fullest(split: Split) -> NDArray[np.int64]:
    """For each scene its sentence with the most mentions, the first of equals: sentences that can identify a scene."""
    return np.array(
        [max(own, key=lambda i: (len(split.sentences[i]["mentions"]), -i)) for own in split.true_of], dtype=np.int64
    )


@torch.inference_mode()
def quick_check(model: MMCA, split: Split, count: int = 200) -> dict[str, float]:
    """Recall at 1 of both directions among ``count`` scenes, and how often a sentence beats its foil, in per cent."""
    model.eval()
    scenes = np.arange(min(count, len(split.scenes)))
    true = np.array([split.true_of[i][-1] for i in scenes])
    alone, joint = score_all(model, split, scenes, true)
    foils = np.array([split.foils_of[i][0] if split.foils_of[i] else i for i in true])
    other = [part.diagonal() for part in score_all(model, split, scenes, foils, matched=True)]
    scores = {}
    for name, score, foil in (
        ("both", alone + joint, other[0] + other[1]),
        ("alone", alone, other[0]),
        ("joint", joint, other[1]),
    ):
        right = torch.arange(len(scenes))
        r1 = ((score.argmax(1) == right).float().mean() + (score.argmax(0) == right).float().mean()) * 50
        scores |= {f"r1 {name}": r1.item(), f"foil {name}": (score.diagonal() > foil).float().mean().item() * 100}
    return {"r1": scores["r1 both"], "foil": scores["foil both"], **scores}


@torch.inference_mode()
def score_all(
    model: MMCA, split: Split, scenes: NDArray[np.int64], sentences: NDArray[np.int64], *, matched: bool = False
) -> tuple[Tensor, Tensor]:
    """i0 · c0 and i1 · c1 of all pictures with all sentences, (scenes, sentences) each.

    Args:
        model: In evaluation mode.
        split: Where the features are.
        scenes: Indices of the pictures.
        sentences: Indices of the sentences.
        matched: Only the diagonal of the second matrix is computed; the rest of it is zero.
    """
    features, read = split.read(sentences)
    present = torch.ones(len(scenes), split.regions.shape[1], dtype=torch.bool)
    regions, own, i0 = model.see(split.see(scenes), present, split.places(scenes))
    pieces, c0 = model.read(features, read)
    regions_joint = own if model.stacked else regions
    joint = torch.zeros(len(scenes), len(sentences))
    if matched:
        i1, c1 = model.meet(regions_joint, pieces, present, read)
        joint.diagonal().copy_((i1 * c1).sum(-1))
        return i0 @ c0.T, joint
    for part in read.sum(1).argsort().split(125):  # like lengths together: less padding
        longest = int(read[part].sum(1).max())
        of_pieces, heard = pieces[part, :longest], read[part, :longest]
        for row in range(len(scenes)):
            i1, c1 = model.meet(
                regions_joint[row].expand(len(part), -1, -1), of_pieces, present[row].expand(len(part), -1), heard
            )
            joint[row, part] = (i1 * c1).sum(-1)
    return i0 @ c0.T, joint
