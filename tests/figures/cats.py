"""A cat with thirty-six regions, a sentence about it, and explanations whose answers are planted."""

from __future__ import annotations

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from skimage.data import chelsea

from xviz.core.explanation import Explanation
from xviz.core.provenance import Provenance
from xviz.core.run import Target
from xviz.core.tokens import Boxes, Joined, Pieces
from xviz.figures.recipes import Pair, match_figure, methods_figure
from xviz.figures.style import PRESETS, drawing

#: venues of widths and letters of all kinds; `benchmarks/figures.py` draws for every one
SOME = ("nature-single", "nature-double", "ieee-double", "cvpr-single", "lncs", "acl-single", "elsevier-double")
SENTENCE = "a tabby cat with green eyes and long white whiskers looks calmly past the camera ."
EYES = 5  # the piece “eyes”
EYE = 4  # the region of an eye
PROVENANCE = Provenance(
    "mmca", "mmca", "ab12cd34" * 8, "chelsea (“Ωé”)", "0f" * 32,
    {"target": "score", "alpha": 1.5, "call": "joint.0.attention", "head": None, "note": r"back\slash (round) $x$"},
    {"xviz": "0.1.0", "torch": "2.13.0"},
)  # fmt: skip


def pair_of(sentence: str = SENTENCE, regions: int = 36) -> Pair:
    """The cat with a sentence, whose words of seven letters or more are two pieces."""
    rng = np.random.default_rng(0)
    corner = rng.uniform(0, [400, 250], (regions, 2))
    boxes = np.c_[corner, np.minimum(corner + rng.uniform(30, 160, (regions, 2)), [451, 300])].astype(np.float32)
    boxes[EYE] = 130, 100, 180, 140
    words = tuple(sentence.split())
    cut = [[w[:3], "##" + w[3:]] if len(w) >= 7 else [w] for w in words]
    of_word = np.repeat(np.arange(len(words)), [len(pieces) for pieces in cut])
    pieces = tuple(piece for these in cut for piece in these)
    space = Boxes("regions", boxes, (300, 451)), Pieces("pieces", pieces, of_word, words)
    return Pair(chelsea(), *space, credit="photograph by Stéfan van der Walt, CC0")


def parts_of(pair: Pair) -> dict[str, object]:
    """What ``match_figure`` needs beside the pair; “eyes” and the eye's region look at each other."""
    rng, count = np.random.default_rng(1), len(pair.regions)
    joint = Joined("joint", (pair.regions, pair.text))
    asked = min(EYES, len(pair.text) - 1)
    logits = rng.normal(size=(len(joint), len(joint)))
    logits[count + asked, EYE] = logits[EYE, count + asked] = 6
    weights = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)

    def look(row: int, focus: tuple[str, tuple[int, ...]]) -> Explanation:
        scores = joint.split(weights[row])
        return Explanation(scores, "look", "score", "attention weight", False, PROVENANCE, focus)

    return {
        "by_word": look(count + asked, ("pieces", (asked,))),
        "by_region": look(EYE, ("regions", (EYE,))),
        "weights": weights,
        "joint": joint,
        "layer": "layer 1, mean of 8 heads",
    }


def make_match(preset: str = "nature-double", sentence: str = SENTENCE):
    """The match figure of the cat."""
    pair = pair_of(sentence)
    return match_figure(pair, **parts_of(pair), preset=PRESETS[preset])


def make_methods(preset: str = "nature-double", count: int = 3):
    """The methods figure of the cat: attention, something signed, then attention again."""
    pair = pair_of()
    look = parts_of(pair)["by_word"]
    rng = np.random.default_rng(2)
    signed = {name: rng.normal(size=len(scores)) for name, scores in look.scores.items()}
    owed = Target("score", *look.focus).text()
    occlusion = Explanation(signed, "occlusion", owed, "score difference", True, PROVENANCE, look.focus)
    received = Explanation(look.scores, "received", "score", "attention weight", False, PROVENANCE)
    these = (look, occlusion, received)[:count]
    agreement = np.eye(3)[:count, :count]
    titles = ("Attention", "Occlusion", "Received attention, a title far too long for one column of a paper")[:count]
    return methods_figure(pair, these, titles=titles, agreement=agreement, preset=PRESETS[preset])


def boxes_of(figure: Figure) -> list[tuple[Text, Bbox]]:
    """Every text of axes that says something, with its box in pixels."""
    texts = [t for t in figure.findobj(Text) if t.get_text() and t.get_visible() and t.axes is not None]
    with drawing():
        renderer = FigureCanvasAgg(figure).get_renderer()  # one for all: matplotlib would make one for each text
        return [(text, text.get_window_extent(renderer)) for text in texts]
