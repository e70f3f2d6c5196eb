"""``xviz.show``: one page with both sides of every attention, which reaches nothing outside and hides no names."""

from __future__ import annotations

import base64
import html
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import xviz
from xviz import engine, linked
from xviz.core.cells import Cells
from xviz.core.errors import ModelError, XvizError
from xviz.core.run import Target
from xviz.core.sample import BIOSEMI32
from xviz.draw.scalp import field, flat
from xviz.drawings.payload import unpack
from xviz.explain import METHODS

TAGS = {"html", "head", "meta", "title", "style", "body", "h1", "p", "form", "main", "footer", "script"}
EVIL = "</script><img src=x onerror=alert(1)>"
BOXES = np.array([[0, 0, 8, 8], [4, 4, 16, 16], [8, 0, 16, 8]], np.float32)
AROUND = np.random.default_rng(0).standard_normal((12, 3))
HEAD = (0.09 * AROUND / np.linalg.norm(AROUND, axis=1, keepdims=True)).astype(np.float32)
SPACES: dict[str, xviz.core.tokens.TokenSpace] = {
    "words": xviz.Pieces("words", ("a", "do", "##g", "."), np.array([0, 1, 1, 2]), ("a", "dog", ".", "beyond")),
    "regions": xviz.Boxes("regions", BOXES, (16, 16)),
    "patches": xviz.PatchGrid("patches", ("picture",), (2, 3)),
    "photos": xviz.PatchGrid("photos", ("one.jpg", "two.jpg"), (2, 2)),
    "cells": Cells.spectrogram("cells", (2, 4), seconds=(0, 1), hertz=(0, 100, 900)),
    "steps": xviz.Steps("steps", 7, rate=7.0, channels=("loudness", "pitch")),
    "frames": xviz.Frames("frames", 3, rate=2.0),
    "electrodes": xviz.Electrodes("electrodes", BIOSEMI32[:12], HEAD),
    "points": xviz.Segments("points", np.array([0, 0, 1, 2, -1]), np.eye(3, dtype=np.float32)),
    "names": xviz.Named("names", (EVIL, "two")),
}
PICTURE = np.random.default_rng(0).integers(0, 255, (16, 16, 3), np.uint8)
CLOUD = np.random.default_rng(1).random((5, 3)).astype(np.float32)
SAMPLE = xviz.Sample(
    "all kinds",
    {
        "picture": xviz.Picture(PICTURE), "photos": xviz.Photos((PICTURE, PICTURE), ("one.jpg", "two.jpg")),
        "steps": xviz.Series(np.random.default_rng(2).random((2, 21)).astype(np.float32), ("loudness", "pitch"), 21.0),
        "cloud": xviz.PointCloud(CLOUD),
    },
)  # fmt: skip


class Tags(HTMLParser):
    """All tags and attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += attrs


class Crossed(nn.Module):
    """One space asks another."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, asks: torch.Tensor, answers: torch.Tensor) -> torch.Tensor:
        return (asks + self.attention(asks, answers, answers)[0]).sum((1, 2))


def session(asks: xviz.core.tokens.TokenSpace, answers: xviz.core.tokens.TokenSpace) -> engine.Session:
    torch.manual_seed(0)
    both = {asks.name: asks, answers.name: answers}
    spec = xviz.Spec(
        title=f"Crossed {EVIL}", outputs={"sum": "of all"}, attention={"*": (asks.name, answers.name)},
        read=lambda _: xviz.Inputs.of(
            asks, answers, tokens={name: torch.randn(len(space), 8) for name, space in both.items()}
        ),
        call=lambda model, tokens, *_: {"sum": model(tokens[asks.name], tokens[answers.name])},
    )  # fmt: skip
    loaded = engine.wrap(Crossed().eval(), spec)
    return engine.Session(loaded, SAMPLE, engine.run(loaded, SAMPLE))


def content(page: str, name: str) -> tuple[dict, dict[str, np.ndarray]]:
    block = re.search(rf'<script type="application/octet-stream" id="{name}">(.*?)</script>', page, re.DOTALL)
    return unpack(base64.b64decode(block[1]))


PAIRS = [*pairwise([*SPACES, "words"]), ("regions", "words"), ("names", "electrodes"), ("words", "words")]


@pytest.mark.parametrize(("asks", "answers"), PAIRS)
def test_every_pair_of_spaces_has_a_page_that_reaches_nothing_outside(asks: str, answers: str) -> None:
    asked = session(SPACES[asks], SPACES[answers])
    assert xviz.show(asked.run).notes == ()  # without the sample, on what the model was fed or by names
    shown = xviz.show(asked)
    tags = Tags(shown.page)
    assert set(tags.names) <= TAGS
    assert not [name for name, _ in tags.attributes if name.startswith("on") or name in ("src", "href")]
    assert not re.search(r"@import|url\(|fetch\(|XMLHttp|WebSocket|import\(|https?://", shown.page)
    assert "default-src 'none'" in shown.page
    frame = Tags(shown._repr_html_())
    assert frame.names == ["iframe"]
    assert dict(frame.attributes)["srcdoc"] == shown.page
    index, _ = content(shown.page, "index")
    assert {panel["name"] for panel in index["panels"]} == {asks, answers}


def test_rows_in_the_page_are_those_of_the_run_to_half_a_step() -> None:
    asked = session(SPACES["regions"], SPACES["words"])
    index, arrays = content(xviz.show(asked.run).page, "index")
    (call,) = index["calls"]
    assert (call["queries"], call["keys"], call["heads"]) == (["regions"], ["words"], 2)
    rows = asked.run.calls[0].rows().numpy()
    for head, want in ((-1, rows.mean(0)), (0, rows[0]), (1, rows[1])):
        most = arrays[f"c0h{head}most"]
        levels_back = arrays[f"c0h{head}"].reshape(3, 4) / 255 * most[:, None]
        np.testing.assert_allclose(most, want.max(1), rtol=1e-6)
        assert (np.abs(levels_back - want) <= most[:, None] / 510 + 1e-7).all()


def test_what_does_not_fit_is_left_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = session(SPACES["steps"], SPACES["words"])  # 28 weights, 2 heads
    monkeypatch.setattr(linked, "MOST", 60)
    assert "The mean of all heads alone" in xviz.show(asked).notes[0]
    index, arrays = content(xviz.show(asked).page, "index")
    assert index["calls"][0]["heads"] == 0
    assert "c0h0" not in arrays
    monkeypatch.setattr(linked, "MOST", 20)
    shown = xviz.show(asked)
    assert "Left out" in shown.notes[0]
    assert html.escape(shown.notes[0]) in shown.page


def test_the_field_between_electrodes_is_that_of_their_scores() -> None:
    """The page weighs the fields of single electrodes; here against the interpolation of the scores themselves."""
    _, arrays = content(xviz.show(session(SPACES["electrodes"], SPACES["names"])).page, "index")
    scores = np.random.default_rng(3).random(12)
    want = field(flat(HEAD), scores, cells=linked.CELLS, reach=1.3)
    painted = (scores[:, None] * arrays["field0"].reshape(12, -1)).sum(0).reshape(want.shape)
    assert (np.isnan(painted) == np.isnan(want)).all()
    assert np.nanmax(np.abs(painted - want)) < 0.01


def test_explanations_are_shown_beside_attention_with_the_limits_of_one_scale(tmp_path: Path) -> None:
    asked = session(SPACES["patches"], SPACES["words"])
    explanation = xviz.explain(asked, "occlusion")
    shown = xviz.show(explanation)
    index, arrays = content(shown.page, "index")
    (entry,) = index["explanations"]
    assert entry["title"].startswith("Leave one out")
    assert entry["scale"]["low"] == -entry["scale"]["high"]
    about = xviz.show(xviz.explain(asked, "occlusion", picked=("words", (1, 2))))
    (owed,) = content(about.page, "index")[0]["explanations"]
    assert owed["title"].endswith(f"owed to “{index['panels'][1]['labels'][1]}”"), "a word, not its two pieces"
    words = arrays[f"e0s{entry['spaces'].index('words')}"]
    scores = explanation.scores["words"]
    np.testing.assert_allclose(words[:3], [scores[0], scores[1] + scores[2], scores[3]], rtol=1e-6)
    assert np.isnan(words[3])
    assert shown.save(tmp_path / "new" / "page.html").read_text(encoding="utf-8") == shown.page
    with pytest.raises(XvizError, match=r"saved as \.html"):
        shown.save(tmp_path / "page.pdf")


def test_an_explanation_without_its_session_is_told() -> None:
    asked = session(SPACES["patches"], SPACES["words"])
    alone = METHODS["received"].explain(asked.model, asked.run, Target("sum"))
    with pytest.raises(ModelError, match="Give both"):
        xviz.show(alone)
    assert xviz.show(asked, alone).notes == ()
    with pytest.raises(ModelError, match="the run has other tokens"):
        xviz.show(session(SPACES["names"], SPACES["steps"]), alone)
