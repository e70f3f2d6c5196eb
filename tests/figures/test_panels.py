"""Panels and recipes: what the reader sees is what was scored, nothing is cut off, nothing overlaps."""

from __future__ import annotations

import numpy as np
import pytest
from cats import EYE, EYES, boxes_of, make_match, make_methods, pair_of, parts_of
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from xviz.core.errors import ModelError
from xviz.draw.scale import Scale, diverging, sequential
from xviz.figures.lettering import contrasting, fit, flow, spread, width_of
from xviz.figures.match import match_figure
from xviz.figures.methods import methods_figure
from xviz.figures.panel import Marks, colour_bar, picture_panel, words_panel
from xviz.figures.raster import SHARE, heat, shrunk
from xviz.figures.style import BOX, PRESETS

LONG = " ".join(["extraordinarily"] * 29 + ["Donaudampfschifffahrtsgesellschaftskapitänskajütenschlüsselanhänger" * 3])
SENTENCES = {
    "thirty words": " ".join(f"word{i}" for i in range(30)),
    "sixty-four words": " ".join(["dog", "barks"] * 32),
    "long words": LONG,
    "right to left": "חתול מנומר עם עיניים ירוקות مرحبا بكم في العالم",
    "no glyph": "日本 の 猫 🐈 \U0001fae0 sits $x_1^{2}$ \\frac & <b> % # _ ^ ~",
    "one word": "cat",
}


def canvas(width: float = 200.0, height: float = 100.0):
    """Axes of some points, filling a figure."""
    return Figure(figsize=(width / 72, height / 72), dpi=300).add_axes((0, 0, 1, 1))


def check_inside(figure: Figure) -> None:
    """Every text lies on the page and is at least 5 pt."""
    page = figure.bbox
    for text, box in boxes_of(figure):
        assert text.get_fontsize() >= 5, text
        assert box.x0 >= page.x0 - 0.5, text
        assert box.x1 <= page.x1 + 0.5, text
        assert box.y0 >= page.y0 - 0.5, text
        assert box.y1 <= page.y1 + 0.5, text


def check_apart(figure: Figure) -> None:
    """No two texts touch; line boxes are taller than letters, so a fifth of their height is forgiven."""
    boxes = [(text.get_text(), box) for text, box in boxes_of(figure)]
    for number, (label, box) in enumerate(boxes):
        for other_label, other in boxes[:number]:
            wide = min(box.x1, other.x1) - max(box.x0, other.x0)
            tall = min(box.y1, other.y1) - max(box.y0, other.y0)
            least = min(box.width, box.height, other.width, other.height)
            assert min(wide, tall) <= 0.2 * least, (label, other_label)


@pytest.mark.parametrize("key", PRESETS)
@pytest.mark.parametrize("make", [make_match, make_methods])
def test_nothing_is_cut_off_or_overlaps(make, key):
    drawn = make(key).drawing
    check_inside(drawn)
    check_apart(drawn)


@pytest.mark.parametrize("key", ["nature-single", "nature-double", "lncs"])
@pytest.mark.parametrize("sentence", SENTENCES.values(), ids=SENTENCES)
def test_any_sentence_fits(sentence, key):
    figure = make_match(key, sentence)
    check_inside(figure.drawing)
    assert figure.size_mm[1] <= PRESETS[key].max_height_mm
    assert len(figure.to_bytes("png", 100)) > 1000


def test_missing_glyphs_are_boxes_and_the_caption_says_so():
    figure = make_match("lncs", "𓀀𓀁 cat 🐈")
    shown = [t.get_text() for t, _ in boxes_of(figure.drawing)]
    assert BOX * 2 in shown
    assert f"“{BOX}” stands for 3 characters that no font here can draw." in figure.caption
    assert BOX not in make_match("lncs").caption


def test_the_caption_says_what_is_shown_by_whom_and_on_what():
    figure = make_match("nature-double")
    for phrase in (
        "a, Regions of the picture by their score from “eyes” (colour: 0 … ",
        "b, Words of the sentence by their score from region 5",
        "c, Joint attention of 36 regions and 17 word pieces, layer 1, mean of 8 heads",
        "Model: mmca, checkpoint “mmca” (sha256 ab12cd34ab12…).",
        "Settings: α = 1.5; layer: Joint attention, layer 1; ",
        "photograph by Stéfan van der Walt, CC0; digest 0f0f0f0f0f0f…",
        "torch 2.13.0, xviz 0.1.0",
    ):
        assert phrase in figure.caption
    assert make_match("lncs").caption.startswith("(a) Regions")
    assert make_match("pnas-double").caption.startswith("A, Regions"), "PNAS writes capitals"
    assert "Strongest regions for “eyes”: region 5 (" in figure.alt


def test_heat_is_the_strongest_score_over_each_pixel():
    pixels = np.full((4, 6, 3), 255, np.uint8)
    boxes, scores = [[0, 0, 4, 4], [2, 0, 6, 2], [0, 3, 1, 4]], np.array([0.2, -0.9, np.nan])
    scale = diverging(scores, limit=1.0)
    painted = heat(pixels, boxes, scores, scale)
    lut = scale.lut().astype(float)[:, :3]
    weak, strong = SHARE
    shares = [weak + (strong - weak) * abs(score) for score in (0.2, -0.9)]  # of a scale from −1 to 1
    levels = scale.quantise(scores[:2])
    mixed = [(1 - share) * 255 + share * lut[level] for share, level in zip(shares, levels, strict=True)]
    np.testing.assert_allclose(painted[3, 0], mixed[0], atol=2)  # levels are steps of 1/127
    np.testing.assert_allclose(painted[0, 3], mixed[1], atol=2)
    np.testing.assert_array_equal(painted[3, 5], [255] * 3)


def test_large_pictures_shrink_to_print_and_small_ones_stay():
    small, factor = shrunk(np.zeros((1000, 3000, 3), np.uint8), 1.0)
    assert small.shape == (200, 600, 3)
    assert factor == pytest.approx(0.2)
    assert shrunk(small, 1.0)[0] is small
    with pytest.raises(ValueError, match="uint8"):
        shrunk(np.zeros((4, 4, 3)), 1.0)


def test_the_picture_names_its_strongest_regions_in_order():
    axes = canvas()
    pair, scores = pair_of(), np.linspace(0, 1, 36)
    picture_panel(axes, pair.pixels, pair.regions.boxes, scores, sequential(scores), marks=Marks(selected=0, top=2))
    assert [t.get_text() for t in axes.texts] == ["1: 1", "2: 0.971", "S"]
    dashed = [p for p in axes.patches if p.get_linestyle() not in ("-", "solid")]
    assert len(dashed) == 1


def test_a_region_with_nothing_is_not_among_the_strongest():
    axes = canvas()
    pair, scores = pair_of(), np.zeros(36)
    scores[[4, 7]] = 0.5, -2.0
    picture_panel(axes, pair.pixels, pair.regions.boxes, scores, sequential(np.abs(scores)))
    assert sorted(t.get_text() for t in axes.texts) == ["1: −2", "2: 0.5"]


def test_equal_boxes_do_not_hide_each_others_ranks():
    axes = canvas()
    picture_panel(
        axes, np.zeros((100, 200, 3), np.uint8), [[0, 0, 200, 100]] * 6, np.arange(6.0), Scale(0, 5), marks=Marks(top=6)
    )
    check_apart(axes.figure)
    check_inside(axes.figure)


def test_words_stand_on_their_colours_with_readable_ink():
    axes, scores = canvas(), np.array([0.0, 1.0, np.nan])
    scale = sequential(scores)
    words_panel(axes, ("low", "high", "none"), scores, scale, selected=(1,))
    grounds = [p for p in axes.patches if p.get_fill()]
    for ground, score in zip(grounds[:2], scores, strict=False):
        np.testing.assert_allclose(
            np.array(ground.get_facecolor()) * 255, scale.lut()[scale.quantise(score)], atol=0.01
        )
    assert [t.get_color() for t in axes.texts] == ["white", "black", "black"]
    assert len([p for p in axes.patches if not p.get_fill()]) == 1


def test_words_below_zero_are_underlined_on_signed_scales_only():
    scores = np.array([-1.0, 1.0, 0.0, np.nan, -0.1])
    for scale, expected in ((diverging(scores), 2), (sequential(scores), 0)):
        axes = canvas()
        words_panel(axes, "abcde", scores, scale)
        assert len(axes.lines) == expected


def test_lines_break_before_the_edge_and_turn_with_the_script():
    chips = flow(("one", "two", "three", "four") * 4, 6.0, 60.0)
    assert max(chip.x + chip.width for chip in chips) <= 60
    assert len({chip.y for chip in chips}) > 2
    assert [c.x for c in chips[:2]] == sorted(c.x for c in chips[:2])
    hebrew = flow(("שלום", "עולם"), 6.0, 60.0)
    assert hebrew[0].x > hebrew[1].x
    assert hebrew[0].x + hebrew[0].width == pytest.approx(60)


def test_text_is_shortened_to_its_room():
    short = fit("extraordinarily", 6, 20)
    assert short.endswith("…")
    assert width_of(short, 6) <= 20
    assert fit("cat", 6, 100) == "cat"


@given(st.lists(st.floats(0, 100), min_size=1, max_size=20).map(sorted), st.floats(0.1, 5))
def test_spread_labels_keep_order_distance_and_bounds(wanted, gap):
    places = spread(wanted, gap, 0.0, 100.0)
    assert (np.diff(places) >= gap - 1e-9).all()
    assert places[0] >= -1e-9
    assert places[-1] <= 100 + 1e-9
    if len(wanted) == 1 or np.diff(wanted).min() >= gap:
        np.testing.assert_allclose(places, wanted, atol=1e-9)


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_ink_on_any_colour_has_contrast(colour):
    def luminance(rgb):
        share = np.array(rgb) / 255
        return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]

    ink = 0.0 if contrasting(colour) == "black" else 1.0
    light, dark = sorted((luminance(colour), ink), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5  # WCAG 2.1, level AA


def test_the_colour_bar_prints_limits_and_what_lies_beyond():
    axes = canvas(200, 10)
    colour_bar(axes, Scale(0, 0.5, label="attention weight"), [0.1, 0.7])
    assert [t.get_text() for t in axes.texts] == ["0", "≥ 0.5", "attention weight, 1 beyond"]
    axes = canvas(200, 10)
    scale = diverging([0.3], label="evidence", unit="logits")
    colour_bar(axes, scale, [-0.3, 0.3, np.nan])
    assert [t.get_text() for t in axes.texts] == ["−0.3", "0.3", "evidence (logits)"]
    assert not axes.images, "a bar is no picture inside a PDF"
    np.testing.assert_array_equal(np.round(axes.collections[0].get_facecolors()[:, :3] * 255), scale.lut()[1:, :3])


def test_the_match_figure_draws_the_scores_it_was_given():
    pair = pair_of()
    parts = parts_of(pair)
    figure = match_figure(pair, **parts, preset=PRESETS["nature-double"])
    drawn = {t.get_text() for t, _ in boxes_of(figure.drawing)}
    assert f"1: {parts['by_word'].scores['regions'][EYE]:.3g}" not in drawn  # it is also the selected one, so “S, 1: …”
    assert any(s.startswith("S, 1: ") for s in drawn)
    assert {"Regions, from “eyes”", "Words, from region 5 (S)", "36 regions", "17 word pieces"} <= drawn
    bold = [t.get_text() for t, _ in boxes_of(figure.drawing) if t.get_fontweight() == "bold"]
    assert sorted(bold) == ["a", "b", "c", "eyes", "eyes", "region 5", "region 5"]
    assert pair.text.pieces[EYES] == "eyes"


def test_weights_of_another_size_are_refused():
    pair = pair_of()
    parts = {**parts_of(pair), "weights": np.zeros((3, 3))}
    with pytest.raises(ModelError, match=r"53 tokens.*\(3, 3\)"):
        match_figure(pair, **parts)


def test_methods_share_a_scale_only_where_they_measure_the_same():
    figure = make_methods("nature-double")
    bars = [t.get_text() for t, _ in boxes_of(figure.drawing)]
    assert bars.count("attention weight") == 2
    assert bars.count("score difference") == 1
    assert "shared with c" in figure.caption
    assert "shared with C" in make_methods("pnas-double").caption
    assert "b, Occlusion, for the output “score” owed to “" in figure.caption, "a reader knows no numbers of tokens"
    assert figure.provenance.options["method"] == "look, occlusion, received"
    highs = figure.caption.split("colour: ")
    assert highs[1].split(" attention")[0] == highs[3].split(" attention")[0]


def test_fewer_than_two_methods_are_refused(pair):
    with pytest.raises(ModelError, match="two or more"):
        methods_figure(pair, [parts_of(pair)["by_word"]], titles=["a"], agreement=[[1.0]])


@pytest.mark.parametrize("quadrants", [None, True, False])
def test_the_matrix_of_a_match_has_limits_for_each_block_as_asked(quadrants: bool | None) -> None:
    pair = pair_of()
    parts = parts_of(pair)
    count, weights = len(pair.regions), np.full_like(parts["weights"], 0.01)
    weights[count:, :count] = 0.02  # hardly apart, so that one scale does unless more are asked for
    drawn = match_figure(pair, **(parts | {"weights": weights}), quadrants=quadrants, preset=PRESETS["nature-double"])
    assert ("each block on its own limits" in drawn.caption) == bool(quadrants)
    loud = np.full_like(weights, 1e-4)
    loud[:count, :count] = 0.9
    drawn = match_figure(pair, **(parts | {"weights": loud}), quadrants=quadrants, preset=PRESETS["nature-double"])
    assert ("each block on its own limits" in drawn.caption) == (quadrants is not False)
