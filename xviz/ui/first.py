"""What the first visitors must not do at once: import the models.

The modules of models import each other. Two threads that begin at different ends of such a circle are given half-made
modules by Python, which breaks its own deadlock that way; a page then stays empty, and the module stays half-made.
"""

from __future__ import annotations

from importlib import import_module
from threading import Lock

importing = Lock()  #: held while modules are imported


def ready() -> None:
    """Return once the models are imported, by whichever visitor came first."""
    with importing:
        import_module("xviz.models")


def scripts() -> None:
    """Give the browser what draws; call it after ``ready``."""
    import_module("xviz.ui.components").ready()
