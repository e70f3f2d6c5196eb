"""Every number of the interlaced Transformer: as shipped, and at the paper's scale."""

from __future__ import annotations

from dataclasses import dataclass, replace

from xviz.models.photos import WIDTH

CLASSES = (
    "wall", "floor", "door", "window", "bed", "cabinet", "chair", "lamp", "plant", "screen", "bookcase", "sofa",
    "table", "bath", "appliance",
)  # fmt: skip
SCANNET = (
    "wall", "floor", "cabinet", "bed", "chair", "sofa", "table", "door", "window", "bookshelf", "picture", "counter",
    "desk", "curtain", "refrigerator", "shower curtain", "toilet", "sink", "bathtub", "other furniture",
)  # fmt: skip


COLOURS = 3  #: numbers of a colour, red, green and blue from −1 to 1


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the modules are built from; ``SHIPPED`` also has colours, turns, and a say for photos and neighbours."""

    classes: tuple[str, ...] = CLASSES
    small_voxel: float = 0.05  #: metres; supervoxels are cut from these
    voxel: float = 0.1  #: metres; the 3D network's
    sees: tuple[str, ...] = ("colour", "height", "upright", "there")  #: features of a voxel, names of ``clouds.SEEN``
    places: str = "metres"  #: what the codes of places are made of: "metres" or "voxels"
    stem: int = 24  #: channels of the 3D network's first layer
    stem_kernel: int = 3
    planes: tuple[int, ...] = (24, 48, 48, 32)  #: channels of the 3D network's levels, down and up again
    blocks: int = 1  #: residual blocks of a level
    second: tuple[int, ...] = (24, 32, 48, 48, 32, 32)  #: planes of the second stage's 3D network; () without one
    width: int = 32  #: of tokens
    heads: int = 4
    encoder: int = 3  #: layers
    encoder_ratio: float = 1.0  #: hidden units over width
    decoder: int = 4  #: layers
    decoder_ratio: float = 0.2
    dropout: float = 0.0
    drop_path: float = 0.1
    fusion: str = "interlaced"  #: or "one-way", or "none", which reads no photos
    first: str = "points"  #: which modality asks in the first layer of the decoder: "points" or "views"
    tokens_2d: str = "patch"  #: what a token of a photo is: "patch" or "view"
    view_width: int = WIDTH  #: features of the image network
    colours: bool = False  #: whether tokens of both sides end in a colour, by which like ones find one another
    turns: tuple[float, ...] = ()  #: degrees about the vertical by which the second stage sees a room too
    photos_say: float = 0.0  #: weight of what photos say of supervoxels beside the second stage's points; needs colours
    neighbours_say: float = 0.0  #: weight of like neighbours in the second stage's classes; 0 leaves them out
    photos: int = 16  #: at most
    grid: tuple[int, int] = (8, 10)  #: rows and columns of patches in a photo


SHIPPED = Settings(colours=True, photos_say=0.5, neighbours_say=3.0, turns=(45, 90, 135))
PAPER_PLANES = (32, 64, 128, 256, 128, 128, 96, 96)
PAPERS = replace(
    SHIPPED, classes=SCANNET, voxel=0.05, sees=("colour",), places="voxels",
    stem=32, stem_kernel=5, planes=PAPER_PLANES, blocks=2, second=PAPER_PLANES,
    width=96, dropout=0.1, tokens_2d="view", view_width=2048, colours=False, photos_say=0.0, neighbours_say=0.0,
    turns=(),
)  # fmt: skip
