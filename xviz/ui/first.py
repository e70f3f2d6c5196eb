"""What visitors must not do at once: import what pages are made of.

Modules of models, of matplotlib and of others import each other. Two threads that begin at different ends of such a
circle are given half-made modules by Python, which breaks its own deadlock that way; a page then fails or stays empty,
and the module stays half-made for good. So all of it is imported under one lock before any page runs; the start page
runs as soon as there is what it is made of, since it imports nothing.
"""

from __future__ import annotations

import gc
from importlib import import_module
from threading import Lock

POLLED = 0.02  #: seconds after which one who waits for a module looks again
importing = Lock()  #: held while a module is imported
START = "xviz.ui.components"  #: with what stands before it, all that the start page is made of
#: what pages import, or what these import on the way
MODULES = (
    "xviz.ui.page", "xviz.ui.texts", START,
    "xviz.models", "scipy.stats", "scipy.interpolate", "scipy.signal", "matplotlib.figure", "plotly.graph_objects",
    *(f"xviz.ui.{name}" for name in ("about", "methods", "trust", "uploads", "own.page")),
    *(f"xviz.ui.matching.{name}" for name in ("explore", "export", "ranking", "sample", "whatif")),
    *(f"xviz.ui.views.{name}" for name in ("choose", "explore", "export", "methods", "sample", "whatif")),
    *(f"xviz.ui.rooms.{name}" for name in ("choose", "explore", "export", "sample", "whatif")),
    *(f"xviz.ui.eeg.{name}" for name in ("difference", "events", "explore", "export", "maps", "outputs", "sample")),
    *(f"xviz.ui.eeg.{name}" for name in ("signals", "spectra", "whatif")),
    *(f"xviz.ui.dataset.{name}" for name in ("charts", "choose", "table")),
    *(f"xviz.ui.compare.{name}" for name in ("show", "side")),
)  # fmt: skip
ALL = MODULES[-1]  #: with what stands before it, what every page is made of
_imported: list[str] = []  #: of ``MODULES``, as far as they have been


def ready(last: str = ALL) -> None:
    """Return once all of it up to a module is imported, by whichever visitors came first, one module at a time.

    What was imported lives as long as the app, so that no later collection of garbage, for which every visitor's click
    would wait, looks at it again.
    """
    while last not in _imported:  # another thread may import all the while, and never leave the lock for long
        if importing.acquire(timeout=POLLED):
            try:
                if last not in _imported:
                    _next()
            finally:
                importing.release()


def _next() -> None:
    gc.disable()
    try:
        import_module(name := MODULES[len(_imported)])
    finally:
        gc.enable()
    if name == ALL:
        gc.collect()
        gc.freeze()
    _imported.append(name)


def scripts() -> None:
    """Give the browser what draws; call it after ``ready``."""
    import_module("xviz.ui.components").ready()
