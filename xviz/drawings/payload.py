"""One message from Python to the browser: a JSON header followed by typed arrays, as plain bytes."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: numpy type -> the name `message.js` knows it by; all little-endian, as browsers are
CODES = {"float32": "f4", "uint8": "u1", "uint16": "u2", "uint32": "u4"}


def pack(header: Mapping[str, object], **arrays: ArrayLike) -> bytes:
    """Header and arrays as bytes: u32 header length, JSON, then each array, all starting at multiples of four.

    Args:
        header: what JSON can say; no NaN, and not the name ``arrays``.
        arrays: float32, uint8, uint16 or uint32, of any shape; the browser sees them flat.

    Raises:
        TypeError: an array of another type; nothing is converted silently.
        ValueError: a header that JSON cannot say.
    """
    flat = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    for name, array in flat.items():
        if array.dtype.name not in CODES:
            raise TypeError(f"{name!r} must be one of {', '.join(CODES)}; this is {array.dtype}. Convert it first.")
    if "arrays" in header:
        raise ValueError("the header may not use the name 'arrays': it holds the list of arrays")
    listing = [{"name": name, "type": CODES[a.dtype.name], "size": int(a.size)} for name, a in flat.items()]
    text = json.dumps({**header, "arrays": listing}, allow_nan=False, ensure_ascii=False).encode()
    out = bytearray(struct.pack("<I", len(text)) + text)
    for array in flat.values():
        out += bytes(-len(out) % 4)
        out += array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
    return bytes(out)


def pack_still(header: Mapping[str, object], **arrays: ArrayLike) -> tuple[str, bytes]:
    """A message that stays the same from pick to pick, under its own digest: (digest, message)."""
    digest = hashlib.sha256(pack(header, **arrays)).hexdigest()
    return digest, pack({**header, "id": digest}, **arrays)


def unpack(payload: bytes) -> tuple[dict[str, object], dict[str, NDArray]]:
    """What `pack` was given: the header and the flat arrays; `message.js` states the same again."""
    (length,) = struct.unpack_from("<I", payload)
    header = json.loads(payload[4 : 4 + length].decode())
    types = {code: np.dtype(name).newbyteorder("<") for name, code in CODES.items()}
    arrays, start = {}, 4 + length
    for entry in header.pop("arrays"):
        start += -start % 4
        arrays[entry["name"]] = np.frombuffer(payload, types[entry["type"]], entry["size"], start)
        start += arrays[entry["name"]].nbytes
    return header, arrays
