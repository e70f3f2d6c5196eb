"""What the interlaced Transformer is fed, and its cards: the shipped size, and the paper's scale."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xviz.core.errors import ModelError
from xviz.core.run import Caution, Inputs
from xviz.core.sample import Photos, PointCloud, Sample
from xviz.core.tokens import Joined, Named, PatchGrid, Segments, TokenSpace
from xviz.models import photos
from xviz.models.card import CallTitle, ModelCard
from xviz.models.clouds import cut, laid, laid_turned
from xviz.models.mit import MIT, sights
from xviz.models.mit_encode import VOXELS, encode, turned_name
from xviz.models.mit_layers import askers
from xviz.models.mit_settings import PAPERS, SHIPPED, Settings
from xviz.models.photo_light import gains_of, said

#: what nearly every room has, so that its attention says little of this one
STRUCTURE = ("wall", "floor", "ceiling")
PAPER = "Yang et al., 2D-3D Interlaced Transformer for Point Cloud Segmentation, ICCV 2023, arXiv:2310.12817"


def prepare(sample: Sample, settings: Settings) -> Inputs:
    """A cloud on the network's grid and photos as patches; ``mit.encode`` makes the 3D tokens of it.

    Raises:
        SampleError: a part is missing or of another kind.
        ModelError: the settings ask for an image network that is in no package.
    """
    cloud = sample.part("points", PointCloud)
    tokens, present, leaves = {}, {}, []
    cautions: tuple[Caution, ...] = ()
    with ThreadPoolExecutor(1) as other:  # the cloud is cut while photos are looked at
        cutting = other.submit(cut, cloud, settings)
        if kind := sights(settings):
            views = sample.part("views", Photos)
            gains = gains_of(views.images, cloud.rgb if settings.colours else None, settings.grid)
            cautions = said(gains)
            features, mask = _seen(views, settings, gains)
            space, tokens[kind], present[kind] = _as_tokens(views, features, mask, settings)
            leaves.append(space)
        cut_cloud = cutting.result()
    segments = Segments("supervoxels", cut_cloud.of_point, cut_cloud.middles(cloud.xyz))
    context = laid(cut_cloud, settings)
    for number, scene in enumerate(laid_turned(cut_cloud, settings) if settings.second else ()):
        context |= {turned_name(name, number): scene[name] for name in VOXELS}
    return Inputs(tokens, present, _spaces(segments, leaves, settings), context, _notes(cloud, settings), cautions)


def _notes(cloud: PointCloud, settings: Settings) -> tuple[str, ...]:
    notes = []
    if cloud.segment is not None and (cloud.segment >= 0).any():
        notes.append("The supervoxels are the file's own segments.")
    if cloud.rgb is None and "colour" in settings.sees:
        notes.append("The cloud has no colours; the model was trained on coloured ones and sees mid grey.")
    return tuple(notes)


def _seen(views: Photos, settings: Settings, gains: NDArray[np.float64]) -> tuple[Tensor, Tensor]:
    """Features of all patches, and which take part."""
    if settings.view_width != photos.WIDTH:
        raise ModelError(
            f"These settings need an image network of {settings.view_width} features, which is in no package; the "
            f"one at hand has {photos.WIDTH}. Set view_width to {photos.WIDTH}, or take the shipped size."
        )
    return photos.look(views.images, settings.grid, colours=settings.colours, gains=gains)


def _as_tokens(views: Photos, features: Tensor, mask: Tensor, settings: Settings) -> tuple[TokenSpace, Tensor, Tensor]:
    """The space of the 2D tokens, their features and their presence."""
    if settings.tokens_2d == "patch":
        return PatchGrid("patches", views.names, settings.grid), features, mask
    return Named("views", views.names), views_of(features, mask, len(views.names)), torch.ones(len(views.names)).bool()


def views_of(features: Tensor, mask: Tensor, count: int) -> Tensor:
    """(photos · patches, d) → (photos, d): the mean of each photo's present patches."""
    weights = mask.unflatten(0, (count, -1))[..., None].to(features.dtype)
    return (features.unflatten(0, (count, -1)) * weights).sum(1) / weights.sum(1)


def _spaces(segments: Segments, sights_: list[TokenSpace], settings: Settings) -> dict[str, TokenSpace]:
    """Every space that attention names, by name."""
    spaces: dict[str, TokenSpace] = {}
    for classes, space in zip(("classes_3d", "classes_2d"), (segments, *sights_), strict=False):
        first = Named(classes, settings.classes)
        joined = Joined(f"{classes}+{space.name}", (first, space))
        spaces |= {leaf.name: leaf for leaf in (first, space, joined)}
    return spaces


STORY = (
    "What is in this room, and where? A scanned cloud and photos of it attend to each other in turn, without knowing "
    "where a camera stood. Click a photo to see its attention to the cloud, or the cloud to see it on every photo. "
    "Attention is also told which places have the colours of a patch and of its neighbours, so expect few right links "
    "where the cloud has no colours. Photos in another light are first brought into that of the cloud."
)
WANTS = {
    "points": "a coloured cloud (PLY, PCD, LAS/LAZ, XYZ/TXT, NPY/NPZ)",
    "views": "photos of the same room (PNG, JPEG, HEIC, …)",
}


def _calls(settings: Settings) -> dict[str, CallTitle]:
    """Every attention of the model for people, in order."""
    encoders = {"points_encoder": "Encoder of points", "views_encoder": "Encoder of photos"}
    if not sights(settings):
        del encoders["views_encoder"]
    calls = {
        f"{part}.{layer}": CallTitle(f"{words}, layer {layer + 1}", f"layer {layer + 1}", part, "")
        for part, words in encoders.items()
        for layer in range(settings.encoder)
    }
    names = {"points": "points", "views": "photos"}
    other = {"points": "photos", "views": "points"}
    for number, asker in enumerate(askers(settings) if sights(settings) else ()):
        for attention, direction in (("self", ""), ("cross", f"{names[asker]} to {other[asker]}")):
            title = f"Decoder, layer {number + 1}: {direction or f'among {names[asker]}'}"
            calls[f"decoder.{number}.{attention}"] = CallTitle(title, f"layer {number + 1}", "decoder", direction)
    return calls


def card(key: str, title: str, *, settings: Settings, checkpoint: str | None) -> ModelCard[Settings]:
    """A card of this model with everything that follows from its settings."""
    kind = sights(settings)
    layers = range(settings.encoder)
    if kind:
        steps = [f"points_encoder.{layer} + views_encoder.{layer}" for layer in layers]
        steps += [f"decoder.{n}.{part}" for n, _ in enumerate(askers(settings)) for part in ("self", "cross")]
    else:
        steps = [f"points_encoder.{layer}" for layer in layers]
    return ModelCard(
        key=key,
        calls=_calls(settings),
        title=title,
        short="Points and photos",
        icon=":material/view_in_ar:",
        story=STORY,
        paper=PAPER,
        wants=WANTS if kind else {"points": WANTS["points"]},
        outputs={name: f"log-odds that the room has a {name}" for name in settings.classes},
        everywhere=tuple(name for name in STRUCTURE if name in settings.classes),
        settings=settings,
        build=MIT,
        prepare=prepare,
        encode=encode,
        checkpoint=checkpoint,
        convolutions={f"last.{space}": space for space in ("supervoxels", kind) if space},
        paths=dict.fromkeys(settings.classes, tuple(steps)),
        reads=("classes_3d", "classes_2d") if kind else ("classes_3d",),
    )


MIT_CARD = card("mit", "Rooms from points and photos (MIT)", settings=SHIPPED, checkpoint="mit")
MIT_PAPER_CARD = card("mit-paper", "Rooms (MIT, the paper's scale)", settings=PAPERS, checkpoint=None)
CARDS = (MIT_CARD, MIT_PAPER_CARD)
