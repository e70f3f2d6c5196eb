"""Where a result comes from: enough to make it again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

Plain = str | int | float | bool | None


def digest(*parts: bytes | str | np.ndarray) -> str:
    """The sha256 of the parts, as 64 hexadecimal digits; arrays count with their shape and type."""
    sha = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            sha.update(f"{part.dtype.str}{part.shape}".encode())
            part = np.ascontiguousarray(part).tobytes()
        elif isinstance(part, str):
            part = part.encode()
        sha.update(len(part).to_bytes(8, "little"))
        sha.update(part)
    return sha.hexdigest()


def digest_file(path: Path) -> str:
    """The plain sha256 of a file's bytes, as ``sha256sum`` prints it."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@dataclass(frozen=True)
class Provenance:
    """What was run, on what, with which settings."""

    model: str  #: key of the model's card
    checkpoint: str  #: name of the checkpoint, "untrained" where there is none
    checkpoint_sha256: str  #: of the weights file
    sample: str  #: name of the sample
    sample_digest: str  #: sha256 of the sample's parts
    options: Mapping[str, Plain] = field(default_factory=dict)  #: method, layer, head, token, …
    versions: Mapping[str, str] = field(default_factory=dict)  #: package → version
    origin: Mapping[str, Any] = field(default_factory=dict)  #: how the sample was read; names of files, never paths

    def __post_init__(self) -> None:
        """Make the mappings read-only."""
        for name in ("options", "versions", "origin"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    def but(self, **options: Plain) -> Provenance:
        """The same provenance with options added or replaced."""
        return replace(self, options={**self.options, **options})

    def record(self) -> dict[str, object]:
        """A plain dict for JSON, keys sorted."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: dict(sorted(v.items())) if isinstance(v, Mapping) else v for name, v in sorted(plain.items())}

    def json(self) -> str:
        """The record as one line of JSON; equal provenance gives equal text."""
        return json.dumps(self.record(), sort_keys=True, ensure_ascii=False, allow_nan=False)
