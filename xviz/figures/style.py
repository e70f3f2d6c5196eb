"""Venue presets as data, and the one way in which xviz uses matplotlib's global settings.

A preset is what a venue's instructions say about sizes, with the page it was read on and when; a figure drawn with it
keeps these sizes and claims nothing else. matplotlib keeps its settings in one global that threads share, and reads
some of them only while saving, so drawing and saving both happen inside ``drawing()``: one thread at a time.
"""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import matplotlib as mpl

from xviz.figures.fonts import FURTHER, drawable_code_points, register
from xviz.figures.look import FONT, Look, look

MM = 72 / 25.4  #: points in a millimetre
INCH = 25.4  #: millimetres in an inch
BOX = "□"  #: stands for a character that no font of ours can draw
NON_JOINER = "\u200c"  #: keeps two letters of a Persian word apart
_SELECTORS = frozenset(map(chr, range(0xFE00, 0xFE10)))  # choose between forms that the font does not have
LEAST_PT = 5.0  #: no text is smaller than this at final size


@dataclass(frozen=True)
class Preset:
    """The sizes of one venue."""

    key: str
    venue: str  #: for people
    width_mm: float  #: exact width of the saved page
    max_height_mm: float | None  #: None where the venue names none
    text_pt: float  #: titles; labels are one point smaller, never below 5 pt
    letter_pt: float  #: panel letters
    letter: str  #: how a panel letter is written: "{}" or "({})"
    letter_weight: str  #: "bold" or "normal"
    source: str  #: where the sizes were read
    seen: str  #: when, as year-month
    capitals: bool = False  #: whether panel letters are capitals

    def cased(self, letter: str) -> str:
        """A panel letter, "a", in the venue's case."""
        return letter.upper() if self.capitals else letter

    def sign(self, letter: str) -> str:
        """A panel letter as it is written: "a", "A" or "(a)"."""
        return self.letter.format(self.cased(letter))

    @property
    def small_pt(self) -> float:
        """Size of labels in points."""
        return max(LEAST_PT, self.text_pt - 1)

    def dressed(self, chosen: Look) -> Preset:
        """With the sizes that a look has in the place of the venue's; letters grow with the text."""
        text = self.text_pt if chosen.text_pt is None else chosen.text_pt
        return replace(
            self, text_pt=text, letter_pt=self.letter_pt + text - self.text_pt,
            width_mm=self.width_mm if chosen.width_mm is None else chosen.width_mm,
            max_height_mm=self.max_height_mm if chosen.height_mm is None else chosen.height_mm,
        )  # fmt: skip


_NATURE = ("research-figure-guide.nature.com, Building and exporting figure panels", "2026-11")
_IEEE = ("ieeeauthorcenter.ieee.org, Size requirements for graphics", "2026-11")
_CVPR = ("width: tueplots figsizes.py; height: recalled from the author kit, not checked", "2026-11")
_NEURIPS = ("width: tueplots figsizes.py; height: recalled from the style file, not checked", "2026-11")
_ICML = ("width: tueplots figsizes.py, icml2024; height: recalled from the style file, not checked", "2026-11")
_AAAI = ("width: tueplots figsizes.py, aaai2024; height: recalled from the author kit, not checked", "2026-11")
_TMLR = ("width: tueplots figsizes.py, tmlr2023; height: recalled from the style file, not checked", "2026-11")
_ACL = ("acl.sty of acl-org/acl-style-files: A4 with margins of 2.5 cm, 0.6 cm between columns", "2026-11")
_PNAS = ("PNAS template on overleaf.com: 8.7, 11.4 or 17.8 cm wide; no height is named there", "2026-11")
_ELSEVIER = ("Elsevier's artwork sizing, as figure scripts of its authors quote it", "2026-11")
_SPRINGER = ("Springer's artwork instructions, as figure scripts of its authors quote them", "2026-11")
_LNCS = ("ECCV/LNCS template on overleaf.com, geometry 122 mm × 193 mm", "2026-11")

PRESETS: dict[str, Preset] = {
    preset.key: preset
    for preset in (
        Preset("nature-single", "Nature, one column", 89.0, 170.0, 6.5, 8.0, "{}", "bold", *_NATURE),
        Preset("nature-double", "Nature, two columns", 183.0, 170.0, 7.0, 8.0, "{}", "bold", *_NATURE),
        Preset("ieee-single", "IEEE, one column", 3.5 * INCH, None, 7.5, 8.0, "({})", "normal", *_IEEE),
        Preset("ieee-double", "IEEE, two columns", 7.16 * INCH, None, 8.0, 8.0, "({})", "normal", *_IEEE),
        Preset("cvpr-single", "CVPR, one column", 3.25 * INCH, 8.875 * INCH, 7.0, 8.0, "({})", "normal", *_CVPR),
        Preset("cvpr-double", "CVPR, two columns", 6.875 * INCH, 8.875 * INCH, 7.5, 8.0, "({})", "normal", *_CVPR),
        Preset("neurips", "NeurIPS and ICLR", 5.5 * INCH, 9 * INCH, 7.5, 8.0, "({})", "normal", *_NEURIPS),
        Preset("icml-single", "ICML, one column", 3.25 * INCH, 9 * INCH, 7.0, 8.0, "({})", "normal", *_ICML),
        Preset("icml-double", "ICML, two columns", 6.75 * INCH, 9 * INCH, 7.5, 8.0, "({})", "normal", *_ICML),
        Preset("aaai-single", "AAAI, one column", 3.3 * INCH, 9 * INCH, 7.0, 8.0, "({})", "normal", *_AAAI),
        Preset("aaai-double", "AAAI, two columns", 6.975 * INCH, 9 * INCH, 7.5, 8.0, "({})", "normal", *_AAAI),
        Preset("acl-single", "ACL, one column", 77.0, 247.0, 7.0, 8.0, "({})", "normal", *_ACL),
        Preset("acl-double", "ACL, two columns", 160.0, 247.0, 7.5, 8.0, "({})", "normal", *_ACL),
        Preset("tmlr", "TMLR", 6.5 * INCH, 9 * INCH, 7.5, 8.0, "({})", "normal", *_TMLR),
        Preset("pnas-single", "PNAS, one column", 87.0, None, 7.0, 8.0, "{}", "bold", *_PNAS, True),
        Preset("pnas-middle", "PNAS, 1.5 columns", 114.0, None, 7.0, 8.0, "{}", "bold", *_PNAS, True),
        Preset("pnas-double", "PNAS, two columns", 178.0, None, 7.0, 8.0, "{}", "bold", *_PNAS, True),
        Preset("elsevier-single", "Elsevier, one column", 90.0, None, 7.0, 8.0, "({})", "normal", *_ELSEVIER),
        Preset("elsevier-middle", "Elsevier, 1.5 columns", 140.0, None, 7.0, 8.0, "({})", "normal", *_ELSEVIER),
        Preset("elsevier-double", "Elsevier, two columns", 190.0, None, 7.0, 8.0, "({})", "normal", *_ELSEVIER),
        Preset("springer-single", "Springer journals, one column", 84.0, 234.0, 8.0, 8.0, "{}", "normal", *_SPRINGER),
        Preset("springer-double", "Springer journals, two columns", 174.0, 234.0, 8.0, 8.0, "{}", "normal", *_SPRINGER),
        Preset("lncs", "Springer LNCS, ECCV", 122.0, 193.0, 7.5, 8.0, "({})", "bold", *_LNCS),
    )
}

#: settings that are a machine's own and not a matter of looks
_MACHINE = ("backend", "interactive", "toolbar", "timezone", "date.epoch", "docstring.hardcopy", "savefig.directory")
_MACHINE_KINDS = ("webagg.", "tk.", "figure.raise_window", "figure.max_open_warning", "backend_fallback")
_OURS = {
    "font.family": [FONT, *FURTHER],  # matplotlib looks no further than the first one of “font.sans-serif”
    "pdf.fonttype": 42,  # TrueType: text stays text, and journals accept it
    "ps.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "xviz",
    "savefig.bbox": None,  # a tight box would change the width
    "text.hinting": "no_hinting",  # measured and drawn alike at every resolution
    "text.parse_math": False,  # a “$” in a sentence is a “$”
    "path.simplify": False,
}
_lock = threading.RLock()


@contextmanager
def drawing() -> Iterator[None]:
    """The defaults of matplotlib with xviz's settings, whatever the process has set; other threads wait.

    Nothing else in the process should change ``matplotlib.rcParams`` meanwhile: it would be undone at the end.
    """
    looks = {k: v for k, v in mpl.rcParamsDefault.items() if k not in _MACHINE and not k.startswith(_MACHINE_KINDS)}
    own = {} if look().family == FONT else {"font.family": [look().family, FONT, *FURTHER]}  # for what one lacks
    register()
    with _lock, mpl.rc_context({**looks, **_OURS, **own}):
        yield


class Written(str):
    """A text as it is drawn; it is not renamed again."""

    __slots__ = ()


def drawable(text: str) -> Written:
    """The text in one line, under its name in the look, of characters that the font has; “□” for each it has not."""
    return Written("".join(_shown(character) for character in composed(text)))


def missing(text: str) -> int:
    """How many characters of a text are drawn as “□” for want of a glyph."""
    return len(undrawable(text))


def undrawable(text: str) -> str:
    """The characters of a text that are drawn as “□” for want of a glyph."""
    return "".join(c for c in composed(text) if _shown(c) == BOX != c)


def composed(text: str) -> Written:
    """The text under its name in the look, in one line, accents joined with their letters.

    Invisible marks are left out, but for the Persian non-joiner.
    """
    if isinstance(text, Written):
        return text
    joined = " ".join(unicodedata.normalize("NFC", look().renamed(text)).split())
    characters = (c for c in joined if c == NON_JOINER or not (unicodedata.category(c) == "Cf" or c in _SELECTORS))
    return Written("".join(characters))


def _shown(character: str) -> str:
    """The character, or “□”."""
    control = unicodedata.category(character) in ("Cc", "Cs", "Co", "Cn")
    return BOX if control or ord(character) not in drawable_code_points() else character
