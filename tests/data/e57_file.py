"""An E57 file, written without the reader after ASTM E2807: pages of 1,024 bytes with a checksum each, then XML."""

from __future__ import annotations

import struct

import numpy as np

PAGE, HELD = 1024, 1020


def _crc(data: bytes) -> bytes:
    """CRC-32C of a page, most significant byte first."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
    return struct.pack(">I", value ^ 0xFFFFFFFF)


def _physical(offset: int) -> int:
    """Where a byte lies once checksums stand between pages."""
    return offset // HELD * PAGE + offset % HELD


def e57(xyz, rgb=None, *, pose: str = "") -> bytes:
    """One scan of points as doubles, with colours of 8 bits where there are any."""
    count = len(xyz)
    logical = bytearray(48)
    section = len(logical)
    logical += bytes(32)
    data_at = len(logical)
    streams = [np.ascontiguousarray(column, "<f8") for column in np.asarray(xyz, float).T]
    if rgb is not None:
        streams += [np.ascontiguousarray(column, "u1") for column in np.asarray(rgb).T]
    step = 500
    for start in range(0, count, step):
        parts = [stream[start : start + step].tobytes() for stream in streams]
        body = b"".join(struct.pack("<H", len(part)) for part in parts) + b"".join(parts)
        body += b"\0" * (-(6 + len(body)) % 4)
        logical += struct.pack("<BBHH", 1, 0, 6 + len(body) - 1, len(parts)) + body
    logical[section : section + 32] = struct.pack(
        "<B7xQQQ", 1, len(logical) - section, _physical(data_at), 0
    )  # fmt: skip
    names = [f'<cartesian{axis} type="Float"/>' for axis in "XYZ"]
    if rgb is not None:
        names += [f'<color{c} type="Integer" minimum="0" maximum="255"/>' for c in ("Red", "Green", "Blue")]
    limits = "".join(
        f'<color{c}Minimum type="Integer">0</color{c}Minimum><color{c}Maximum type="Integer">255</color{c}Maximum>'
        for c in ("Red", "Green", "Blue")
    )
    xml = (
        '<?xml version="1.0" encoding="UTF-8"?><e57Root type="Structure" '
        'xmlns="http://www.astm.org/COMMIT/E57/2010-e57-v1.0">'
        '<formatName type="String"><![CDATA[ASTM E57 3D Imaging Data File]]></formatName>'
        '<guid type="String"><![CDATA[{a}]]></guid><versionMajor type="Integer">1</versionMajor>'
        '<versionMinor type="Integer">0</versionMinor><data3D type="Vector" allowHeterogeneousChildren="1">'
        f'<vectorChild type="Structure"><guid type="String"><![CDATA[{{b}}]]></guid>{pose}'
        + (f'<colorLimits type="Structure">{limits}</colorLimits>' if rgb is not None else "")
        + f'<points type="CompressedVector" fileOffset="{_physical(section)}" recordCount="{count}">'
        f'<prototype type="Structure">{"".join(names)}</prototype>'
        '<codecs type="Vector" allowHeterogeneousChildren="1"/></points></vectorChild></data3D></e57Root>'
    ).encode()
    at = len(logical)
    logical += xml
    logical += b"\0" * (-len(logical) % HELD)
    whole = len(logical) // HELD * PAGE
    logical[:48] = struct.pack("<8sIIQQQQ", b"ASTM-E57", 1, 0, whole, _physical(at), len(xml), PAGE)
    pages = [bytes(logical[k : k + HELD]) for k in range(0, len(logical), HELD)]
    return b"".join(page + _crc(page) for page in pages)
