"""Caps whose channels have no 10–20 names: BioSemi's A1 … H32, EGI's E1 … E257, and any cap by its places.

Sources: BioSemi's layouts of caps; Luu & Ferree, Determination of the HydroCel Geodesic Sensor Nets' average electrode
positions and their 10–10 international equivalents, Electrical Geodesics 2005; MNE's montages for all other places.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from xviz.core.sample import BIOSEMI32
from xviz.data.eeg.names import OLD, Naming, bare, montage, places, plain

FAR = 15.0  #: degrees on the head beyond which a channel is not at the place of an electrode
#: net → electrode → number, as its maker has measured them
EGI: Mapping[int, Mapping[str, int]] = {
    size: {name: int(number) for name, number in (pair.split("=") for pair in text.split())}
    for size, text in {
        32: "FP1=1 FP2=2 F3=3 F4=4 C3=5 C4=6 P3=7 P4=8 O1=9 O2=10 F7=11 F8=12 T7=13 T8=14 P7=15 P8=16 FZ=17",
        65: "FP1=10 FP2=5 F3=12 F4=60 F7=18 F8=58 FZ=6 C3=20 C4=50 T7=24 T8=52 P3=28 P4=42 P7=30 P8=44 PZ=34 O1=35 "
        "O2=39 OZ=37",
        129: "FP1=22 FP2=9 AF3=23 AF4=3 F3=24 F4=124 F7=33 F8=122 FZ=11 FC1=13 FC2=112 FC5=28 FC6=117 C3=36 C4=104 "
        "T7=45 T8=108 CP1=37 CP2=87 CP5=47 CP6=98 P3=52 P4=92 P7=58 P8=96 PZ=62 PO3=67 PO4=77 O1=70 O2=83 OZ=75",
        257: "FP1=37 FP2=18 F3=36 F4=224 F7=47 F8=2 FZ=21 C3=59 C4=183 T7=69 T8=202 P3=87 P4=153 P7=96 P8=170 PZ=101 "
        "O1=116 O2=150 OZ=126",
    }.items()
}
NETS = {32: "GSN-HydroCel-32", 65: "GSN-HydroCel-65_1.0", 129: "GSN-HydroCel-129", 257: "GSN-HydroCel-257"}


def by_cap(channels: Sequence[str]) -> Naming | None:
    """Names that only a cap's layout explains; None where they are of neither cap."""
    names = [re.sub(r"(?i)^(?:EEG|POL|\d-)[\s_:.-]*(?=[A-H]\d)", "", bare(name)).upper() for name in channels]
    names = [re.sub(r"[\s_.-]+(?:REF|LE|AVG?|VREF|CZ)$", "", name) for name in names]
    semi = [bool(re.fullmatch(r"[A-H](?:[1-9]|[12]\d|3[0-2])", name)) for name in names]
    sheets = {name[0] for name, yes in zip(names, semi, strict=True) if yes}
    firsts = [name for name in names if re.fullmatch(r"A(?:[3-9]|[12]\d|3[0-2])", name)]
    if len(firsts) >= 12 and sheets == set("ABCDEFGH"[: len(sheets)]):
        return _biosemi(names, semi, len(sheets))
    numbers = [int(match[1]) if (match := re.fullmatch(r"E0*(\d+)", name)) else 0 for name in names]
    counted = not any(re.fullmatch(r"E0+", name) for name in names)
    if sum(n > 2 for n in numbers) >= 12 and max(numbers) <= 257 and counted:
        return _egi(channels, numbers)
    return None


def _biosemi(names: Sequence[str], semi: Sequence[bool], sheets: int) -> Naming:
    """BioSemi's A1 … : by order on caps of 16 to 64 electrodes, which have 10–20 places, by place on larger ones."""
    count = sum(semi)
    size = 16 if sheets == 1 and count <= 16 else {1: 32, 2: 64, 3: 128, 4: 128, 5: 160}.get(sheets, 256)
    if size > 64:
        listed = nearest(montage(f"biosemi{size}"), montage("biosemi64"))
    else:
        listed = {f"{'AB'[i // 32]}{i % 32 + 1}": name.upper() for i, name in enumerate(montage(f"biosemi{size}"))}
    electrodes = tuple(listed.get(name, "") if yes else "" for name, yes in zip(names, semi, strict=True))
    return Naming(electrodes, "", (), f"BioSemi's cap of {size} electrodes")


def _egi(channels: Sequence[str], numbers: Sequence[int]) -> Naming:
    """EGI's E1 … : as measured where they were, else by place, on the net of that many electrodes."""
    highest = max(numbers)
    size = next(size for size in NETS if highest <= size)
    known = {f"E{number}": name for name, number in EGI[size].items()}
    others = {name: position for name, position in montage(NETS[size]).items() if name not in known and name != "Cz"}
    named = {*known.values(), "CZ"}
    free = {name: position for name, position in montage("biosemi64").items() if name.upper() not in named}
    listed = known | nearest(others, free, montage(NETS[size]), montage("biosemi64"))
    vertex = {65: 65, 129: 129, 257: 257}.get(size)
    electrodes = tuple(
        "CZ"
        if number == vertex or (not number and plain(name) in ("CZ", "VREF", "VERTEX REFERENCE"))
        else listed.get(f"E{number}", "")
        for name, number in zip(channels, numbers, strict=True)
    )
    return Naming(electrodes, "Cz, as EGI's nets have it", (), f"EGI's HydroCel net of {size - (size > 32)} electrodes")


Places = Mapping[str, NDArray[np.floating]]


def nearest(
    held: Places, known: Places | None = None, all_held: Places | None = None, all_known: Places | None = None
) -> dict[str, str]:
    """Channel → electrode at its place, in capitals; each electrode once, its nearest channel, those of 10–20 first.

    Directions are taken from the middle of the sphere that fits each set of places, so that heads of any size compare.

    Args:
        held: Channel → (3,) place: right, front, up, in any unit.
        known: Electrode → place to compare with; the 10–10 system where there is none.
        all_held: Places that the sphere of the first is fitted to, where they are more.
        all_known: The same of the second.
    """
    if known is None:
        grid = r"(?:FP|AF|FC|FT|CP|TP|PO|[FCTPOI])(?:Z|10|[1-9])"
        known = {name: position for name, position in places().items() if re.fullmatch(grid, name) and name not in OLD}
    held = {name: position for name, position in held.items() if np.isfinite(position).all()}
    if len(all_held or held) < 8 or not held or not known:
        return {}
    ours, theirs = _directions(known, all_known or known), _directions(held, all_held or held)
    apart = np.degrees(np.arccos(np.clip(theirs @ ours.T, -1, 1)))
    names, electrodes = list(held), [name.upper() for name in known]
    chosen: dict[str, str] = {}
    first = {name.upper() for name in BIOSEMI32}
    for some in (first, set(electrodes) - first):
        columns = [i for i, name in enumerate(electrodes) if name in some]
        for flat in np.argsort(apart[:, columns], axis=None):
            row, column = divmod(int(flat), len(columns))
            if apart[row, columns[column]] > FAR:
                break
            if names[row] not in chosen and electrodes[columns[column]] not in chosen.values():
                chosen[names[row]] = electrodes[columns[column]]
    return chosen


def _directions(measured: Places, fitted: Places) -> NDArray[np.float64]:
    """(n, 3) unit directions from the middle of the sphere that fits places best."""
    every = np.stack([position for position in fitted.values() if np.isfinite(position).all()]).astype(np.float64)
    solved = np.linalg.lstsq(np.column_stack([2 * every, np.ones(len(every))]), (every**2).sum(1), rcond=1e-4)[0]
    away = np.stack(list(measured.values())).astype(np.float64) - solved[:3]
    return away / np.linalg.norm(away, axis=1, keepdims=True)
