"""Looks: what may be chosen of a figure, that it is drawn, printed, counted, told, kept, and drawn again."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import xviz
from xviz import request
from xviz.core.errors import XvizError
from xviz.core.explanation import Explanation
from xviz.draw.scale import DIVERGING, SEQUENTIAL, Scale
from xviz.draw.vision import BLIND, seen
from xviz.engine import Session
from xviz.figures.arranging import GAP
from xviz.figures.figure import Figure
from xviz.figures.latex import escaped, latex
from xviz.figures.look import FONT, Look, drawn_in, families
from xviz.looking import held, looking
from xviz.places import SAMPLES
from xviz.reproducing import repeat


@pytest.fixture(scope="module")
def asked() -> tuple[Session, Explanation]:
    sample = xviz.read(SAMPLES / "mmca/dog-house-salt.jpg", text="a dog house above a salt shaker")
    session = xviz.run(xviz.load("mmca"), sample)
    return session, xviz.explain(session, "look", picked="dog")


def drawn(asked: tuple[Session, Explanation], **chosen: Any) -> Figure:
    return xviz.figure(*asked, venue="nature-double", look=Look(**chosen))


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.drawing.axes for text in axes.texts]


# Panels


def test_panels_are_chosen_ordered_relettered_and_told_in_that_order(asked: tuple[Session, Explanation]) -> None:
    whole, two = drawn(asked), drawn(asked, panels=("c", "b"), titles={"c": "Who reads whom"})
    written = texts(two)
    assert {"a", "Who reads whom", "b", "Words, from region 33 (S)"} <= set(written)
    assert "c" not in written
    assert not any("Regions, from" in text for text in written)
    assert two.caption.startswith("a, Joint attention of 36 regions")
    assert "b, Words of the sentence" in two.caption
    assert "Regions of the picture" not in two.caption
    assert two.size_mm[0] == pytest.approx(whole.size_mm[0])
    assert two.size_mm[1] < whole.size_mm[1]
    assert "c" in texts(whole)
    assert "c" not in texts(drawn(asked, letters=False))


def test_panels_one_below_the_other_do_not_touch(asked: tuple[Session, Explanation]) -> None:
    figure = drawn(asked, layout="column")
    high, wide = figure.size_mm[1], figure.size_mm[0]
    tops = {}
    for axes in figure.drawing.axes:
        if (
            letter := next(
                (t.get_text() for t in axes.texts if t.get_weight() == "bold" and t.get_fontsize() == 8), None
            )
        ) is not None:
            tops[letter] = high * (1 - axes.get_position().y1)
            assert axes.get_position().x0 * wide == pytest.approx(0.8)
    assert tops["a"] < tops["b"] - GAP
    assert tops["b"] < tops["c"] - GAP


def test_letters_that_panels_name_each_other_by_follow_their_order() -> None:
    sample = xviz.read(SAMPLES / "mmca/dog-house-salt.jpg", text="a dog house above a salt shaker")
    session = xviz.run(xviz.load("mmca"), sample)
    both = [xviz.explain(session, method, picked="dog") for method in ("look", "relevance")]

    def agreement(**chosen: Any) -> list[str]:
        figure = xviz.figure(session, *both, kind="methods", look=Look(**chosen))
        cells = [axes for axes in figure.drawing.axes if "1" in [text.get_text() for text in axes.texts]]
        return [
            text.get_text() for axes in cells[:1] for text in axes.texts if not text.get_text().startswith(("1", "0"))
        ]

    assert agreement() == ["a", "b", "a", "b"]
    assert agreement(panels=("c", "b", "a")) == ["c", "b", "c", "b"]
    assert agreement(panels=("c", "b"))[1::2] == ["b", "b"]
    assert agreement(panels=("c", "b"))[0].startswith("Attention from")


def test_panels_that_a_figure_has_not_leave_no_gap_in_its_letters(asked: tuple[Session, Explanation]) -> None:
    session, explanation = asked
    chosen = Look(panels=("c", "a"))
    figure = xviz.figure(session, explanation, kind="tokens", venue="nature-double", look=chosen)
    bold = [t.get_text() for axes in figure.drawing.axes for t in axes.texts if t.get_weight() == "bold"]
    assert bold == ["a"]
    assert figure.caption.startswith("a, Attention from “dog”, on regions")
    assert figure.recipe is not None
    assert figure.recipe["look"] == chosen.record()


def test_what_lies_beyond_and_how_colours_are_bent_is_never_cut(asked: tuple[Session, Explanation]) -> None:
    chosen: dict[str, Any] = {"limits": "typed", "typed": {"attention weight": (0, 0.02)}, "power": 0.5}
    for look in (Look(**chosen, width_mm=45), Look(**chosen, width_mm=60), Look(**chosen), Look(power=0.5)):
        figure = xviz.figure(*asked, look=look)
        written = " ".join(texts(figure))
        assert written.count("power 0.5") == figure.caption.count("power 0.5") > 0
        assert written.count(" beyond") == figure.caption.count("beyond the limits") + figure.caption.count(" beyond,")
        assert "beyo…" not in written
        bars = [text for text in texts(figure) if "colour" in text or "beyond" in text or "power" in text]
        assert not [text for text in bars if text.endswith("…")]


# Colours and limits


def test_limits_are_printed_and_what_lies_outside_is_counted(asked: tuple[Session, Explanation]) -> None:
    session, explanation = asked
    call = session.run.calls[-1]
    above = int((call.rows().double().mean(0).numpy() > 0.02 * (1 + 1e-6)).sum())
    figure = drawn(asked, limits="typed", typed={"attention weight": (0, 0.02)})
    written = texts(figure)
    assert written.count("≥ 0.02") == 2
    assert f"attention weight, {above} beyond" in written
    assert f"{above} scores lie beyond the limits" in figure.caption
    regions = explanation.scores["regions"]
    reach = np.percentile(np.abs(regions), 90)
    assert f"≥ {reach:.3g}" in texts(drawn(asked, limits="percentile", percentile=90))


def test_panels_share_limits_where_this_is_asked_for(asked: tuple[Session, Explanation]) -> None:
    with drawn_in(Look(limits="shared")) as found:
        figure = xviz.figure(*asked)
    (scale,) = found.scales.values()
    assert texts(figure).count(f"{scale.high:.3g}") == 3
    assert texts(drawn(asked)).count(f"{scale.high:.3g}") == 1


def test_a_power_bends_colours_and_is_said(asked: tuple[Session, Explanation]) -> None:
    scores = np.array([0.0, 0.0625, 0.25, 1.0])
    assert list(Scale(0, 1, power=0.5).quantise(scores)) == [1, *(1 + np.round(254 * np.sqrt(scores[1:]))).astype(int)]
    signed = Scale(-1, 1, diverging=True, power=2).quantise(np.array([-1, -0.5, 0, 0.5, 1]))
    np.testing.assert_array_equal(signed, [1, 1 + round(254 * 0.375), 128, 1 + round(254 * 0.625), 255])
    figure = drawn(asked, power=0.5)
    assert any("power 0.5, middle colour at" in text for text in texts(figure))
    assert "power 0.5, middle colour at" in figure.caption


@pytest.mark.parametrize("name", SEQUENTIAL)
def test_sequential_maps_rise_evenly_in_lightness(name: str) -> None:
    from skimage.color import rgb2lab

    lightness = rgb2lab(Scale(0, 1, colours=name).lut()[None, 1:, :3])[0, :, 0]
    steps = np.diff(lightness[::16])
    assert (steps > 0).all()
    assert lightness[-1] - lightness[0] > 70


@pytest.mark.parametrize("name", DIVERGING)
def test_diverging_maps_are_lightest_in_the_middle_and_alike_on_both_sides(name: str) -> None:
    from skimage.color import rgb2lab

    lightness = rgb2lab(Scale(-1, 1, True, colours=name).lut()[None, 1:, :3])[0, :, 0]
    assert (np.diff(lightness[127::16]) < 0).all()
    np.testing.assert_allclose(lightness, lightness[::-1], atol=8)


def test_colours_are_those_of_the_look(asked: tuple[Session, Explanation]) -> None:
    def colours(**chosen: Any) -> np.ndarray:
        figure = drawn(asked, **chosen)
        bar = next(cells for axes in figure.drawing.axes for cells in axes.collections)  # of the first panel
        return np.round(255 * bar.get_facecolors()[[0, -1], :3])

    def ends(**more: Any) -> np.ndarray:
        return Scale(0, 1, **more).lut()[[1, -1], :3]

    np.testing.assert_array_equal(colours(sequential="magma"), ends(colours="magma"))
    np.testing.assert_array_equal(colours(reversed=True), ends(colours="cividis_r"))


# Marks, names, text, page


def test_marks_outlines_and_callouts_are_chosen(asked: tuple[Session, Explanation]) -> None:
    def ranks(**chosen: Any) -> int:
        return sum(bool(re.match(r"(S, )?\d: ", text)) for text in texts(drawn(asked, **chosen)))

    assert (ranks(), ranks(marks=5), ranks(callouts=False)) == (3, 5, 0)
    assert "outlined: the 5 strongest with rank and score" in drawn(asked, marks=5).caption
    assert "outlined" not in drawn(asked, marks=0).caption


def test_labels_and_blocks_of_a_matrix_are_chosen(asked: tuple[Session, Explanation]) -> None:
    def labels(**chosen: Any) -> set[str]:
        return {text for text in texts(drawn(asked, panels=("c",), **chosen)) if text in {"salt", "above", "region 1"}}

    assert labels(labels=("salt", "region 1")) == {"salt", "region 1"}
    assert labels(every=0) == set()
    own, one = drawn(asked, blocks=True), drawn(asked, blocks=False)
    assert "each block on its own limits" in own.caption
    assert "each block on its own limits" not in one.caption


def test_names_of_ones_own_are_written_once_everywhere_and_told(asked: tuple[Session, Explanation]) -> None:
    figure = drawn(asked, names={"region 33": "region 33, its roof", "dog": "dog, the"})
    assert any("Words, from region 33, its roof (S)" in text for text in texts(figure))
    assert not any("roof, its roof" in text for text in texts(figure))
    assert "Names by the authors: “region 33, its roof” for region 33" in figure.caption
    assert "salt-shaker" not in Look(names={"salt": "x"}).renamed("salty")


def test_text_page_and_caption_follow_the_look(asked: tuple[Session, Explanation]) -> None:
    figure = drawn(asked, text_pt=10, width_mm=150, background="none", caption="Mine.", family="DejaVu Serif")
    assert figure.size_mm[0] == pytest.approx(150)
    assert figure.caption == "Mine."
    sizes = {round(text.get_fontsize(), 2) for axes in figure.drawing.axes for text in axes.texts}
    assert sizes == {10, 11, 9}
    assert b"DejaVuSerif" in figure.to_bytes("pdf")
    assert figure.drawing.get_facecolor()[3] == 0
    assert FONT in families()


def test_widths_are_measured_in_the_family_that_is_drawn() -> None:
    from xviz.figures.lettering import width_of

    plain = width_of("Wide words", 7)
    with drawn_in(Look(family="DejaVu Serif")):
        assert width_of("Wide words", 7) != plain
    assert width_of("Wide words", 7) == plain


# Kept, and drawn again


def test_a_figure_says_its_look_and_is_drawn_again(asked: tuple[Session, Explanation], tmp_path: Path) -> None:
    chosen = Look(panels=("c", "a"), limits="percentile", sequential="plasma", names={"region 33": "roof"})
    figure = xviz.figure(*asked, look=chosen, credit="mine")
    assert figure.recipe is not None
    assert Look.parse(json.loads(json.dumps(figure.recipe["look"]))) == chosen
    for kind in ("pdf", "svg", "png", "eps"):
        content = figure.to_bytes(kind)
        look, recipe = held(f"a.{kind}", content)
        assert (look, recipe["figure"]) == (chosen, "match")
    (tmp_path / "a.svg").write_bytes(figure.to_bytes("svg"))
    kept = request.read(tmp_path / "a.svg")
    (only,) = kept.requests
    again = repeat(kept, only, samples=(SAMPLES / "mmca/dog-house-salt.jpg",))
    assert again.figure is not None
    assert again.figure.to_bytes("svg") == figure.to_bytes("svg")
    assert "look" not in (xviz.figure(*asked).recipe or {})
    assert looking(json.dumps(chosen.record())) == chosen


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ({"colour": "red"}, "A look has no “colour”"),
        ({"sequential": "jet"}, "one of cividis"),
        ({"family": "Comic Papyrus"}, "family of a figure is one of DejaVu Sans"),
        ({"power": 0}, "power of a figure lies between 0.1 and 4"),
        ({"width_mm": float("nan")}, "width_mm of a figure lies between"),
        ({"typed": {"attention weight": [1, 0]}}, "Limits rise"),
        ({"typed": {"attention weight": [1]}}, "cannot be read"),
        ({"grey": "yes"}, "cannot be read"),
        ({"titles": ["a"]}, "cannot be read"),
        ({"marks": "many"}, "cannot be read"),
    ],
)
def test_a_look_that_cannot_be_drawn_is_refused_in_words(record: dict[str, Any], told: str) -> None:
    with pytest.raises(XvizError, match=told):
        Look.parse(record)


def test_files_that_hold_no_look_are_refused_in_words(tmp_path: Path) -> None:
    for text, told in (("{", "is JSON"), (str(tmp_path / "none.pdf"), "There is no file")):
        with pytest.raises(XvizError, match=told):
            looking(text)
    with pytest.raises(XvizError, match="holds no figure"):
        held("manifest.json", b'{"schema_version": 1, "figures": []}')
    with pytest.raises(XvizError, match="An xviz figure was expected"):
        held("a.txt", b"nothing")


def test_looks_of_two_visitors_do_not_meet(asked: tuple[Session, Explanation]) -> None:
    alone = {name: drawn(asked, sequential=name, panels=("b",)).to_bytes("svg") for name in ("magma", "viridis")}
    met: dict[str, bytes] = {}
    threads = [
        threading.Thread(target=lambda n=n: met.update({n: drawn(asked, sequential=n, panels=("b",)).to_bytes("svg")}))
        for n in alone
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert met == alone


# Other formats


def test_text_of_an_svg_for_slides_is_shapes(asked: tuple[Session, Explanation]) -> None:
    figure = drawn(asked, panels=("b",))
    assert b"<text" in figure.to_bytes("svg")
    assert b"<text" not in figure.to_bytes("svg", shapes=True)
    assert request.parse(Path("a.svg"), figure.to_bytes("svg", shapes=True)).requests[0].figure["alt"] == figure.alt


def test_latex_escapes_what_it_would_read_otherwise(asked: tuple[Session, Explanation]) -> None:
    assert escaped(r"50% of $x_1 & {y}\z") == r"50\% of \$x\_1 \& \{y\}\textbackslash{}z"
    code = latex(drawn(asked, width_mm=88.9), "my figure.pdf")
    assert r"\includegraphics[width=88.9mm, alt={A picture" in code
    assert r"\label{fig:my-figure}" in code
    assert "regions_asked" not in code


@pytest.mark.parametrize("eyes", ["grey", *BLIND])
def test_other_eyes_leave_greys_as_they_are(eyes: str) -> None:
    greys = np.repeat(np.arange(0, 256, 5, dtype=np.uint8)[:, None], 3, axis=1)
    assert np.abs(seen(greys, eyes).astype(int) - greys).max() <= 1
    red = seen(np.array([[255, 0, 0]], np.uint8), eyes)[0]
    assert (len(set(red.tolist())) == 1) == (eyes == "grey")


def test_a_command_draws_the_look(tmp_path: Path) -> None:
    words = ["figure", "mmca", "dog-house-salt", "--picked", "dog", "--look", '{"panels": ["b"]}']
    subprocess.run([sys.executable, "-m", "xviz", *words, "--out", str(tmp_path / "a.svg")], check=True)
    assert held("a.svg", (tmp_path / "a.svg").read_bytes())[0] == Look(panels=("b",))
