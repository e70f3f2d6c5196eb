"""The app with models that nobody here wrote: `streamlit run` this file."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.pages.strangers import PHOTOS, THREE
from xviz import own_models

if not own_models.SPECS:
    for spec in (PHOTOS, THREE):
        own_models.add(spec)
exec(compile((Path(__file__).parents[2] / "app.py").read_text(encoding="utf-8"), "app.py", "exec"))
