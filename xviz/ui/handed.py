"""What an app was started with to be opened: ``xviz open`` names its files, and nobody else can."""

from __future__ import annotations

from collections.abc import Mapping

from xviz.ui import state

TABLE: dict[str, tuple[Mapping[str, state.Files], Mapping[str, object]]] = {}  #: name in an address → files, widgets


def give(files: Mapping[str, state.Files], widgets: Mapping[str, object]) -> str:
    """Keep files for uploaders, and values of widgets, for whoever opens the address with the returned name."""
    name = str(len(TABLE) + 1)
    TABLE[name] = (files, widgets)
    return name


def take() -> None:
    """Give a visit that begins what its address names."""
    state.arrive(TABLE)
