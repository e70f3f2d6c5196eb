"""Parameters and multiply-adds of the multiscale multiview model at any size, counted while it runs once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from xviz.core.attention import listening
from xviz.models.mmvit import MMViT, patches
from xviz.models.mmvit_cards import PAPERS


def count(settings: Mapping[str, Any]) -> tuple[int, int]:
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
        tokens = patches(torch.zeros(1, settings["channels"], *settings["input"]), settings)
        present = {name: torch.ones(made.shape[:2], dtype=torch.bool) for name, made in tokens.items()}
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
    views = [*PAPERS["views"], third]
    forms = [{"views": tuple(views[: count + 1])} for count in range(3)]
    first = {"expand": "mlp", "stages": ("A", "SA", "SAAAAAAAAAA", "SA")}
    forms.append({"views": tuple(views[:1]), **first})
    rows = []
    for (name, (millions, billions)), changed in zip(ESTIMATES.items(), forms, strict=True):
        parameters, adds = count({**PAPERS, **changed})
        rows.append({
            "form": name, "millions": parameters / 1e6, "estimate": millions,
            "billions": adds / 1e9, "estimated": billions,
        })  # fmt: skip
    return rows
