"""Name the dominant colour of a cut-out, judged in CIELAB.

Source: sRGB to CIELAB as in IEC 61966-2-1 and CIE 15, white point D65. The regions of the eleven colour names are ours.
"""

from __future__ import annotations

import numpy as np

#: a colour is named when at least this share of the opaque pixels has it
CLEAR = 0.58
#: colours a person might use for the same thing; never swapped for one another to make a sentence false
NEAR: dict[str, frozenset[str]] = {
    "red": frozenset({"orange", "pink", "brown"}),
    "orange": frozenset({"red", "yellow", "brown"}),
    "yellow": frozenset({"orange", "green", "brown", "white"}),
    "green": frozenset({"yellow", "blue"}),
    "blue": frozenset({"purple", "green", "grey"}),
    "purple": frozenset({"blue", "pink"}),
    "pink": frozenset({"purple", "red", "white"}),
    "brown": frozenset({"orange", "red", "yellow", "black", "grey"}),
    "black": frozenset({"grey", "brown"}),
    "white": frozenset({"grey", "yellow", "pink"}),
    "grey": frozenset({"black", "white", "blue", "brown"}),
}


def lab(rgb: np.ndarray) -> np.ndarray:
    """Return CIELAB (n, 3) of sRGB values (n, 3) in 0-1."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    matrix = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = linear @ matrix.T / np.array([0.95047, 1.0, 1.08883])
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), xyz * 841 / 108 + 4 / 29)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], -1)


def pixel_names(rgb: np.ndarray) -> np.ndarray:
    """Return a colour name for each sRGB value (n, 3) in 0-1."""
    light, a, b = lab(rgb).T
    chroma, hue = np.hypot(a, b), np.degrees(np.arctan2(b, a)) % 360
    # hue angles of CIELAB, degrees: red 40, yellow 102, green 136, blue 306, magenta 328
    bounds = np.array([15, 48, 74, 105, 175, 307, 332])
    wheel = np.array(["pink", "red", "orange", "yellow", "green", "blue", "purple", "pink"])
    names = wheel[np.searchsorted(bounds, hue)].astype("<U6")
    warm = (hue >= 30) & (hue < 100)
    names[(names == "red") & (light > 66)] = "pink"
    names[(names == "pink") & (light < 50) & (chroma > 45) & ((hue < 15) | (hue > 350))] = "red"
    names[warm & (light < 62) & (chroma < 62) & ~((hue < 48) & (chroma > 42))] = "brown"
    names[warm & (hue > 48) & (light < 52)] = "brown"
    names[warm & (light >= 62) & (light < 80) & (chroma < 34)] = "brown"
    cool = (hue > 170) & (hue < 345)
    pale = chroma < np.where(cool, 18, 12)
    names[pale & (light >= 84)] = "white"
    names[pale & (light < 70)] = "grey"
    names[pale & (light < 24)] = "black"
    names[light < 11] = "black"
    names[_doubtful(light, chroma, hue)] = "?"
    return names


def _doubtful(light: np.ndarray, chroma: np.ndarray, hue: np.ndarray) -> np.ndarray:
    """Return where two people might say different names: between white and grey, grey and black, pink and red, ..."""
    cool = (hue > 170) & (hue < 345)
    edge = np.where(cool, 18, 12)
    between = (chroma < edge) & (((light >= 70) & (light < 84)) | ((light >= 22) & (light < 34)))
    faint = (chroma >= edge) & (chroma < edge + np.where(cool, 10, 8)) & (light < 92)
    rosy = ((hue < 24) | (hue > 352)) & (chroma > 50) & (light > 44) & (light < 68)
    amber = (hue > 44) & (hue < 80) & (light > 48) & (light < 64) & (chroma > 40) & (chroma < 66)
    return (light >= 11) & (between | faint | rosy | amber)


def colour_name(pixels: np.ndarray) -> str:
    """Return the dominant colour of RGBA pixels uint8 (h, w, 4), or "none" when none is clear."""
    opaque = pixels[pixels[..., 3] > 200][:, :3]
    if len(opaque) == 0:
        return "none"
    step = max(len(opaque) // 4000, 1)
    names, counts = np.unique(pixel_names(opaque[::step] / 255.0), return_counts=True)
    best = int(counts.argmax())
    return str(names[best]) if counts[best] >= CLEAR * counts.sum() and names[best] != "?" else "none"
