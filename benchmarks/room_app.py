"""The page of rooms on the room of the tests, for ``benchmarks/room_page.py``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import streamlit as st

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.room import room
from xviz.core.sample import Photos, PointCloud, Sample
from xviz.ui import components
from xviz.ui.rooms import choose

PAGE = Path(__file__).parents[1] / "pages" / "mit.py"


@st.cache_resource
def made_room() -> Sample:
    """The room in as many points as are asked for, with twelve photos."""
    made = room(int(os.environ["XVIZ_BENCHMARK_POINTS"]), 12)
    names = tuple(f"frame-{20 * i:06d}.jpg" for i in range(12))
    views = Photos(made.images, names, made.poses, made.intrinsics)
    return Sample("the tests' room", {"points": PointCloud(made.xyz.astype(np.float32), made.rgb), "views": views})


if not hasattr(choose, "prepared_for_benchmarks"):
    choose.choose = lambda card: made_room()
    choose.prepared_for_benchmarks = True
st.set_page_config(layout="wide", page_title="Rooms")
components.ready()
exec(compile(PAGE.read_text(encoding="utf-8"), "mit.py", "exec"), globals())
