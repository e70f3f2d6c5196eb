"""From a card or a spec to a loaded model, from a sample to a run."""

from xviz.engine.calling import baseline, batched, changed, filled, forward, listened, outputs, value
from xviz.engine.loading import Loaded, built, freeze, load, untrained, wrap
from xviz.engine.running import Session, adjust, left_out, parse_left_out, prepare, ranges, regrad, run, run_inputs

__all__ = [
    "Loaded",
    "Session",
    "adjust",
    "baseline",
    "batched",
    "built",
    "changed",
    "filled",
    "forward",
    "freeze",
    "left_out",
    "listened",
    "load",
    "outputs",
    "parse_left_out",
    "prepare",
    "ranges",
    "regrad",
    "run",
    "run_inputs",
    "untrained",
    "value",
    "wrap",
]
