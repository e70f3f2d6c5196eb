"""Grad-CAM along the convolutions of a model, through Captum.

For each layer of ``card.convolutions``: every channel of its output is weighted with its gradient's mean over places,
the channels are summed, and what is below zero is dropped (the paper's ReLU, eq. 2). The layer's output is stretched to
the tokens of its space by linear interpolation where their numbers differ. The scores are the sum over layers. Absent
tokens get zero.

With focus tokens, f is output(x) − output(x without them): the two maps are subtracted before the ReLU.

Captum hears layers by hooks. They are put on a twin of the module that shares its weights, since a hook on the module
itself would also hear the other threads that use it.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from captum.attr import LayerAttribution, LayerGradCam
from torch import Tensor

from xviz.core.errors import ModelError
from xviz.core.explanation import Explanation
from xviz.core.features import twin_of
from xviz.core.run import Run, Target
from xviz.engine import Loaded
from xviz.explain.method import Method, Progress
from xviz.explain.probe import probe, repeated
from xviz.explain.question import answer, check, present, tell, whole


def explain(
    loaded: Loaded,
    run: Run,
    target: Target,
    *,
    call: str | None = None,
    head: int | None = None,
    progress: Progress | None = None,
) -> Explanation:
    """Grad-CAM over the tokens that convolutions run along; see ``method.Explain``.

    Raises:
        ModelError: the model has no convolutions over tokens, or the question does not fit.
    """
    whole(METHOD, call, head)
    target, layers = check(loaded, run, target), loaded.spec.convolutions
    if not layers:
        raise ModelError(f"{loaded.spec.title} has no convolutions over tokens. Choose a method that needs none.")
    twin, scores = twin_of(loaded.module), dict[str, Tensor]()
    for number, (layer, space) in enumerate(layers.items()):
        tell(progress, number / len(layers), layer)
        mask = present(run.inputs, run.spaces[space])
        cam = _cam(replace(loaded, module=twin), run, target, layer, len(mask))
        cam = cam.masked_fill(~mask, 0.0)
        scores[space] = scores[space] + cam if space in scores else cam
    return answer(METHOD, run, target, scores, layers=len(layers))


def _cam(twin: Loaded, run: Run, target: Target, layer: str, count: int) -> Tensor:
    """The map of one layer, (count,), zero where the output does not depend on the layer."""
    value = probe(twin, run.inputs, target)

    def of(*tokens: Tensor) -> Tensor:
        return value(dict(zip(run.inputs.tokens, tokens, strict=True)), repeated(run.inputs.present, 1))

    tokens = tuple(tokens[None].detach().clone().requires_grad_() for tokens in run.inputs.tokens.values())
    unused = {"allow_unused": True, "materialize_grads": True}
    with torch.enable_grad():
        maps = LayerGradCam(of, twin.module.get_submodule(layer)).attribute(tokens, grad_kwargs=unused)
    summed = maps.detach().double().sum(0, keepdim=True)  # 1, 1, places; a focus gives two maps, one with a minus
    return LayerAttribution.interpolate(summed, (count,), "linear")[0, 0].relu()


METHOD = Method(
    key="gradcam",
    title="Grad-CAM",
    explain=explain,
    kind="gradient",
    signed=False,
    unit="class activation",
    words="Where along its positions a convolution found evidence for the output. It covers only tokens that a "
    "convolution runs along, and each position stands for its whole window.",
    source="Selvaraju et al., Grad-CAM, ICCV 2017, eq. 1–2; Captum",
    needs_convolution=True,
)
