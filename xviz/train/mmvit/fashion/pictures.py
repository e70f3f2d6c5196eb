"""The pictures of Fashion-MNIST (Xiao et al., arXiv:1708.07747; MIT) with their fixed split.

Reads the four files of the Debian package ``dataset-fashion-mnist``, or of the set's own repository, in the format of
MNIST (LeCun et al., 1998): four bytes of magic, big-endian lengths of the axes, then one byte a value.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError

GARMENTS = (
    "T-shirt or top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  #: by label  # fmt: skip
SIDE = 28  #: of a picture, pixels


def pictures(folder: Path, part: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """(n, 28, 28) pictures, 0 is the background, and (n,) labels.

    Args:
        folder: Of the files.
        part: "train" or "t10k", the test split.

    Raises:
        SampleError: a file is missing or is none of these.
    """
    images, labels = (values(folder / f"{part}-{kind}-ubyte.gz") for kind in ("images-idx3", "labels-idx1"))
    if images.shape[1:] != (SIDE, SIDE) or labels.shape != images.shape[:1] or labels.max(initial=0) >= len(GARMENTS):
        raise SampleError(
            f"Expected pictures of {SIDE} × {SIDE} pixels and a label from 0 to {len(GARMENTS) - 1} for each; the "
            f"files of “{part}” hold {images.shape} values and {labels.shape} labels. Fetch Fashion-MNIST again."
        )
    return images, labels


def values(path: Path) -> NDArray[np.uint8]:
    """The bytes of an IDX file by its axes.

    Raises:
        SampleError: it is missing, cut short, or another kind of file.
    """
    if not path.is_file():
        raise SampleError(
            f"The folder holds no {path.name}. Run “apt-get install dataset-fashion-mnist” and give its folder, "
            "/usr/share/datasets/fashion-mnist, with --data."
        )
    try:
        content = gzip.decompress(path.read_bytes())
        kind, axes = struct.unpack_from(">HBB", content)[1:]
        shape = struct.unpack_from(f">{axes}I", content, 4)
        numbers = np.frombuffer(content, np.dtype({8: np.uint8}[kind]), offset=4 + 4 * axes)
        return numbers.reshape(shape)
    except (OSError, EOFError, KeyError, ValueError, zlib.error, struct.error) as error:
        raise SampleError(f"{path.name} is no IDX file of bytes ({error}). Fetch Fashion-MNIST again.") from error
