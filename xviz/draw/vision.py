"""How a picture looks printed in grey, and to people without one kind of cone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: what people without one kind of cone see, linear RGB; source: Machado, Oliveira and Fernandes, A Physiologically-
#: based Model for Simulation of Color Vision Deficiency, IEEE TVCG 2009, severity 1
BLIND = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
GREY = [[0.2126, 0.7152, 0.0722]] * 3  #: luminance of linear RGB, ITU-R BT.709
EYES = {"grey": "In grey", **{name: name.capitalize() for name in BLIND}}


def seen(pixels: NDArray[np.uint8], eyes: str) -> NDArray[np.uint8]:
    """A picture as it is seen.

    Args:
        pixels: (…, 3) RGB 0–255.
        eyes: "grey", "protanopia", "deuteranopia" or "tritanopia".
    """
    shares = np.arange(256) / 255
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4).astype(np.float32)
    matrix = np.array(GREY if eyes == "grey" else BLIND[eyes], np.float32)
    mixed = np.clip(linear[pixels] @ matrix.T, 0, 1)
    encoded = np.where(mixed <= 0.0031308, 12.92 * mixed, 1.055 * mixed ** (1 / 2.4) - 0.055)
    return np.round(encoded * 255).astype(np.uint8)
