"""Parameters of the papers' models at their scale, and multiply-adds of the multiscale multiview one, counted here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from xviz.core.attention import listening
from xviz.models.mit import MIT
from xviz.models.mit_cards import PAPERS as ROOMS
from xviz.models.mmvit import MMViT, patches
from xviz.models.mmvit_cards import PAPERS
from xviz.models.mmvit_layers import Settings


def count(settings: Settings) -> tuple[int, int]:
    """Parameters, and multiply-adds of linear maps, convolutions and attention for one input.

    The weights are random; nothing is left behind.
    """
    with torch.random.fork_rng(devices=[]), torch.inference_mode():
        model, adds = MMViT(settings).eval(), []

        def note(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            if isinstance(module, nn.Linear):
                adds.append(output.numel() * module.in_features)
            elif isinstance(module, nn.Conv2d):
                adds.append(output.numel() * module.weight[0].numel())

        for module in model.modules():
            if isinstance(module, nn.Linear | nn.Conv2d):
                module.register_forward_hook(note)
        tokens = patches(torch.zeros(1, settings.channels, *settings.input), settings)
        present = {name: torch.ones(part.shape[:2], dtype=torch.bool) for name, part in tokens.items()}
        with listening() as tape:
            model(tokens, present, {})
        adds += [2 * heard.q.numel() * heard.k.shape[2] for heard in tape]
        return sum(p.numel() for p in model.parameters()), sum(adds)


#: millions of parameters and billions of multiply-adds in the notes on the paper, by what was counted
ESTIMATES = {
    "one view": (35.1, 6.9),
    "two views": (69.1, 8.6),
    "three views": (103.2, 9.2),
    "one view, widening as MViT v1": (37.0, 7.77),
}


def sizes() -> list[dict[str, Any]]:
    """The paper's scale in four forms: what was counted here beside the estimate."""
    third = ((19, 19), (16, 16), (9, 9))
    views = [*PAPERS.views, third]
    forms: list[dict[str, Any]] = [{"views": tuple(views[: count + 1])} for count in range(3)]
    first = {"expand": "mlp", "stages": ("A", "SA", "SAAAAAAAAAA", "SA")}
    forms.append({"views": tuple(views[:1]), **first})
    rows = []
    for (name, (millions, billions)), changed in zip(ESTIMATES.items(), forms, strict=True):
        parameters, adds = count(replace(PAPERS, **changed))
        rows.append({
            "form": name, "millions": parameters / 1e6, "estimate": millions,
            "billions": adds / 1e9, "estimated": billions,
        })  # fmt: skip
    return rows


#: parameters of the interlaced Transformer in the notes on the paper; the first is rounded there
PARTS = {
    "3D network": 15_490_000,
    "both encoders": 335_808,
    "decoder": 313_804,
    "codes of places in 3D": 19_008,
    "class tokens, their codes and those of photos, class maps, projection of photos": 205_960,
}


def parts() -> dict[str, tuple[int, int]]:
    """The interlaced Transformer at the paper's scale: part → parameters counted here, and those in the notes."""
    with torch.random.fork_rng(devices=[]):
        model = MIT(replace(ROOMS, second=()))
    codes = (model.class_token, model.class_place, model.view_place)
    layers = (model.map_points, model.map_views, model.view)
    own = (
        _parameters(model.unet),
        _parameters(model.points_encoder, model.views_encoder),
        _parameters(model.decoder),
        _parameters(model.point_place),
        sum(code.numel() for code in codes) + _parameters(*layers),
    )
    return {name: (count, notes) for (name, notes), count in zip(PARTS.items(), own, strict=True)}


def _parameters(*modules: nn.Module) -> int:
    return sum(p.numel() for module in modules for p in module.parameters())
