"""The measure itself: each kind of finding is found where it was planted, and nowhere else."""

from __future__ import annotations

import matplotlib.figure
import pytest
from cats import PROVENANCE, make_match
from matplotlib.patches import Rectangle

from xviz.figures.check import Check, check, type3
from xviz.figures.figure import Figure
from xviz.figures.lettering import fit, write
from xviz.figures.page import Page
from xviz.figures.style import PRESETS, drawing


def page_with(*texts: tuple[float, float, str], size: float = 6.0, **looks) -> Figure:
    """A page of 20 mm with texts at places in points."""
    with drawing():
        page = Page(PRESETS["nature-single"])
        axes = page.axes(0, 0, page.inner, 20)
        for x, y, text in texts:
            write(axes, x, y, text, size=size, **looks)
        return Figure(page.finish(20), "", PROVENANCE, "")


def pairs(found: Check) -> set[tuple[str, str]]:
    return {(first.text, second.text) for first, second in found.overlaps}


def test_a_figure_without_faults_is_fine_and_is_not_changed():
    figure = make_match("nature-double")
    before = figure.to_bytes("png", 60)
    found = check(figure)
    assert not found.overlaps
    assert not found.outside
    assert found.smallest_pt == 6.0
    assert figure.to_bytes("png", 60) == before


def test_texts_that_run_into_each_other_are_found_in_both_directions():
    assert pairs(check(page_with((10, 20, "first"), (14, 20, "second")))) == {("first", "second")}
    assert pairs(check(page_with((10, 20, "first"), (10, 24, "below")))) == {("first", "below")}
    assert pairs(check(page_with((10, 20, "hand"), (22, 16, "upright"), rotation=90, va="bottom"))) == set()
    assert pairs(check(page_with((10, 45, "handwriting"), (14, 40, "upright"), rotation=90, va="bottom"))) == {
        ("handwriting", "upright")
    }


def test_lines_as_close_as_a_paragraph_do_not_overlap():
    assert not check(page_with((10, 20, "gypsy"), (10, 26.5, "Éhill"))).overlaps


def test_small_cut_missing_and_outside_are_named_with_their_place():
    assert check(page_with((10, 20, "tiny"), size=4.0)).smallest_pt == 4.0
    assert not check(page_with((10, 20, "tiny"), size=4.0)).fine
    with drawing():
        short = fit("a title that has no room", 6.0, 30)
    (cut,) = check(page_with((10, 20, short))).cut
    assert cut.text.endswith("…")
    assert not cut.title
    found = check(page_with((10, 20, "a \U0001fae0 face"), (-30, 40, "left")))
    assert found.missing == ("\U0001fae0",)
    (mark,) = found.outside
    assert mark.text == "left"
    assert mark.box[0] < 0 < mark.box[1]
    sentences = " ".join(found.sentences())
    assert "“left”" in sentences
    assert "\U0001fae0" in sentences


def test_a_shape_beyond_the_page_is_found_unless_it_is_clipped():
    figure = page_with((10, 20, "in"))
    axes = figure.drawing.axes[0]
    axes.add_patch(Rectangle((-40, 5), 10, 10))
    assert not check(figure).outside
    axes.add_patch(Rectangle((-40, 5), 10, 10, clip_on=False))
    assert [mark.text for mark in check(figure).outside] == ["Rectangle"]


def test_titles_that_are_cut_are_told_from_labels():
    with drawing():
        page = Page(PRESETS["nature-single"])
        write(page.axes(0, 10, 20, 5), 0, 6, "label…", size=6)
        page.title("a", "title", 0, 0, 30)
        page.last().texts[-1].set_text("title…")
        figure = Figure(page.finish(20), "", PROVENANCE, "")
    found = check(figure)
    assert [(mark.text, mark.title) for mark in found.cut] == [("label…", False), ("title…", True)]
    assert found.sentences()[1:] == ("Titles are cut: “title…”.", "Labels are cut: “label…”.")


@pytest.mark.parametrize(("kind", "count"), [(42, 0), (3, 1)])
def test_type_3_fonts_are_found_in_the_file(kind: int, count: int, tmp_path) -> None:
    import matplotlib as mpl

    with mpl.rc_context({"pdf.fonttype": kind}):
        drawn = matplotlib.figure.Figure()
        drawn.text(0.5, 0.5, "text")
        drawn.savefig(tmp_path / "it.pdf")
    assert len(type3((tmp_path / "it.pdf").read_bytes())) == count
