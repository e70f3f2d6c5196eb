"""The example captions ranked for a picture, and the example pictures ranked for a sentence."""

from __future__ import annotations

import base64
import io

import streamlit as st
from PIL import Image

from xviz.core.sample import Picture, Sample
from xviz.data.shipped import load_sample, samples
from xviz.data.text import read_text
from xviz.ui import cache, page
from xviz.ui.matching.sample import Opened

Scored = tuple[str, dict[str, float]]


@st.fragment
def show(opened: Opened) -> None:
    """Both rankings, side by side."""
    listed = samples(opened.card.key)
    st.caption(
        f"Ranks the {sum(len(shipped.sentences) for shipped in listed)} example captions for this picture, and the "
        f"{len(listed)} example pictures for this sentence, by the score at the chosen α."
    )
    alpha, begun = float(opened.run.inputs.context["alpha"]), f"ranked {opened.place}"
    key = f"ranking {opened.place} {alpha:g}"
    if not opened.choices.recall(begun) and not st.button("Rank", icon=":material/sort:", key="match.rank"):
        return
    with page.told():
        if (rankings := opened.choices.recall(key)) is None:
            with page.progress("Ranking") as move:
                rankings = captions(opened, alpha, move), pictures_for(opened, alpha, move)
            opened.choices.remember(key, rankings)
        opened.choices.remember(begun, True)
        _show(opened, *rankings)


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
            [(titles[key], outputs) for key, outputs in pictures],
            opened.run.outputs["score"],
            "this picture",
            images=[thumbs[key] for key, _ in pictures],
        )


def captions(opened: Opened, alpha: float, move: page.Progress) -> list[Scored]:
    """Every shipped caption with its outputs for the picture, best first."""
    scored = []
    for number, shipped in enumerate(samples(opened.card.key)):
        move(0.8 * number / len(samples(opened.card.key)), "captions")
        for sentence in shipped.sentences:
            sample = Sample("ranking", {**opened.sample.parts, "text": read_text(sentence)})
            scored.append((sentence, _outputs(opened, sample, alpha)))
    return sorted(scored, key=lambda pair: -pair[1]["score"])


def pictures_for(opened: Opened, alpha: float, move: page.Progress) -> list[Scored]:
    """Every shipped picture with its outputs for the sentence, best first."""
    text = opened.sample.parts["text"]
    scored = []
    for number, shipped in enumerate(samples(opened.card.key)):
        move(0.8 + 0.2 * number / len(samples(opened.card.key)), "pictures")
        sample = Sample("ranking", {**shipped.load().parts, "text": text})
        scored.append((shipped.name, _outputs(opened, sample, alpha)))
    return sorted(scored, key=lambda pair: -pair[1]["score"])


def _outputs(opened: Opened, sample: Sample, alpha: float) -> dict[str, float]:
    """The outputs for one pair; only α is applied anew."""
    terms = cache.outputs(opened.card.key, sample)
    return {**terms, "score": terms["alone"] + alpha * terms["joint"]}


def _table(subject: str, rows: list[Scored], own: float, own_name: str, images: list[str] | None = None) -> None:
    """One ranking as a table, with the rank that the pair on the screen would have."""
    rank = 1 + sum(outputs["score"] > own + 1e-6 for _, outputs in rows)
    columns: dict[str, list[object]] = {"rank": list(range(1, len(rows) + 1))}
    if images is not None:
        columns[" "] = list(images)
    columns |= {
        subject: [name for name, _ in rows],
        "score": [outputs["score"] for _, outputs in rows],
        "self-attention": [outputs["alone"] for _, outputs in rows],
        "cross-attention": [outputs["joint"] for _, outputs in rows],
    }
    number = st.column_config.NumberColumn(format="%.3f", width="small")
    st.dataframe(
        columns,
        hide_index=True,
        height=320,
        row_height=64 if images else None,
        column_config={
            "rank": st.column_config.NumberColumn(width="small"),
            " ": st.column_config.ImageColumn(width="small"),
            subject: st.column_config.TextColumn(width="large"),
            **dict.fromkeys(("score", "self-attention", "cross-attention"), number),
        },
    )
    st.caption(f"With a score of {own:.3f}, {own_name} would rank {rank} of {len(rows) + 1}.")


@st.cache_data(max_entries=256, show_spinner=False)
def thumbnail(key: str) -> str:
    """A shipped picture as a small data address."""
    image = Image.fromarray(load_sample(key).part("picture", Picture).pixels)
    image.thumbnail((128, 96))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
