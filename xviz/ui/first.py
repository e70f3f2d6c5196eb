"""What visitors must not do at once: import what pages are made of.

Modules of models, of matplotlib and of others import each other. Two threads that begin at different ends of such a
circle are given half-made modules by Python, which breaks its own deadlock that way; a page then fails or stays empty,
and the module stays half-made for good. So all of it is imported under one lock before any page runs.
"""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from threading import Lock

importing = Lock()  #: held while modules are imported
#: what pages import, or what these import on the way
MODULES = (
    "xviz.models", "scipy.stats", "scipy.interpolate", "scipy.signal", "matplotlib.figure", "plotly.graph_objects",
    *(f"xviz.ui.{name}" for name in ("about", "methods", "page", "trust", "uploads", "own.page")),
    *(f"xviz.ui.matching.{name}" for name in ("explore", "export", "ranking", "sample", "whatif")),
    *(f"xviz.ui.views.{name}" for name in ("choose", "explore", "export", "methods", "sample", "whatif")),
    *(f"xviz.ui.rooms.{name}" for name in ("choose", "explore", "export", "sample", "whatif")),
    *(f"xviz.ui.eeg.{name}" for name in ("difference", "events", "explore", "export", "maps", "outputs", "sample")),
    *(f"xviz.ui.eeg.{name}" for name in ("signals", "spectra", "whatif")),
    *(f"xviz.ui.dataset.{name}" for name in ("charts", "choose", "table")),
    *(f"xviz.ui.compare.{name}" for name in ("show", "side")),
)  # fmt: skip


def ready() -> None:
    """Return once all of it is imported, by whichever visitor came first.

    What was imported lives as long as the app, so that no later collection of garbage, for which every visitor's click
    would wait, looks at it again.
    """
    with importing:
        if MODULES[-1] in sys.modules:
            return
        gc.disable()
        try:
            for name in MODULES:
                import_module(name)
        finally:
            gc.enable()
        gc.collect()
        gc.freeze()


def scripts() -> None:
    """Give the browser what draws; call it after ``ready``."""
    import_module("xviz.ui.components").ready()
