"""Fashion-MNIST: its files are read as they are and refused with a way out, and every form learns."""

from __future__ import annotations

import gzip
import json
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from xviz import record
from xviz.core.errors import SampleError
from xviz.train.mmvit.fashion import compare
from xviz.train.mmvit.fashion.pictures import pictures, values
from xviz.train.mmvit.fashion.recipe import FASHION, FORMS, Recipe, train


def written(path: Path, content: np.ndarray, kind: int = 8) -> None:
    """An IDX file as the format says it: two zero bytes, kind, number of axes, lengths, values."""
    head = struct.pack(f">HBB{content.ndim}I", 0, kind, content.ndim, *content.shape)
    path.write_bytes(gzip.compress(head + content.tobytes()))


def stripes(folder: Path, count: int = 256) -> None:
    """Pictures whose label is where a bright stripe lies."""
    for part in ("train", "t10k"):
        labels = (np.arange(count) % 10).astype(np.uint8)
        images = np.random.default_rng(0).integers(0, 60, (count, 28, 28)).astype(np.uint8)
        for image, label in zip(images, labels, strict=True):
            image[2 + 2 * label : 6 + 2 * label] = 255
        written(folder / f"{part}-images-idx3-ubyte.gz", images)
        written(folder / f"{part}-labels-idx1-ubyte.gz", labels)


def test_pictures_and_labels_are_read_as_they_were_written(tmp_path: Path) -> None:
    stripes(tmp_path, 12)
    images, labels = pictures(tmp_path, "train")
    assert images.shape == (12, 28, 28)
    assert labels.tolist() == [*range(10), 0, 1]
    assert (images[3, 8:12] == 255).all()


@pytest.mark.parametrize("fault", ["missing", "cut", "text", "kind", "labels"])
def test_other_files_are_refused_with_what_to_do(tmp_path: Path, fault: str) -> None:
    stripes(tmp_path, 12)
    path = tmp_path / "t10k-labels-idx1-ubyte.gz"
    if fault == "missing":
        path.unlink()
    elif fault == "cut":
        path.write_bytes(path.read_bytes()[:-9])
    elif fault == "text":
        path.write_text("labels")
    elif fault == "kind":
        written(path, np.zeros(12, np.float32), kind=13)
    else:
        written(path, np.zeros(11, np.uint8))
    with pytest.raises(SampleError, match=r"apt-get install dataset-fashion-mnist|Fetch Fashion-MNIST again"):
        pictures(tmp_path, "t10k")
    if fault != "labels":
        with pytest.raises(SampleError):
            values(path)


def test_a_training_learns_from_the_training_split_and_is_tested_on_the_other(tmp_path: Path) -> None:
    stripes(tmp_path, 160)
    small = replace(FASHION, width=16)
    _, accuracy = train(tmp_path, tmp_path / "out.safetensors", Recipe(epochs=6, batch=16, rate=5e-3), small)
    assert accuracy > 60


def test_forms_have_the_views_that_they_say() -> None:
    built = [replace(FASHION, **changed) for changed in FORMS.values()]
    assert [len(settings.views) for settings in built] == [2, 2, 1, 1]
    assert [settings.cross for settings in built] == ["joint", "none", "none", "none"]
    assert built[2].views + built[3].views == FASHION.views


def test_the_comparison_repeats_nothing_and_its_record_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class Model:
        def parameters(self) -> list[np.ndarray]:
            return []

    monkeypatch.setattr(compare, "train", lambda data, out, recipe, settings: asked.append(recipe) or (Model(), 91.5))
    out = tmp_path / "record.json"
    for _ in range(2):
        compare.compare(tmp_path, list(FORMS), [0], Recipe(epochs=2), out)
    assert len(asked) == len(FORMS)
    text = record.as_markdown(json.loads(out.read_text()))
    assert "| the fine view alone | 0 | 1 | 91.50 |" in text
    assert "2 epochs over 60,000 training pictures" in text
    compare.compare(tmp_path, list(FORMS)[:1], [1], Recipe(epochs=2), out)
    again = json.loads(out.read_text())
    again["trainings"]["runs"][-1]["accuracy"] = 92.5
    assert "| 0 | 2 | 92.00 (91.50–92.50) |" in record.as_markdown(again)
    assert "| DenseNet-BC with augmentation | 768,000 | 95.4 |" in text
