"""Trained weights: find them, verify them, load them strictly.

``checkpoints/manifest.toml`` names every file with its sha256. Weights are safetensors, so that loading cannot run
code; floating-point weights may be stored in half precision and are loaded as float32. Who trained weights of their
own runs them in place of the shipped ones (``OWN``, filled by ``xviz.custom_weights`` when the app starts).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor, nn

from xviz.core.errors import CheckpointError
from xviz.core.provenance import digest_file
from xviz.places import CHECKPOINTS

FOLDER = CHECKPOINTS


@dataclass(frozen=True)
class Checkpoint:
    """One entry of the manifest."""

    name: str
    path: Path
    sha256: str
    card: str  #: key of the card that it belongs to
    origin: str  #: what it was trained on, by which command
    licence: str


OWN: dict[str, Checkpoint] = {}  #: name → what stands in for the shipped one; filled before anything is loaded


def manifest(folder: Path = FOLDER, *, own: bool = True) -> Mapping[str, Checkpoint]:
    """All checkpoints of a folder by name: of manifest.toml and of any other list that lies beside it.

    Args:
        folder: Of the lists.
        own: Whether those of one's own stand in for shipped ones.
    """
    listed: dict[str, Any] = {}
    for path in sorted(folder.glob("*.toml")):
        listed |= tomllib.loads(path.read_text(encoding="utf-8"))
    entries = {
        name: Checkpoint(name, folder / entry["file"], *(entry[key] for key in ("sha256", "card", "origin", "licence")))
        for name, entry in listed.items()
    }
    return entries | OWN if own and folder == FOLDER else entries


def find(name: str, folder: Path = FOLDER) -> Checkpoint:
    """The checkpoint of that name.

    Raises:
        CheckpointError: the manifest does not list it, the file is missing, or its sha256 is another.
    """
    listed = manifest(folder)
    if name not in listed:
        raise CheckpointError(f"There is no checkpoint “{name}”; the manifest lists {', '.join(listed) or 'none'}.")
    return verified(listed[name])


def verified(checkpoint: Checkpoint) -> Checkpoint:
    """The checkpoint, if its file is there and unchanged.

    Raises:
        CheckpointError: the file is missing, or its sha256 is another.
    """
    if not checkpoint.path.is_file():
        raise CheckpointError(f"The weights {checkpoint.path.name} are missing. Check out the repository again.")
    if (came := digest_file(checkpoint.path)) != checkpoint.sha256:
        raise CheckpointError(
            f"The weights {checkpoint.path.name} should have the sha256 {checkpoint.sha256[:12]}…, "
            f"but have {came[:12]}…. They were changed or cut short: check out the repository again."
        )
    return checkpoint


def load_into(module: nn.Module, checkpoint: Checkpoint) -> None:
    """Put the weights of a verified checkpoint into a module; every name and shape must fit.

    Raises:
        CheckpointError: the file is no safetensors file, or its names or shapes differ from the module's.
    """
    refused = f"{checkpoint.path.name} does not fit the model “{checkpoint.card}”"
    try:
        weights = read(checkpoint.path)
    except SafetensorError as error:
        raise CheckpointError(f"{refused}: {error}") from error
    wanted = module.state_dict()
    faults = {
        "lacks": sorted(wanted.keys() - weights.keys()),
        "has besides": sorted(weights.keys() - wanted.keys()),
        "has in another shape": sorted(
            n for n in wanted.keys() & weights.keys() if wanted[n].shape != weights[n].shape
        ),
    }
    if any(faults.values()):
        listed = "; it ".join(f"{fault} {_some(names)}" for fault, names in faults.items() if names)
        raise CheckpointError(
            f"{refused}: it {listed}. Weights of an earlier layout have to be trained again, with “xviz train "
            f"{checkpoint.name}”."
        )
    module.load_state_dict(weights, strict=True)


def _some(names: list[str], limit: int = 3) -> str:
    """The first of some names, and how many more there are."""
    return ", ".join(names[:limit]) + (f" and {len(names) - limit} more" if len(names) > limit else "")


def read(path: Path) -> dict[str, Tensor]:
    """Name → tensor, half precision as float32."""
    tensors = load_tensors(path.read_bytes())
    return {name: t.float() if t.dtype in (torch.float16, torch.bfloat16) else t for name, t in tensors.items()}


def save(module: nn.Module, path: Path, *, half: bool = True) -> str:
    """Write a module's weights, floating-point ones in half precision, and return the file's sha256."""
    tensors = {
        name: (t.half() if half and t.dtype == torch.float32 else t).contiguous()
        for name, t in module.state_dict().items()
    }
    path.write_bytes(save_tensors(tensors))
    return digest_file(path)
