"""Which methods a model offers, and why it does not offer the others."""

from __future__ import annotations

from collections.abc import Mapping

from xviz.core.run import Run
from xviz.engine import Loaded
from xviz.explain import METHODS
from xviz.explain.question import unknown_residual

THROUGH = ("rollout", "relevance")  #: methods that follow attention through the layers


def available(loaded: Loaded, run: Run) -> Mapping[str, str]:
    """Method key → "" where it can be asked, else the reason in a sentence for people."""
    return {key: _reason(loaded, run, key) for key in METHODS}


def _reason(loaded: Loaded, run: Run, key: str) -> str:
    method, title = METHODS[key], loaded.spec.title
    if method.kind == "attention":
        if not run.calls:
            return f"No attention of {title} was heard."
        if key == "relevance" and not any(call.grad_out is not None for call in run.calls):
            return f"No gradient of “{run.target}” reaches the attention of {title}: it is not differentiable."
        return unknown_residual(loaded, run) if key in THROUGH else ""
    if method.needs_convolution and not loaded.spec.convolutions:
        return f"{title} names no convolutions over tokens (convolutions= in its spec)."
    if not run.inputs.tokens:
        return (
            f"{title} gives no features of its tokens. Say in its spec which module makes them (features=), or give "
            "them as tokens of its inputs."
        )
    return ""


def assumptions(loaded: Loaded) -> tuple[str, ...]:
    """What methods take for granted of a model, in sentences for people."""
    spec, sentences = loaded.spec, []
    if loaded.ours:
        return ()
    if not callable(spec.baseline) and not callable(getattr(loaded.module, "baseline", None)):
        kind = "mean of the sample's tokens" if spec.baseline == "mean" else "zero vector"
        sentences.append(f"The baseline is the {kind} in each space: the model's spec names no other.")
    if not spec.masks:
        sentences.append("A token that is left out is replaced by the baseline: the model's spec names no mask.")
    if spec.residual:
        sentences.append("Rollout and relevance assume a residual connection around every attention, as its spec says.")
    return tuple(sentences)
