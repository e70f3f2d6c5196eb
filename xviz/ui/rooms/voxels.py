"""What voxels and pixels owe to the class, on the page of rooms: asked photo by photo, kept, and said in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from xviz.core.explanation import Explanation
from xviz.core.run import Run, Target
from xviz.draw import scale
from xviz.drawings.view import Finer
from xviz.explain import voxels as finer
from xviz.explain.voxels import Reading, Traced
from xviz.models.voxels import Grains, grains
from xviz.ui import cache, page
from xviz.ui.rooms.sample import Opened
from xviz.ui.state import Selection

GRAINS = {"tokens": "supervoxels and patches", "grains": "voxels and pixels"}
ALL = "all that they say"
SAYS = {"colour": "colour", "height": "height", "upright": "surface (upright or level)", "there": "being there"}
WORDS = {
    "integrated": "How the difference is shared out among what voxels and pixels say; it depends on the baseline. "
    "First tokens share it, then each network's share goes on to what it read.",
    "gradient": "How the log-odds would change, to first order, if what a voxel or a pixel says moved to the baseline; "
    "far from linear networks this can have the wrong size and even the wrong sign.",
}
QUICK = ("gradient",)  #: methods that are asked without a button
WITHIN = 0.995  #: of scores that are not zero lie within the limits of the colours; the rest are counted and said
PAIR, VOXEL, PHOTO = 1.2e-7, 1e-5, 0.08  #: seconds of one point, for each pair of tokens, voxel and photo, on one core


@dataclass(frozen=True, eq=False)
class Grained:
    """An answer in voxels and pixels, as far as it is known."""

    run: Run
    grains: Grains
    reading: Reading
    voxels: Traced
    photos: Mapping[int, Traced]  #: those that were followed
    says: str  #: what of the voxels is shown: ``ALL`` or a key of ``SAYS``

    @cached_property
    def found(self) -> tuple[Explanation, Explanation]:
        """Voxels and pixels, and their sums over supervoxels and patches."""
        return finer.collect(self.run, self.grains, self.reading, self.voxels, self.photos)

    @cached_property
    def parts(self) -> dict[str, NDArray[np.float64]]:
        """What a voxel says → (voxels,) what that owes."""
        return finer.by_name(self.grains, self.voxels)

    @property
    def of_voxels(self) -> NDArray[np.float64]:
        """(voxels,) what is shown of them."""
        return self.found[0].scores["voxels"] if self.says == ALL else self.parts[self.says]

    @cached_property
    def of_pixels(self) -> NDArray[np.float64]:
        """(photos, height, width) what pixels owe; NaN beside photos and in those that were not followed."""
        scores = self.found[0].scores["pixels"].reshape(len(self.grains.pictures), *self.grains.pixels.grid)
        known = self.grains.inside.numpy() & np.isin(np.arange(len(scores)), list(self.photos))[:, None, None]
        return np.where(known, scores, np.nan)

    def drawn(self) -> Explanation:
        """Voxels and pixels as they are drawn; zero where nothing is known."""
        scores = {"voxels": self.of_voxels, "pixels": np.nan_to_num(self.of_pixels.reshape(-1))}
        return replace(self.found[0], scores=scores, provenance=self.found[0].provenance.but(voxels=self.says))

    def limits(self) -> tuple[float | None, float | None]:
        """The magnitudes that the colours of voxels and of pixels reach."""
        return _limit(self.of_voxels), _limit(self.of_pixels)

    def arrays(self) -> dict[str, NDArray]:
        """What a bundle keeps of them."""
        return {
            "voxel_of_point": self.grains.voxels.of_point, "voxel_middles": self.grains.voxels.middles,
            "voxel_scores": self.voxels.scores, "voxel_says": np.array(self.grains.said),
            "pixel_scores": self.of_pixels,
        }  # fmt: skip

    def scales(self) -> tuple[scale.Scale, scale.Scale]:
        """Of voxels and of pixels, each around zero; a few of the largest lie beyond the limits."""
        unit = self.reading.method.unit
        shown = ((self.of_voxels, "voxel"), (self.of_pixels, "pixel"))
        return tuple(scale.diverging(s, limit=_limit(s), label=f"per {name}: {unit}") for s, name in shown)  # type: ignore[return-value]

    def finer(self) -> tuple[Finer, Finer]:
        """The scores as the cloud and the photos draw them."""
        return (
            Finer("voxel", self.of_voxels, of_point=self.grains.voxels.of_point),
            Finer("pixel", self.of_pixels.reshape(-1), size=self.grains.pixels.grid),
        )


def _limit(scores: NDArray[np.float64]) -> float | None:
    """The magnitude that most scores stay within; None where there are none."""
    sizes = np.abs(scores[np.isfinite(scores) & (scores != 0)])
    return float(np.quantile(sizes, WITHIN)) if len(sizes) else None


def choose(opened: Opened, method: str) -> str | None:
    """What of voxels is shown where voxels and pixels are asked for; None where tokens are.

    Methods that cannot be asked for voxels have no choice.
    """
    if method not in finer.METHODS:
        return None
    chosen = st.selectbox(
        "Scores of", list(GRAINS), format_func=GRAINS.__getitem__, key="grain", bind="query-params", width=220,
        help="Attention reads supervoxels and patches; the networks before it read voxels and pixels.",
    )  # fmt: skip
    if chosen != "grains":
        return None
    return st.selectbox(
        "Voxels show", [ALL, *opened.card.settings.sees], format_func=lambda k: SAYS.get(k, k), key="voxel part",
        width=230, help="A voxel says its colour, its height, whether its surface is upright, and that it is there.",
    )  # fmt: skip


def answer(opened: Opened, picked: Selection, method: str, says: str) -> Grained | None:
    """The answer as far as it is known; a button asks for it, and for the photos that are missing."""
    made = _grains(opened.sample.digest, opened.card.key, opened)
    known = partial(_known, opened, method)
    missing = _missing(opened, picked, method, known("reading"))
    if missing or known("voxels") is None:
        words = "Follow the other photos" if known("voxels") else f"Compute {finer.METHODS[method].title} of voxels"
        place = st.empty()
        if method in QUICK or place.button(words, key="grains compute", icon=":material/play_arrow:"):
            with page.progress(finer.METHODS[method].title) as move:
                _compute(opened, made, picked, method, move)
            place.empty()
        else:
            st.caption(_takes(made, len(missing), known("voxels") is None))
    reading, voxels = known("reading"), known("voxels")
    if reading is None or voxels is None:
        return None
    photos = {i: one for i in range(len(made.pictures)) if (one := known(i)) is not None}
    return Grained(opened.run, made, reading, voxels, photos, says)


def _known(opened: Opened, method: str, what: str | int):
    """A part of the answer, if it was computed before."""
    return cache.part(opened.run, ("grains", method, opened.output, what))


def _missing(opened: Opened, picked: Selection, method: str, reading: Reading | None) -> tuple[int, ...]:
    """Photos that were not followed yet: that of the picked patch first, then by what their patches owe."""
    count = len(opened.views.names)
    owed = np.zeros(count) if reading is None else np.abs(reading.owed["patches"].reshape(count, -1).sum(1))
    order = [int(i) for i in np.argsort(-owed, kind="stable")]
    if picked.space == "patch":
        order.insert(0, opened.patches.place(picked.token)[0])
    return tuple(i for i in dict.fromkeys(order) if i not in opened.gone and _known(opened, method, i) is None)


def _compute(opened: Opened, made: Grains, picked: Selection, method: str, move: page.Progress) -> None:
    """All that is missing, one part after the other; what is done is kept when the work is stopped."""
    loaded, many = cache.load(opened.card.key), method == "integrated"
    costs = _costs(made) if many else dict.fromkeys(("reading", "voxels", "photo"), 1.0)
    total, done = costs["reading"] + costs["voxels"] + costs["photo"] * len(made.pictures), 0.0

    def part(what: str | int, cost: float, make):
        nonlocal done

        def told(share: float, words: str) -> None:
            move(min(1.0, (done + share * cost) / total), words)

        found = cache.part(opened.run, ("grains", method, opened.output, what), partial(make, progress=told))
        done += cost
        return found

    reading = part(
        "reading", costs["reading"], partial(finer.read, loaded, opened.run, made, Target(opened.output), method)
    )
    part("voxels", costs["voxels"], partial(finer.trace_voxels, loaded, made, reading))
    for number in _missing(opened, picked, method, reading):
        part(number, costs["photo"], partial(finer.trace_photo, loaded, made, reading, number))


def _costs(made: Grains) -> dict[str, float]:
    """Seconds of integrated gradients on one core, roughly."""
    tokens, steps = len(made.places) + len(made.patches), finer.STEPS
    return {
        "reading": steps["tokens"] * (0.01 + PAIR * tokens**2),
        "voxels": steps["voxels"] * VOXEL * len(made.voxels),
        "photo": steps["photo"] * PHOTO,
    }


@st.cache_resource(max_entries=2, show_spinner="Finding voxels and pixels …")
def _grains(digest: str, key: str, _scan: Opened) -> Grains:
    return grains(_scan.sample, _scan.card.settings)


# Saying


def _takes(made: Grains, photos: int, all_of_it: bool) -> str:
    """How long it takes, for people."""
    costs = _costs(made)
    before, each = costs["reading"] + costs["voxels"], costs["photo"]
    seconds = (before if all_of_it else 0) + photos * each
    return (
        f"About {_rounded(seconds)} s on one core: {photos} photo{'s' * (photos != 1)} of {_rounded(each)} s each"
        + (f", and {_rounded(before)} s for tokens and voxels before them" if all_of_it else "")
        + ". The photo of the picked patch comes first. Cancel keeps what is done."
    )


def _rounded(seconds: float) -> int:
    return max(1, round(seconds, -1 if seconds > 20 else None))


def say(opened: Opened, shown: Grained) -> None:
    """What the sums are, and how far they miss what they should be."""
    reading, number, signed = shown.reading, scale.number, lambda v: scale.signed(v, ".3g")
    owed = {name: float(part.sum()) for name, part in reading.owed.items()}
    missed = float(sum(abs(one.gap) for one in shown.photos.values()))
    said = ", ".join(f"{SAYS[name]} {signed(float(part.sum()))}" for name, part in shown.parts.items())
    lead = (
        f"**{opened.output}**: log-odds {number(reading.value)} here, {number(reading.plain)} at the baseline, which "
        f"is voxels that say nothing and grey photos; difference {signed(reading.value - reading.plain)}."
    )
    if reading.method.key == "gradient":
        st.markdown(
            f"{lead} To first order voxels make {signed(float(shown.voxels.scores.sum()))} of it ({said}), "
            f"{_photos(shown)} {signed(float(np.nansum(shown.of_pixels)))}. A slope promises no sum."
        )
    else:
        st.markdown(
            f"{lead} Supervoxels owe {signed(owed['supervoxels'])}, patches {signed(owed['patches'])}; the sum misses "
            f"the difference by {number(abs(reading.gap))}. Followed to voxels: {said}; missing "
            f"{number(abs(shown.voxels.gap))}. Followed to pixels of {_photos(shown)}: "
            f"{signed(float(np.nansum(shown.of_pixels)))}, missing {number(missed)} in all."
        )
    st.caption(WORDS[reading.method.key])
    st.caption(
        f"Colours of voxels and of pixels have limits of their own, which {WITHIN:.1%} of the scores stay within; "
        "those beyond are counted beside the bar. A pixel is one of the photo as the network reads it, "
        f"{shown.grains.pixels.grid[1]} × {shown.grains.pixels.grid[0]} with its frame. Where voxels are, and where "
        "supervoxels lie, is no number that is explained here. Single pixels say little: they cancel each other, their "
        f"magnitudes sum to {scale.number(float(np.nansum(np.abs(shown.of_pixels))))}."
    )
    if opened.cloud.rgb is None:
        st.caption("This cloud has no colours: its voxels are as grey as the baseline's, so that colour owes nothing.")


def _photos(shown: Grained) -> str:
    """How many photos were followed, for people."""
    return f"{len(shown.photos)} of {len(shown.grains.pictures)} photos"
