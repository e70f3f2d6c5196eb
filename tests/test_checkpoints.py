"""Weights are verified before they are loaded, and loaded strictly."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from xviz import checkpoints, engine
from xviz.core.errors import CheckpointError, ModelError
from xviz.core.provenance import digest_file
from xviz.models import MODELS

ENTRY = '[{name}]\nfile = "{file}"\nsha256 = "{sha}"\ncard = "mmca"\norigin = "test"\nlicence = "CC0"\n'


def folder(tmp_path: Path, content: bytes, *, sha: str | None = None) -> Path:
    (tmp_path / "some.safetensors").write_bytes(content)
    sha = sha or digest_file(tmp_path / "some.safetensors")
    (tmp_path / "manifest.toml").write_text(ENTRY.format(name="some", file="some.safetensors", sha=sha))
    return tmp_path


def test_saving_and_loading_keeps_weights_to_half_precision(tmp_path: Path) -> None:
    saved, other = nn.Linear(5, 3), nn.Linear(5, 3)
    checkpoints.save(saved, tmp_path / "some.safetensors")
    path = checkpoints.find("some", folder(tmp_path, (tmp_path / "some.safetensors").read_bytes()))
    checkpoints.load_into(other, path)
    torch.testing.assert_close(other.weight, saved.weight.half().float(), rtol=0, atol=0)
    assert other.weight.dtype == torch.float32


def test_equal_weights_give_equal_files(tmp_path: Path) -> None:
    layer = nn.Linear(5, 3)
    assert checkpoints.save(layer, tmp_path / "a") == checkpoints.save(layer, tmp_path / "b")


def test_altered_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="changed or cut short"):
        checkpoints.find("some", folder(tmp_path, b"anything", sha="0" * 64))


def test_missing_weights_are_told(tmp_path: Path) -> None:
    checkpoint_folder = folder(tmp_path, b"anything")
    (checkpoint_folder / "some.safetensors").unlink()
    with pytest.raises(CheckpointError, match="are missing"):
        checkpoints.find("some", checkpoint_folder)


def test_unknown_names_list_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no checkpoint “other”; the manifest lists some"):
        checkpoints.find("other", folder(tmp_path, b"anything"))


def test_a_file_that_is_no_safetensors_file_is_refused(tmp_path: Path) -> None:
    path = checkpoints.find("some", folder(tmp_path, b"\x80\x04cos\nsystem\n"))
    with pytest.raises(CheckpointError, match="does not fit"):
        checkpoints.load_into(nn.Linear(5, 3), path)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ({"weight": (3, 5)}, "it lacks bias"),
        ({"weight": (3, 4), "bias": (3,)}, "it has in another shape weight"),
        ({"weight": (3, 5), "bias": (3,), "more": (1,)}, "it has besides more"),
    ],
)
def test_names_and_shapes_must_fit(tmp_path: Path, names: dict[str, tuple[int, ...]], told: str) -> None:
    save_file({name: torch.zeros(shape) for name, shape in names.items()}, tmp_path / "file")
    path = checkpoints.find("some", folder(tmp_path, (tmp_path / "file").read_bytes()))
    with pytest.raises(CheckpointError, match=f"does not fit the model “mmca”: {told}. .*xviz train some"):
        checkpoints.load_into(nn.Linear(5, 3), path)


@pytest.mark.parametrize("name", list(checkpoints.manifest()))
def test_every_shipped_checkpoint_loads_frozen_and_in_evaluation_mode(name: str) -> None:
    loaded = engine.load(MODELS[checkpoints.find(name).card])
    assert not loaded.module.training
    assert not any(p.requires_grad for p in loaded.module.parameters())
    assert all(torch.isfinite(p).all() for p in loaded.module.parameters())


def test_a_card_without_weights_says_so() -> None:
    with pytest.raises(ModelError, match="ships without weights"):
        engine.load(MODELS["mmca-paper"])
