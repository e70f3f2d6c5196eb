"""Composed scenes as the matching model meets them: features made once by the frozen encoders, kept beside the set.

In ``DIR/features``, ``….regions.npy`` (scenes, n, 1280), ``….boxes.npy`` (scenes, n, 4) in pixels, ``….pieces.npy``
(all pieces, 384) and ``….starts.npy`` (sentences + 1,), named by split and portion. Features are in half precision.
Encoding that was stopped goes on where it was.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xviz.core.errors import SampleError
from xviz.data.picture import read_picture
from xviz.data.text import read_text
from xviz.models import regions, words
from xviz.models.boxes import find_boxes
from xviz.models.mmca import SHIPPED
from xviz.train.mmca.scores import iou

SIZE = regions.RegionEncoder.size


@dataclass(frozen=True, eq=False)
class Split:
    """One split with its features."""

    scenes: Sequence[Mapping[str, Any]]  #: the records of the scene builder
    regions: NDArray[np.float16]  #: (scenes, n, features)
    boxes: NDArray[np.float32]  #: (scenes, n, 4) pixels
    pieces: NDArray[np.float16]  #: (pieces of all sentences, features)
    starts: NDArray[np.int64]  #: (sentences + 1,) where each sentence begins in ``pieces``
    sentences: Sequence[Mapping[str, Any]]  #: text, scene, kind ("true" or the kind of foil), of (its true sentence)
    true_of: Sequence[Sequence[int]]  #: scene → its true sentences
    foils_of: Mapping[int, Sequence[int]]  #: true sentence → its foils

    def places(self, scenes: NDArray[np.int64]) -> Tensor:
        """Box codes of some scenes, (len(scenes), n, 5)."""
        sizes = [(self.scenes[i]["width"], self.scenes[i]["height"]) for i in scenes]
        return torch.from_numpy(
            np.stack([regions.box_code(self.boxes[i], *size) for i, size in zip(scenes, sizes, strict=True)])
        )

    def see(self, scenes: NDArray[np.int64]) -> Tensor:
        """Region features of some scenes, (len(scenes), n, features)."""
        return torch.from_numpy(self.regions[scenes].astype(np.float32))

    def read(self, sentences: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Piece features (b, longest, features), padded with zeros, and presence (b, longest)."""
        spans = [(self.starts[i], self.starts[i + 1]) for i in sentences]
        longest = max(end - start for start, end in spans)
        features = torch.zeros(len(spans), int(longest), self.pieces.shape[1])
        present = torch.zeros(len(spans), int(longest), dtype=torch.bool)
        for row, (start, end) in enumerate(spans):
            features[row, : end - start] = torch.from_numpy(self.pieces[start:end].astype(np.float32))
            present[row, : end - start] = True
        return features, present


def joined(first: Split, second: Split) -> Split:
    """Two splits as one, the scenes and sentences of the second after those of the first."""
    scenes, sentences, pieces = len(first.scenes), len(first.sentences), len(first.pieces)
    moved = [
        {**sentence, "scene": sentence["scene"] + scenes, "of": sentence["of"] + sentences}
        for sentence in second.sentences
    ]
    return Split(
        scenes=[*first.scenes, *second.scenes],
        regions=np.concatenate([first.regions, second.regions]),
        boxes=np.concatenate([first.boxes, second.boxes]),
        pieces=np.concatenate([first.pieces, second.pieces]),
        starts=np.concatenate([first.starts, second.starts[1:] + pieces]),
        sentences=[*first.sentences, *moved],
        true_of=[*first.true_of, *([i + sentences for i in own] for own in second.true_of)],
        foils_of={
            **first.foils_of,
            **{true + sentences: [i + sentences for i in own] for true, own in second.foils_of.items()},
        },
    )


@dataclass(frozen=True)
class Portion:
    """How much of a split is used; None is all of it."""

    scenes: int | None = None  #: the first scenes
    regions: int | None = None  #: of each picture: the best for each thing, and others at random
    sentences: int | None = None  #: the first true sentences of each scene
    foils: int | None = None  #: the first foils of each sentence


def load_split(folder: Path, split: str, portion: Portion = Portion()) -> Split:
    """A split, or a portion of it, and its features, which are made on first use.

    Raises:
        SampleError: the folder holds no such split.
    """
    listed = folder / f"{split}.jsonl"
    if not listed.is_file():
        raise SampleError(f"There is no {listed.name} in the scene folder. Make it with “xviz make scenes --out DIR”.")
    scenes = [json.loads(line) for line in listed.read_text(encoding="utf-8").splitlines()[: portion.scenes]]
    regions_key = f"{split}-{len(scenes)}" + (f"-{portion.regions}" if portion.regions else "")
    pieces_key = f"{split}-{len(scenes)}-{portion.sentences or 'all'}-{portion.foils or 'all'}"
    sentences = list(_sentences(scenes, portion))
    store = folder / "features"
    store.mkdir(exist_ok=True)
    if not (store / f"{regions_key}.regions.npy").is_file():
        _encode_pictures(folder, store, regions_key, scenes, portion.regions or SHIPPED.regions)
    if not (store / f"{pieces_key}.starts.npy").is_file():
        _encode_sentences(store, pieces_key, [s["text"] for s in sentences])
    arrays = {"regions": regions_key, "boxes": regions_key, "pieces": pieces_key, "starts": pieces_key}
    loaded = {name: np.load(store / f"{key}.{name}.npy", mmap_mode="r") for name, key in arrays.items()}
    true_of: list[list[int]] = [[] for _ in scenes]
    foils_of: dict[int, list[int]] = {}
    for index, sentence in enumerate(sentences):
        if sentence["kind"] == "true":
            true_of[sentence["scene"]].append(index)
            foils_of[index] = []
        else:
            foils_of[sentence["of"]].append(index)
    return Split(scenes=scenes, sentences=sentences, true_of=true_of, foils_of=foils_of, **loaded)


def _sentences(scenes: Sequence[Mapping[str, Any]], portion: Portion) -> Iterator[dict[str, Any]]:
    """Every true sentence, each followed by its foils."""
    count = 0
    for index, scene in enumerate(scenes):
        for sentence in scene["sentences"][: portion.sentences]:
            own = count
            same = {"scene": index, "of": own}
            yield {**same, "text": sentence["text"], "kind": "true", "mentions": sentence["mentions"]}
            count += 1
            for foil in sentence["foils"][: portion.foils]:
                yield {**same, "text": foil["text"], "kind": foil["kind"]}
                count += 1


def _encode_pictures(folder: Path, store: Path, split: str, scenes: Sequence[Mapping[str, Any]], count: int) -> None:
    """Boxes and features of ``count`` regions of all pictures, by two processes with one thread each."""
    shapes = {"boxes": ((len(scenes), count, 4), np.float32), "regions": ((len(scenes), count, SIZE), np.float16)}
    parts = {name: store / f"{split}.{name}.part" for name in shapes}
    begun = all(part.is_file() for part in parts.values())
    boxes, features = (
        np.lib.format.open_memmap(parts[name], "r+" if begun else "w+", *(() if begun else (kind, shape)))
        for name, (shape, kind) in shapes.items()
    )
    todo = np.flatnonzero(~boxes.any((1, 2)))  # no box is empty
    jobs = [(folder / scenes[i]["image"], [thing["box"] for thing in scenes[i]["objects"]], count) for i in todo]
    with ProcessPoolExecutor(2, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        for done, (index, encoded) in enumerate(zip(todo, pool.map(_encode_picture, jobs, chunksize=4), strict=True)):
            features[index], boxes[index] = encoded[1], encoded[0]
            if done % 500 == 499:
                print(f"{split}: {done + 1} of {len(todo)} pictures encoded", flush=True)
    features.flush()
    boxes.flush()
    for name, part in parts.items():
        part.rename(store / f"{split}.{name}.npy")


def _encode_picture(
    job: tuple[Path, Sequence[Sequence[float]], int],
) -> tuple[NDArray[np.float32], NDArray[np.float16]]:
    """Boxes (n, 4) and features (n, 1280) of one picture file, given the boxes of its things and n."""
    path, things, count = job
    pixels = read_picture(path).pixels
    boxes = find_boxes(pixels, count=SHIPPED.regions)
    boxes = boxes[some_regions(boxes, np.array(things, float), count)]
    return boxes, regions.encode(pixels, boxes).numpy().astype(np.float16)


def some_regions(boxes: NDArray[np.float32], things: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Which ``count`` of the boxes (n, 4) a portion keeps: the best for each thing (m, 4), and others at random."""
    best = list(dict.fromkeys(int(iou(boxes, thing).argmax()) for thing in things))[:count]
    others = np.random.default_rng(int(boxes.sum())).permutation(np.setdiff1d(np.arange(len(boxes)), best))
    return np.sort([*best, *others[: count - len(best)]])


def _encode_sentences(store: Path, split: str, texts: Sequence[str], batch: int = 256) -> None:
    """Piece features of all sentences, in one flat array."""
    order = np.argsort([len(text) for text in texts], kind="stable")  # like lengths together: less padding
    encoded: list[NDArray[np.float16]] = [np.zeros((0, 0), np.float16)] * len(texts)
    for start in range(0, len(texts), batch):
        some = order[start : start + batch]
        read = words.encode_many([read_text(texts[i]).words for i in some], limit=SHIPPED.limit)
        for index, pieces in zip(some, read, strict=True):
            encoded[index] = pieces.features.numpy().astype(np.float16)
        if start // batch % 50 == 49:
            print(f"{split}: {start + len(some)} of {len(texts)} sentences encoded", flush=True)
    np.save(store / f"{split}.pieces.npy", np.concatenate(encoded))
    np.save(store / f"{split}.starts.npy", np.cumsum([0, *map(len, encoded)]))
