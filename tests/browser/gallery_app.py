"""The live components on one page, for the browser tests and for looking at: `streamlit run` this file.

Query parameters: ``n`` is the number of points, ``only`` shows one component, ``big`` makes a matrix that is pooled,
``closer`` one whose exact parts can be asked for.
"""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path

import numpy as np
import streamlit as st

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.matrices import weights
from tests.room import room
from xviz.draw import scale
from xviz.draw.pooling import stream
from xviz.drawings import image, matrix, overview, points, words
from xviz.drawings.drawing import Finer, Surround
from xviz.drawings.photos import Marks, album, photos
from xviz.ui.components import Closer, camera, mount, picked, ready, token_of

SENTENCE = re.split(" ", "What is the <b>small</b> brown dog on the left of the red sofa looking at ?")
ARABIC = re.split(" ", "ماذا يرى الكلب الصغير ؟")


@st.cache_data
def scene(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A torus on a floor: positions in metres, colours, segments."""
    rng = np.random.default_rng(0)
    around, across = rng.random((2, n // 2)) * 2 * np.pi
    ring = np.stack([(0.7 + 0.28 * np.cos(across)) * np.cos(around), (0.7 + 0.28 * np.cos(across)) * np.sin(around)], 1)
    torus = np.column_stack([ring, 0.28 * np.sin(across) + 0.4])
    floor = np.column_stack([rng.uniform(-1.5, 1.5, (n - n // 2, 2)), rng.normal(0, 0.004, n - n // 2)])
    xyz = np.concatenate([torus, floor]).astype(np.float32) + np.float32([100, 20, 0])
    rgb = np.concatenate([np.tile([196, 120, 60], (n // 2, 1)), np.tile([150, 152, 158], (n - n // 2, 1))])
    rgb = np.clip(rgb + rng.normal(0, 14, rgb.shape), 0, 255).astype(np.uint8)
    sector = (around / (2 * np.pi) * 12).astype(int)
    tile = 12 + (np.floor(floor[:, 0] + 1.5) * 3 + np.floor(floor[:, 1] + 1.5)).astype(int)
    return xyz, rgb, np.concatenate([sector, tile])


def show_matrix() -> None:
    """Region and word tokens against each other."""
    n = int(st.query_params.get("big", 60))
    w = st.cache_data(weights)(n, n)
    regions = n - min(24, n // 2)
    names = [f"region {i}" for i in range(regions)] + [SENTENCE[i % len(SENTENCE)] for i in range(n - regions)]
    cuts, limits = ((regions,), (regions,)), scale.sequential(w, label="attention weight")
    blocks = matrix.Blocks(cuts, (("region → region", "region → word"), ("word → region", "word → word")))
    around, axes = Surround("Self-attention, layer 3, head 5"), ("query", "key")
    if "closer" in st.query_params:
        w = w.T if st.checkbox("transposed") else w
        seen = overview.overview(stream([w], w.shape, overview.MOST, cuts), names, names, limits)
        closer = Closer(seen, lambda part: w[part.top : part.bottom, part.left : part.right])
        large = matrix.large(seen, parts=True, blocks=blocks, axes=axes, surround=around)
        st.text(f"cell={mount(large, key='matrix', closer=closer)}")
        return
    view = matrix.matrix(
        w, row_labels=names, column_labels=names, scale=limits, blocks=blocks, surround=around, axes=axes
    )
    st.text(f"cell={mount(view, key='matrix')}")


def show_picture() -> None:
    """Nested and overlapping regions."""
    yy, xx = np.mgrid[0:300, 0:480]
    waves = 110 + 70 * np.sin(xx / 37) * np.cos(yy / 29)
    pixels = np.stack([xx / 2, waves, 230 - yy / 2], -1).clip(0, 255).astype(np.uint8)
    boxes = np.array([[20, 20, 460, 280], [60, 60, 260, 240], [100, 100, 160, 160], [300, 40, 440, 140],
                      [220, 150, 420, 270], [5, 230, 80, 295]], np.float32)  # fmt: skip
    labels = ["room", "sofa <i>red</i>", "dog", "window", "table", "lamp"]
    scores = np.float32([0.02, 0.11, 0.41, 0.08, 0.3, np.nan])
    chosen = token_of(st.session_state.get("picture", {}).get("pick"))
    if chosen is not None:
        scores = np.roll(scores, chosen)
    view = image.regions(
        pixels, boxes, scores, labels=labels, scale=scale.sequential(scores, label="attention weight"),
        marks=image.Marks(masked=(3,), crosses=[[130, 130], [350, 210]]), surround=Surround("Regions", height=340),
    )  # fmt: skip
    st.text(f"region={mount(view, key='picture')}")


def show_words() -> None:
    """Signed scores, a word in HTML, a question from right to left."""
    everything = [*SENTENCE, *ARABIC]
    scores = np.random.default_rng(3).normal(0, 0.2, len(everything)).astype(np.float32)
    scores[4] = np.nan
    groups = ["question"] * len(SENTENCE) + ["in Arabic"] * len(ARABIC)
    signed = scale.diverging(scores, limit=0.4, label="evidence", unit="logits")
    view = words.words(everything, scores, scale=signed, groups=groups, title="Evidence for “sofa”")
    st.text(f"word={mount(view, key='words')}")


def show_cloud() -> None:
    """Distance to the picked point, or scores of segments."""
    n = int(st.query_params.get("n", 20_000))
    xyz, rgb, segments = scene(n)
    segmented = st.toggle("segments")
    key = "cloud-segments" if segmented else "cloud"
    start = time.perf_counter()
    count = int(segments.max()) + 1 if segmented else n
    pick = token_of(st.session_state.get(key, {}).get("pick"))
    if segmented:
        values = np.random.default_rng(pick or 0).random(count).astype(np.float32)
    else:
        values = np.exp(-2 * np.linalg.norm(xyz - xyz[pick or 0], axis=1))
    links = np.stack([np.tile(xyz[pick], (3, 1)), xyz[[0, 1, 2]]], 1) if pick is not None and not segmented else None
    names = [f"segment {i}" for i in range(count)]
    cloud = points.geometry(
        xyz, colours=rgb, segments=segments if segmented else None, labels=names if segmented else None
    )
    view = points.points(
        cloud, values, scale=scale.sequential(values, label="likeness"),
        marks=points.Marks(() if links is None else links), surround=Surround("A ring on a floor"),
    )  # fmt: skip
    assert picked(view, key=key) == view.resolve(pick)
    st.text(f"point={mount(view, key=key)}")
    st.caption(f"{n} points, payload {len(view.payload)} bytes, made in {1000 * (time.perf_counter() - start):.0f} ms")


@st.cache_resource
def sheets() -> points.Geometry:
    """A million points in two level sheets, one above the other, each of sixteen tiles; first those of the upper."""
    rng = np.random.default_rng(0)
    xyz = np.column_stack([rng.uniform(0, 4, (1_000_000, 2)), np.repeat([0.5, 0.0], 500_000)])
    tile = 16 * (xyz[:, 2] == 0) + 4 * xyz[:, 0].astype(int) + xyz[:, 1].astype(int)
    return points.geometry(xyz, segments=tile, labels=[f"tile {i}" for i in range(32)])


def show_million() -> None:
    """As many points as are drawn at most; other scores with every pick."""
    pick = token_of(st.session_state.get("million", {}).get("pick"))
    scores = (np.arange(32) + 7 * (pick or 0)) % 32 / 31
    view = points.points(sheets(), scores, scale=scale.sequential(scores), surround=Surround("Two sheets"))
    st.text(f"tile={mount(view, key='million')}")


GRID = (6, 8)


def show_photos() -> None:
    """Likeness of every patch to the picked one, and a photo that the model is not shown."""
    shown = room()
    made = album(shown.images, GRID, names=[f"frame-{20 * i:06d}.jpg" for i in range(len(shown.images))])
    pick = token_of(st.session_state.get("photos", {}).get("pick")) or 0
    values = np.exp(-((np.arange(len(made)) - pick) ** 2) / 400).astype(np.float32)
    view = photos(
        made, values, scale=scale.sequential(values, label="likeness"), totals=values.reshape(5, -1).sum(1),
        marks=Marks(absent=(4,), numbers=(("1", 10), ("2", 10), ("3", 60)), crosses=((1, 40, 60),)),
        surround=Surround("Photos"),
    )  # fmt: skip
    st.text(f"patch={mount(view, key='photos')}")


def show_room() -> None:
    """Classes on a cloud with cameras, links and signs, and where its camera is."""
    shown = room(int(st.query_params.get("n", 20_000)))
    names = ("floor", "wall", "bed", "cabinet", "table", "chair")
    made = points.geometry(
        shown.xyz, colours=shown.rgb, segments=shown.segments, labels=[f"piece {i}" for i in range(len(shown.middles))]
    )
    kinds = np.zeros(made.tokens)
    kinds[shown.segments] = shown.classes
    ends = shown.middles[[3, 40, 70]]
    marks = points.Marks(
        links=np.stack([np.tile(shown.poses[0, :3, 3], (3, 1)), ends], 1),
        strengths=(1.0, 0.5, 0.1),
        numbers=[(str(i + 1), place) for i, place in enumerate(ends)],
        crosses=[(1.0, 1.2, 0.8)],
        cameras=[(str(i + 1), pose) for i, pose in enumerate(shown.poses)],
    )
    view = points.points(
        made,
        kinds,
        scale=scale.Categories(names, label="class"),
        marks=marks,
        name="room",
        surround=Surround("A room", height=620),
    )
    st.text(f"piece={mount(view, key='room')}")
    kept = st.session_state.setdefault("kept", {})
    camera("room", key="room-eye", kept=kept)
    st.text(f"camera={kept.get('camera')}")


def show_finer() -> None:
    """A cloud coloured by voxel and photos coloured by pixel, both around zero; picks stay pieces and patches."""
    shown = room(8000)
    voxel = np.unique(np.floor(shown.xyz / 0.2).astype(int), axis=0, return_inverse=True)[1].ravel()
    scores = np.sin(np.arange(voxel.max() + 1.0))
    names = [f"piece {i}" for i in range(len(shown.middles))]
    cloud = points.geometry(shown.xyz, colours=shown.rgb, segments=shown.segments, labels=names)
    sums, bar = np.arange(cloud.tokens) / 100, scale.diverging(scores, limit=0.8, label="share")
    view = points.points(
        cloud, sums, scale=bar, finer=Finer("voxel", scores, of_point=voxel), surround=Surround("Voxels")
    )
    st.text(f"piece={mount(view, key='finer')}")
    made = album(shown.images, GRID, names=[f"photo {i}" for i in range(len(shown.images))])
    ramp = np.tile(np.linspace(-1, 1, 96 * 128).reshape(96, 128), (5, 1, 1))
    ramp[3:] = np.nan
    each = np.nansum(ramp.reshape(5, 6, 16, 8, 16), (2, 4)).reshape(-1)
    pixels = Finer("pixel", ramp.reshape(-1), size=(96, 128))
    view = photos(made, each, scale=scale.diverging(ramp, label="share"), finer=pixels, surround=Surround("Pixels"))
    st.text(f"patch={mount(view, key='finer-photos')}")


st.set_page_config(layout="wide", page_title="Gallery")
PARTS = {
    "matrix": show_matrix, "picture": show_picture, "words": show_words, "cloud": show_cloud, "photos": show_photos,
    "room": show_room, "finer": show_finer, "million": show_million,
}  # fmt: skip
ready()
only = st.query_params.get("only")
st.session_state.runs = st.session_state.get("runs", 0) + 1
if only is None or only == "runs":
    st.button("rerun")
for name, show in PARTS.items():
    if only == name or (only is None and name != "million"):
        show()
st.text(f"runs={st.session_state.runs}")
