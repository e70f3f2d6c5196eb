"""The page of rooms by itself, with a model that was never trained until there are weights."""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.untrained_rooms import take_its_place
from xviz.ui import rooms

if not hasattr(rooms, "prepared_for_tests"):
    take_its_place(setattr)
    rooms.prepared_for_tests = True
ROOT = Path(__file__).parents[2]
st.set_page_config(layout="wide", page_title="Rooms")
exec(compile((ROOT / "pages" / "mit.py").read_text(encoding="utf-8"), "mit.py", "exec"), globals())
