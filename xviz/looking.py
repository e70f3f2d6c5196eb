"""Read a look: JSON as it was copied, a file of it, or a figure or bundle that was drawn in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xviz import request
from xviz.core.errors import XvizError
from xviz.figures.look import Look

HELD = {"xviz_figure", "xviz_results", "schema_version", "provenance"}  #: keys of other files of xviz


def looking(text: str) -> Look:
    """The look in a text or a file.

    Args:
        text: JSON in braces, or the path of a file: JSON, or a figure or bundle of xviz.

    Raises:
        XvizError: it is none of these.
    """
    if not text.lstrip().startswith("{"):
        return look_of(Path(text))
    try:
        return Look.parse(json.loads(text))
    except ValueError as error:
        raise XvizError(f'A look is JSON, such as {{"marks": 5}}; this is none ({error}).') from error


def look_of(path: Path) -> Look:
    """The look of a file: of JSON by itself, or of the first figure that a file of xviz holds.

    Raises:
        XvizError: there is no such file, or it holds no figure.
    """
    if not path.is_file():
        raise XvizError(f"There is no file {path}. Give JSON in braces, or a figure whose look is taken over.")
    return held(path.name, path.read_bytes())[0]


def held(name: str, content: bytes) -> tuple[Look, Mapping[str, Any]]:
    """The look and the recipe in a file: of JSON by itself without a recipe, or of the first figure of xviz in it.

    Raises:
        XvizError: it holds neither.
    """
    if (alone := _alone(content)) is not None:
        return Look.parse(alone), {}
    requests = request.parse(Path(name), content).requests
    if not requests:
        raise XvizError(f"{name} holds no figure. Give a figure that xviz wrote, or a bundle with one.")
    recipe = requests[0].recipe
    return Look.parse(recipe.get("look") or {}), recipe


def _alone(content: bytes) -> dict[str, Any] | None:
    """The JSON of a file that holds a look alone."""
    try:
        record = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) and not HELD & set(record) else None
