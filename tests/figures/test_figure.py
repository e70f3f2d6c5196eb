"""Files: exact size, fonts, text as text, the same bytes each time, and the origin read back."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import matplotlib as mpl
import matplotlib.figure
import numpy as np
import pytest
from cats import PROVENANCE, SOME, make_match, make_methods
from matplotlib.patches import Circle
from PIL import Image
from pypdf import PdfReader

from xviz.core.errors import SampleError, XvizError
from xviz.figures.figure import FORMATS, Figure, read_provenance, read_record
from xviz.figures.style import PRESETS, drawing

HERE = Path(__file__).parent


QUICK = ("pdf", "svg", "png")  #: formats; an EPS of pictures is large


def sums(make, *arguments, kinds=QUICK) -> list[str]:
    """The sha256 of a fresh figure in some formats."""
    figure = make(*arguments)
    return [hashlib.sha256(figure.to_bytes(kind)).hexdigest() for kind in kinds]


@pytest.mark.parametrize("make", [make_match, make_methods])
@pytest.mark.parametrize("key", SOME)
def test_every_format_has_exactly_the_width_of_the_preset(make, key):
    figure, preset = make(key), PRESETS[key]
    width, height = figure.size_mm
    assert width == pytest.approx(preset.width_mm, abs=1e-9)
    assert preset.max_height_mm is None or height <= preset.max_height_mm
    box = PdfReader(io.BytesIO(figure.to_bytes("pdf"))).pages[0].mediabox
    assert float(box.width) == pytest.approx(width / 25.4 * 72, abs=0.01)
    assert float(box.height) == pytest.approx(height / 25.4 * 72, abs=0.01)
    svg = figure.to_bytes("svg").decode()
    assert float(re.search(r'<svg [^>]*width="([\d.]+)pt"', svg)[1]) == pytest.approx(width / 25.4 * 72, abs=0.01)
    for dpi in (300, 600) if key == SOME[0] else (300,):
        picture = Image.open(io.BytesIO(figure.to_bytes("png", dpi)))
        assert picture.size == (round(width / 25.4 * dpi), round(height / 25.4 * dpi))
        assert picture.info["dpi"] == pytest.approx((dpi, dpi), abs=0.02)


def test_pdf_fonts_are_embedded_truetype(figure):
    page = PdfReader(io.BytesIO(figure.to_bytes("pdf"))).pages[0]
    fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]
    assert len(fonts) == 2  # regular and bold
    for font in fonts:
        assert font["/Subtype"] == "/Type0"
        inner = font["/DescendantFonts"][0].get_object()
        assert inner["/Subtype"] == "/CIDFontType2"
        assert "/FontFile2" in inner["/FontDescriptor"]
    assert b"/Type3" not in figure.to_bytes("pdf")
    assert "whiskers" in page.extract_text()


def test_svg_text_is_text_and_speaks(figure):
    svg = figure.to_bytes("svg").decode()
    assert re.search(r"<text [^>]*>whiskers</text>", svg)
    assert re.search(r'role="img" aria-labelledby="alt">\s*<title id="alt">A picture, a sentence', svg)
    assert "DejaVuSans-" not in svg  # no glyph outlines


def test_the_same_figure_gives_the_same_bytes_in_any_order(figure):
    first = {kind: figure.to_bytes(kind) for kind in FORMATS}
    figure.to_bytes("png", 77)
    assert {kind: figure.to_bytes(kind) for kind in reversed(FORMATS)} == first
    assert sums(make_match, "nature-single") == [hashlib.sha256(first[kind]).hexdigest() for kind in QUICK]


def test_another_process_with_other_settings_gives_the_same_bytes(tmp_path):
    script = (
        f"import sys; sys.path.insert(0, {str(HERE)!r}); import matplotlib as mpl; mpl.rcParams['font.size'] = 30\n"
        "from cats import make_methods; from test_figure import sums\n"
        f"print(*sums(make_methods, 'lncs', kinds={FORMATS!r}))"
    )
    env = {**os.environ, "PYTHONHASHSEED": "77", "TZ": "Asia/Tokyo", "PYTHONPATH": str(HERE.parents[1])}
    env.pop("SOURCE_DATE_EPOCH", None)
    done = subprocess.run([sys.executable, "-c", script], env=env, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.split() == sums(make_methods, "lncs", kinds=FORMATS), done.stderr


def test_threads_give_the_bytes_of_one_alone():
    jobs = [(make_match, "nature-single"), (make_methods, "nature-single", 2)]
    alone = [sums(*job) for job in jobs]
    sums_of: dict[int, list[str]] = {}
    start = threading.Barrier(len(jobs))

    def work(number: int) -> None:
        start.wait()
        sums_of[number] = sums(*jobs[number])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [sums_of.get(number) for number in range(len(jobs))] == alone
    assert mpl.rcParams["pdf.fonttype"] == mpl.rcParamsDefault["pdf.fonttype"]


def test_one_figure_may_be_saved_by_several_threads(figure):
    alone, saved = {kind: figure.to_bytes(kind) for kind in FORMATS}, {}
    threads = [threading.Thread(target=lambda k=kind: saved.update({k: figure.to_bytes(k)})) for kind in FORMATS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert saved == alone


@pytest.mark.parametrize("kind", FORMATS)
def test_provenance_is_read_back(figure, kind):
    content = figure.to_bytes(kind)
    assert read_provenance(content) == figure.provenance
    assert read_record(content)["caption"] == figure.caption
    assert read_record(content)["alt"] == figure.alt
    assert figure.provenance.options["note"] == PROVENANCE.options["note"]


def test_save_writes_a_side_car_and_replaces(figure, tmp_path):
    path = figure.save(tmp_path / "new" / "match.PNG", dpi=72)
    assert figure.save(path, dpi=72) == path
    assert sorted(p.name for p in path.parent.iterdir()) == ["match.PNG", "match.PNG.json"]
    side = path.with_name("match.PNG.json").read_bytes()
    assert read_provenance(side) == figure.provenance
    assert json.loads(side)["caption"] == figure.caption


def test_other_suffixes_are_refused(figure, tmp_path):
    with pytest.raises(XvizError, match="pdf, svg, png, eps; “tif”"):
        figure.save(tmp_path / "match.tif")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"%PDF-1.4 nothing",
        b"\x89PNG\r\n\x1a\nbroken",
        b"<svg><dc:description>{}</dc:description></svg>",
        b'{"xviz_figure": 1, "provenance": {"model": "mmca"}}',
        b'{"xviz_figure": 1}',
        b"\xff\xfe",
    ],
)
def test_other_files_are_refused_with_a_cure(content):
    with pytest.raises(SampleError, match=r"[Uu]se the file as it was exported"):
        read_provenance(content)


def clipped(count: int) -> Figure:
    """Panels of contours, each clipped by a circle of its own."""
    with drawing():
        page = matplotlib.figure.Figure(figsize=(6, 1))
        for number in range(count):
            axes = page.add_axes((number / count, 0, 1 / count, 1))
            contours = axes.contourf(np.arange(16.0).reshape(4, 4))
            contours.set_clip_path(Circle((1.5, 1.5), 1.5, transform=axes.transData))
    return Figure(page, "caption", PROVENANCE, "alt")


def test_every_panel_of_an_eps_is_clipped_by_its_own_path() -> None:
    figure = clipped(40)
    first = figure.to_bytes("eps")
    assert {clipped(40).to_bytes("eps") for _ in range(3)} == {first}, "whatever lies where in memory"
    assert figure.to_bytes("eps") == first
    used = re.findall(rb"^(c\d+)$", first, re.MULTILINE)
    assert used == sorted(used, key=lambda name: int(name[1:])), "panel after panel"
    assert len(set(used)) == len(re.findall(rb"^/c\d+ \{$", first, re.MULTILINE)) == 40
