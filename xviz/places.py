"""Where the files lie that are not code: beside the package in a checkout, inside it once xviz is installed."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parent
_INSTALLED = PACKAGE / "shipped"  #: where the wheel puts what stands beside the package (pyproject.toml)
ROOT = _INSTALLED if _INSTALLED.is_dir() else PACKAGE.parent

APP = ROOT / "app.py"
CHECKPOINTS = ROOT / "checkpoints"
SAMPLES = PACKAGE / "data" / "samples"
#: where training and measuring write unless they are told otherwise: never into an installed package
RESULTS = Path() if ROOT == _INSTALLED else CHECKPOINTS
