"""The scripts that draw in a browser: in the app, in a notebook, and in pages that open without a server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache

from xviz.places import PACKAGE

FOLDER = PACKAGE / "ui" / "components"
ALONE = ("still", "answers", "eye", "parts")  #: kinds that draw nothing and bring their own script
LOOK = """const CODE = (window.xvizCode ??= new Map());
const dressed = (mount) => (given) => {
  const root = given.parentElement;
  if (!root.querySelector("style.look")) {
    const look = document.createElement("style");
    look.className = "look";
    look.textContent = STYLE;
    root.prepend(look);
  }
  return mount(given);
};"""
_COMMON = ("message.js", "colour.js", "common.js")
#: view kind -> the scripts that draw it, in order
SCRIPTS: Mapping[str, tuple[str, ...]] = {
    "heatmap": (*_COMMON, "exact.js", "zoom.js", "cells.js", "heatmap.js"),
    "picture": (*_COMMON, "marks.js", "picture.js"),
    "photos": (*_COMMON, "marks.js", "photos.js"),
    "words": (*_COMMON, "words.js"),
    "cloud": (*_COMMON, "marks.js", "camera.js", "overlay.js", "shaders.js", "points.js", "cloud.js"),
    "head": (*_COMMON, "head.js"),
    "traces": (*_COMMON, "traces.js"),
    "wave": (*_COMMON, "wave.js"),
    "multiples": (*_COMMON, "multiples.js"),
    "still": ("message.js", "still.js"),
    "answers": ("message.js", "answers.js"),
    "eye": ("eye.js",),
    "parts": ("message.js", "exact.js", "parts.js"),
}


@cache
def script(kind: str) -> str:
    """What the browser runs for a kind of drawing."""
    return read(*SCRIPTS[kind])


#: what a drawing of the app is sent with every message: the name of its script, which ``library`` gave to the window
STUB = """const KIND = "%s", CODE = (window.xvizCode ??= new Map());
export default function (given) {
  if (CODE.has(KIND)) return CODE.get(KIND)(given);
  let clean = null, gone = false;
  const come = () => {
    window.removeEventListener("xviz-code", come);
    if (!gone) clean = CODE.get(KIND)(given);
  };
  window.addEventListener("xviz-code", come);
  return () => {
    gone = true;
    clean?.();
  };
}
"""


@cache
def library() -> str:
    """The scripts of all drawings and their look, for the window of a browser; sent once a visit."""
    parts = [f"const STYLE = {json.dumps(style())};", LOOK]
    for kind in SCRIPTS:
        if kind not in ALONE:
            inside = script(kind).replace("export default function", "return function")
            parts.append(f'CODE.set("{kind}", dressed((() => {{\n{inside}\n}})()));')
    return "\n".join([*parts, 'window.dispatchEvent(new CustomEvent("xviz-code"));', "export default () => {};"])


def read(*names: str) -> str:
    """The text of scripts, one after the other."""
    return "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in names)


@cache
def style() -> str:
    """How the drawings look."""
    return (FOLDER / "style.css").read_text(encoding="utf-8")
