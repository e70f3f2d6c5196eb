"""Models of other people in the app: ``xviz app --model package.module:SPEC`` or ``file.py:SPEC``, with their weights.

Names alone are read when this module is imported; neither torch nor a spec before a model is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xviz.core.errors import CheckpointError
from xviz.house import TABLE

if TYPE_CHECKING:
    from torch import nn

    from xviz.core.spec import Spec

SPECS: dict[str, Spec] = {}  #: key, which is the page's address too → spec
SOURCES: dict[str, str] = {}  #: key → ``file.py:SPEC`` without its folder, by which the model is opened again
TAKEN = ("home", "about", *TABLE)  #: addresses of pages that xviz has


def use(name: str) -> str:
    """Give a model a page.

    Args:
        name: ``package.module:SPEC`` or ``file.py:SPEC``.

    Returns:
        The key of its page.

    Raises:
        ModelError: there is no such file, module or name, or it is no `Spec`.
        ForeignError: the module failed while it was imported.
    """
    from xviz.finding import source, spec

    key = add(spec(name))
    SOURCES[key] = source(name)
    return key


def add(spec: Spec) -> str:
    """Give a spec a page; its key is made one that no other page has.

    Returns:
        The key of its page.
    """
    from xviz.models import MODELS

    key = _free(spec.key, [*TAKEN, *MODELS, *SPECS])
    SPECS[key] = spec if spec.key == key else replace(spec, key=key)
    return key


def named(key: str) -> Spec:
    """The spec of a page: one that ``xviz app`` was given, or the card of a model in the table.

    Raises:
        ModelError: there is no such model.
    """
    from xviz.core.errors import ModelError
    from xviz.models import MODELS

    if key not in SPECS and key not in MODELS:
        raise ModelError(f"There is no model “{key}”; there are {', '.join([*SPECS, *MODELS])}.")
    return SPECS[key] if key in SPECS else MODELS[key]


def use_weights(setting: str) -> None:
    """Load weights of one's own into a model that has a page.

    Args:
        setting: ``KEY=FILE``: the key of the model's page, and a safetensors file or a state dict of ``torch.save``.

    Raises:
        CheckpointError: there is no such model or file, or the weights do not fit.
        ModelError, ForeignError: the model cannot be built.
    """
    from xviz import engine
    from xviz.core.provenance import digest_file

    key, separator, file = setting.partition("=")
    if not separator or key not in SPECS:
        raise CheckpointError(f"Expected KEY=FILE with one of {', '.join(SPECS) or 'no model'}; got “{setting}”.")
    path = Path(file).expanduser().resolve()
    if not path.is_file():
        raise CheckpointError(
            f"There is no file {path.name} to take weights from. Give a safetensors file or a .pt file."
        )
    spec, sha = SPECS[key], digest_file(path)

    def build() -> nn.Module:
        assert spec.build is not None
        module = spec.build()
        _fill(module, path, spec.title)
        return module

    fresh = replace(spec, build=build if spec.build else None, weights=f"your own file {path.name}, sha256 {sha[:12]}…")
    engine.built(fresh)
    SPECS[key] = fresh


def _fill(module: nn.Module, path: Path, title: str) -> None:
    """Load a file of weights, all of them.

    Raises:
        CheckpointError: they cannot be read, or are not those of the module.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        weights: Any = load_file(path) if path.suffix == ".safetensors" else None
        if weights is None:
            weights = torch.load(path, map_location="cpu", weights_only=True)
            weights = weights.get("state_dict", weights) if isinstance(weights, dict) else weights
        module.load_state_dict(weights)
    except (SafetensorError, RuntimeError, TypeError, AttributeError, ValueError, OSError, EOFError) as error:
        reason = " ".join(str(error).split())[:400]
        raise CheckpointError(f"{path.name} does not fit {title}: {reason}") from error
    except Exception as error:  # what unpickling refuses has no type of its own
        raise CheckpointError(f"{path.name} is no file of weights alone ({type(error).__name__}).") from error


def _free(key: str, used: Iterable[str]) -> str:
    """The key as an address, with a number where it is taken."""
    plain = re.sub(r"[^a-z0-9]+", "-", key.lower()).strip("-") or "model"
    number, free, have = 2, plain, set(used)
    while free in have:
        free, number = f"{plain}-{number}", number + 1
    return free
