"""Colour profiles (ICC 2.1), written by hand: of three primaries and a power, of greys, and of four inks."""

from __future__ import annotations

import itertools
import struct

import numpy as np

#: primaries as XYZ under D50, a column a primary (rounded as in the profiles of the trade)
P3 = np.array([[0.51512, 0.29198, 0.15710], [0.24120, 0.69225, 0.06657], [-0.00105, 0.04189, 0.78407]])
ADOBE = np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]])
SRGB = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])
D50 = (0.9642, 1.0, 0.8249)


def _fixed(*numbers: float) -> bytes:
    return struct.pack(f">{len(numbers)}i", *(round(number * 65536) for number in numbers))


def _profile(space: bytes, kind: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    name = b"made by a test\0"
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(name)) + name + bytes(8 + 3 + 67),
        b"cprt": b"text\0\0\0\0none\0",
        b"wtpt": b"XYZ \0\0\0\0" + _fixed(*D50),
        **tags,
    }
    table, body, at = b"", b"", 128 + 4 + 12 * len(tags)
    for tag, data in tags.items():
        data += bytes(-len(data) % 4)
        table += tag + struct.pack(">II", at + len(body), len(data))
        body += data
    head = struct.pack(">I4sI4s4s4s", at + len(body), b"none", 0x02100000, kind, space, connection)
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + _fixed(*D50)
    return head + bytes(128 - len(head)) + struct.pack(">I", len(tags)) + table + body


def _power(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))


def of_primaries(primaries: np.ndarray, gamma: float = 2.2) -> bytes:
    """A profile of RGB."""
    tags = {name + b"XYZ": b"XYZ \0\0\0\0" + _fixed(*primaries[:, i]) for i, name in enumerate((b"r", b"g", b"b"))}
    return _profile(b"RGB ", b"mntr", b"XYZ ", tags | {name + b"TRC": _power(gamma) for name in (b"r", b"g", b"b")})


def of_greys(gamma: float) -> bytes:
    """A profile of greys."""
    return _profile(b"GRAY", b"mntr", b"XYZ ", {b"kTRC": _power(gamma)})


def of_inks() -> bytes:
    """A profile of CMYK in which only black and yellow print: L* falls to 0 with black, b* rises to 80 with yellow."""
    ramp = bytes(range(256))
    nodes = b"".join(
        bytes((255 - 255 * k, 128, 128 + 80 * y * (1 - k))) for _, _, y, k in itertools.product((0, 1), repeat=4)
    )
    table = b"mft1\0\0\0\0" + bytes((4, 3, 2, 0)) + _fixed(1, 0, 0, 0, 1, 0, 0, 0, 1) + ramp * 4 + nodes + ramp * 3
    return _profile(b"CMYK", b"prtr", b"Lab ", {b"A2B0": table})


def in_srgb(values: np.ndarray, primaries: np.ndarray, gamma: float = 2.2) -> np.ndarray:
    """Numbers 0–255 of those primaries as numbers of sRGB (IEC 61966-2-1)."""
    linear = (np.asarray(values, np.float64) / 255) ** gamma @ primaries.T @ np.linalg.inv(SRGB).T
    linear = np.clip(linear, 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
