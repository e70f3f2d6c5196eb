"""The methods: from a run to an explanation, one file each, in the order in which people meet them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from xviz.explain.method import Method
from xviz.explain.methods import gradcam, gradients, look, occlusion, received, relevance, rollout, shap

ALL: tuple[Method, ...] = (
    look.METHOD,
    received.METHOD,
    rollout.METHOD,
    relevance.METHOD,
    gradients.INTEGRATED,
    gradients.TIMES_INPUT,
    gradcam.METHOD,
    occlusion.METHOD,
    shap.METHOD,
)
METHODS: Mapping[str, Method] = MappingProxyType({method.key: method for method in ALL})  #: key → method
