"""The recipe of the image–sentence matching checkpoint.

The paper trains on one bidirectional hinge over the combined score with the hardest negative of the batch. Here the
same pairs are scored by a softmax over candidates, which trains steadily from scratch: for each picture its sentence
against the sentence's own foils (one noun, relation, colour or count changed) and the hardest sentences of the batch,
and the other way round; the self-attention branch also sees the whole batch. ``loss="hinge"`` gives the paper's. The
cross-attention branch has the same loss once more for itself: without it, it learns nothing that the other knows. It
learns sooner where a word and its region are brought together before they attend (``align``) and where its keys begin
with the weights of its queries (R@1 34 instead of 25 after its first epoch).
Half of every batch are partners that share a concept with the other half, so that no single noun decides. A tenth of
the regions and pieces is left out at random, so that leaving out a token later asks nothing new of the model. For some
regions only the names of classes speak (``blind``), so that these are learnt to be read where no feature is known.
Training that was stopped goes on after its last whole epoch. Where it started from former weights, the mean of these
and the trained ones is kept, which holds better on what is new (Wortsman et al., Robust Fine-Tuning of Zero-Shot
Models, CVPR 2022).
"""

from __future__ import annotations

import copy
import json
import time
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from xviz import checkpoints
from xviz.models.mmca import MMCA, MMCA_CARD, Settings
from xviz.train.mmca import classes
from xviz.train.mmca.features import Portion, Split, joined, load_split
from xviz.train.mmca.ranking import quick_check
from xviz.train.mmca.start import begin, mean


@dataclass(frozen=True)
class Recipe:
    """Every number of the training."""

    scenes: int = 6000  #: training scenes, the first of the split
    singles: int = 1500  #: scenes of one thing, the first of their split
    regions: int = 16  #: of each scene, the best for each thing among them; the model later sees 36
    sentences: int = 4  #: sentences of each scene
    epochs: int = 10  #: passes over the training set
    alone_epochs: int = 2  #: first epochs, which train the self-attention branch only
    batch: int = 64  #: scenes in a step
    foils: int = 2  #: foils of each sentence
    others: int = 4  #: other pairs of the batch drawn at random, in each direction
    hardest: int = 2  #: hardest negatives of the batch, in each direction
    rate: float = 1e-3  #: highest learning rate
    warm_up: float = 0.05  #: share of the steps in which the rate rises
    weight_decay: float = 0.01  #: of AdamW
    temperature: float = 0.07  #: of the softmax over candidates
    loss: str = "softmax"  #: softmax or hinge
    margin: float = 0.2  #: of the hinge loss
    left_out: float = 0.1  #: share of tokens left out at random
    align: float = 1.0  #: weight of the loss that brings a word and its region together before they attend
    noise: float = 0.25  #: noise added to every word piece, in standard deviations
    blind: float = 0.3  #: share of regions of which only class names are seen
    start: str = ""  #: weights to start from, a file; what they lack begins anew
    start_side: int = 112  #: pixels of the crops that these weights read
    kept: float = 0.5  #: share of the weights started from in the mean that is kept, where there are such
    seed: int = 0  #: seed of everything drawn at random


def train(folder: Path, out: Path, recipe: Recipe, settings: Settings = MMCA_CARD.settings) -> MMCA:
    """Train on the scenes of a folder, keep the best epoch of the validation split, and write ``out``."""
    torch.manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    portion = {"regions": recipe.regions, "sentences": recipe.sentences, "foils": recipe.foils}
    fit = load_split(folder, "train", Portion(recipe.scenes, **portion))
    if recipe.singles:
        fit = joined(fit, load_split(folder, "singles", Portion(recipe.singles, **portion)))
    check = load_split(folder, "val", Portion(scenes=300))
    model = MMCA(settings)
    for unit in model.joint:  # like tokens ask each other from the start
        unit.attention.key.load_state_dict(unit.attention.query.state_dict())
    standardise(model, fit)
    if model.names is not None:
        classes.fill(model.names, folder)
    state_file = out.with_suffix(".state.pt")
    if recipe.start and not state_file.is_file():
        begin(model, Path(recipe.start), fit, folder, recipe.start_side)
    begun = copy.deepcopy(model.state_dict())
    spread = fit.pieces[:20_000].astype(np.float32).std()
    batches, best, log = Batches(fit), -1.0, list[dict[str, float]]()
    steps = recipe.epochs * batches.count(recipe.batch)
    optimizer = torch.optim.AdamW(model.parameters(), lr=recipe.rate, weight_decay=recipe.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.rate, total_steps=steps, pct_start=recipe.warm_up)
    numbers = {"recipe": asdict(recipe), "settings": asdict(settings)}
    if state_file.is_file() and (state := torch.load(state_file, weights_only=True))["of"] == numbers:
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        begun = state["begun"]
        torch.set_rng_state(state["torch"])
        rng.bit_generator.state, best, log = state["numpy"], state["best"], state["log"]
    for epoch in range(len(log), recipe.epochs):
        clock, losses = time.monotonic(), []
        model.train()
        for scenes in batches.epoch(recipe.batch, rng):
            loss = step(
                model, fit, scenes, recipe, rng, noise=recipe.noise * spread, alone_only=epoch < recipe.alone_epochs
            )
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 2.0)
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        result = mean(model, begun, recipe.kept) if recipe.start else model
        scores = quick_check(result, check)
        log.append({"epoch": epoch + 1, "loss": float(np.mean(losses)), **scores})
        print(json.dumps(log[-1] | {"seconds": round(time.monotonic() - clock)}), flush=True)
        if scores["r1"] + scores["foil"] > best:
            best = scores["r1"] + scores["foil"]
            checkpoints.save(result, out)
        state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "schedule": schedule.state_dict()}
        state |= {"begun": begun, "of": numbers, "torch": torch.get_rng_state(), "numpy": rng.bit_generator.state}
        torch.save(state | {"best": best, "log": log}, state_file)
    out.with_suffix(".log.json").write_text(json.dumps({**numbers, "epochs": log}, indent=1) + "\n")
    state_file.unlink()
    return model


def standardise(model: MMCA, fit: Split) -> None:
    """Set the model's baselines from 1,000 training scenes: mean region, one scale for all, mean piece."""
    some = np.linspace(0, len(fit.scenes) - 1, min(1000, len(fit.scenes))).astype(np.int64)
    regions = fit.see(some).flatten(0, 1)
    model.region_mean.copy_(regions.mean(0))
    model.region_scale.copy_(regions.std(0).clamp_min(0.05))
    pieces = fit.pieces[:: max(1, len(fit.pieces) // 50_000)].astype(np.float32)
    model.piece_mean.copy_(torch.from_numpy(pieces).mean(0))


class Batches:
    """Scenes in batches, each with partners that share a concept."""

    def __init__(self, split: Split) -> None:
        self.with_concept: dict[str, list[int]] = defaultdict(list)
        self.concepts = [[thing["concept"] for thing in scene["objects"]] for scene in split.scenes]
        for index, concepts in enumerate(self.concepts):
            for concept in concepts:
                self.with_concept[concept].append(index)

    def epoch(self, size: int, rng: np.random.Generator) -> list[NDArray[np.int64]]:
        """Batches of about ``size`` scenes; each scene leads a pair once in two epochs."""
        leaders = rng.permutation(len(self.concepts))
        batches = []
        for half in leaders[: self.count(size) * (size // 2)].reshape(-1, size // 2):
            chosen = dict.fromkeys(half.tolist())
            for leader in half:
                chosen[int(rng.choice(self.with_concept[rng.choice(self.concepts[leader])]))] = None
            batches.append(np.array(list(chosen), dtype=np.int64))
        return batches

    def count(self, size: int) -> int:
        """The number of batches in an epoch."""
        return len(self.concepts) // size


def choose(split: Split, scenes: NDArray[np.int64], foils: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """For each scene one true sentence and ``foils`` of its foils, (scenes, 1 + foils) sentence indices."""
    chosen = []
    for scene in scenes:
        true = rng.choice(split.true_of[scene])
        own = split.foils_of[true]
        chosen.append([true, *(rng.choice(own, foils, replace=len(own) < foils) if own else [true] * foils)])
    return np.array(chosen, dtype=np.int64)


def step(
    model: MMCA,
    split: Split,
    scenes: NDArray[np.int64],
    recipe: Recipe,
    rng: np.random.Generator,
    *,
    noise: float = 0.0,
    alone_only: bool = False,
) -> Tensor:
    """The loss of one batch."""
    chosen = choose(split, scenes, recipe.foils, rng)
    flat = np.concatenate([chosen[:, 0], chosen[:, 1:].ravel()])  # the true ones first
    features, read = split.read(flat)
    features = features + noise * torch.randn_like(features)
    present = leave_out(torch.ones(len(scenes), split.regions.shape[1], dtype=torch.bool), recipe.left_out)
    read = leave_out(read, recipe.left_out / 2)
    blind = torch.rand(present.shape) < recipe.blind
    regions, own, i0 = model.see(split.see(scenes), present, split.places(scenes), blind)
    pieces, c0 = model.read(features, read)
    alone = i0 @ c0.T  # pictures, sentences and foils
    true = torch.arange(len(scenes))
    whole = F.cross_entropy(alone / recipe.temperature, true)
    whole = whole + F.cross_entropy(alone[:, : len(scenes)].T / recipe.temperature, true)
    if recipe.align:
        whole = whole + recipe.align * aligned(regions, pieces, present, read, recipe)
    if alone_only:
        return whole

    pictures, texts, by_picture, by_sentence = pairs(alone.detach(), recipe, rng)
    regions_joint = own if model.stacked else regions
    i1, c1 = model.meet(regions_joint[pictures], pieces[texts], present[pictures], read[texts])
    joint = (i1 * c1).sum(-1)
    score = alone[pictures, texts] + joint
    both = pick(score[by_picture], recipe) + pick(score[by_sentence], recipe)
    return both + pick(joint[by_picture], recipe) + pick(joint[by_sentence], recipe) + 0.5 * whole


def aligned(regions: Tensor, pieces: Tensor, seen: Tensor, read: Tensor, recipe: Recipe) -> Tensor:
    """The loss of word–region agreement before attention: each piece's best cosine over regions, averaged over pieces.

    Args:
        regions: (b, n, width) embedded regions.
        pieces: (b + b foils, p, width) embedded pieces, those of the true sentences first.
        seen: (b, n) regions that are present.
        read: (b + b foils, p) pieces that are present.
        recipe: For the temperature.

    Source: Yao et al., FILIP, ICLR 2022, equations 4 and 5 (late interaction), with foils as further candidates.
    """
    count = len(regions)
    directions, of_pieces = F.normalize(regions, dim=-1), F.normalize(pieces, dim=-1)

    def agree(equation: str, phrase: Tensor, read: Tensor, hidden: Tensor) -> Tensor:
        best = torch.einsum(equation, directions, phrase).masked_fill(hidden, -1.0).amax(-1)
        return (best * read).sum(-1) / read.sum(-1)

    every = agree("ind,jpd->ijpn", of_pieces[:count], read[:count], ~seen[:, None, None])
    own = of_pieces[count:].unflatten(0, (count, -1)), read[count:].unflatten(0, (count, -1))
    foils = agree("ind,ifpd->ifpn", *own, ~seen[:, None, None])
    true = torch.arange(count)
    listed = torch.cat([every, foils], 1) / recipe.temperature
    return F.cross_entropy(listed, true) + F.cross_entropy(every.T / recipe.temperature, true)


def pairs(alone: Tensor, recipe: Recipe, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The pairs that the cross-attention branch scores.

    Args:
        alone: (pictures, sentences and foils) scores of the self-attention branch.
        recipe: How many of each kind.
        rng: For the other pairs.

    Returns:
        Picture and sentence of every pair, (pairs,) each; the pairs that compete for each picture and for each
        sentence, (batch, candidates) each, the right one first.
    """
    count, hard = len(alone), recipe.hardest
    true = torch.arange(count)
    foils = count + torch.arange(count * recipe.foils).view(count, -1)
    turns = rng.choice(np.arange(1, count), recipe.others, replace=False).tolist()
    others = torch.stack([(true + turn) % count for turn in turns], 1)  # a sentence for each picture
    masked = alone[:, :count].masked_fill(torch.eye(count, dtype=torch.bool), -torch.inf)
    near = masked.topk(hard, 1).indices  # sentences for each picture
    alike = masked.topk(hard, 0).indices.T  # pictures for each sentence
    listed = torch.cat([true[:, None], foils, near, others], 1)
    pictures = torch.cat([true.repeat_interleave(listed.shape[1]), alike.flatten()])
    texts = torch.cat([listed.flatten(), true.repeat_interleave(hard)])

    by_picture = torch.arange(listed.numel()).view(listed.shape)
    right, wide = by_picture[:, :1], listed.shape[1]
    back = torch.stack([by_picture[(true - turn) % count, wide - len(turns) + i] for i, turn in enumerate(turns)], 1)
    by_sentence = torch.cat([right, listed.numel() + torch.arange(count * hard).view(count, -1), back], 1)
    return pictures, texts, by_picture, by_sentence


def pick(scores: Tensor, recipe: Recipe) -> Tensor:
    """The loss of candidate scores (b, candidates) of which the first is right."""
    if recipe.loss == "hinge":
        return F.relu(recipe.margin - scores[:, 0] + scores[:, 1:].amax(1)).mean()
    return F.cross_entropy(scores / recipe.temperature, torch.zeros(len(scores), dtype=torch.long))


def leave_out(present: Tensor, share: float) -> Tensor:
    """Presence (b, n) with a share of the tokens left out at random, never all of a row."""
    left = present & (torch.rand(present.shape) >= share)
    return torch.where(left.any(1, keepdim=True), left, present)
