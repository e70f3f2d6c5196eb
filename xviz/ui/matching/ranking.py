"""The shipped captions ranked for a picture, and the shipped pictures ranked for a sentence."""

from __future__ import annotations

import base64
import io

import numpy as np
import streamlit as st
from PIL import Image

from xviz.core.sample import Sample
from xviz.data.shipped import load_sample, samples
from xviz.data.text import read_text
from xviz.ui import cache, page
from xviz.ui.matching.sample import Opened

Scored = tuple[str, dict[str, float]]


@st.fragment
def show(opened: Opened) -> None:
    """Both rankings, side by side."""
    st.subheader("Ranking")
    listed = samples(opened.card.key)
    st.caption(
        f"The {sum(len(shipped.sentences) for shipped in listed)} shipped captions for this picture, and the "
        f"{len(listed)} shipped pictures for this sentence, by the score at the chosen α."
    )
    place = f"ranking {opened.place}"
    if not opened.choices.recall(place) and not st.button("Rank", icon=":material/sort:", key="match.rank"):
        return
    alpha = float(opened.run.inputs.context["alpha"])
    with page.told():
        with page.progress("Ranking") as move:
            sentences, pictures = captions(opened, alpha, move), pictures_for(opened, alpha, move)
        opened.choices.remember(place, True)
        _show(opened, sentences, pictures)


def _show(opened: Opened, sentences: list[Scored], pictures: list[Scored]) -> None:
    """Two tables."""
    left, right = st.columns(2, gap="medium")
    with left:
        _table("Caption", sentences, opened.run.outputs["score"], "this sentence")
    with right:
        thumbs = {shipped.name: thumbnail(shipped.name) for shipped in samples(opened.card.key)}
        titles = {shipped.name: shipped.title for shipped in samples(opened.card.key)}
        _table(
            "Picture",
            [(titles[key], found) for key, found in pictures],
            opened.run.outputs["score"],
            "this picture",
            images=[thumbs[key] for key, _ in pictures],
        )


def captions(opened: Opened, alpha: float, move: page.Progress) -> list[Scored]:
    """Every shipped caption with its outputs for the scene's picture, best first."""
    found = []
    for number, shipped in enumerate(samples(opened.card.key)):
        move(0.8 * number / len(samples(opened.card.key)), "captions")
        for sentence in shipped.sentences:
            sample = Sample("ranking", {**opened.sample.parts, "text": read_text(sentence)})
            found.append((sentence, _outputs(opened, sample, alpha)))
    return sorted(found, key=lambda pair: -pair[1]["score"])


def pictures_for(opened: Opened, alpha: float, move: page.Progress) -> list[Scored]:
    """Every shipped picture with its outputs for the scene's sentence, best first."""
    text = opened.sample.parts["text"]
    found = []
    for number, shipped in enumerate(samples(opened.card.key)):
        move(0.8 + 0.2 * number / len(samples(opened.card.key)), "pictures")
        sample = Sample("ranking", {**shipped.load().parts, "text": text})
        found.append((shipped.name, _outputs(opened, sample, alpha)))
    return sorted(found, key=lambda pair: -pair[1]["score"])


def _outputs(opened: Opened, sample: Sample, alpha: float) -> dict[str, float]:
    """The outputs for one pair; only α is applied anew."""
    parts_ = cache.outputs(opened.card.key, sample)
    return {**parts_, "score": parts_["alone"] + alpha * parts_["joint"]}


def _table(what: str, rows: list[Scored], own: float, own_name: str, images: list[str] | None = None) -> None:
    """One ranking as a table, with the place that the pair on the screen would take."""
    place = 1 + sum(found["score"] > own + 1e-6 for _, found in rows)
    columns: dict[str, list[object]] = {"place": list(range(1, len(rows) + 1))}
    if images is not None:
        columns[" "] = list(images)
    columns |= {
        what: [name for name, _ in rows],
        "score": [found["score"] for _, found in rows],
        "self": [found["alone"] for _, found in rows],
        "cross": [found["joint"] for _, found in rows],
    }
    number = st.column_config.NumberColumn(format="%.3f", width="small")
    st.dataframe(
        columns,
        hide_index=True,
        height=320,
        row_height=64 if images else None,
        column_config={
            "place": st.column_config.NumberColumn(width="small"),
            " ": st.column_config.ImageColumn(width="small"),
            what: st.column_config.TextColumn(width="large"),
            **dict.fromkeys(("score", "self", "cross"), number),
        },
    )
    st.caption(f"With a score of {own:.3f}, {own_name} would take place {place} of {len(rows) + 1}.")


@st.cache_data(max_entries=256, show_spinner=False)
def thumbnail(key: str) -> str:
    """A shipped picture as a small data address."""
    image = Image.fromarray(np.asarray(load_sample(key).parts["picture"].pixels))  # type: ignore[union-attr]
    image.thumbnail((128, 96))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
