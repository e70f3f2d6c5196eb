"""The table of models: one line each, in the order in which people meet them. Cards, menu and addresses follow.

Nothing is imported here, so that the frame of the app stands at once.
"""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """A model of xviz: its module has ``CARDS``, its page is ``pages/KEY.py``."""

    module: str  #: that has its cards, the first being the one that is met first
    title: str  #: in the menu
    icon: str  #: there, a Material symbol


TABLE: dict[str, Entry] = {  #: key, which is the page's name too → entry
    "mmca": Entry("xviz.models.mmca", "Image–sentence matching", ":material/image_search:"),
    "mca": Entry("xviz.models.mca", "EEG cross-attention", ":material/neurology:"),
    "mmvit": Entry("xviz.models.mmvit_cards", "Sound and picture views", ":material/grid_view:"),
    "mit": Entry("xviz.models.mit_cards", "Points and photos", ":material/view_in_ar:"),
}
