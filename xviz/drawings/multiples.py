"""Every layer and head at a glance as a drawing: a small map for each, all with the same colours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xviz.draw.scale import Scale, number
from xviz.drawings.drawing import PLAIN, Drawing, Surround, drawn_with
from xviz.drawings.payload import pack
from xviz.explain.glance import Small

HEIGHT = 480  #: CSS pixels


def multiples(
    layers: Sequence[Small],
    *,
    scale: Scale,
    selected: tuple[int, int] | None = None,
    mass: str = "mass",
    surround: Surround = PLAIN,
) -> Drawing:
    """Small maps in rows of layers and columns of heads; a click picks (layer, head).

    Args:
        layers: All layers, each with its heads.
        scale: Colours and limits of all maps.
        selected: The layer and head that are shown large; None leaves what the visitor picked.
        mass: What the sum of a map's weights is called.
        surround: Title, note and height.
    """
    heads = max((len(layer.mass) for layer in layers), default=0)
    bar, _ = drawn_with(scale, np.concatenate([layer.maps.ravel() for layer in layers]))
    values = np.full((len(layers), heads, 2), np.nan, np.float32)
    for row, layer in enumerate(layers):
        values[row, : len(layer.mass)] = np.stack([layer.mass, layer.entropy], -1)
    text = f"{surround.title or 'Layers and heads'}, {len(layers)} layers of up to {heads} heads, {scale.text()}."
    ranked = [divmod(int(i), heads) for i in np.argsort(np.nan_to_num(values[..., 1], nan=np.inf), axis=None)[:3]]
    sharpest = [
        f"{layers[r].title}, head {h + 1}: {number(values[r, h, 1])} bits" for r, h in ranked if h < len(layers[r].mass)
    ]
    alt = text + (f" Most concentrated: {'; '.join(sharpest)}." if sharpest else "")
    header = {
        "title": surround.title,
        "alt": alt,
        "layers": [
            {"title": layer.title, "heads": len(layer.mass), "size": list(layer.maps.shape[1:]), "most": layer.most}
            for layer in layers
        ],
        "columns": heads,
        "mass": mass,
        "selected": None if selected is None else [int(i) for i in selected],
        "note": surround.note,
        "height": surround.height or HEIGHT,
        "scale": bar,
    }
    levels = np.concatenate([scale.quantise(layer.maps).ravel() for layer in layers])
    rows = tuple(
        (layer.title, head + 1, float(layer.mass[head]), float(layer.entropy[head]), layer.most)
        for layer in layers
        for head in range(len(layer.mass))
    )
    table = (("layer", "head", mass, "entropy (bits)", "entropy of an even row (bits)"), *rows)
    payload = pack(header, level=levels, value=values, lut=scale.lut())
    return Drawing("multiples", payload, surround.height or HEIGHT, alt, table, (len(layers), heads))
