"""Every cut-out the scenes are composed of: picture with alpha, name, caption, colour, licence and credit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from xviz.train.common import furniture
from xviz.train.common.sources import PACKAGES, SourceError, fetch, version_of
from xviz.train.mmca import names, stamps, words
from xviz.train.mmca.colours import colour_name

#: alpha above which a pixel counts as part of the thing, 0-1
VISIBLE = 0.3

_MEASURES = re.compile(r"^(?:bunch|cluster|string|head|piece|slice) of ")
#: keywords of pictures whose main colour is skin
_SOMEONE = frozenset(("man", "woman", "person", "people", "human", "baby", "face", "boy", "girl", "child", "adult"))
#: things that look wrong mirrored, because letters or digits show
_NO_FLIP = re.compile(
    r"sign|clock|watch|calendar|newspaper|keyboard|calculator|ruler|die$|billiard|thermometer|book|car$|bus|marker|truck|"
    r"taxi|post box|mailbox|toolbox|ambulance|hospital|school|bank"
)


@dataclass(frozen=True)
class Cutout:
    """One picture of one thing, on nothing."""

    id: str
    #: "emoji", "furniture" or "tuxpaint"
    source: str
    #: RGBA picture cropped to what is visible
    path: str
    #: what it is, in lower case without colour; equal for pictures of the same kind of thing
    concept: str
    #: the same as written in a sentence
    name: str
    #: human caption, tuxpaint only
    caption: str | None
    #: words that say what kind of thing it is
    keywords: tuple[str, ...]
    #: a name in `words.COLOURS`, or "none"
    colour: str
    #: pictures of one 3D model share this
    model: str
    licence: str
    credit: str
    #: may be mirrored
    flip: bool


def load(cache: Path, *, render_seconds: float = 600.0) -> tuple[Cutout, ...]:
    """Return every cut-out, fetching, rendering and cropping what the cache lacks.

    Args:
        cache: Folder for archives, unpacked packages and cropped pictures.
        render_seconds: Longest time to spend on rendering furniture.

    Raises:
        SourceError: A package cannot be fetched or rendered.
    """
    index = cache / "cutouts.json"
    if index.exists():
        rows = json.loads(index.read_text(encoding="utf-8"))
        return tuple(
            Cutout(**{**row, "path": str(cache / row["path"]), "keywords": tuple(row["keywords"])}) for row in rows
        )
    folders = fetch(cache)
    cutouts = [
        *_emoji(folders, cache),
        *_furniture(folders["furniture"], cache, render_seconds),
        *_stamps(folders, cache),
    ]
    rows = [{**asdict(cutout), "path": Path(cutout.path).relative_to(cache).as_posix()} for cutout in cutouts]
    index.write_text(json.dumps(rows, ensure_ascii=False, indent=0), encoding="utf-8")
    return tuple(cutouts)


def read(cutout: Cutout) -> Image.Image:
    """Return the RGBA picture of a cut-out."""
    with Image.open(cutout.path) as image:
        return image.convert("RGBA")


def described(cutout: Cutout) -> Cutout:
    """Return the cut-out with its colour judged from its pixels, and taken out of its name where both agree."""
    colour_seen = colour_name(np.asarray(read(cutout)))
    bare, named_colour = words.split_colour(cutout.name)
    if named_colour and (named_colour == colour_seen or cutout.source == "emoji"):
        return replace(cutout, name=bare, concept=_concept(bare), colour=named_colour)
    mentions = any(colour in re.split(r"[^a-z]+", cutout.name.lower()) for colour in words.COLOURS)
    someone = bool(_SOMEONE & set(cutout.keywords))
    return replace(cutout, colour="none" if mentions or someone else colour_seen)


def _concept(name: str) -> str:
    return _MEASURES.sub("", name).lower()


def _cutout(source: str, key: str, path: Path, name: str, **fields: object) -> Cutout:
    base = {"caption": None, "keywords": (), "colour": "none", "model": key, "flip": not _NO_FLIP.search(name)}
    return described(
        Cutout(id=key, source=source, path=str(path), concept=_concept(name), name=name, **{**base, **fields})
    )


def _cropped(original: Path, target: Path, *, margin: int = 0) -> bool:
    """Write the picture cropped to its alpha above 24/255; return False when next to nothing is visible."""
    if target.exists():
        return True
    with Image.open(original) as picture:
        image = picture.convert("RGBA")
    box = image.getchannel("A").point(lambda value: 255 * (value > 24)).getbbox()
    if box is None or min(box[2] - box[0], box[3] - box[1]) < 12 + margin:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    image.crop(box).save(target)
    return True


def _emoji(folders: dict[str, Path], cache: Path) -> Iterator[Cutout]:
    path = folders["cldr"] / "package/annotations/en/annotations.json"
    if not path.exists():
        raise SourceError(
            f"Expected English names at {path}; there is no such file. Delete {folders['cldr']} and fetch again."
        )
    entries = json.loads(path.read_text(encoding="utf-8"))["annotations"]["annotations"]
    licence, version = PACKAGES["emoji"].licence, version_of(PACKAGES["emoji"], cache)
    for picture in sorted((folders["emoji"] / "package/assets").glob("*.webp")):
        if not re.fullmatch(r"[0-9a-f]{2,5}(-[0-9a-f]{2,5})*", picture.stem):
            continue
        text = "".join(chr(int(code, 16)) for code in picture.stem.split("-"))
        entry = entries.get(text) or entries.get(text.replace("\ufe0f", ""))
        name = names.emoji_name(entry["tts"][0]) if entry else None
        target = cache / "cutouts" / "emoji" / f"{picture.stem}.png"
        if name is None or not _cropped(picture, target):
            continue
        credit = (
            f"“{entry['tts'][0]}”, Fluent Emoji 3D by Microsoft, {licence}, from npm {PACKAGES['emoji'].name} {version}"
        )
        yield _cutout(
            "emoji",
            f"emoji-{picture.stem}",
            target,
            name,
            keywords=tuple(entry["default"]),
            licence=licence,
            credit=credit,
        )


def _furniture(folder: Path, cache: Path, seconds: float) -> Iterator[Cutout]:
    models = furniture.catalogue(folder)
    furniture.render(models, cache / "models", seconds=seconds)
    for model, view, path in furniture.pictures(models, cache / "models"):
        fields = {"keywords": model.keywords, "model": model.id, "licence": model.licence, "credit": model.credit}
        yield _cutout("furniture", f"{model.id}-{view}", path, model.name, **fields)


def _stamps(folders: dict[str, Path], cache: Path) -> Iterator[Cutout]:
    version = version_of(PACKAGES["tuxpaint"], cache)
    for stamp in stamps.stamps(folders["tuxpaint"]):
        key = "-".join(stamp.path.with_suffix("").as_posix().partition("/stamps/")[2].split("/"))
        target = cache / "cutouts" / "tuxpaint" / f"{key}.png"
        if not _cropped(stamp.path, target):
            continue
        fields = {"caption": stamp.caption, "keywords": stamp.keywords, "licence": "GPL-2"}
        credit = f"“{stamp.path.stem}”, Tux Paint Stamps by Bill Kendrick and contributors, GPL-2, version {version}"
        yield _cutout("tuxpaint", f"tux-{key}", target, stamp.name, credit=credit, **fields)
