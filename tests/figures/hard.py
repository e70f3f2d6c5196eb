"""Figures of what is hard to draw: long names, many words, channels, views and classes, other scripts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from xviz.core.cells import Axis, Cells
from xviz.core.explanation import Explanation
from xviz.core.forms import Form, Words, form
from xviz.core.grounds import Source
from xviz.core.provenance import Provenance
from xviz.core.sample import Picture, Sample
from xviz.core.tokens import Boxes, Electrodes, Joined, Named, Pieces
from xviz.explain.glance import Small
from xviz.figures.figure import Figure
from xviz.figures.glance import glance_figure
from xviz.figures.head import Scalp
from xviz.figures.heads import heads_figure, row_figure
from xviz.figures.match import match_figure
from xviz.figures.methods import methods_figure
from xviz.figures.names import side
from xviz.figures.pair import Pair
from xviz.figures.sides import Side
from xviz.figures.strongest import matrix_figure, scores_figure
from xviz.figures.style import Preset
from xviz.figures.tokens import Shown, tokens_figure
from xviz.figures.views import Background, views_figure

ORIGIN = Provenance("mmca", "mmca", "ab" * 32, "hard", "0f" * 32, {"target": "score"}, {"xviz": "0.1.0"})
LONG = "a name of exactly sixty characters, which nobody would shorten"[:60]
WORD = "DonaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenXY"  # sixty letters without a place to break
SENTENCES: Mapping[str, str] = {
    "100 words": " ".join(f"word{i}" for i in range(100)),
    "one letter": "a",
    "long words": " ".join([WORD] * 6),
    "Arabic": "قطة رمادية تجلس على أريكة خضراء بجانب النافذة وتنظر إلى الحديقة",
    "Hebrew": "חתול אפור יושב על ספה ירוקה ליד החלון",
    "Greek and Cyrillic": "μια γάτα κάθεται στον καναπέ кошка сидит на зелёном диване",
    "Vietnamese": "một con mèo xám đang ngồi trên chiếc ghế sô pha màu xanh",
    "Chinese": "一只灰色的猫坐在绿色沙发上",
    "Japanese": "灰色の猫が緑のソファに座っている",
    "Korean": "회색 고양이가 초록 소파에 앉아 있다",
    "Hindi": "एक धूसर बिल्ली सोफे पर",
    "Thai": "แมวสีเทานั่งอยู่บนโซฟาสีเขียว",
}
#: signs that no font here has; told apart, since what is missing is counted and said
WITHOUT = {"hieroglyphs": "𓃠 sits 𓀀 there", "emoji": "a 🐈 on the 🛋"}


def pair_of(sentence: str, regions: int = 36) -> Pair:
    """A grey picture with regions, some of them equal, and a sentence of one piece for each word."""
    rng = np.random.default_rng(0)
    corner = rng.uniform(0, [400, 250], (regions, 2))
    boxes = np.c_[corner, np.minimum(corner + rng.uniform(5, 160, (regions, 2)), [451, 300])].astype(np.float32)
    boxes[:4] = 10, 10, 60, 60
    words = tuple(sentence.split()) if " " in sentence else (sentence,)
    pieces = Pieces("pieces", words, np.arange(len(words)), words)
    return Pair(np.full((300, 451, 3), 120, np.uint8), Boxes("regions", boxes, (300, 451)), pieces, "made here")


def softmax(rows: int, columns: int, seed: int = 0) -> np.ndarray:
    weights = np.exp(np.random.default_rng(seed).normal(size=(rows, columns)) * 2)
    return weights / weights.sum(1, keepdims=True)


def explained(spaces: Mapping[str, int], method: str = "look", signed: bool = False, focus=None) -> Explanation:
    rng = np.random.default_rng(1)
    scores = {name: rng.normal(size=count) if signed else rng.random(count) for name, count in spaces.items()}
    return Explanation(scores, method, "score", "attention weight", signed, ORIGIN, focus)


def matched(sentence: str, preset: Preset, regions: int = 36) -> Figure:
    pair = pair_of(sentence, regions)
    joint = Joined("joint", (pair.regions, pair.text))
    sizes = {"regions": regions, "pieces": len(pair.text)}
    weights = softmax(len(joint), len(joint))
    weights[np.arange(len(joint)), np.arange(len(joint))] += 5
    weights /= weights.sum(1, keepdims=True)
    last = len(pair.text) - 1
    return match_figure(
        pair, by_word=explained(sizes, focus=("pieces", (last,))), by_region=explained(sizes, focus=("regions", (1,))),
        weights=weights, joint=joint, layer="layer 1, mean of 8 heads", preset=preset,
    )  # fmt: skip


def compared(sentence: str, count: int, preset: Preset) -> Figure:
    pair = pair_of(sentence)
    sizes = {"regions": len(pair.regions), "pieces": len(pair.text)}
    these = [explained(sizes, "occlusion", signed=bool(i % 2)) for i in range(count)]
    table = np.corrcoef(np.random.default_rng(0).normal(size=(count, 9)))
    return methods_figure(pair, these, titles=[LONG] * count, agreement=table, preset=preset)


def scalp_of(count: int) -> Scalp:
    """Electrodes spread over the upper half of a sphere."""
    turn = np.arange(count) * np.pi * (3 - np.sqrt(5))
    high = np.linspace(0.095, 0.0, count)
    round_it = np.sqrt(np.maximum(0.095**2 - high**2, 0))
    places = np.column_stack([round_it * np.cos(turn), round_it * np.sin(turn), high]).astype(np.float32)
    return Scalp(Electrodes("psd", tuple(f"E{i + 1}" for i in range(count)), places), f"{count} channels as recorded")


def heads_of(count: int, preset: Preset) -> Iterator[tuple[str, Figure]]:
    scalp, bands = scalp_of(count), [f"a long band name\n{i}–{i + 1} Hz" for i in range(5)]
    tables = {"DE to PSD": softmax(count, 5), "PSD to DE": softmax(count, 5, 1)}
    yield "heads", heads_figure(scalp, tables, bands, ORIGIN, preset=preset)
    own = explained({"psd": count}, focus=("psd", (count // 2,)))
    links = [(count // 2, i, 0.1) for i in range(min(5, count))]
    yield "row", row_figure(
        scalp, own, softmax(count, count), direction="DE to PSD", band="slow alpha, DE 8–10 Hz, PSD 8–10 Hz",
        links=links, preset=preset,
    )  # fmt: skip


def views_of(views: int, methods: int, upright: bool, preset: Preset) -> Figure:
    rows, columns = (Axis.plain(n).pooled(n // 4, n // 4, 0) for n in (16, 24))
    say = ("{:.0f}–{:.0f} Hz".format, "{:.2f}–{:.2f} s".format)
    spaces = {f"view{i + 1}": Cells(f"view{i + 1}", rows, columns, (16, 24), *say) for i in range(views)}
    times, hertz = [(i / 8, f"{i / 5:.1f}") for i in range(9)], [(i / 9, f"{900 - i * 100:,}") for i in range(10)]
    ticks = ((), ()) if upright else (times, hertz)
    background = Background(
        np.full((16, 24, 3), 200, np.uint8), spaces, ticks, ("time (s)", "frequency (Hz)"), upright=upright
    )
    sizes = {name: len(space) for name, space in spaces.items()}
    these = [explained(sizes, "rollout", signed=bool(i % 2)) for i in range(methods)]
    return views_figure(background, these, titles=[LONG] * methods, preset=preset)


def named(count: int, preset: Preset) -> Iterator[tuple[str, Figure]]:
    """Figures of any space, with names of sixty characters."""
    names = tuple(f"{LONG[:56]} {i}" for i in range(count))
    words = Named("words", tuple(WORD[: 4 + i % 50] for i in range(30)))
    spaces = {"a name of a space": Named("a name of a space", names), "words": words}
    sizes = {name: len(space) for name, space in spaces.items()}
    these = [explained(sizes, "occlusion", signed=True), explained(sizes, "rollout")]
    yield "scores", scores_figure(these, spaces, titles=[LONG, LONG], preset=preset)
    forms: dict[str, Form] = {
        name: Words(labels=space.names, noun="name", of_token=np.arange(len(space))) for name, space in spaces.items()
    }
    picture = Boxes("regions", pair_of("a").regions.boxes, (300, 451))
    ground = Picture(np.full((300, 451, 3), 99, np.uint8))
    forms["regions"] = form(picture, Source(Sample("s", {"image": ground}), None))
    these = [explained({**sizes, "regions": 36}, "occlusion", signed=True), explained(sizes, "rollout")]
    yield "tokens", tokens_figure(Shown(forms), these, focus=LONG, preset=preset)
    both = Side((*side(spaces["a name of a space"]).groups, *side(spaces["words"]).groups))
    for own in (True, False):
        yield (
            "matrix",
            matrix_figure(
                softmax(count + 30, count + 30), (both, both), ORIGIN, title=LONG, quadrants=own, preset=preset
            ),
        )
    maps = np.random.default_rng(0).random((16, 3, 5))
    small = Small(f"{LONG} and {LONG}", maps, np.ones(16), np.full(16, 2.3), 4.0)
    yield "glance", glance_figure([small, small], these[0], focus=LONG, preset=preset)


def hard(preset: Preset) -> Iterator[tuple[str, str, Figure]]:
    """What it is, kind of figure, and the figure."""
    for name, sentence in SENTENCES.items():
        yield name, "match", matched(sentence, preset)
    yield "3 regions", "match", matched(SENTENCES["one letter"], preset, 3)
    yield "100 words", "methods", compared(SENTENCES["100 words"], 6, preset)
    yield "Arabic", "methods", compared(SENTENCES["Arabic"], 2, preset)
    for count in (4, 32, 128):
        for kind, figure in heads_of(count, preset):
            yield f"{count} electrodes", kind, figure
    for views, methods, upright in ((12, 1, False), (12, 3, False), (2, 8, False), (12, 2, True), (1, 12, True)):
        yield f"{views} views, {methods} methods", "views", views_of(views, methods, upright, preset)
    for count in (1, 40):
        for kind, figure in named(count, preset):
            yield f"{count} names of 60 characters", kind, figure
