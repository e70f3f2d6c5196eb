"""A picture on the screen: what the visitor brings."""

from __future__ import annotations

from xviz.core.sample import Sample
from xviz.data.picture import read_picture
from xviz.models.card import ModelCard
from xviz.ui import net, page, uploads


def own(card: ModelCard) -> Sample | None:
    """The visitor's own picture, if there is one.

    Raises:
        SampleError: what was given cannot be used.
    """
    given = uploads.single(
        f"{card.key}.picture", "Your own picture", megabytes=60,
        help_text=f"{page.PICTURES} {page.KEPT}",
    )  # fmt: skip
    if given is None:
        return None
    name, content = given
    with net.reading(name):
        parts = {"picture": read_picture(content, name=name)}
    return Sample(name, parts, source="the visitor's own", origin={"files": [name]})
