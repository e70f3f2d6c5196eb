"""Read the photograph stamps of Tux Paint: pictures with alpha, human captions, and the noun phrase in each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from xviz.train.common.sources import SourceError
from xviz.train.common.tables import listed, paired
from xviz.train.mmca.names import lowered

#: distinct colours (32 levels a channel) over the root of the pixel count; a photograph has at least so many
PHOTOGRAPH = 2.0
#: shortest longer side of a usable stamp, pixels
SMALLEST = 64

_FOLDERS_OUT = re.compile(
    r"cartoon|symbols|roadsigns|flags|planets|military|people|fireworks|newyears|clothes/hats|monuments"
)
_STEMS_OUT = frozenset(
    listed(
        """
    blackcat_, bunny-head, cep-2, dreydl-gimmel, dreydl-hay, dreydl-nun, dreydl-shin, edward_bear, explosion,
    fireman200b, fireman240a, flower4, football_helmet_front, football_helmet_side, gnu-baby, gnu-baby-stand,
    grave-f, grave-h, Lightbulb_, moon_3qt, moon_crescent, pinecone_, rambutan, Santa, sedan_police, spacewalk, star,
    t_jacket, toilets, wildboar, wings
    """
    )
)
#: names for captions the pattern cannot read, by file stem
_NAMES = dict(
    paired(
        """
    bluegroper=blue groper, broccoli=broccoli, toilet=toilet, stethoscope=stethoscope, lionfish=lionfish,
    capybara=capybara, kangaroo=kangaroo, hoverfly=hoverfly, candle=candle, lobster=spiny lobster, corn=corn cob,
    measuring_tape=measuring tape, adeenia=desert rose,
    anthoorium=anthurium, appooppanthady=milkweed pod, bolsom=balsam flower, chemparathi=hibiscus,
    chuvanna_plastic_poo=plastic flower, balloon360=hot air balloon, voyager2=space probe, wheelie_bin=wheelie bin,
    Candy_cane_photo_1=candy cane, Candy_cane_photo_2=candy cane, Christmas_pudding=Christmas pudding,
    German_Christmas_toy=wooden smoker toy, Mince_Pie=mince pie, Roast_turkey=roast turkey,
    holly_leaves=holly leaves, apollo_lander=lunar lander, uk_post_box=post box, rhino_black=rhino,
    stripedfish=striped fish, xanthia=xanthia moth, Cherry_Stella=cherries, plyers=pliers,
    scissors_small_open=scissors, ginger=ginger root, lavender=lavender plant, seasonal/tree=Christmas tree,
    railroad_crossing=railroad crossing sign, walnut_shelled=walnut, garlics=string of garlic, flower9=flower,
    snail2=snail, liberia-palm=palm tree, holm_oak=holm oak, tree336=pili nut tree,
    rainbow-lorikeet=rainbow lorikeet, gnu-sitting=gnu, gnu-stand=gnu, rabbit-2=rabbit, rabbit_little=rabbit,
    pen_dryerase=marker, bunny-egg=bunny with an Easter egg, chick-hatched=chick, chick-in-egg=chick in an egg,
    747=airplane, walnutBoat=walnut sailboat, chineseJunk=sailing ship, heron_greatblue=heron,
    heron_greatblue_flying=heron, sheep_lamb=lamb, anemone_red=anemone flower, whitestar-petunia=petunia,
    pigface=pigface flower, albino_peahen=albino peahen, final-roll-call=memorial,
    wrapped_chocolate_easter_egg=chocolate egg, wrapped_chocolate_easter_egg_2=chocolate egg, grave-g=gravestone,
    grave-c=gravestone, Strawberry2=strawberry, large_metal=mallet, garbagecan=garbage can,
    home_compost_bin=compost bin, cow_white=cow, spade=garden spade, orange_seville=orange,
    indian_blackbuck=blackbuck, moon_full=moon, Christmas_Tree_photo=Christmas tree, apple_fuji=apple,
    apple_granny_smith=apple, apple_sierra_beauty=apple, pumpkin_small=pumpkin, mercurythermometer=thermometer,
    pitcher_small=pitcher, Woodlouse=woodlouse, australian_rules_football=rugby ball, football=American football,
    paintbrush_large=paintbrush, indycar=race car, cementmixer=cement mixer, beetle=car, sedan=car,
    mountaingoat=mountain goat, clothespin_new=clothespin, mallet_metal=mallet, redlettuce=lettuce,
    trophy_cup=trophy, little-penguin=penguin, grave-b=gravestone, grave-i=gravestone
    """
    )
)


@dataclass(frozen=True)
class Stamp:
    """One photograph with its caption."""

    path: Path
    #: noun phrase without its article ("spiny lobster")
    name: str
    #: the human sentence, first line of the text file
    caption: str
    #: folder words, singular ("bird", "fruit"), to tell what kind of thing it is
    keywords: tuple[str, ...]


def stamps(folder: Path) -> Iterator[Stamp]:
    """Yield the photographs of the unpacked package, in the order of their paths.

    Raises:
        SourceError: The folder holds no stamps.
    """
    pictures = sorted(folder.rglob("stamps/*/**/*.png"))
    if not pictures:
        raise SourceError(f"Expected stamps under {folder}; found none. Delete the folder and fetch it again.")
    for path in pictures:
        where = path.parent.as_posix().partition("/stamps/")[2]
        text = path.with_suffix(".txt")
        if path.stem in _STEMS_OUT or _FOLDERS_OUT.search(where) or not text.exists() or not is_photograph(path):
            continue
        caption = text.read_text(encoding="utf-8", errors="replace").splitlines()[0].strip().replace("\u2019", "'")
        name = _NAMES.get(path.stem) or name_in(caption)
        if name:
            yield Stamp(path, name, caption, tuple(part.rstrip("s") for part in re.split(r"[/_]", where)))


def is_photograph(path: Path) -> bool:
    """Return whether a picture is large and has as many colours as a photograph."""
    with Image.open(path) as image:
        if max(image.size) < SMALLEST:
            return False
        pixels = np.asarray(image.convert("RGBA"))
    opaque = pixels[pixels[..., 3] > 128][:, :3] // 8
    if len(opaque) < 900 or (pixels[..., 3] > 128).mean() > 0.97:
        return False
    codes = (opaque.astype(np.int64) * np.array([1024, 32, 1])).sum(1)
    return len(np.unique(codes)) >= PHOTOGRAPH * len(opaque) ** 0.5


def name_in(caption: str) -> str | None:
    """Return the noun phrase a caption starts with ("A spiny lobster, from ..." -> "spiny lobster"), or None."""
    stop = r"[,.!?(—–;]| which | is | are | from | at | inside | lets | with | covered | resembling | playing |$"
    match = re.match(rf"(?:An?|The|Some|A pair of) +(.+?)(?:{stop})", caption)
    if match is None:
        return None
    name = re.sub(r"[“”\"]", "", match[1]).strip()
    return lowered(name) if 0 < len(name.split()) <= 4 else None
