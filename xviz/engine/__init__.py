"""From a card or a spec to a loaded model, from a sample to a run."""

from xviz.engine.calling import baseline, batched, changed, filled, forward, outputs
from xviz.engine.loading import Loaded, freeze, load, untrained, wrap
from xviz.engine.running import Session, adjust, prepare, regrad, run, run_inputs

__all__ = [
    "Loaded",
    "Session",
    "adjust",
    "baseline",
    "batched",
    "changed",
    "filled",
    "forward",
    "freeze",
    "load",
    "outputs",
    "prepare",
    "regrad",
    "run",
    "run_inputs",
    "untrained",
    "wrap",
]
