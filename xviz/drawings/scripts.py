"""The scripts that draw in a browser: in the app, in a notebook, and in pages that open without a server."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from xviz.places import PACKAGE

FOLDER = PACKAGE / "ui" / "components"
_COMMON = ("message.js", "colour.js", "common.js")
#: view kind -> the scripts that draw it, in order
SCRIPTS: Mapping[str, tuple[str, ...]] = {
    "heatmap": (*_COMMON, "heatmap.js"),
    "picture": (*_COMMON, "marks.js", "picture.js"),
    "photos": (*_COMMON, "marks.js", "photos.js"),
    "words": (*_COMMON, "words.js"),
    "cloud": (*_COMMON, "marks.js", "camera.js", "overlay.js", "cloud.js"),
    "head": (*_COMMON, "head.js"),
    "traces": (*_COMMON, "traces.js"),
    "wave": (*_COMMON, "wave.js"),
    "multiples": (*_COMMON, "multiples.js"),
    "still": ("message.js", "still.js"),
    "answers": ("message.js", "answers.js"),
    "eye": ("eye.js",),
}


@cache
def script(kind: str) -> str:
    """What the browser runs for a kind of drawing."""
    return read(*SCRIPTS[kind])


def read(*names: str) -> str:
    """The text of scripts, one after the other."""
    return "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in names)


@cache
def style() -> str:
    """How the drawings look."""
    return (FOLDER / "style.css").read_text(encoding="utf-8")
