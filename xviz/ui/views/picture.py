"""A picture on the screen: what the visitor brings."""

from __future__ import annotations

from xviz.core.provenance import digest
from xviz.core.sample import Picture, Sample
from xviz.models.card import ModelCard
from xviz.ui import memory, page, uploads


def own(card: ModelCard) -> Sample | None:
    """The visitor's own picture, if there is one.

    Raises:
        SampleError: what was given cannot be used.
    """
    upload = uploads.single(
        f"{card.key}.picture", "Your own picture", megabytes=60,
        help_text=f"{page.PICTURES} {page.KEPT}",
    )  # fmt: skip
    if upload is None:
        return None
    name, content = upload
    return _sample(name, digest(name, content), uploads.picture(name, content))


@memory.kept()
def _sample(name: str, digest: str, _picture: Picture) -> Sample:
    return Sample(name, {"picture": _picture}, source="the visitor's own", origin={"files": [name]})
