"""LAS and LAZ, the files of laser scanners, through laspy and lazrs.

Their headers are held against the bytes there are before either library sees them: lazrs makes room for as many chunks
as a table of chunks claims, and an allocation that fails would end the whole process.
"""

from __future__ import annotations

import re
import struct
from io import BytesIO

import laspy
import numpy as np

from xviz.core.errors import SampleError
from xviz.data.cloud.columns import RawCloud, check_count

_BLOCK = 1 << 20  #: points read at once
_VLR = 54  #: bytes of the head of a variable length record
_SMALLEST = {0: 20, 1: 28, 2: 26, 3: 34, 4: 57, 5: 63, 6: 30, 7: 36, 8: 38, 9: 59, 10: 67}  #: point format → bytes
_PACKED = 0.02  #: bytes that a point of LAZ takes at least; a scan has 5 to 15
_UNKNOWN = 65_000  #: number of a record that nobody reads
_DEGREES = 0.01  #: width of a cloud up to which it can be in degrees: a kilometre, or a centimetre
_LARGEST = 1 << 14  #: bytes of a point, extra ones included


def read_las(data: bytes) -> RawCloud:
    """The points of a LAS or LAZ file.

    Raises:
        SampleError: it is cut short, damaged, or of an unknown kind.
    """
    count, coloured = _check(data)
    data, notes, unit = _records(data)
    intense = 0
    xyz = np.empty((count, 3))
    rgb = np.empty((count, 3), np.uint16) if coloured else None
    row = 0
    try:
        with laspy.open(BytesIO(data), laz_backend=laspy.LazBackend.Lazrs, read_evlrs=False) as reader:
            for part in reader.chunk_iterator(_BLOCK):
                end = row + len(part)
                intense = max(intense, int(part.intensity.max(initial=0)))
                for axis, values in enumerate((part.x, part.y, part.z)):
                    xyz[row:end, axis] = values
                for channel, name in enumerate(("red", "green", "blue")):
                    if rgb is not None:
                        rgb[row:end, channel] = part[name]
                row = end
    except BaseException as error:  # a damaged file fails in many ways, and Rust's panics are no Exceptions
        if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError | SampleError):
            raise
        raise SampleError(f"The LAS file is damaged or cut short ({error!s:.200}). Copy or save it again.") from error
    if row < count:
        raise SampleError(f"The LAS file is cut short: it promises {count:,} points and holds {row:,}. Copy it again.")
    if rgb is None and intense:
        notes.append("Only intensities are there, which are no colours: read without colours.")
    return RawCloud(xyz, rgb, notes=notes, up="z", unit=unit)


def _records(data: bytes) -> tuple[bytes, list[str], str | None]:
    """The file with extra fields of points unnamed, what is said of them, and the unit that its system of places has.

    laspy refuses files in which two fields have one name, which is none of a cloud's business: without its
    description, what points carry beyond the standard is stepped over.
    """
    head, _, records = struct.unpack_from("<HII", data, 94)
    offset, notes, unit, out = head, [], None, data
    for _ in range(records):
        if offset + _VLR > len(data):
            break
        number, size = struct.unpack_from("<HH", data, offset + 18)
        who, payload = data[offset + 2 : offset + 18].rstrip(b"\0"), data[offset + _VLR : offset + _VLR + size]
        if who == b"LASF_Spec" and number == 4:
            names = [
                payload[k + 4 : k + 36].split(b"\0")[0].decode("latin-1") for k in range(0, len(payload) - 191, 192)
            ]
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                notes.append(f"{', '.join(twice)} stands among the fields of points more than once; none was used.")
                out = out[: offset + 18] + struct.pack("<H", _UNKNOWN) + out[offset + 20 :]
        elif who == b"LASF_Projection":
            unit = unit or _unit(number, payload)
        offset += _VLR + size
    if unit == "degrees":
        east, west, north, south = struct.unpack_from("<4d", data, 179)
        if max(abs(east), abs(west)) <= 360 and max(abs(north), abs(south)) <= 90 and east - west < _DEGREES:
            raise SampleError(
                "Degrees of longitude and latitude are no places in a room: convert the cloud to metres first, such "
                "as UTM, with the program that made it."
            )
        unit = None  # local places under the name of another system
    return out, notes, unit


def _unit(number: int, payload: bytes) -> str | None:
    """Feet or degrees, where a record of a system of places says so; None for metres and unknown ones.

    Raises:
        SampleError: places are of two units.
    """
    if number == 2112:
        plan, _, height = payload.decode("latin-1").replace("VERTCRS", "VERT_CS").partition("VERT_CS[")
        return _length(_last(plan), _last(height))
    if number == 34735:
        rows = (struct.unpack_from("<4H", payload, offset) for offset in range(8, len(payload) - 7, 8))
        keys = {key: value for key, _, _, value in rows}
        feet = dict.fromkeys((9002, 9003), "foot")
        plan = "degree" if keys.get(1024) == 2 else feet.get(keys.get(3076, 0), "metre")
        return _length(plan, feet.get(keys.get(4099, 0), "metre" if keys.get(4099) else ""))
    return None


def _last(system: str) -> str:
    """The name of the last unit of a system of places, in small letters; that of its axes stands behind all others."""
    names = re.findall(r'\b(?:LENGTH|ANGLE)?UNIT\["([^"]*)"', system, re.IGNORECASE)
    return names[-1].lower() if names else ""


def _length(plan: str, height: str) -> str | None:
    """Feet, degrees or nothing, of the names of the units in the plan and upwards.

    Raises:
        SampleError: one is feet and the other is not.
    """
    if "degree" in plan:
        return "degrees"
    feet = ["foot" in name or "feet" in name for name in (plan, height or plan)]
    if feet[0] != feet[1]:
        raise SampleError(
            f"Places of this LAS file are in two units, {'feet' if feet[0] else 'metres'} in the plan and "
            f"{'feet' if feet[1] else 'metres'} upwards, which would bend the room. Save it in one unit."
        )
    return "ft" if feet[0] else None


def _check(data: bytes) -> tuple[int, bool]:
    """How many points there are and whether they have colours, if the header fits the bytes.

    Raises:
        SampleError: it does not.
    """
    if len(data) < 227:
        raise SampleError("The LAS file is cut short: not even its header is whole. Copy it again.")
    major, minor = data[24], data[25]
    head, start, records, kind, size, count = struct.unpack_from("<HIIBHI", data, 94)
    packed, kind = kind & 0x80 != 0, kind & 0x3F
    if minor >= 4 and len(data) >= 375:
        count = struct.unpack_from("<Q", data, 247)[0] or count
    if major != 1 or minor > 5 or kind not in _SMALLEST:
        raise SampleError(
            f"LAS 1.0 to 1.5 with points of format 0 to 10 is read; this is {major}.{minor}, format {kind}."
        )
    if head > start or start > len(data) or records * _VLR > start - head or not _SMALLEST[kind] <= size <= _LARGEST:
        raise SampleError("The header of the LAS file is damaged: its parts do not fit each other. Copy it again.")
    check_count(count, len(data) - start, _PACKED if packed else size, "LAZ" if packed else "LAS")
    if packed:
        _check_chunks(data, start, count)
    scales = struct.unpack_from("<6d", data, 131)
    if not np.isfinite(scales).all() or not all(scales[:3]):
        raise SampleError("The header of the LAS file is damaged: its scales are zero or no numbers. Copy it again.")
    return count, kind in (2, 3, 5, 7, 8, 10)


def _check_chunks(data: bytes, start: int, count: int) -> None:
    """Refuse a LAZ whose table of chunks lies outside or claims more chunks than points."""
    if len(data) < start + 8:
        raise SampleError("The LAZ file is cut short: it holds no points. Copy it again.")
    table = struct.unpack_from("<q", data, start)[0]
    if table <= start:  # written by a stream: the place is at the end of the file
        table = struct.unpack_from("<q", data, len(data) - 8)[0]
    if not start < table <= len(data) - 8 or struct.unpack_from("<I", data, table + 4)[0] > count:
        raise SampleError("The LAZ file is cut short or damaged: its table of chunks is not there. Copy it again.")
