"""Fonts for scripts that DejaVu Sans, the font of all figures, cannot draw; their origin stands in README.md."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

import matplotlib as mpl
import matplotlib.figure
from matplotlib.font_manager import fontManager, get_font
from matplotlib.patheffects import Normal
from matplotlib.text import Text

_SCRIPTS = ("Devanagari", "Bengali", "Tamil", "Telugu", "Thai")
#: families in the order in which they are asked, with their files
FURTHER = {
    "Droid Sans Fallback": "DroidSansFallback.ttf",
    **{f"Noto Sans {script}": f"NotoSans{script}-Regular.ttf" for script in _SCRIPTS},
}
_FOLDER = Path(__file__).parent


@cache
def register() -> None:
    """Makes the fonts known to matplotlib, in the place of bold ones too, of which there are none."""
    for file in FURTHER.values():
        fontManager.addfont(_FOLDER / file)
        fontManager.ttflist.append(replace(fontManager.ttflist[-1], weight=700))


@cache
def drawn_by_dejavu() -> frozenset[int]:
    """The code points that both its regular and its bold font can draw."""
    files = (Path(mpl.get_data_path()) / "fonts" / "ttf" / f"DejaVuSans{bold}.ttf" for bold in ("", "-Bold"))
    regular, bold = (frozenset(get_font(str(file)).get_charmap()) for file in files)
    return regular & bold


@cache
def drawable_code_points() -> frozenset[int]:
    """The code points that DejaVu Sans or a further font can draw."""
    return drawn_by_dejavu().union(*(get_font(str(_FOLDER / file)).get_charmap() for file in FURTHER.values()))


@contextmanager
def outlined(drawn: matplotlib.figure.Figure) -> Iterator[None]:
    """Texts that need a further font are outlines meanwhile.

    matplotlib measures every glyph of a font that it writes into PostScript: half a minute for one of 28,000.
    """
    texts = [text for text in drawn.findobj(Text) if not text.get_path_effects() and _needs_more(text.get_text())]
    try:
        for text in texts:
            text.set_path_effects([Normal()])
        yield
    finally:
        for text in texts:
            text.set_path_effects([])


def _needs_more(text: str) -> bool:
    return not drawn_by_dejavu().issuperset(map(ord, text))
