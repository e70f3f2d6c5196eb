"""What the matching checkpoint can do and how far its explanations can be trusted: the numbers of its record.

Retrieval: every picture with every sentence of a split, ranked by each branch alone and by both together.
Alignment: for every named thing of held-out scenes, whether each method's strongest region lies on it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from xviz import checkpoints, engine
from xviz.core.errors import SampleError
from xviz.core.provenance import digest_file
from xviz.core.run import Run, Target
from xviz.core.sample import Regions, Sample
from xviz.core.tokens import Boxes, Pieces
from xviz.data.picture import read_picture
from xviz.data.text import read_text
from xviz.explain import METHODS
from xviz.models.class_names import ClassNames
from xviz.models.layers import mean_present
from xviz.models.mmca import MMCA, MMCA_CARD
from xviz.train.mmca.choosing import choices
from xviz.train.mmca.features import Portion, Split, load_split
from xviz.train.mmca.linear import linear
from xviz.train.mmca.ranking import fullest, score_all
from xviz.train.mmca.scores import centres_inside, iou, recalls

ALIGNED = ("look", "rollout", "relevance", "gradient", "integrated", "occlusion")  #: methods of the table
PARTS = ("retrieval", "alignment")  #: of the record
NAMED = ("test", "unseen")  #: splits of the alignment tables; things of ``photos`` fill their pictures
#: points of integrated gradients in these tables: enough to tell which region is strongest, not for a small gap
POINTS = 16
#: pictures of a split that are ranked, where not all: every pair is one pass of the cross-attention branch
MOST = {"unseen": 500}


def measure(
    folder: Path, out: Path, *, things: int = 250, parts: Sequence[str] = PARTS, named: Sequence[str] = NAMED
) -> dict[str, Any]:
    """Measure the shipped checkpoint on the scenes of a folder and write the record ``out`` (JSON).

    Args:
        folder: What ``xviz make scenes`` wrote.
        out: Where the record goes.
        things: Named things of each split for the part "alignment".
        parts: "retrieval" ranks, "alignment" asks each method for the named thing. With "alignment" alone the rest of
            the record is kept.
        named: Splits of the part "alignment"; those of others are kept.

    Raises:
        SampleError: the kept record is of other weights.
    """
    loaded = engine.load(MMCA_CARD)
    model, settings = loaded.model(MMCA), MMCA_CARD.settings
    if "retrieval" not in parts:
        return realign(loaded, folder, out, things, named)
    former = json.loads(out.read_text(encoding="utf-8")) if out.is_file() else {}
    splits = {name: load_split(folder, name, Portion(MOST.get(name))) for name in ("test", "unseen", "photos")}
    record: dict[str, Any] = {
        "card": MMCA_CARD.key,
        "checkpoint_sha256": loaded.sha256,
        "scenes_sha256": {name: digest_file(folder / f"{name}.jsonl") for name in ("train", "singles", *splits)},
        "parameters": sum(p.numel() for p in model.parameters()),
        "choices": {"alpha": settings.alpha, "doubt": settings.doubt, "by": choices(model, folder, settings.alpha)},
        "retrieval": {name: retrieval(model, split, MOST.get(name)) for name, split in splits.items()},
        "linear": linear(load_split(folder, "train", learnt()), splits["photos"]),
        "foils": foils(model, splits["test"]),
    }
    if former.get("checkpoint_sha256") == loaded.sha256:
        record |= {name: former[name] for name in ("alignment", "alignment_scenes_sha256") if name in former}
    _write(out, record)
    return realign(loaded, folder, out, things, named) if "alignment" in parts else record


def realign(loaded: engine.Loaded, folder: Path, out: Path, things: int, named: Sequence[str]) -> dict[str, Any]:
    """Measure the part "alignment" of a record anew, and keep the rest; each split is written when it is done.

    Raises:
        SampleError: there is no record, or it is of other weights.
    """
    record = json.loads(out.read_text(encoding="utf-8")) if out.is_file() else {}
    if record.get("checkpoint_sha256") != loaded.sha256:
        raise SampleError(f"{out.name} is no record of the shipped weights. Measure the part “retrieval” too.")
    for name in named:
        split = load_split(folder, name, Portion(MOST.get(name)))
        record.setdefault("alignment", {})[name] = alignment(loaded, folder, split, things)
        record.setdefault("alignment_scenes_sha256", {})[name] = digest_file(folder / f"{name}.jsonl")
        _write(out, record)
    return record


def _write(out: Path, record: dict[str, Any]) -> None:
    out.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def learnt() -> Portion:
    """What the shipped checkpoint learnt from, apart from scenes of one thing."""
    recipe = json.loads((checkpoints.FOLDER / "mmca.log.json").read_text(encoding="utf-8"))["recipe"]
    return Portion(**{name: recipe[name] for name in ("scenes", "regions", "sentences", "foils")})


# Retrieval


def retrieval(model: MMCA, split: Split, most: int | None = None) -> dict[str, object]:
    """Recall at 1, 5, 10 in per cent, both directions, for each branch, both and class names, beside chance."""
    scenes, sentences = np.arange(len(split.scenes))[:most], fullest(split)[:most]
    alone, joint = score_all(model, split, scenes, sentences)
    ways = {"alone": alone, "joint": joint, "both": alone + MMCA_CARD.settings.alpha * joint}
    if model.names is not None:
        ways["names"] = score_names(model, model.names, split, scenes, sentences)
    chance = {f"R@{k}": round(100 * k / len(scenes), 2) for k in (1, 5, 10)}
    return {
        "pictures": len(scenes),
        "chance": chance,
        "image to text": {name: recalls(scores) for name, scores in ways.items()},
        "text to image": {name: recalls(scores.T) for name, scores in ways.items()},
    }


@torch.inference_mode()
def score_names(
    model: MMCA, names: ClassNames, split: Split, scenes: NDArray[np.int64], sentences: NDArray[np.int64]
) -> Tensor:
    """Cosines of what class names say of all regions with all pieces, (scenes, sentences): nothing of it is trained."""
    named, (pieces, read) = names.words(names(split.see(scenes))), split.read(sentences)
    texts = mean_present(pieces - model.piece_mean, read)
    return F.normalize(named.mean(1), dim=-1) @ F.normalize(texts, dim=-1).T


@torch.inference_mode()
def foils(model: MMCA, split: Split) -> dict[str, dict[str, float]]:
    """How often a true sentence scores above its foil, in per cent, by the kind of foil; chance is 50."""
    pairs = [(i, foil) for i, own in split.foils_of.items() for foil in own]
    kinds = np.array([split.sentences[foil]["kind"] for _, foil in pairs])
    scenes = np.array([split.sentences[i]["scene"] for i, _ in pairs])
    scores = []
    for column in range(2):
        sentences = np.array([pair[column] for pair in pairs])
        parts = [
            score_matched(model, split, scenes[part], sentences[part])
            for part in np.array_split(np.arange(len(pairs)), max(1, len(pairs) // 500))
        ]
        scores.append(torch.cat(parts).numpy())
    won = scores[0] > scores[1]
    return {
        str(kind): {"right": round(100 * float(won[kinds == kind].mean()), 1), "pairs": int((kinds == kind).sum())}
        for kind in np.unique(kinds)
    }


def score_matched(model: MMCA, split: Split, scenes: NDArray[np.int64], sentences: NDArray[np.int64]) -> Tensor:
    """The score of picture i with sentence i, (n,)."""
    alone, joint = score_all(model, split, scenes, sentences, matched=True)
    return alone.diagonal() + MMCA_CARD.settings.alpha * joint.diagonal()


# Alignment


@dataclass(frozen=True, eq=False)
class Named:
    """One named thing: its words in a sentence, its true box in a picture."""

    run: Run
    pieces: tuple[int, ...]
    box: NDArray[np.float64]  #: (4,) x0, y0, x1, y1 pixels


def alignment(loaded: engine.Loaded, folder: Path, split: Split, things: int) -> dict[str, object]:
    """Pointing and overlap of each method, in per cent, beside chance, the boxes' own bound and an untrained model."""
    torch.set_num_threads(1)  # small operations are ten times slower on two busy ones
    control = engine.untrained(loaded.card)
    hits: dict[str, list[tuple[bool, bool]]] = {}
    chance, bound, seconds = [], [], dict.fromkeys(ALIGNED, 0.0)
    for named in list(_named(loaded, folder, split, things)):
        boxes = named.run.space("regions", Boxes).boxes
        inside, overlap = centres_inside(boxes, named.box), iou(boxes, named.box)
        chance.append((inside.mean(), (overlap >= 0.5).mean()))
        bound.append((inside.any(), (overlap >= 0.5).any()))
        idle = engine.run_inputs(control, named.run.inputs, Sample("control", {"text": read_text("control")}))
        for method in ALIGNED:
            begun = time.monotonic()
            best = strongest(method, loaded, named.run, named.pieces)
            seconds[method] += time.monotonic() - begun
            hits.setdefault(method, []).append((inside[best], overlap[best] >= 0.5))
            best = strongest(method, control, idle, named.pieces)
            hits.setdefault(f"{method}, untrained", []).append((inside[best], overlap[best] >= 0.5))
    return {
        "things": len(chance),
        "baseline": loaded.card.settings.baseline,
        "chance": _percent(chance),
        "boxes' bound": _percent(bound),
        "methods": {method: _percent(hit) for method, hit in hits.items()},
        "milliseconds": {method: round(1000 * total / len(chance)) for method, total in seconds.items()},
    }


def _percent(pairs: Sequence[tuple[float, float]]) -> dict[str, float]:
    pointing, overlap = 100 * np.array(pairs, dtype=float).mean(0)
    return {"pointing": round(float(pointing), 1), "overlap": round(float(overlap), 1)}


def strongest(method: str, loaded: engine.Loaded, run: Run, pieces: tuple[int, ...]) -> int:
    """The region that a method scores highest for some pieces; attention is that of the joint branch."""
    target = Target(loaded.card.target, "pieces", pieces)
    options = {"n_steps": POINTS} if method == "integrated" else {}
    return int(np.argmax(METHODS[method].explain(loaded, run, target, **options).scores["regions"]))


def _named(loaded: engine.Loaded, folder: Path, split: Split, things: int) -> Iterator[Named]:
    """Things of a split that one mention names alone, up to ``things`` of them, one sentence a scene."""
    count = 0
    for index, scene in enumerate(split.scenes):
        sentence = max(scene["sentences"], key=lambda s: len(s["mentions"]))
        single = [m for m in sentence["mentions"] if len(m["objects"]) == 1]
        if not single or count >= things:
            continue
        text = read_text(sentence["text"])
        regions = Regions(split.boxes[index].copy(), split.regions[index].astype(np.float32))
        picture = read_picture(folder / scene["image"])
        sample = Sample(scene["id"], {"picture": picture, "text": text, "regions": regions})
        run = engine.run(loaded, sample)
        spans = word_spans(sentence["text"], text.words)
        for mention in single:
            pieces = pieces_within(run, spans, mention["head"])
            if pieces and count < things:
                count += 1
                yield Named(run, pieces, np.array(scene["objects"][mention["objects"][0]]["box"], dtype=float))


def word_spans(source: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """Where each word stands in the sentence, as (start, end) characters."""
    spans, start = [], 0
    for word in words:
        start = source.index(word, start)
        spans.append((start, start + len(word)))
        start += len(word)
    return spans


def pieces_within(run: Run, spans: Sequence[tuple[int, int]], span: Sequence[int]) -> tuple[int, ...]:
    """The pieces of the words that lie within a span of characters."""
    space = run.space("pieces", Pieces)
    inside = [i for i, (start, end) in enumerate(spans) if start >= span[0] and end <= span[1]]
    return tuple(piece for word in inside for piece in space.of(word))
