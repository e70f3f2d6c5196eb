"""2D-3D Interlaced Transformer (Yang et al., ICCV 2023): a scanned room, photos of it, and the classes found in it.

A sparse U-Net gives voxel features; their means over supervoxels are the 3D tokens. A frozen image network gives the
2D tokens: patches, or one token a photo as in the paper (``tokens_2d``). Class tokens, the same for both modalities,
go through one encoder each, then through a decoder in which the modalities take turns asking. It is trained from the
list of classes in a room alone; poses and depth enter nowhere.

Differs from the paper, by settings of the card, in: the image network is EfficientNet-Lite0 and frozen, since the
weights of ResNetV2-50 are in no package; patch tokens have a code of their place in the photo, and codes of the photos'
order are stretched for any number of photos; voxels also know their height and whether their surface is level
(``sees``); places are metres from the room's middle and floor, not voxels from a random corner (``places``);
supervoxels are those of ``supervoxels``; what colours and neighbours agree on of links is added to the products of
attention between the modalities (``colours``, see ``mit_agreement``); who asks first is a setting, the paper's by
default (the released code does the reverse).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xviz.core.errors import ModelError
from xviz.core.run import Inputs, Run
from xviz.models.clouds import network
from xviz.models.mit_agreement import agreement
from xviz.models.mit_carried import carried
from xviz.models.mit_layers import Decoder, EncoderLayer, Sequences, affinity, bias_of
from xviz.models.mit_settings import COLOURS, Settings

FUSIONS = ("interlaced", "one-way", "none")


@dataclass(frozen=True, eq=False)
class Fused:
    """What the losses read of b scenes: class tokens and maps on the way to the answer; None without photos."""

    own_points: Tensor  #: (b, c) of the class tokens after the encoder of the points
    own_views: Tensor | None  #: (b, c) after that of the photos
    joint: Tensor  #: (b, c) after the decoder, the answer; without photos the same as ``own_points``
    map_points: Tensor  #: (b, supervoxels, c) class scores of the 3D tokens
    map_views: Tensor | None  #: (b, patches or views, c) class scores of the 2D tokens
    affinities: Tensor | None  #: (layers, b, c, c)
    before: Sequences | None = None  #: both sequences before the decoder, in which they meet


class MIT(nn.Module):
    """The fusion model, the 3D network before it and, where settings say so, the one of the second stage beside it.

    Args:
        settings: classes, width, heads, encoder (layers), encoder_ratio, decoder (layers), decoder_ratio, dropout,
            drop_path, fusion ("interlaced", "one-way" or "none", which reads no photos), first, tokens_2d, view_width,
            photos, grid, second (planes of the second stage's 3D network; none without one), and those of ``clouds``.

    Raises:
        ModelError: a setting has no meaning, or the 3D network does not end at the width.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        if settings.fusion not in FUSIONS or settings.tokens_2d not in ("patch", "view"):
            raise ModelError(
                f"fusion must be one of {FUSIONS} and tokens_2d “patch” or “view”; got “{settings.fusion}” and "
                f"“{settings.tokens_2d}”."
            )
        width, count = settings.width, len(settings.classes)
        if settings.planes[-1] != width:
            raise ModelError(f"The 3D network must end at the width {width}, not at {settings.planes[-1]}.")
        if settings.colours and ("colour" not in settings.sees or settings.tokens_2d != "patch"):
            raise ModelError(
                "Colours need voxels that see them, and patches: add “colour” to sees, and take “patch” tokens."
            )
        if settings.photos_say and not settings.colours:
            raise ModelError("What photos say of points is carried by colours: set colours, or photos_say to 0.")
        self.more = COLOURS if settings.colours else 0  # numbers of a token after its features
        self.settings, self.count, self.sights = settings, count, sights(settings)
        self.unet = network(settings)
        self.second = network(replace(settings, planes=settings.second)) if settings.second else None
        self.classify_second = nn.Linear(width, count) if settings.second else None
        self.class_token, self.class_place = (nn.Parameter(torch.zeros(1, count, width)) for _ in range(2))
        self.point_place = nn.Sequential(
            nn.Linear(3, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width)
        )
        self.map_points = nn.Linear(width, count)
        self.points_encoder = self._encoder(spaces_of(settings)["points"])
        self.last = nn.ModuleDict({"supervoxels": nn.Identity()})  # where Grad-CAM listens
        self.register_buffer("mean_supervoxels", torch.zeros(width + self.more))
        if settings.photos_say:
            self.register_buffer("usual_views", torch.full((count,), 1 / count))
        for code in (self.class_token, self.class_place):
            nn.init.trunc_normal_(code, std=0.02)
        if self.sights:
            self._add_views(width, count)

    def _add_views(self, width: int, count: int) -> None:
        settings = self.settings
        self.view = nn.Linear(settings.view_width, width)
        self.view_place = nn.Parameter(torch.zeros(1, settings.photos, width))
        if self.sights == "patches":
            self.patch_place = nn.Parameter(torch.zeros(1, settings.grid[0] * settings.grid[1], width))
        self.map_views = nn.Linear(width, count)
        self.views_encoder = self._encoder(spaces_of(settings)["views"])
        self.decoder = Decoder(spaces_of(settings), settings)
        self.last[self.sights] = nn.Identity()
        self.register_buffer(f"mean_{self.sights}", torch.zeros(settings.view_width + self.more))

    def _encoder(self, space: str) -> nn.ModuleList:
        settings = self.settings
        return nn.ModuleList(
            EncoderLayer(
                space,
                width=settings.width,
                heads=settings.heads,
                ratio=settings.encoder_ratio,
                dropout=settings.dropout,
                skipped=settings.drop_path * layer / max(1, settings.encoder - 1),
            )
            for layer in range(settings.encoder)
        )

    def forward(
        self, tokens: Mapping[str, Tensor], present: Mapping[str, Tensor], context: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Log-odds that each class is in the room, class → (b,); see ``fuse``."""
        joint = self.fuse(tokens, present, context).joint
        return {name: joint[:, index] for index, name in enumerate(self.settings.classes)}

    def fuse(self, tokens: Mapping[str, Tensor], present: Mapping[str, Tensor], context: Mapping[str, Tensor]) -> Fused:
        """Scenes of the same number of tokens, on the way to the answer.

        Args:
            tokens: supervoxels (b, s, width), and patches or views (b, p, view_width); with ``colours`` 3 more each.
            present: The same, (b, n) bool.
            context: places (b, s, 3) of the supervoxels.
        """
        shape = tokens["supervoxels"]
        cam, places, looks = self.class_map(shape), self.point_place(context["places"]), self.settings.width
        points, points_bias = self._sequence(shape[..., :looks], places, present["supervoxels"])
        points = self._encoded(self.points_encoder, points, points_bias, "supervoxels")
        own = points[:, : self.count].mean(-1)
        if not self.sights:
            return Fused(own, None, own, cam, None, None)
        sights = tokens[self.sights]
        widened = self.view(sights[..., : self.settings.view_width])
        views, views_bias = self._sequence(widened, self.view_places(widened.shape[1]), present[self.sights])
        views = self._encoded(self.views_encoder, views, views_bias, self.sights)
        before = Sequences(points, views, points_bias, views_bias, self._agreed(tokens, present, context["places"]))
        after, affinities = self.decoder(before)
        joint = (after.points[:, : self.count] + after.views[:, : self.count]) / 2
        own_views = views[:, : self.count].mean(-1)
        return Fused(own, own_views, joint.mean(-1), cam, self.map_views(widened), affinities, before)

    def _agreed(self, tokens: Mapping[str, Tensor], present: Mapping[str, Tensor], places: Tensor) -> Tensor | None:
        """(b, p, s) what colours and neighbours say of links; None where tokens say no colour."""
        if not self.more:
            return None
        patches, supervoxels = (tokens[name][..., -self.more :] for name in (self.sights, "supervoxels"))
        mask = torch.cat([present[self.sights], present["supervoxels"]], 1)
        return agreement(patches, supervoxels, places, mask, self.settings.grid)

    def said_by_photos(
        self, tokens: Mapping[str, Tensor], present: Mapping[str, Tensor], places: Tensor
    ) -> Tensor | None:
        """(supervoxels, c) class probabilities that the photos of one room give its supervoxels.

        None where colours say nothing of which patch shows which supervoxel: no photos, or a cloud of one colour.

        Args:
            tokens: supervoxels (s, width), patches (p, view_width), 3 more each.
            present: The same, (n,) bool.
            places: (s, 3) of the supervoxels.
        """
        if not self.more or not present[self.sights].any():
            return None
        of_one, here = ({name: values[None] for name, values in part.items()} for part in (tokens, present))
        agreed = self._agreed(of_one, here, places[None])
        if agreed is None or not agreed.any():
            return None
        patches = self.map_views(self.view(tokens[self.sights][:, : self.settings.view_width])).softmax(-1)
        return carried(agreed[0], patches, present[self.sights])

    def class_map(self, shape: Tensor) -> Tensor:
        """(…, width) 3D tokens, with their colours where they have one → (…, c) class scores."""
        scores: Tensor = self.map_points(shape[..., : self.settings.width])
        return scores

    def _sequence(self, tokens: Tensor, places: Tensor, present: Tensor) -> tuple[Tensor, Tensor | None]:
        """Class tokens and tokens with their places, and what keeps the absent ones out."""
        first = (self.class_token + self.class_place).expand(len(tokens), -1, -1)
        mask = torch.cat([present.new_ones(len(tokens), self.count), present], 1)
        return torch.cat([first, tokens + places], 1), bias_of(mask, tokens.dtype)

    def _encoded(self, layers: nn.ModuleList, x: Tensor, bias: Tensor | None, space: str) -> Tensor:
        """The sequence after an encoder; its tokens pass a layer of their own as (b, width, n)."""
        for layer in layers:
            x = layer(x, bias)
        return torch.cat([x[:, : self.count], self.last[space](x[:, self.count :].mT).mT], 1)

    def view_places(self, count: int) -> Tensor:
        """(1, count, width) codes of the 2D tokens: the photo's place in the order, and the patch's in the photo."""
        cells = self.patch_place.shape[1] if self.sights == "patches" else 1
        photos = count // cells
        known: Tensor = self.view_place
        if photos != known.shape[1]:
            known = F.interpolate(known.mT, photos, mode="linear", align_corners=True).mT
        if self.sights == "views":
            return known
        return (known[:, :, None] + self.patch_place[:, None]).flatten(1, 2)

    def baseline(self) -> dict[str, Tensor]:
        """The uninformative token of each space, (features,): the mean of the training set."""
        names = ("supervoxels", self.sights) if self.sights else ("supervoxels",)
        return {name: getattr(self, f"mean_{name}") for name in names}


def sights(settings: Settings) -> str:
    """The space of the 2D tokens; empty where no photos are read."""
    return "" if settings.fusion == "none" else {"patch": "patches", "view": "views"}[settings.tokens_2d]


def spaces_of(settings: Settings) -> dict[str, str]:
    """The spaces that attention names: the sequence of each modality."""
    return {"points": "classes_3d+supervoxels", "views": f"classes_2d+{sights(settings)}"}


@torch.no_grad()
def activation(module: MIT, inputs: Inputs) -> Tensor:
    """(supervoxels, classes) class-activation map: what the 3D features alone say of each, rows sum to one."""
    return module.class_map(inputs.tokens["supervoxels"]).softmax(-1)


def affinities(run: Run) -> Tensor:
    """(layers, classes, classes) what the asking class tokens find in those of the other side, layer by layer.

    Rows are the asking ones. The products are scaled, before any softmax, mean over heads.

    Raises:
        ModelError: the run has no decoder.
    """
    matrices = [affinity(c.q, c.k, c.first_key) for c in run.calls if c.first_key]
    if not matrices:
        raise ModelError("This run has no cross-attention between points and photos; choose a model that reads both.")
    return torch.stack(matrices)
