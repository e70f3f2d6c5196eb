"""`Figure`: a drawing with its caption and its origin, saved so that it can be made again.

A figure drawn twice gives the same bytes, in any process and thread. PDF, SVG, PNG and EPS carry caption and provenance
as one line of JSON, which ``read_provenance`` finds again; a ``.json`` beside the file holds the same, as many journals
strip metadata.
"""

from __future__ import annotations

import html
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.figure
from matplotlib.transforms import Affine2DBase
from PIL import Image

from xviz import __version__
from xviz.core.errors import SampleError, XvizError
from xviz.core.provenance import Provenance
from xviz.figures.fonts import outlined
from xviz.figures.style import INCH, drawing
from xviz.writing import put

FORMATS = ("pdf", "svg", "png", "eps")
VECTOR_DPI = 600  #: resolution of the pictures inside PDF and SVG
SCHEMA = 1  #: of the JSON in the files


@dataclass(frozen=True, eq=False)
class Figure:
    """A figure for paper."""

    drawing: matplotlib.figure.Figure  #: exactly as large as it is printed
    caption: str
    provenance: Provenance
    alt: str  #: what a screen reader says instead of the drawing
    #: how it was asked for, as plain JSON, so that it can be drawn again; see ``xviz.plates``
    recipe: Mapping[str, Any] | None = None

    @property
    def size_mm(self) -> tuple[float, float]:
        """Width and height in mm."""
        width, height = self.drawing.get_size_inches()
        return float(width) * INCH, float(height) * INCH

    def record(self) -> str:
        """Caption, alternative text and provenance as one line of JSON in ASCII."""
        metadata: dict[str, Any] = {"alt": self.alt, "caption": self.caption, "provenance": self.provenance.record()}
        if self.recipe is not None:
            metadata["recipe"] = dict(self.recipe)
        return json.dumps({**metadata, "xviz_figure": SCHEMA}, sort_keys=True, allow_nan=False)

    def to_bytes(self, format: str = "pdf", dpi: float = 300, *, shapes: bool = False, fast: bool = False) -> bytes:
        """The file's content.

        Args:
            format: "pdf", "svg", "png" or "eps"; an EPS has no transparency, what is half transparent is opaque in it.
            dpi: Of a PNG; the pictures inside the others always have 600.
            shapes: Whether the text of an SVG becomes shapes, which look alike where the font is missing, as on slides.
            fast: Whether a PNG is compressed little, for a look at it; its pixels are the same.

        Raises:
            XvizError: there is no such format.
        """
        if format not in FORMATS:
            have = ", ".join(FORMATS)
            raise XvizError(f"Figures are saved as {have}; “{format}” is none of these. Choose one of them.")
        with drawing(), mpl.rc_context({"svg.fonttype": "path"} if shapes else {}):
            if format == "png":
                return _png(self, dpi, {"compress_level": 1} if fast else {})
            return {"svg": _svg, "pdf": _pdf, "eps": _eps}[format](self)

    def save(self, path: Path | str, dpi: float = 300) -> Path:
        """Writes the file, in the format of its suffix, and ``<file>.json`` beside it; older ones are replaced.

        Args:
            path: Where to; missing folders are made.
            dpi: Of a PNG.

        Raises:
            XvizError: the suffix is none of .pdf, .svg, .png and .eps.
        """
        path = Path(path)
        content = self.to_bytes(path.suffix.removeprefix(".").lower(), dpi)
        path.parent.mkdir(parents=True, exist_ok=True)
        for file, data in ((path, content), (path.with_name(path.name + ".json"), (self.record() + "\n").encode())):
            put(file, data)
        return path


def read_record(content: bytes) -> dict[str, object]:
    """Caption, alternative text and provenance out of a PDF, SVG, PNG or EPS that xviz made, or of its ``.json``.

    Raises:
        SampleError: the file is of another kind, or its metadata are gone.
    """
    for text in _candidates(content):
        try:
            recorded = json.loads(text)
        except ValueError:
            continue
        version = recorded.get("xviz_figure") if isinstance(recorded, dict) else None
        if isinstance(version, int) and version > SCHEMA:
            raise SampleError(
                f"The figure was drawn by a newer xviz (version {version} of its record; this one reads {SCHEMA}). "
                "Update xviz to read it."
            )
        if version == SCHEMA:
            return recorded
    raise SampleError(
        "An xviz figure was expected, with its origin inside; this file has none. Journals and editors often strip it: "
        "use the file as it was exported, or the .json beside it."
    )


def read_provenance(content: bytes) -> Provenance:
    """The provenance that ``Figure.to_bytes`` wrote.

    Raises:
        SampleError: the file is of another kind, or its metadata are gone or altered.
    """
    try:
        return Provenance(**read_record(content)["provenance"])
    except (TypeError, KeyError, ValueError) as error:
        raise SampleError(f"The figure's origin cannot be read ({error}). Use the file as it was exported.") from error


def _pdf(figure: Figure) -> bytes:
    """A PDF page with TrueType fonts."""
    metadata = {"Title": figure.alt, "Subject": figure.caption, "Keywords": figure.record()}
    timeless = {"Creator": f"xviz {__version__}", "CreationDate": None, "ModDate": None}
    return _saved(figure, "pdf", VECTOR_DPI, {**metadata, **timeless})


def _svg(figure: Figure) -> bytes:
    """An SVG whose text is text, with a title and a description for screen readers."""
    metadata = {"Title": figure.alt, "Description": figure.record(), "Creator": f"xviz {__version__}", "Date": None}
    text = _saved(figure, "svg", VECTOR_DPI, metadata).decode()
    spoken = f'<title id="alt">{html.escape(figure.alt)}</title>'
    start = text.index(">", text.index("<svg "))
    return f'{text[:start]} role="img" aria-labelledby="alt">\n {spoken}{text[start + 1 :]}'.encode()


def _eps(figure: Figure) -> bytes:
    """An EPS with TrueType fonts, outlines where these lack a script; times are left out, the record is in comments."""
    with outlined(figure.drawing), _clips_apart(figure.drawing):
        content = _clipped_once(_saved(figure, "eps", VECTOR_DPI, {"Creator": f"xviz {__version__}"}))
    head, body = content.split(b"\n", 1)
    head += b"".join(b"\n%xviz " + chunk for chunk in _chunks(figure.record().encode()))
    body = re.sub(rb"^%%CreationDate:[^\n]*\n", b"", body, count=1, flags=re.MULTILINE)
    return head + b"\n" + re.sub(rb"^%%Title:[^\n]*", b"%%Title: figure", body, count=1, flags=re.MULTILINE)


def _chunks(text: bytes, size: int = 200) -> list[bytes]:
    """Parts short enough for lines of PostScript, which have 255 characters at most."""
    return [text[start : start + size] for start in range(0, len(text), size)]


def _png(figure: Figure, dpi: float, packed: Mapping[str, int]) -> bytes:
    """A PNG of exactly the nearest whole number of pixels; matplotlib alone would round down."""
    size = figure.drawing.get_size_inches().copy()
    metadata = {"Title": figure.alt, "Description": figure.caption, "xviz": figure.record()}
    try:
        figure.drawing.set_size_inches((size * dpi).round().clip(1) / dpi + 1e-3 / dpi)
        return _saved(figure, "png", dpi, {**metadata, "Software": f"xviz {__version__}"}, packed)
    finally:
        figure.drawing.set_size_inches(size)


@contextmanager
def _clips_apart(drawn: matplotlib.figure.Figure) -> Iterator[None]:
    """Keeps the transforms of clipping paths while an EPS is written.

    matplotlib knows them by their address alone, takes one that came to lie where another was for that other, and
    clips with the wrong path.
    """
    transforms: list[Affine2DBase] = []

    def holding(affine: Callable[[], Affine2DBase]) -> Callable[[], Affine2DBase]:
        def get() -> Affine2DBase:
            transforms.append(affine())
            return transforms[-1]

        return get

    clips = {id(clip): clip for artist in drawn.findobj() if (clip := artist.get_clip_path()) is not None}.values()
    try:
        for clip in clips:
            clip.get_affine = holding(clip.get_affine)
        yield
    finally:
        for clip in clips:
            del clip.get_affine


def _clipped_once(content: bytes) -> bytes:
    """An EPS that defines each clipping path once."""
    first: dict[bytes, bytes] = {}
    names: dict[bytes, bytes] = {}

    def define(match: re.Match[bytes]) -> bytes:
        name = first.setdefault(match[2], b"c%d" % len(first))
        known = name in names.values()
        names[match[1]] = name
        return b"" if known else b"/%b {\n%b} bind def\n" % (name, match[2])

    content = re.sub(rb"^/(c\d+) \{\n(.*?)\} bind def\n", define, content, flags=re.DOTALL | re.MULTILINE)
    return re.sub(rb"^(c\d+)$", lambda match: names.get(match[1], match[1]), content, flags=re.MULTILINE)


def _saved(
    figure: Figure, kind: str, dpi: float, metadata: dict[str, str | None], packed: Mapping[str, int] | None = None
) -> bytes:
    """What matplotlib writes; ``packed`` says how a PNG is compressed."""
    file = io.BytesIO()
    more = {"pil_kwargs": dict(packed)} if packed else {}
    figure.drawing.savefig(file, format=kind, dpi=dpi, metadata=metadata, bbox_inches=None, facecolor="auto", **more)
    return file.getvalue()


def _candidates(content: bytes) -> list[str]:
    """Texts in a file that may be the record."""
    if content.startswith(b"%PDF"):
        recorded = re.findall(rb"/Keywords \(((?:[^()\\]|\\.)*)\)", content, re.DOTALL)
        return [re.sub(rb"\\(.)", rb"\1", text, flags=re.DOTALL).decode("latin-1") for text in recorded]
    if content.startswith(b"%!PS"):
        return [b"".join(re.findall(rb"^%xviz ([^\n]*)", content, re.MULTILINE)).decode("latin-1")]
    if content.startswith(b"\x89PNG"):
        return _png_texts(content)
    text = content.decode("utf-8", errors="replace")
    return [text, *map(html.unescape, re.findall(r"<dc:description>([^<]*)</dc:description>", text))]


def _png_texts(content: bytes) -> list[str]:
    """The record's text chunk of a PNG; none where the file is broken."""
    try:
        with Image.open(io.BytesIO(content), formats=("PNG",)) as picture:
            texts = getattr(picture, "text", {})
            return [str(texts["xviz"])] if "xviz" in texts else []
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return []
