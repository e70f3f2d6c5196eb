"""Scores of voxels and pixels on the page of rooms: computed photo by photo, kept, and summed up in numbers."""

from __future__ import annotations

from functools import partial

import numpy as np
import streamlit as st

from xviz.core.run import Target
from xviz.draw import scale
from xviz.explain import voxels as finer
from xviz.explain.voxels import Reading
from xviz.models.voxels import VoxelsAndPixels, voxels_and_pixels
from xviz.plates.grains import ALL, WITHIN, FineScores
from xviz.ui import cache, page
from xviz.ui.rooms.sample import Opened
from xviz.ui.state import Selection

GRAINS = {"tokens": "supervoxels and patches", "grains": "voxels and pixels"}
FEATURES = {"colour": "colour", "height": "height", "upright": "surface orientation", "there": "occupancy"}
WORDS = {
    "integrated": "Integrated gradients attribute the difference from the baseline first to tokens, then from each "
    "token to the voxels or pixels that it was computed from. The result depends on the baseline.",
    "gradient": "First-order change of the log-odds if a voxel or a pixel moved to the baseline. Networks are not "
    "linear, so size and even sign can be wrong. First-order terms need not add up.",
}
QUICK = ("gradient",)  #: methods that need no button
PAIR, VOXEL, PHOTO = 1.2e-7, 1e-5, 0.08  #: seconds of one point, for each pair of tokens, voxel and photo, on one core


def choose(opened: Opened, method: str) -> str | None:
    """The voxel feature that is shown where scores are of voxels and pixels; None where they are of tokens.

    Methods that give no scores of voxels have no choice.
    """
    if method not in finer.METHODS:
        return None
    chosen = st.selectbox(
        "Scores of", list(GRAINS), format_func=GRAINS.__getitem__, key="grain", bind="query-params", width=220,
        help="Attention is among supervoxels and patches; networks compute these from voxels and pixels.",
    )  # fmt: skip
    if chosen != "grains":
        return None
    return st.selectbox(
        "Voxel feature", [ALL, *opened.card.settings.sees], format_func=lambda k: FEATURES.get(k, k),
        key="voxel part", width=230, help="Voxel features: colour, height, surface orientation, occupancy.",
    )  # fmt: skip


def explain(opened: Opened, picked: Selection, method: str, feature: str) -> FineScores | None:
    """The scores as far as they are known; a button computes them, and those of photos that are missing."""
    parts = _source(opened.sample.digest, opened.card.key, opened)
    known = partial(_known, opened, method)
    missing = _missing(opened, picked, method, known("reading"))
    if missing or known("voxels") is None:
        words = "Compute the other photos" if known("voxels") else f"Compute {finer.METHODS[method].title} of voxels"
        placeholder = st.empty()
        if method in QUICK or placeholder.button(words, key="grains compute", icon=":material/play_arrow:"):
            with page.progress(finer.METHODS[method].title) as move:
                _compute(opened, parts, picked, method, move)
            placeholder.empty()
        else:
            st.caption(_takes(parts, len(missing), known("voxels") is None))
    reading, voxels = known("reading"), known("voxels")
    if reading is None or voxels is None:
        return None
    photos = {i: traced for i in range(len(parts.pictures)) if (traced := known(i)) is not None}
    return FineScores(opened.run, parts, reading, voxels, photos, feature)


def _known(opened: Opened, method: str, key: str | int):
    """A part of the scores, if it was computed before."""
    return cache.part(opened.run, ("grains", method, opened.output, key))


def _missing(opened: Opened, picked: Selection, method: str, reading: Reading | None) -> tuple[int, ...]:
    """Photos not computed yet: that of the picked patch first, then by what is attributed to their patches."""
    count = len(opened.views.names)
    owed = np.zeros(count) if reading is None else np.abs(reading.owed["patches"].reshape(count, -1).sum(1))
    order = [int(i) for i in np.argsort(-owed, kind="stable")]
    if picked.space == "patch":
        order.insert(0, opened.patches.place(picked.token)[0])
    return tuple(i for i in dict.fromkeys(order) if i not in opened.gone and _known(opened, method, i) is None)


def _compute(opened: Opened, parts: VoxelsAndPixels, picked: Selection, method: str, move: page.Progress) -> None:
    """All that is missing, one part after the other; what is done is kept when the work is stopped."""
    loaded, integrated = cache.load(opened.card.key), method == "integrated"
    costs = _costs(parts) if integrated else dict.fromkeys(("reading", "voxels", "photo"), 1.0)
    total, done = costs["reading"] + costs["voxels"] + costs["photo"] * len(parts.pictures), 0.0

    def part(key: str | int, cost: float, make):
        nonlocal done

        def report(share: float, words: str) -> None:
            move(min(1.0, (done + share * cost) / total), words)

        computed = cache.part(opened.run, ("grains", method, opened.output, key), partial(make, progress=report))
        done += cost
        return computed

    reading = part(
        "reading", costs["reading"], partial(finer.read, loaded, opened.run, parts, Target(opened.output), method)
    )
    part("voxels", costs["voxels"], partial(finer.trace_voxels, loaded, parts, reading))
    for number in _missing(opened, picked, method, reading):
        part(number, costs["photo"], partial(finer.trace_photo, loaded, parts, reading, number))


def _costs(parts: VoxelsAndPixels) -> dict[str, float]:
    """Seconds of integrated gradients on one core, roughly."""
    tokens, steps = len(parts.places) + len(parts.patches), finer.STEPS
    return {
        "reading": steps["tokens"] * (0.01 + PAIR * tokens**2),
        "voxels": steps["voxels"] * VOXEL * len(parts.voxels),
        "photo": steps["photo"] * PHOTO,
    }


@st.cache_resource(max_entries=2, show_spinner="Finding voxels and pixels …")
def _source(digest: str, key: str, _scan: Opened) -> VoxelsAndPixels:
    return voxels_and_pixels(_scan.sample, _scan.card.settings)


# Below the drawings


def _takes(parts: VoxelsAndPixels, photos: int, all_of_it: bool) -> str:
    """How long it takes, for people."""
    costs = _costs(parts)
    before, each = costs["reading"] + costs["voxels"], costs["photo"]
    seconds = (before if all_of_it else 0) + photos * each
    return (
        f"About {_rounded(seconds)} s on one core: {photos} photo{'s' * (photos != 1)}, {_rounded(each)} s each"
        + (f", and {_rounded(before)} s for tokens and voxels before them" if all_of_it else "")
        + ". The photo of the picked patch comes first. Cancel keeps what has been computed."
    )


def _rounded(seconds: float) -> int:
    return max(1, round(seconds, -1 if seconds > 20 else None))


def summary(opened: Opened, fine: FineScores) -> None:
    """The sums, and how far they are from what they should be."""
    reading, number, signed = fine.reading, scale.number, lambda v: scale.signed(v, ".3g")
    by_space = {name: float(scores.sum()) for name, scores in reading.owed.items()}
    by_feature = ", ".join(f"{FEATURES[name]} {signed(float(scores.sum()))}" for name, scores in fine.parts.items())
    pixels = signed(float(np.nansum(fine.of_pixels)))
    lead = (
        f"**{opened.output}**: log-odds {number(reading.value)}, {number(reading.plain)} at the baseline (neutral "
        f"voxels, grey photos); difference {signed(reading.value - reading.plain)}."
    )
    if reading.method.key == "gradient":
        st.markdown(
            f"{lead} First-order terms: voxels {signed(float(fine.voxels.scores.sum()))} ({by_feature}), pixels of "
            f"{_photos(fine)} {pixels}."
        )
    else:
        gap = float(sum(abs(traced.gap) for traced in fine.photos.values()))
        st.markdown(
            f"{lead} Attributed to supervoxels {signed(by_space['supervoxels'])}, to patches "
            f"{signed(by_space['patches'])}; completeness gap {number(abs(reading.gap))}. To voxels: {by_feature}; gap "
            f"{number(abs(fine.voxels.gap))}. To pixels of {_photos(fine)}: {pixels}; gap {number(gap)} in all."
        )
    st.caption(
        f"Colour limits hold {WITHIN:.1%} of the scores; those beyond are counted beside the bar.",
        help=f"{WORDS[reading.method.key]} Voxels and pixels have limits of their own. Pixels are those of the photo "
        f"as the network reads it, {fine.source.pixels.grid[1]} × {fine.source.pixels.grid[0]} with its frame; single "
        "ones largely cancel, and their magnitudes sum to "
        f"{number(float(np.nansum(np.abs(fine.of_pixels))))}. Positions of voxels and supervoxels are not explained.",
    )
    if opened.cloud.rgb is None:
        st.caption("This cloud has no colours, so its voxels are as grey as the baseline and colour gets a score of 0.")


def _photos(fine: FineScores) -> str:
    """How many photos were computed, in words."""
    count = len(fine.source.pictures)
    return f"{len(fine.photos)} of {count} photo{'s' * (count != 1)}"
