"""Compose the scenes of the image-sentence set: real cut-outs with exact boxes and sentences that place every mention.

Run ``xviz make scenes --out DIR``. A run with the same seed writes the same records; concepts are
divided by `xviz.train.mmca.splits`, whatever the seed. The sentences are templates around human names and captions.
"""

from __future__ import annotations

import json
import multiprocessing
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from PIL import Image

from xviz.train.common.sources import PACKAGES, SCENES, SourceError, fetch, version_of
from xviz.train.mmca import classes
from xviz.train.mmca.compose import Composed, compose
from xviz.train.mmca.cutouts import Cutout, load
from xviz.train.mmca.foils import Noun, absent, foils, noun
from xviz.train.mmca.sentences import Thing, alone, facts, sentences
from xviz.train.mmca.splits import Pools, divide
from xviz.train.mmca.words import kind

#: how often a source is drawn from, where it has something left
SHARES = {"emoji": 0.42, "furniture": 0.32, "tuxpaint": 0.26}
#: chance that one concept stands in a scene more than once
TWINS = 0.27
#: splits of photographs with their human captions, each shown once: to test on, and to choose settings on
PHOTOS = ("photos", "known")
#: splits that show one thing alone: photographs, and any cut-out of ``train`` to learn from
SINGLE = (*PHOTOS, "singles")


class SceneMaker:
    """Makes scene number i of a split; the same for the same seed, split and number."""

    def __init__(self, pools: Pools, out: Path, seed: int = 0) -> None:
        """Index the cut-outs of every split by source and concept.

        Args:
            pools: Cut-outs of each split.
            out: Folder to write pictures under.
            seed: Seed of every scene.
        """
        self.pools, self.out, self.seed = pools, out, seed
        self._index: dict[str, dict[str, dict[str, list[Cutout]]]] = {}
        self._nouns: dict[str, dict[str, Noun]] = {}
        keywords: dict[str, set[str]] = {}
        for cutout in (c for split in pools.cutouts.values() for c in split):
            keywords.setdefault(cutout.concept, set()).update(cutout.keywords)
        for split, cutouts in pools.cutouts.items():
            for c in cutouts:
                self._index.setdefault(split, {}).setdefault(c.source, {}).setdefault(c.concept, []).append(c)
                self._nouns.setdefault(split, {})[c.concept] = noun(
                    c.name, c.concept, pools.families[c.concept], sorted(keywords[c.concept])
                )

    def make(self, split: str, number: int) -> dict:
        """Write the picture of one scene and return its record."""
        for attempt in range(200):
            rng = np.random.default_rng([self.seed, zlib.crc32(split.encode()), number, attempt])
            record = self._single(split, number, rng) if split in SINGLE else self._scene(split, number, rng)
            if record is not None:
                return record
        raise SourceError(
            f"Expected to compose scene {number} of split {split} within 200 attempts; none fitted. "
            "The split has too few cut-outs: fetch all packages, or ask for no scenes of it."
        )

    def _scene(self, split: str, number: int, rng: np.random.Generator) -> dict | None:
        sample = split == "samples"
        chosen = self._choose(split, rng, least=3 if sample else 2)
        picture = compose(chosen, rng, long_side=(512, 512) if sample else (320, 420), soft=sample)
        if picture is None:
            return None
        things = [Thing(c.concept, c.name, c.colour, c.caption) for c in chosen]
        height, width = picture.pixels.shape[:2]
        known = facts(things, picture.boxes, (width, height))
        written = sentences(known, rng, count=int(rng.choice([5, 6, 6, 7])))
        if len(written) < 4:
            return None
        others = absent([self._nouns[split][c.concept] for c in chosen], list(self._nouns[split].values()))
        captions = [
            {"text": sentence.text, "mentions": list(sentence.mentions), "foils": foils(plan, things, others, rng)}
            for plan, sentence in written
        ]
        return self._record(split, number, chosen, picture, captions)

    def _choose(self, split: str, rng: np.random.Generator, *, least: int) -> list[Cutout]:
        """Return two to five cut-outs in random order; no two concepts of a scene could be called the same."""
        number = int(rng.choice([n for n in (2, 3, 3, 3, 4, 4, 4, 5, 5) if n >= least]))
        chosen = [self._draw(split, [], rng)]
        if number > least and kind(chosen[0].name) == "one" and rng.random() < TWINS:
            same = self._index[split][chosen[0].source][chosen[0].concept]
            twins = 2 if number > least + 1 and rng.random() < 0.25 else 1
            chosen += [same[int(rng.integers(len(same)))] for _ in range(twins)]
        while len(chosen) < number:
            chosen.append(self._draw(split, chosen, rng))
        return [chosen[i] for i in rng.permutation(len(chosen))]

    def _draw(self, split: str, chosen: Sequence[Cutout], rng: np.random.Generator) -> Cutout:
        index, known = self._index[split], self._nouns[split]
        sources = [s for s in SHARES if s in index]
        share = np.array([SHARES[s] for s in sources])
        present = [known[c.concept] for c in chosen]
        for _ in range(100):
            concepts = index[sources[int(rng.choice(len(sources), p=share / share.sum()))]]
            concept = list(concepts)[int(rng.integers(len(concepts)))]
            if not present or absent(present, [known[concept]]):
                same = concepts[concept]
                return same[int(rng.integers(len(same)))]
        raise SourceError(f"Expected split {split} to have different concepts to show together; it has too few.")

    def _single(self, split: str, number: int, rng: np.random.Generator) -> dict | None:
        """Return the record of one thing alone; a photograph's only sentence is its human caption."""
        cutout = self.pools.cutouts[split][number] if split in PHOTOS else self._draw(split, [], rng)
        picture = compose([cutout], rng, long_side=(240, 360), soft=True)
        if picture is None:
            return None
        captions = [self._captioned(split, cutout, rng)] if cutout.caption else []
        if split not in PHOTOS:
            things = [Thing(cutout.concept, cutout.name, cutout.colour)]
            height, width = picture.pixels.shape[:2]
            written = alone(facts(things, picture.boxes, (width, height)), rng)
            nouns = self._nouns[split]
            others = absent([nouns[cutout.concept]], list(nouns.values()))
            captions += [
                {"text": sentence.text, "mentions": list(sentence.mentions), "foils": foils(plan, things, others, rng)}
                for plan, sentence in written
            ]
        return self._record(split, number, [cutout], picture, captions)

    def _captioned(self, split: str, cutout: Cutout, rng: np.random.Generator) -> dict:
        """Return a human caption as a sentence; its foils are the captions of other things."""
        caption, nouns = cutout.caption or "", self._nouns[split]
        start = caption.lower().find(cutout.name.lower())
        span = [start, start + len(cutout.name)]
        mentions = [{"span": span, "head": span, "objects": [0]}] if start >= 0 else []
        photographs = [c for c in self.pools.cutouts[split] if c.caption]
        strange = [c for c in photographs if absent([nouns[cutout.concept]], [nouns[c.concept]])]
        wrong = [strange[int(i)].caption for i in rng.choice(len(strange), min(3, len(strange)), replace=False)]
        return {"text": caption, "mentions": mentions, "foils": [{"text": w, "kind": "caption"} for w in wrong]}

    def _record(
        self, split: str, number: int, chosen: Sequence[Cutout], picture: Composed, captions: list[dict]
    ) -> dict:
        key = f"{split}-{number:05d}"
        path = self.out / "images" / split / f"{key}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture.pixels).save(path, quality=90)
        objects = [
            {**_told(cutout), "box": [float(v) for v in box]} for cutout, box in zip(chosen, picture.boxes, strict=True)
        ]
        height, width = picture.pixels.shape[:2]
        image = path.relative_to(self.out).as_posix()
        return {"id": key, "image": image, "width": width, "height": height, "objects": objects, "sentences": captions}


def _told(cutout: Cutout) -> dict[str, str]:
    """Return what a record says of a cut-out."""
    fields = ("concept", "name", "caption", "source", "licence", "credit", "colour")
    return {"cutout": cutout.id} | {key: value for key, value in asdict(cutout).items() if key in fields and value}


_maker: SceneMaker | None = None


def _start(pools: Pools, out: Path, seed: int) -> None:
    global _maker
    _maker = SceneMaker(pools, out, seed)


def _work(job: tuple[str, int]) -> dict:
    assert _maker is not None
    return _maker.make(*job)


def build(pools: Pools, out: Path, counts: dict[str, int], *, seed: int = 0, workers: int = 2) -> dict[str, int]:
    """Write pictures and ``{split}.jsonl`` for every split; return how many scenes each has.

    Args:
        pools: Cut-outs of each split.
        out: Folder to write into.
        counts: Scenes wanted of each split; at most one a photograph of ``photos`` and ``known``.
        seed: Seed of every scene.
        workers: Processes.

    A split of which none is wanted is left as it lies in the folder.
    """
    out.mkdir(parents=True, exist_ok=True)
    counts = {name: min(n, len(pools.cutouts[name])) if name in PHOTOS else n for name, n in counts.items()}
    with multiprocessing.get_context("fork").Pool(workers, _start, (pools, out, seed)) as pool:
        for split, number in ((split, number) for split, number in counts.items() if number):
            records = pool.imap(_work, [(split, i) for i in range(number)], chunksize=16)
            _write_lines(out / f"{split}.jsonl", records)
    return counts


def _write_lines(path: Path, records: Iterable[dict]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def _write_notes(out: Path, cache: Path, pools: Pools, cutouts: Sequence[Cutout], counts: dict[str, int]) -> None:
    """Write ``sources.json`` and ``splits.json``."""
    pictures = Counter(c.source for c in cutouts)
    packages = {
        key: {"package": p.name, "client": p.client, "version": version_of(p, cache), "licence": p.licence,
              "use": p.use, "pictures": pictures.get(key, 0)}
        for key, p in PACKAGES.items()
        if key in (*SCENES, "classes")
    }  # fmt: skip
    by_split = {split: dict(sorted(Counter(c.source for c in pool).items())) for split, pool in pools.cutouts.items()}
    sources = {"packages": packages, "cutouts": by_split, "scenes": counts}
    splits = {
        "seen": pools.seen, "unseen": pools.unseen,
        "photos": sorted({c.concept for c in pools.cutouts["photos"]}),
        "cutouts": {split: [c.id for c in pool] for split, pool in pools.cutouts.items()},
    }  # fmt: skip
    for name, value in (("sources.json", sources), ("splits.json", splits)):
        (out / name).write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")


def make(out: Path, cache: Path, wanted: Mapping[str, int], *, seed: int = 0, workers: int = 2) -> None:
    """Fetch, render, divide, compose and write.

    Args:
        out: Folder of the set.
        cache: Folder of fetched packages and rendered cut-outs.
        wanted: Scenes of each split.
        seed: Of everything that is drawn at random.
        workers: Processes.

    Raises:
        SourceError: a package cannot be had.
    """
    cache = cache.resolve()
    cutouts = load(cache)
    pools = divide(cutouts)
    out.mkdir(parents=True, exist_ok=True)
    classes.keep(fetch(cache, keys=("classes",))["classes"], out)
    counts = build(pools, out, {split: wanted[split] for split in reversed(pools.cutouts)}, seed=seed, workers=workers)
    _write_notes(out, cache, pools, cutouts, counts)
    print(json.dumps({"scenes": counts, "seen": len(pools.seen), "unseen": len(pools.unseen)}))
