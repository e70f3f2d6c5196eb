"""Parameters and multiply-adds of the multiscale multiview model at any size, counted while it runs once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from xviz.core.attention import listening
from xviz.models.mmvit import MMViT, patches


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
