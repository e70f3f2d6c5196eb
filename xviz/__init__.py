"""xviz shows what multimodal fusion models attend to.

A whole session: ``read`` a sample, ``load`` a model, ``run`` one through the other, ``explain`` the run, draw a
``figure``, ``save`` it. Importing xviz is cheap: what these names need comes with their first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xviz.checking import check
    from xviz.core.cells import Cells
    from xviz.core.moments import Frames, Steps
    from xviz.core.run import Inputs
    from xviz.core.sample import Eeg, Photos, Picture, PointCloud, Sample, Series, Sound, Text, Views
    from xviz.core.spec import Spec
    from xviz.core.tokens import Boxes, Electrodes, Joined, Named, PatchGrid, Pieces, Segments
    from xviz.data.read import read
    from xviz.engine import wrap
    from xviz.explain import explain
    from xviz.linked import show
    from xviz.session import figure, load, models, run, save

__version__ = "0.1.0"
__all__ = [
    "Boxes",
    "Cells",
    "Eeg",
    "Electrodes",
    "Frames",
    "Inputs",
    "Joined",
    "Named",
    "PatchGrid",
    "Photos",
    "Picture",
    "Pieces",
    "PointCloud",
    "Sample",
    "Segments",
    "Series",
    "Sound",
    "Spec",
    "Steps",
    "Text",
    "Views",
    "check",
    "explain",
    "figure",
    "load",
    "models",
    "read",
    "run",
    "save",
    "show",
    "wrap",
]
_MODULES = {  #: name → where it is; in ``xviz.session`` where not listed
    "read": "xviz.data.read",
    "explain": "xviz",
    "check": "xviz.checking",
    "show": "xviz.linked",
    "wrap": "xviz.engine",
    "Spec": "xviz.core.spec",
    "Inputs": "xviz.core.run",
    "Cells": "xviz.core.cells",
    **dict.fromkeys(("Boxes", "Electrodes", "Joined", "Named", "PatchGrid", "Pieces", "Segments"), "xviz.core.tokens"),
    **dict.fromkeys(("Frames", "Steps"), "xviz.core.moments"),
    **dict.fromkeys(("Eeg", "Photos", "Picture", "PointCloud", "Sample", "Series"), "xviz.core.sample"),
    **dict.fromkeys(("Sound", "Text", "Views"), "xviz.core.sample"),  # Views: the former name of Photos
}


def __getattr__(name: str) -> Any:
    """A name that loads when it is first used."""
    if name not in __all__:
        raise AttributeError(f"module “xviz” has no attribute “{name}”; it has {', '.join(__all__)}.")
    if name == "explain":  # the package of that name answers as a function
        return import_module("xviz.explain")
    return getattr(import_module(_MODULES.get(name, "xviz.session")), name)


def __dir__() -> list[str]:
    """What completion offers."""
    return [*__all__, "__version__"]
